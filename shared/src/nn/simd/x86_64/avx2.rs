//! AVX2: numbers are widened to 16 bits, of which `vpmaddwd` multiplies sixteen and adds them in pairs.

use super::super::sweep::{self, Tiles};
use super::super::windows::Windows;
use super::dense::{self, join};
use super::requantise::{Factors, Range};
use super::{add, depthwise, winograd};
use crate::nn::channels::{ChannelBlock, OutputRange};
use crate::nn::conv::Conv2d;
use crate::nn::network::Kernel;
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// Computes a layer that reads one tensor.
#[target_feature(enable = "avx2")]
pub(in crate::nn::simd) fn run(kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    // Only here, where AVX2 is known to be there.
    let tiles = Avx2(());
    match kernel {
        Kernel::Conv2d(conv) => match conv.prepared {
            Some(prepared) => winograd::run(conv, prepared, input, output),
            None => conv2d(tiles, conv, input, output),
        },
        Kernel::Depthwise(layer) => depthwise::run(layer, input, output),
        Kernel::Dense(layer) => dense::run(layer, input, output),
        // Pools: plain code, for these instructions.
        _ => kernel.run(input, output),
    }
}

/// A convolution from the weights of the file. On its own, so that no other kernel finds its band below itself on the stack.
#[target_feature(enable = "avx2")]
#[inline(never)]
fn conv2d(tiles: Avx2, conv: &Conv2d<'_>, input: &[i8], output: &mut [i8]) {
    sweep::conv2d(tiles, conv, input, output);
}

/// Computes a layer that reads two tensors.
#[target_feature(enable = "avx2")]
pub(in crate::nn::simd) fn run_two(kernel: &Kernel<'_>, inputs: [&[i8]; 2], output: &mut [i8]) {
    match kernel {
        Kernel::Add(sum, _) => add::run(sum, inputs[0], inputs[1], output),
        _ => kernel.run_two(inputs, output),
    }
}

/// Says that the processor has AVX2.
#[derive(Clone, Copy)]
struct Avx2(());

/// A block's channels in registers.
struct Channels {
    biases: __m256i,
    factors: Factors,
    range: Range,
}

impl Tiles for Avx2 {
    type Number = i16;
    type Channels = Channels;
    const PLACES: usize = 4;
    const BLOCKS: usize = 1;

    #[inline]
    fn convert(self, input: &[i8], numbers: &mut [i16]) {
        for (number, &value) in numbers.iter_mut().zip(input) {
            *number = value.into();
        }
    }

    #[inline]
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Channels {
        // SAFETY: `self` says that the processor has AVX2.
        unsafe { block_channels(channels, range) }
    }

    #[inline]
    fn tile<const P: usize, const B: usize>(
        self,
        windows: &Windows<'_, i16, P>,
        channels: &[Channels; B],
    ) -> [[[i8; BLOCK]; B]; P] {
        // SAFETY: `self` says that the processor has AVX2.
        sweep::block_by_block(windows, channels, |windows, channels| unsafe { tile(windows, channels) })
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn block_channels(channels: &ChannelBlock, range: OutputRange) -> Channels {
    Channels {
        biases: bytemuck::cast(channels.biases),
        factors: Factors::new(channels.multipliers, channels.shifts),
        range: Range::new(range),
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn tile<const P: usize>(windows: &Windows<'_, i16, P>, channels: &Channels) -> [[i8; BLOCK]; P] {
    // Of each output two sums, of the quad's first and second pair: outputs 0 to 3, then 4 to 7.
    let mut sums = [[_mm256_setzero_si256(); 2]; P];
    for (row, weights) in windows.weight_rows().enumerate() {
        for (quad, weights) in weights.iter().enumerate() {
            let [low, high]: [__m128i; 2] = bytemuck::cast(*weights);
            let (low, high) = (_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high));
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row and quad are those of the weights.
                let [numbers] = unsafe { windows.quads(place, row, quad) };
                let numbers = _mm256_set1_epi64x(bytemuck::cast(numbers));
                sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(numbers, low));
                sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(numbers, high));
            }
        }
    }
    let mut outputs = [[0; BLOCK]; P];
    for (outputs, [low, high]) in outputs.iter_mut().zip(sums) {
        let steps = channels.factors.apply(_mm256_add_epi32(join(low, high), channels.biases));
        *outputs = channels.range.clamp(steps);
    }
    outputs
}
