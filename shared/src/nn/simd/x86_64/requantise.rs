//! From sums to outputs, eight at a time: [`Requantizer::apply`](crate::nn::Requantizer::apply), zero point and clamp in registers.

use crate::nn::Requantizer;
use crate::nn::channels::OutputRange;
use crate::nn::weights::BLOCK;
use core::arch::x86_64::*;

/// Eight factors.
///
/// AVX2 shifts 64-bit numbers to the right only as if they had no sign. So 2⁶³ is added first, together with the half that rounds; the
/// shift leaves `2^(63 − shift)` of it, which is taken off again.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// Of the numbers 0, 2, 4, 6 in the lower halves of 64 bits, and of 1, 3, 5, 7.
    multipliers: [__m256i; 2],
    shifts: [__m256i; 2],
    added: [__m256i; 2],
    left: __m256i,
}

impl Factors {
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn new(multipliers: [i32; BLOCK], shifts: [i32; BLOCK]) -> Self {
        let (multipliers, shifts): (__m256i, __m256i) = (bytemuck::cast(multipliers), bytemuck::cast(shifts));
        let low = _mm256_set1_epi64x(0xffff_ffff);
        let one = _mm256_set1_epi64x(1);
        let shifts = [_mm256_and_si256(shifts, low), _mm256_srli_epi64::<32>(shifts)];
        let (mut added, mut left) = ([one; 2], [one; 2]);
        for half in 0..2 {
            let round = _mm256_sllv_epi64(one, _mm256_sub_epi64(shifts[half], one));
            added[half] = _mm256_add_epi64(round, _mm256_set1_epi64x(i64::MIN));
            left[half] = _mm256_sllv_epi64(one, _mm256_sub_epi64(_mm256_set1_epi64x(63), shifts[half]));
        }
        Self {
            multipliers: [multipliers, _mm256_srli_epi64::<32>(multipliers)],
            shifts,
            added,
            left: _mm256_blend_epi32::<0b1010_1010>(left[0], _mm256_slli_epi64::<32>(left[1])),
        }
    }

    /// The same factor eight times.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn splat(requantizer: Requantizer) -> Self {
        Self::new([requantizer.multiplier(); BLOCK], [requantizer.shift() as i32; BLOCK])
    }

    /// `⌊sum · multiplier · 2^−shift + ½⌋` of each.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn apply(&self, sums: __m256i) -> __m256i {
        let halves = [sums, _mm256_srli_epi64::<32>(sums)];
        let mut shifted = halves;
        for half in 0..2 {
            let product = _mm256_mul_epi32(halves[half], self.multipliers[half]);
            // The compiler need not be told what longer shifts would give.
            let shift = _mm256_and_si256(self.shifts[half], _mm256_set1_epi64x(63));
            shifted[half] = _mm256_srlv_epi64(_mm256_add_epi64(product, self.added[half]), shift);
        }
        let shifted = _mm256_blend_epi32::<0b1010_1010>(shifted[0], _mm256_slli_epi64::<32>(shifted[1]));
        _mm256_sub_epi32(shifted, self.left)
    }
}

/// Zero point and clamp of an output.
#[derive(Clone, Copy)]
pub(super) struct Range {
    zero_point: __m128i,
    smallest: __m128i,
    largest: __m128i,
}

impl Range {
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn new(range: OutputRange) -> Self {
        Self {
            zero_point: _mm_set1_epi16(range.zero_point.into()),
            smallest: _mm_set1_epi8(range.clamp.min),
            largest: _mm_set1_epi8(range.clamp.max),
        }
    }

    /// Outputs from requantised sums. Both narrowings saturate: whatever they cut off would be clamped anyway.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn clamp(&self, steps: __m256i) -> [i8; BLOCK] {
        let steps = _mm_packs_epi32(_mm256_castsi256_si128(steps), _mm256_extracti128_si256::<1>(steps));
        let numbers = _mm_packs_epi16(_mm_adds_epi16(steps, self.zero_point), _mm_setzero_si128());
        let numbers = _mm_min_epi8(_mm_max_epi8(numbers, self.smallest), self.largest);
        bytemuck::cast(_mm_cvtsi128_si64(numbers))
    }
}
