//! Residual addition, sixteen numbers at a time.

use super::requantise::{Factors, Range};
use crate::nn::add::{Add, LEFT_SHIFT};
use core::arch::aarch64::*;

/// Numbers of a vector.
const VECTOR: usize = 16;

/// All three of one shape.
#[target_feature(enable = "neon")]
pub(super) fn run(add: &Add, left: &[i8], right: &[i8], output: &mut [i8]) {
    let inputs = [0, 1].map(|input| Input {
        zero_point: vdup_n_s8(add.zero_points[input]),
        factors: Factors::splat(add.requantizers[input]).after_left_shift(LEFT_SHIFT),
    });
    let (sum, range) = (Factors::splat(add.sum), Range::new(add.output_range));
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<VECTOR>(), right.as_chunks::<VECTOR>());
    let (output, output_rest) = output.as_chunks_mut::<VECTOR>();
    for ((output, left), right) in output.iter_mut().zip(left).zip(right) {
        let (left, right) = (inputs[0].common(*left), inputs[1].common(*right));
        let sums = [0, 1, 2, 3].map(|index| sum.apply(vaddq_s32(left[index], right[index])));
        *output = bytemuck::cast([range.clamp([sums[0], sums[1]]), range.clamp([sums[2], sums[3]])]);
    }
    add.run(left_rest, right_rest, output_rest);
}

/// One of the two inputs.
struct Input {
    zero_point: int8x8_t,
    factors: Factors,
}

impl Input {
    /// Numbers in the scale that both are added in.
    #[target_feature(enable = "neon")]
    #[inline]
    fn common(&self, numbers: [i8; VECTOR]) -> [int32x4_t; 4] {
        let [low, high]: [int8x8_t; 2] = bytemuck::cast(numbers);
        let [low, high] = [low, high].map(|numbers| vsubl_s8(numbers, self.zero_point));
        [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)]
            .map(|steps| self.factors.apply(steps))
    }
}
