//! From sums to outputs, eight at a time: [`Requantizer::apply`](crate::nn::Requantizer::apply), zero point and clamp in vectors of 512 bits.

use crate::nn::channels::OutputRange;
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// Eight factors, in 64 bits each.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    multipliers: __m512i,
    /// The half that rounds.
    halves: __m512i,
    shifts: __m512i,
}

impl Factors {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn new(multipliers: [i32; BLOCK], shifts: [i32; BLOCK]) -> Self {
        let one = _mm512_set1_epi64(1);
        let shifts = _mm512_cvtepi32_epi64(bytemuck::cast(shifts));
        Self {
            multipliers: _mm512_cvtepi32_epi64(bytemuck::cast(multipliers)),
            // A channel that there is not has no shift: of shifting by −1 nothing is left.
            halves: _mm512_sllv_epi64(one, _mm512_sub_epi64(shifts, one)),
            shifts,
        }
    }

    /// `⌊sum · multiplier · 2^−shift + ½⌋` of each sum, which is the lower half of 64 bits.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn apply(&self, sums: __m512i) -> __m512i {
        let products = _mm512_mul_epi32(sums, self.multipliers);
        _mm512_srav_epi64(_mm512_add_epi64(products, self.halves), self.shifts)
    }
}

/// Zero point and clamp of an output.
#[derive(Clone, Copy)]
pub(super) struct Range {
    zero_point: __m512i,
    smallest: __m128i,
    largest: __m128i,
}

impl Range {
    #[target_feature(enable = "avx2,avx512f")]
    #[inline]
    pub(super) fn new(range: OutputRange) -> Self {
        Self {
            zero_point: _mm512_set1_epi64(range.zero_point.into()),
            smallest: _mm_set1_epi8(range.clamp.min),
            largest: _mm_set1_epi8(range.clamp.max),
        }
    }

    /// Outputs from requantised sums. The narrowing saturates: whatever it cuts off would be clamped anyway.
    #[target_feature(enable = "avx2,avx512f")]
    #[inline]
    pub(super) fn clamp(&self, steps: __m512i) -> [i8; BLOCK] {
        let numbers = _mm512_cvtsepi64_epi8(_mm512_add_epi64(steps, self.zero_point));
        let numbers = _mm_min_epi8(_mm_max_epi8(numbers, self.smallest), self.largest);
        bytemuck::cast(_mm_cvtsi128_si64(numbers))
    }
}
