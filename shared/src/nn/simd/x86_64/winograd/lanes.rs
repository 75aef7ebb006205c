//! Numbers in registers of 256 bits that the schemes add and shift, and the division that undoes their scale.

use crate::nn::winograd::schemes::Lanes;
use core::arch::x86_64::*;

/// Sixteen numbers of 16 bits. Made only where the processor has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Words(__m256i);

impl Words {
    #[inline(always)]
    pub(super) fn get(self) -> __m256i {
        self.0
    }
}

/// Eight sums of 32 bits. Made only where the processor has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Sums(__m256i);

macro_rules! lanes {
    ($lanes:ident, $add:ident, $sub:ident, $shift:ident) => {
        impl $lanes {
            #[target_feature(enable = "avx2")]
            #[inline]
            pub(super) fn new(numbers: __m256i) -> Self {
                Self(numbers)
            }
        }

        impl Lanes for $lanes {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                // SAFETY: only where the processor has AVX2 is there a `self`.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                // SAFETY: only where the processor has AVX2 is there a `self`.
                Self(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            fn shifted<const BITS: i32>(self) -> Self {
                // SAFETY: only where the processor has AVX2 is there a `self`.
                Self(unsafe { $shift::<BITS>(self.0) })
            }
        }
    };
}

lanes!(Words, _mm256_add_epi16, _mm256_sub_epi16, _mm256_slli_epi16);
lanes!(Sums, _mm256_add_epi32, _mm256_sub_epi32, _mm256_slli_epi32);

/// Division that leaves no remainder: a shift by the twos of the scale, and a multiplication with the inverse of the rest modulo 2³².
#[derive(Clone, Copy)]
pub(super) struct Scale {
    twos: __m128i,
    inverse: __m256i,
}

impl Scale {
    /// * `scale`: positive
    #[target_feature(enable = "avx2")]
    pub(super) fn new(scale: i32) -> Self {
        let twos = scale.trailing_zeros();
        let odd = scale >> twos;
        // Newton's iteration doubles the bits that are right; modulo 8 every odd number is its own inverse: 3, 6, 12, 24, 48 bits.
        let mut inverse = odd;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_i32.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Self { twos: _mm_cvtsi32_si128(twos as i32), inverse: _mm256_set1_epi32(inverse) }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn divide(self, sums: Sums) -> __m256i {
        _mm256_mullo_epi32(_mm256_sra_epi32(sums.0, self.twos), self.inverse)
    }
}
