//! Depthwise convolution, sixteen channels at a time: products of 8-bit numbers fit 16 bits, and so do the sums of two.

use super::super::first_of;
use super::requantise::{Factors, Range};
use crate::nn::depthwise::Depthwise;
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// Channels worked on at once: two blocks.
const CHANNELS: usize = 2 * BLOCK;

/// * `input`, `output`: `[height, width, channel]`
#[target_feature(enable = "avx2")]
pub(super) fn run(depthwise: &Depthwise<'_>, input: &[i8], output: &mut [i8]) {
    let channels = depthwise.channels.len();
    let range = Range::new(depthwise.output_range);
    for first in (0..channels).step_by(CHANNELS) {
        let count = (channels - first).min(CHANNELS);
        let mut biases = [_mm256_setzero_si256(); 2];
        let mut factors = [Factors::new([0; BLOCK], [0; BLOCK]); 2];
        for half in 0..count.div_ceil(BLOCK) {
            let block = depthwise.channels.block(first / BLOCK + half);
            biases[half] = bytemuck::cast(block.biases);
            factors[half] = Factors::new(block.multipliers, block.shifts);
        }
        for (place, numbers) in output.chunks_exact_mut(channels).enumerate() {
            let sums = sums(depthwise, input, place, first, count, biases);
            let outputs = [range.clamp(factors[0].apply(sums[0])), range.clamp(factors[1].apply(sums[1]))];
            numbers[first..first + count].copy_from_slice(&outputs.as_flattened()[..count]);
        }
    }
}

/// The biases and the sums over the window of one output place, of channels 0 to 7 and 8 to 15.
#[target_feature(enable = "avx2")]
#[inline]
fn sums(
    depthwise: &Depthwise<'_>,
    input: &[i8],
    place: usize,
    first: usize,
    count: usize,
    biases: [__m256i; 2],
) -> [__m256i; 2] {
    let channels = depthwise.channels.len();
    let outside = _mm256_set1_epi16(depthwise.input_zero_point.into());
    let mut sums = biases;
    let mut waiting: Option<__m256i> = None;
    for (tap, seen) in depthwise.window_places(place).enumerate() {
        let weights = widened(&depthwise.weights[tap * channels + first..], count);
        let numbers = seen.map_or(outside, |place| widened(&input[place * channels + first..], count));
        let products = _mm256_mullo_epi16(numbers, weights);
        waiting = match waiting {
            None => Some(products),
            Some(before) => {
                add(&mut sums, _mm256_add_epi16(before, products));
                None
            }
        };
    }
    if let Some(products) = waiting {
        add(&mut sums, products);
    }
    sums
}

/// Adds sixteen numbers of 16 bits to sixteen of 32.
#[target_feature(enable = "avx2")]
#[inline]
fn add(sums: &mut [__m256i; 2], numbers: __m256i) {
    sums[0] = _mm256_add_epi32(sums[0], _mm256_cvtepi16_epi32(_mm256_castsi256_si128(numbers)));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_cvtepi16_epi32(_mm256_extracti128_si256::<1>(numbers)));
}

/// The first sixteen numbers, or the first `count` and zeros, in 16 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn widened(numbers: &[i8], count: usize) -> __m256i {
    _mm256_cvtepi8_epi16(bytemuck::cast(first_of::<CHANNELS>(numbers, count)))
}
