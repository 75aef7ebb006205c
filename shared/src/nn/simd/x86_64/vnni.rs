//! AVX-VNNI: `vpdpbusd` multiplies four numbers without a sign by four with one, and adds the products to a sum, all in 32 bits.
//!
//! Inputs lose their sign by 128 that is added to each; what this adds to a sum, `128 · Σ weight`, is taken off with the bias. [`Dot`] is the
//! one instruction, so that all around it can be tested where it is missing.

use super::super::sweep::{self, Tiles};
use super::super::windows::Windows;
use super::avx2;
use super::requantise::{Factors, Range};
use crate::nn::channels::{ChannelBlock, OutputRange};
use crate::nn::network::Kernel;
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::x86_64::*;

/// Added to every input.
const OFFSET: i32 = 128;

/// Computes a layer that reads one tensor.
#[target_feature(enable = "avx2,avxvnni")]
pub(in crate::nn::simd) fn run(kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    match kernel {
        // Only here, where the instructions are known to be there.
        Kernel::Conv2d(conv) => sweep::conv2d(Vnni(Avx(())), conv, input, output),
        _ => avx2::run(kernel, input, output),
    }
}

/// Two quads of inputs.
type Numbers = [u8; 2 * QUAD];

/// Products of eight outputs with two quads of inputs. A value exists only where the processor has the instructions.
trait Dot: Copy {
    /// The weights of two quads.
    type Weights: Copy;
    /// Partial sums of eight outputs.
    type Sums: Copy;

    fn zero(self) -> Self::Sums;
    fn weights(self, quads: &[QuadWeights; 2]) -> Self::Weights;
    fn add(self, sums: Self::Sums, numbers: Numbers, weights: Self::Weights) -> Self::Sums;
    /// One sum an output.
    fn total(self, sums: Self::Sums) -> __m256i;
    /// [`tile`], compiled for the instructions.
    fn tile<const P: usize>(self, windows: &Windows<'_, u8, P>, channels: &Channels) -> [[i8; BLOCK]; P];
}

/// A block's channels in registers.
struct Channels {
    biases: __m256i,
    factors: Factors,
    range: Range,
}

/// Tiles by `D`.
#[derive(Clone, Copy)]
struct Vnni<D>(D);

impl<D: Dot> Tiles for Vnni<D> {
    type Number = u8;
    type Channels = Channels;
    const PLACES: usize = 8;
    const BLOCKS: usize = 1;

    #[inline]
    fn convert(self, input: &[i8], numbers: &mut [u8]) {
        without_sign(input, numbers);
    }

    #[inline]
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Channels {
        // SAFETY: a `Dot` says that the processor has AVX2.
        unsafe { block_channels(channels, range) }
    }

    #[inline]
    fn tile<const P: usize, const B: usize>(
        self,
        windows: &Windows<'_, u8, P>,
        channels: &[Channels; B],
    ) -> [[[i8; BLOCK]; B]; P] {
        sweep::block_by_block(windows, channels, |windows, channels| self.0.tile(windows, channels))
    }
}

/// Inputs with 128 added.
#[inline]
pub(super) fn without_sign(input: &[i8], numbers: &mut [u8]) {
    for (number, &value) in numbers.iter_mut().zip(input) {
        *number = value.cast_unsigned().wrapping_add(OFFSET as u8);
    }
}

/// The biases of a block less what the inputs without a sign are too large by.
#[inline]
pub(super) fn biases(channels: &ChannelBlock) -> [i32; BLOCK] {
    let mut biases = channels.biases;
    for (bias, weights) in biases.iter_mut().zip(channels.weight_sums) {
        *bias = bias.wrapping_sub(weights.wrapping_mul(OFFSET));
    }
    biases
}

#[target_feature(enable = "avx2")]
#[inline]
fn block_channels(channels: &ChannelBlock, range: OutputRange) -> Channels {
    Channels {
        biases: bytemuck::cast(biases(channels)),
        factors: Factors::new(channels.multipliers, channels.shifts),
        range: Range::new(range),
    }
}

/// Eight outputs at `P` places.
///
/// # Safety
///
/// The processor has AVX2.
#[inline(always)] // To be compiled for the instructions of whoever calls.
unsafe fn tile<D: Dot, const P: usize>(dot: D, windows: &Windows<'_, u8, P>, channels: &Channels) -> [[i8; BLOCK]; P] {
    let mut sums = [dot.zero(); P];
    for (row, weights) in windows.weight_rows().enumerate() {
        let (pairs, last) = weights.as_chunks::<2>();
        for (pair, weights) in pairs.iter().enumerate() {
            let weights = dot.weights(weights);
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row and quads are those of the weights.
                let numbers = unsafe { windows.quads::<2>(place, row, 2 * pair) };
                *sums = dot.add(*sums, bytemuck::cast(numbers), weights);
            }
        }
        if let [last] = last {
            let weights = dot.weights(&[*last, [0; BLOCK * QUAD]]);
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let [numbers] = unsafe { windows.quads(place, row, 2 * pairs.len()) };
                *sums = dot.add(*sums, bytemuck::cast([numbers, [0; QUAD]]), weights);
            }
        }
    }
    let mut outputs = [[0; BLOCK]; P];
    for (outputs, sums) in outputs.iter_mut().zip(sums) {
        // SAFETY: the caller says that the processor has AVX2.
        unsafe {
            let steps = channels.factors.apply(_mm256_add_epi32(dot.total(sums), channels.biases));
            *outputs = channels.range.clamp(steps);
        }
    }
    outputs
}

