//! What comes after the sum: a bias, a factor and a clamp for each output channel.

use super::weights::BLOCK;
use super::{ClampRange, Requantizer};

/// Bias, multiplier, shift and sum of weights of each output channel, little-endian as they lie in the model file, up to a whole block
/// of channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channels<'a> {
    count: usize,
    arrays: [&'a [[[u8; 4]; BLOCK]]; ARRAYS],
}

/// Numbers of a channel.
pub(crate) const ARRAYS: usize = 4;

/// The numbers of eight channels, those that there are not being zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelBlock {
    pub(crate) biases: [i32; BLOCK],
    pub(crate) multipliers: [i32; BLOCK],
    pub(crate) shifts: [i32; BLOCK],
    /// For kernels that add 128 to every input, so that it has no sign.
    pub(crate) weight_sums: [i32; BLOCK],
}

impl<'a> Channels<'a> {
    /// Bytes of one array.
    pub(crate) const fn bytes(count: usize) -> usize {
        count.div_ceil(BLOCK).saturating_mul(4 * BLOCK)
    }

    /// From arrays of [`Channels::bytes`]; `None` if they are shorter or longer, if a multiplier or shift is out of range, if a sum of
    /// `largest_sum` and the bias could leave `i32`, if the sum of weights is another than `weight_sums` tells of a block, or if a channel
    /// that there is not has numbers.
    pub(crate) fn new(
        count: usize,
        arrays: [&'a [u8]; ARRAYS],
        largest_sum: i64,
        weight_sums: impl Fn(usize) -> [i32; BLOCK],
    ) -> Option<Self> {
        if arrays.iter().any(|array| array.len() != Self::bytes(count)) {
            return None;
        }
        let channels = Self { count, arrays: arrays.map(|array| array.as_chunks().0.as_chunks().0) };
        (0..count.div_ceil(BLOCK))
            .all(|block| channels.fits(block, largest_sum, weight_sums(block)))
            .then_some(channels)
    }

    fn fits(&self, block: usize, largest_sum: i64, expected_sums: [i32; BLOCK]) -> bool {
        let ChannelBlock { biases, multipliers, shifts, weight_sums } = self.block(block);
        let count = (self.count - block * BLOCK).min(BLOCK);
        weight_sums == expected_sums
            && (0..BLOCK).all(|channel| {
                let (bias, multiplier, shift) = (biases[channel], multipliers[channel], shifts[channel]);
                if channel >= count {
                    return (bias, multiplier, shift) == (0, 0, 0);
                }
                let in_range = u32::try_from(shift).is_ok_and(|shift| Requantizer::new(multiplier, shift).is_some());
                in_range && i64::from(bias).abs() + largest_sum <= i64::from(i32::MAX)
            })
    }

    /// How many channels there are.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Eight channels.
    #[inline]
    pub(crate) fn block(&self, block: usize) -> ChannelBlock {
        let [biases, multipliers, shifts, weight_sums] = self.arrays.map(|array| array[block].map(i32::from_le_bytes));
        ChannelBlock { biases, multipliers, shifts, weight_sums }
    }
}

impl ChannelBlock {
    /// Bias and factor of each channel.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, Requantizer)> {
        let factors = self.multipliers.iter().zip(&self.shifts);
        let factors = factors.map(|(&multiplier, &shift)| Requantizer::from_checked(multiplier, shift as u32));
        self.biases.iter().copied().zip(factors)
    }
}

/// Where outputs lie: their zero point and the range that they are kept within.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputRange {
    pub(crate) zero_point: i8,
    pub(crate) clamp: ClampRange,
}

impl OutputRange {
    /// An output from a sum.
    #[inline]
    pub(crate) fn requantise(self, sum: i32, requantizer: Requantizer) -> i8 {
        requantizer.output(sum, self.zero_point, self.clamp)
    }
}
