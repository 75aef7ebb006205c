//! From sums to outputs, four at a time: [`Requantizer::apply`](crate::nn::Requantizer::apply), zero point and clamp in registers.

use crate::nn::Requantizer;
use crate::nn::channels::{ChannelBlock, OutputRange};
use crate::nn::weights::BLOCK;
use core::arch::aarch64::*;

/// Four factors.
///
/// `sqdmulh` leaves `⌊sum · multiplier · 2⁻³¹⌋`, and `srshl` shifts by what is left of the shift, halves rounded up. What the first cut
/// off can't change the second's answer: half a step is a whole number there, as long as one bit or more is left. Where none is, the sum is
/// doubled before; one too large for that saturates, and its output is clamped with or without.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    multipliers: int32x4_t,
    /// Bits to the left before: one or none.
    before: int32x4_t,
    /// Bits to the left afterwards: negative.
    after: int32x4_t,
}

impl Factors {
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn new(multipliers: [i32; 4], shifts: [i32; 4]) -> Self {
        let left = vsubq_s32(vdupq_n_s32(31), bytemuck::cast(shifts));
        let after = vminq_s32(left, vdupq_n_s32(-1));
        Self { multipliers: bytemuck::cast(multipliers), before: vsubq_s32(left, after), after }
    }

    /// The same factor four times.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn splat(requantizer: Requantizer) -> Self {
        Self::new([requantizer.multiplier(); 4], [requantizer.shift() as i32; 4])
    }

    /// The same for sums that are to be shifted left before.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn after_left_shift(self, bits: u32) -> Self {
        Self { before: vaddq_s32(self.before, vdupq_n_s32(bits as i32)), ..self }
    }

    /// `⌊sum · multiplier · 2^−shift + ½⌋` of each; where that is 2²⁹ or more, any number as large.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn apply(&self, sums: int32x4_t) -> int32x4_t {
        let products = vqdmulhq_s32(vqshlq_s32(sums, self.before), self.multipliers);
        vrshlq_s32(products, self.after)
    }
}

/// Zero point and clamp of an output.
#[derive(Clone, Copy)]
pub(super) struct Range {
    zero_point: int16x8_t,
    smallest: int8x8_t,
    largest: int8x8_t,
}

impl Range {
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn new(range: OutputRange) -> Self {
        Self {
            zero_point: vdupq_n_s16(range.zero_point.into()),
            smallest: vdup_n_s8(range.clamp.min),
            largest: vdup_n_s8(range.clamp.max),
        }
    }

    /// Outputs from requantised sums. Both narrowings saturate: whatever they cut off would be clamped anyway.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn clamp(&self, [low, high]: [int32x4_t; 2]) -> [i8; BLOCK] {
        let steps = vqmovn_high_s32(vqmovn_s32(low), high);
        let numbers = vqmovn_s16(vqaddq_s16(steps, self.zero_point));
        bytemuck::cast(vmin_s8(vmax_s8(numbers, self.smallest), self.largest))
    }
}

/// What makes outputs from the sums of a block.
pub(super) struct Requantise {
    factors: [Factors; 2],
    range: Range,
}

impl Requantise {
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn new(channels: &ChannelBlock, range: OutputRange) -> Self {
        let [multipliers, shifts]: [[[i32; 4]; 2]; 2] = bytemuck::cast([channels.multipliers, channels.shifts]);
        let factors = [Factors::new(multipliers[0], shifts[0]), Factors::new(multipliers[1], shifts[1])];
        Self { factors, range: Range::new(range) }
    }

    /// Outputs from sums, the bias included.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn outputs(&self, [low, high]: [int32x4_t; 2]) -> [i8; BLOCK] {
        self.range.clamp([self.factors[0].apply(low), self.factors[1].apply(high)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::ClampRange;
    use proptest::array::uniform8;
    use proptest::prelude::*;

    /// All sums alike, those near the ends and near zero more often than chance has it.
    fn any_sum() -> impl Strategy<Value = i32> {
        prop_oneof![
            any::<i32>(),
            -300..300_i32,
            i32::MIN..i32::MIN + 3,
            i32::MAX - 3..=i32::MAX,
            (0..31_u32).prop_map(|bit| 1 << bit)
        ]
    }

    proptest! {
        #[test]
        fn every_sum_and_factor_is_rounded_as_the_scalar_kernels_do(
            sums in uniform8(any_sum()),
            multipliers in uniform8(1 << 30..=i32::MAX),
            shifts in uniform8(prop_oneof![31..34_i32, 31..=62_i32]),
            zero_point in any::<i8>(),
            ends in any::<(i8, i8)>(),
        ) {
            let clamp = ClampRange { min: ends.0.min(ends.1), max: ends.0.max(ends.1) };
            let range = OutputRange { zero_point, clamp };
            let channels = ChannelBlock { biases: sums, multipliers, shifts, weight_sums: [0; BLOCK] };
            // SAFETY: the tests run on processors with NEON.
            let got = unsafe { Requantise::new(&channels, range).outputs(bytemuck::cast(sums)) };
            for ((got, sum), (_, requantizer)) in got.into_iter().zip(sums).zip(channels.iter()) {
                prop_assert_eq!(got, range.requantise(sum, requantizer), "{} with {:?}", sum, requantizer);
            }
        }
    }
}
