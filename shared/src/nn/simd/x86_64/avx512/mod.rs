//! AVX-512-VNNI: `vpdpbusd` on vectors of 512 bits, two quads of inputs at a time, for up to three blocks of outputs at once.
//!
//! Inputs lose their sign as those of AVX-VNNI do. A vector of sums holds two for each of eight outputs, side by side: of each first quad
//! and of each second one. Of their total only the lower half of 64 bits counts.

mod add;
mod requantise;

use self::requantise::{Factors, Range};
use super::super::sweep::{self, Tiles};
use super::super::windows::Windows;
use super::{avx2, vnni};
use crate::nn::channels::{ChannelBlock, OutputRange};
use crate::nn::conv::Conv2d;
use crate::nn::network::Kernel;
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::x86_64::*;

/// Computes a layer that reads one tensor.
#[target_feature(enable = "avx2,avx512f,avx512vnni")]
pub(in crate::nn::simd) fn run(kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    match kernel {
        // Only here, where the instructions are known to be there.
        Kernel::Conv2d(conv) => conv2d(Avx512(()), conv, input, output),
        _ => avx2::run(kernel, input, output),
    }
}

/// A convolution. On its own, so that no other kernel finds its band below itself on the stack.
#[target_feature(enable = "avx2,avx512f,avx512vnni")]
#[inline(never)]
fn conv2d(tiles: Avx512, conv: &Conv2d<'_>, input: &[i8], output: &mut [i8]) {
    sweep::conv2d(tiles, conv, input, output);
}

/// Computes a layer that reads two tensors.
#[target_feature(enable = "avx2,avx512f,avx512vnni")]
pub(in crate::nn::simd) fn run_two(kernel: &Kernel<'_>, inputs: [&[i8]; 2], output: &mut [i8]) {
    match kernel {
        Kernel::Add(sum, _) => add::run(sum, inputs[0], inputs[1], output),
        _ => avx2::run_two(kernel, inputs, output),
    }
}

/// The weights of output 0 in the first quad, then in the second, output 1, …
const SIDE_BY_SIDE: [i32; 16] = [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15];

/// Says that the processor has AVX2 and AVX-512-VNNI.
#[derive(Clone, Copy)]
struct Avx512(());

/// A block's channels in registers.
struct Channels {
    /// In the lower halves of 64 bits.
    biases: __m512i,
    factors: Factors,
    range: Range,
}

impl Tiles for Avx512 {
    type Number = u8;
    type Channels = Channels;
    const PLACES: usize = 8;
    // Of 32 registers, 24 hold sums, 3 weights and one inputs.
    const BLOCKS: usize = 3;

    #[inline]
    fn convert(self, input: &[i8], numbers: &mut [u8]) {
        vnni::without_sign(input, numbers);
    }

    #[inline]
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Channels {
        // SAFETY: `self` says that the processor has AVX-512.
        unsafe { block_channels(channels, range) }
    }

    #[inline]
    fn tile<const P: usize, const B: usize>(
        self,
        windows: &Windows<'_, u8, P>,
        channels: &[Channels; B],
    ) -> [[[i8; BLOCK]; B]; P] {
        assert!(windows.has_blocks(B));
        // SAFETY: `self` says that the processor has AVX-512-VNNI.
        unsafe { tile(windows, channels) }
    }
}

#[target_feature(enable = "avx2,avx512f")]
#[inline]
fn block_channels(channels: &ChannelBlock, range: OutputRange) -> Channels {
    Channels {
        biases: _mm512_cvtepu32_epi64(bytemuck::cast(vnni::biases(channels))),
        factors: Factors::new(channels.multipliers, channels.shifts),
        range: Range::new(range),
    }
}

/// The outputs of `B` blocks at `P` places.
///
/// # Safety
///
/// The windows have the weights of `B` blocks.
#[target_feature(enable = "avx2,avx512f,avx512vnni")]
#[inline]
unsafe fn tile<const P: usize, const B: usize>(
    windows: &Windows<'_, u8, P>,
    channels: &[Channels; B],
) -> [[[i8; BLOCK]; B]; P] {
    let mut sums = [[_mm512_setzero_si512(); B]; P];
    let (rows, quads) = windows.rows_and_quads();
    for row in 0..rows {
        let mut weights = [_mm512_setzero_si512(); B];
        for pair in 0..quads / 2 {
            for (block, weights) in weights.iter_mut().enumerate() {
                // SAFETY: the caller speaks for the block; there are this row and these quads.
                *weights = side_by_side(unsafe { windows.weights(block, row, 2 * pair) });
            }
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                add(sums, unsafe { windows.quads(place, row, 2 * pair) }, &weights);
            }
        }
        if quads % 2 == 1 {
            for (block, weights) in weights.iter_mut().enumerate() {
                // SAFETY: as above.
                let [last] = unsafe { windows.weights(block, row, quads - 1) };
                *weights = side_by_side(&[*last, [0; BLOCK * QUAD]]);
            }
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let [last] = unsafe { windows.quads(place, row, quads - 1) };
                add(sums, [last, [0; QUAD]], &weights);
            }
        }
    }
    let mut outputs = [[[0; BLOCK]; B]; P];
    for (block, Channels { biases, factors, range }) in channels.iter().enumerate() {
        for (outputs, sums) in outputs.iter_mut().zip(&sums) {
            let sums = _mm512_add_epi32(sums[block], *biases);
            let totals = _mm512_add_epi32(sums, _mm512_srli_epi64::<32>(sums));
            outputs[block] = range.clamp(factors.apply(totals));
        }
    }
    outputs
}

#[target_feature(enable = "avx512f")]
#[inline]
fn side_by_side(quads: &[QuadWeights; 2]) -> __m512i {
    _mm512_permutexvar_epi32(bytemuck::cast(SIDE_BY_SIDE), bytemuck::cast(*quads))
}

/// Adds two quads of inputs times the weights of each block.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn add<const B: usize>(sums: &mut [__m512i; B], numbers: [[u8; QUAD]; 2], weights: &[__m512i; B]) {
    let numbers = _mm512_set1_epi64(bytemuck::cast(numbers));
    for (sums, weights) in sums.iter_mut().zip(weights) {
        *sums = _mm512_dpbusd_epi32(*sums, numbers, *weights);
    }
}
