//! Depthwise convolution, sixteen channels at a time: products of 8-bit numbers fit into 16 bits, and so do the sums of two.

use super::super::first_of;
use super::requantise::Requantise;
use crate::nn::depthwise::Depthwise;
use crate::nn::weights::BLOCK;
use core::arch::aarch64::*;

/// Channels worked on at once: two blocks.
const CHANNELS: usize = 2 * BLOCK;

/// * `input`, `output`: `[height, width, channel]`
#[target_feature(enable = "neon")]
pub(super) fn run(depthwise: &Depthwise<'_>, input: &[i8], output: &mut [i8]) {
    let channels = depthwise.channels.len();
    for first in (0..channels).step_by(CHANNELS) {
        let count = (channels - first).min(CHANNELS);
        // Where the second block is not there, the first stands for it.
        let blocks = [first, first + (count - 1) / BLOCK * BLOCK].map(|first| depthwise.channels.block(first / BLOCK));
        let biases: [int32x4_t; 4] = bytemuck::cast(blocks.map(|block| block.biases));
        let requantise = [0, 1].map(|half| Requantise::new(&blocks[half], depthwise.output_range));
        for (place, numbers) in output.chunks_exact_mut(channels).enumerate() {
            let [s0, s1, s2, s3] = sums(depthwise, input, place, first, count, biases);
            let outputs = [requantise[0].outputs([s0, s1]), requantise[1].outputs([s2, s3])];
            numbers[first..first + count].copy_from_slice(&outputs.as_flattened()[..count]);
        }
    }
}

/// The biases and the sums over the window of one output place, four channels a vector.
#[target_feature(enable = "neon")]
#[inline]
fn sums(
    depthwise: &Depthwise<'_>,
    input: &[i8],
    place: usize,
    first: usize,
    count: usize,
    biases: [int32x4_t; 4],
) -> [int32x4_t; 4] {
    let channels = depthwise.channels.len();
    let outside = vdupq_n_s8(depthwise.input_zero_point);
    let mut sums = biases;
    // Products that wait for others, which they are added to in 16 bits.
    let mut waiting: Option<[int16x8_t; 2]> = None;
    for (tap, seen) in depthwise.window_places(place).enumerate() {
        let weights = vector(&depthwise.weights[tap * channels + first..], count);
        let numbers = seen.map_or(outside, |place| vector(&input[place * channels + first..], count));
        waiting = match waiting {
            None => Some([vmull_s8(vget_low_s8(numbers), vget_low_s8(weights)), vmull_high_s8(numbers, weights)]),
            Some([low, high]) => {
                let low = vmlal_s8(low, vget_low_s8(numbers), vget_low_s8(weights));
                sums = add(sums, [low, vmlal_high_s8(high, numbers, weights)]);
                None
            }
        };
    }
    waiting.map_or(sums, |products| add(sums, products))
}

/// Adds sixteen numbers of 16 bits to sixteen of 32.
#[target_feature(enable = "neon")]
#[inline]
fn add([s0, s1, s2, s3]: [int32x4_t; 4], [low, high]: [int16x8_t; 2]) -> [int32x4_t; 4] {
    [
        vaddw_s16(s0, vget_low_s16(low)),
        vaddw_high_s16(s1, low),
        vaddw_s16(s2, vget_low_s16(high)),
        vaddw_high_s16(s3, high),
    ]
}

/// The first sixteen numbers, or the first `count` and zeros.
#[inline]
fn vector(numbers: &[i8], count: usize) -> int8x16_t {
    bytemuck::cast(first_of::<CHANNELS>(numbers, count))
}
