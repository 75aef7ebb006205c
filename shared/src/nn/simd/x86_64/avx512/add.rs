//! Residual addition, eight numbers at a time, in 64 bits.

use super::requantise::{Factors, Range};
use crate::nn::Requantizer;
use crate::nn::add::{Add, LEFT_SHIFT};
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// All three of one shape.
#[target_feature(enable = "avx2,avx512f")]
pub(super) fn run(add: &Add, left: &[i8], right: &[i8], output: &mut [i8]) {
    let inputs = [0, 1].map(|input| Common::new(add.zero_points[input], add.requantizers[input]));
    let sum = Factors::new([add.sum.multiplier(); BLOCK], [add.sum.shift() as i32; BLOCK]);
    let range = Range::new(add.output_range);
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<BLOCK>(), right.as_chunks::<BLOCK>());
    let (output, output_rest) = output.as_chunks_mut::<BLOCK>();
    for ((output, left), right) in output.iter_mut().zip(left).zip(right) {
        let common = _mm512_add_epi64(inputs[0].of(*left), inputs[1].of(*right));
        *output = range.clamp(sum.apply(common));
    }
    add.run(left_rest, right_rest, output_rest);
}

/// From an input to the common scale: `⌊((x − zero point) << 20) · multiplier · 2^−shift + ½⌋`.
///
/// All but the last shift is a product and an addition, and of both the lowest twenty bits are zero, as no shift is below 31. They are left
/// out, here and of the shift.
#[derive(Clone, Copy)]
struct Common {
    multiplier: __m512i,
    added: __m512i,
    shift: __m128i,
}

impl Common {
    #[target_feature(enable = "avx2,avx512f")]
    #[inline]
    fn new(zero_point: i8, requantizer: Requantizer) -> Self {
        let shift = i64::from(requantizer.shift() - LEFT_SHIFT);
        let multiplier = i64::from(requantizer.multiplier());
        Self {
            multiplier: _mm512_set1_epi64(multiplier),
            added: _mm512_set1_epi64((1 << (shift - 1)) - i64::from(zero_point) * multiplier),
            shift: _mm_cvtsi64_si128(shift),
        }
    }

    #[target_feature(enable = "avx2,avx512f")]
    #[inline]
    fn of(&self, numbers: [i8; BLOCK]) -> __m512i {
        let numbers = _mm512_cvtepi8_epi64(_mm_cvtsi64_si128(bytemuck::cast(numbers)));
        let products = _mm512_mul_epi32(numbers, self.multiplier);
        _mm512_sra_epi64(_mm512_add_epi64(products, self.added), self.shift)
    }
}
