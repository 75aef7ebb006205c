//! What comes after the sum: a bias, a factor and a clamp for each output channel.

use super::{ClampRange, Requantizer};

/// Bias, multiplier and shift of each output channel, little-endian as they lie in the model file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channels<'a> {
    biases: &'a [[u8; 4]],
    multipliers: &'a [[u8; 4]],
    shifts: &'a [[u8; 4]],
}

impl<'a> Channels<'a> {
    /// From three arrays of one length; `None` if a multiplier or shift is out of range, or if a sum of `largest_sum` and the bias
    /// could leave `i32`.
    pub(crate) fn new(
        biases: &'a [[u8; 4]],
        multipliers: &'a [[u8; 4]],
        shifts: &'a [[u8; 4]],
        largest_sum: i64,
    ) -> Option<Self> {
        let fits = |bias: &[u8; 4]| i64::from(i32::from_le_bytes(*bias)).abs() + largest_sum <= i64::from(i32::MAX);
        let in_range = |(multiplier, shift): (&[u8; 4], &[u8; 4])| {
            Requantizer::new(i32::from_le_bytes(*multiplier), u32::from_le_bytes(*shift)).is_some()
        };
        (biases.len() == multipliers.len()
            && biases.len() == shifts.len()
            && biases.iter().all(fits)
            && multipliers.iter().zip(shifts).all(in_range))
        .then_some(Self { biases, multipliers, shifts })
    }

    /// How many channels there are.
    pub(crate) fn len(&self) -> usize {
        self.biases.len()
    }

    /// Bias and factor of each channel, from `first` on.
    #[inline]
    pub(crate) fn iter_from(&self, first: usize) -> impl Iterator<Item = (i32, Requantizer)> {
        let Self { biases, multipliers, shifts } = self;
        biases[first..].iter().zip(&multipliers[first..]).zip(&shifts[first..]).map(|((bias, multiplier), shift)| {
            (
                i32::from_le_bytes(*bias),
                Requantizer::from_checked(i32::from_le_bytes(*multiplier), u32::from_le_bytes(*shift)),
            )
        })
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
