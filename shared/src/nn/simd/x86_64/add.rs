//! Residual addition, eight numbers at a time.

use super::requantise::{Factors, Range};
use crate::nn::add::{Add, LEFT_SHIFT};
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// All three of one shape.
#[target_feature(enable = "avx2")]
pub(super) fn run(add: &Add, left: &[i8], right: &[i8], output: &mut [i8]) {
    let zero_points = add.zero_points.map(|zero_point| _mm256_set1_epi32(zero_point.into()));
    let inputs = [Factors::splat(add.requantizers[0]), Factors::splat(add.requantizers[1])];
    let (sum, range) = (Factors::splat(add.sum), Range::new(add.output_range));
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<BLOCK>(), right.as_chunks::<BLOCK>());
    let (output, output_rest) = output.as_chunks_mut::<BLOCK>();
    for ((output, left), right) in output.iter_mut().zip(left).zip(right) {
        let mut sums = _mm256_setzero_si256();
        for (input, numbers) in [left, right].into_iter().enumerate() {
            let numbers = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytemuck::cast(*numbers)));
            let steps = _mm256_slli_epi32::<{ LEFT_SHIFT as i32 }>(_mm256_sub_epi32(numbers, zero_points[input]));
            sums = _mm256_add_epi32(sums, inputs[input].apply(steps));
        }
        *output = range.clamp(sum.apply(sums));
    }
    add.run(left_rest, right_rest, output_rest);
}