/// Compiles [`tile`] for a [`Dot`]'s instructions.
macro_rules! tile_with {
    ($features:literal) => {
        #[inline]
        fn tile<const P: usize>(self, windows: &Windows<'_, u8, P>, channels: &Channels) -> [[i8; BLOCK]; P] {
            #[target_feature(enable = $features)]
            fn compiled<D: Dot, const P: usize>(
                dot: D,
                windows: &Windows<'_, u8, P>,
                channels: &Channels,
            ) -> [[i8; BLOCK]; P] {
                // SAFETY: AVX2 is among the instructions.
                unsafe { tile(dot, windows, channels) }
            }
            // SAFETY: `self` says that the processor has these instructions.
            unsafe { compiled(self, windows, channels) }
        }
    };
}

/// Says that the processor has AVX2 and AVX-VNNI: vectors of 256 bits, a quad each.
#[derive(Clone, Copy)]
struct Avx(());

impl Dot for Avx {
    type Weights = [__m256i; 2];
    type Sums = __m256i;

    tile_with!("avx2,avxvnni");

    #[inline(always)]
    fn zero(self) -> __m256i {
        bytemuck::Zeroable::zeroed()
    }

    #[inline(always)]
    fn weights(self, quads: &[QuadWeights; 2]) -> [__m256i; 2] {
        bytemuck::cast(*quads)
    }

    #[inline(always)]
    fn add(self, sums: __m256i, numbers: Numbers, weights: [__m256i; 2]) -> __m256i {
        let [first, second]: [i32; 2] = bytemuck::cast(numbers);
        // SAFETY: `self` says that the processor has AVX-VNNI.
        unsafe {
            let sums = _mm256_dpbusd_avx_epi32(sums, _mm256_set1_epi32(first), weights[0]);
            _mm256_dpbusd_avx_epi32(sums, _mm256_set1_epi32(second), weights[1])
        }
    }

    #[inline(always)]
    fn total(self, sums: __m256i) -> __m256i {
        sums
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::nn::test_layers::{self, Reads};
    use proptest::prelude::*;

    /// AVX-VNNI where there is none: its one instruction as its manual defines it.
    #[derive(Clone, Copy)]
    struct ByHand;

    impl Dot for ByHand {
        type Weights = [QuadWeights; 2];
        type Sums = [i32; BLOCK];

        tile_with!("avx2");

        fn zero(self) -> [i32; BLOCK] {
            [0; BLOCK]
        }

        fn weights(self, quads: &[QuadWeights; 2]) -> [QuadWeights; 2] {
            *quads
        }

        fn add(self, mut sums: [i32; BLOCK], numbers: Numbers, weights: [QuadWeights; 2]) -> [i32; BLOCK] {
            for (numbers, weights) in numbers.as_chunks::<QUAD>().0.iter().zip(weights) {
                for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<QUAD>().0) {
                    let products = numbers.iter().zip(weights).map(|(&a, &b)| i32::from(a) * i32::from(b));
                    *sum = sum.wrapping_add(products.sum());
                }
            }
            sums
        }

        fn total(self, sums: [i32; BLOCK]) -> __m256i {
            bytemuck::cast(sums)
        }
    }

    proptest! {
        #[test]
        fn the_way_around_the_sign_changes_no_number(layer in test_layers::windowed(Reads::Every)) {
            prop_assume!(std::arch::is_x86_feature_detected!("avx2"));
            let conv = layer.conv2d();
            let (mut got, mut expected) = (test_layers::blank(layer.output), test_layers::blank(layer.output));
            conv.run(&layer.values, &mut expected);
            sweep::conv2d(Vnni(ByHand), &conv, &layer.values, &mut got);
            prop_assert_eq!(got, expected);
        }
    }
}
