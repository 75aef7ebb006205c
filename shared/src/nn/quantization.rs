//! How real numbers become 8-bit ones, and how sums come back to 8 bits.

use serde::{Deserialize, Serialize};

/// How real numbers are kept in 8 bits: `x = scale · (q − zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// Size of one step; finite and positive.
    pub scale: f32,
    /// The number that stands for zero.
    pub zero_point: i8,
}

impl Quantization {
    /// `round(x / scale) + zero_point`, halves away from zero, kept within `[−128, 127]`; NaN becomes the zero point.
    pub fn quantize(self, value: f32) -> i8 {
        let steps = libm::roundf(value / self.scale) as i32;
        steps.saturating_add(i32::from(self.zero_point)).clamp(-128, 127) as i8
    }

    /// `scale · (q − zero_point)`.
    pub fn dequantize(self, value: i8) -> f32 {
        self.scale * (i32::from(value) - i32::from(self.zero_point)) as f32
    }
}

/// The range that an output is kept within: all of int8, or from the zero point up where a ReLU is fused, up to six where it
/// is a ReLU6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClampRange {
    /// Smallest output.
    pub min: i8,
    /// Largest output; not below `min`.
    pub max: i8,
}

impl ClampRange {
    /// Everything that fits into 8 bits.
    pub const FULL: Self = Self { min: i8::MIN, max: i8::MAX };

    /// What a ReLU leaves.
    pub const fn relu(output: Quantization) -> Self {
        Self { min: output.zero_point, max: i8::MAX }
    }

    /// What a ReLU6 leaves: from zero to the step nearest to six, or as far as int8 goes.
    pub fn relu6(output: Quantization) -> Self {
        Self { min: output.zero_point, max: output.quantize(6.0) }
    }
}

/// A real factor in `[2⁻³², 1)` as fixed-point numbers: `multiplier · 2^−shift`.
///
/// [`Requantizer::apply`] is the only rounding on the way from a sum to an output. It is what TensorFlow Lite computes when built with
/// `TFLITE_SINGLE_ROUNDING`; its default build rounds twice, which moves one sum in some thousands by one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantizer {
    multiplier: i32,
    shift: u32,
}

impl Requantizer {
    /// Smallest multiplier: the factor's leading bit is always kept.
    pub const MIN_MULTIPLIER: i32 = 1 << 30;
    /// Shifts that factors in `[2⁻³², 1)` need.
    pub const SHIFTS: core::ops::RangeInclusive<u32> = 31..=62;

    /// From its two numbers; `None` if they are out of range.
    pub fn new(multiplier: i32, shift: u32) -> Option<Self> {
        (multiplier >= Self::MIN_MULTIPLIER && Self::SHIFTS.contains(&shift)).then_some(Self { multiplier, shift })
    }

    /// From two numbers that [`Requantizer::new`] took before.
    #[inline]
    pub(crate) const fn from_checked(multiplier: i32, shift: u32) -> Self {
        Self { multiplier, shift }
    }

    /// The nearest to a real factor; `None` outside `[2⁻³², 1)`.
    pub fn from_real(factor: f64) -> Option<Self> {
        if !(factor > 0.0 && factor < 1.0) {
            return None;
        }
        let (fraction, exponent) = libm::frexp(factor);
        let multiplier = libm::round(fraction * (1_i64 << 31) as f64) as i64;
        // A fraction just under one rounds up to 2³¹, which is 2³⁰ with the next exponent.
        let (multiplier, exponent) =
            if multiplier == 1 << 31 { (1 << 30, exponent + 1) } else { (multiplier, exponent) };
        Self::new(i32::try_from(multiplier).ok()?, u32::try_from(31 - exponent).ok()?)
    }

    /// The fixed-point multiplier, in `[2³⁰, 2³¹)`.
    pub const fn multiplier(self) -> i32 {
        self.multiplier
    }

    /// Bits to the right, 31 to 62.
    pub const fn shift(self) -> u32 {
        self.shift
    }

    /// `⌊sum · multiplier · 2^−shift + ½⌋`: rounded once, halves up.
    ///
    /// Any `sum` will do: the product stays under 2⁶², and the result under 2³¹.
    #[inline]
    pub const fn apply(self, sum: i32) -> i32 {
        let product = sum as i64 * self.multiplier as i64;
        ((product + (1 << (self.shift - 1))) >> self.shift) as i32
    }

    /// An output: [`Requantizer::apply`], then the zero point, then the clamp.
    #[inline]
    pub fn output(self, sum: i32, zero_point: i8, range: ClampRange) -> i8 {
        self.apply(sum).saturating_add(i32::from(zero_point)).clamp(i32::from(range.min), i32::from(range.max)) as i8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rounding_halves_up() {
        let half = Requantizer::from_real(0.5).unwrap();
        assert_eq!((half.multiplier(), half.shift()), (1 << 30, 31));
        for (sum, expected) in [(0, 0), (1, 1), (2, 1), (3, 2), (-1, 0), (-2, -1), (-3, -1), (-5, -2)] {
            assert_eq!(half.apply(sum), expected, "{sum}");
        }
    }

    #[test]
    fn every_sum_and_factor_fits() {
        for factor in [0.5_f64.powi(32), 1e-6, 0.1, 0.999_999_999] {
            let requantizer = Requantizer::from_real(factor).unwrap();
            for sum in [i32::MIN, -1, 0, 1, i32::MAX] {
                let exact = f64::from(sum) * factor;
                assert!(
                    (f64::from(requantizer.apply(sum)) - exact).abs() <= 0.5 + exact.abs() * 1e-9,
                    "{sum} · {factor}"
                );
            }
        }
    }

    #[test]
    fn factors_that_cannot_be_kept_are_refused() {
        for factor in [0.0, -0.1, 1.0, 2.0, 1e-12, f64::NAN, f64::INFINITY] {
            assert_eq!(Requantizer::from_real(factor), None, "{factor}");
        }
        // Nearer to one than the multiplier can tell.
        assert_eq!(Requantizer::from_real(1.0 - f64::EPSILON), None);
        assert_eq!(Requantizer::new(1 << 29, 40), None);
        assert_eq!(Requantizer::new(i32::MAX, 63), None);
        assert_eq!(Requantizer::new(i32::MAX, 30), None);
    }

    #[test]
    fn a_relu6_ends_at_the_step_nearest_to_six() {
        let range = |scale, zero_point| ClampRange::relu6(Quantization { scale, zero_point });
        assert_eq!(range(0.1, -100), ClampRange { min: -100, max: -40 });
        // Halves go up: 6 / 0.48 is 12.5.
        assert_eq!(range(0.48, 0), ClampRange { min: 0, max: 13 });
        assert_eq!(range(0.02, -128), ClampRange { min: -128, max: 127 });
        assert_eq!(range(1e-12, -128), ClampRange { min: -128, max: 127 });
        assert_eq!(range(100.0, 5), ClampRange { min: 5, max: 5 });
    }

    #[test]
    fn not_a_number_is_zero() {
        let quantization = Quantization { scale: 0.5, zero_point: -3 };
        assert_eq!(quantization.quantize(f32::NAN), -3);
        assert_eq!(quantization.quantize(f32::INFINITY), 127);
        assert_eq!(quantization.quantize(f32::NEG_INFINITY), -128);
        assert_eq!(quantization.dequantize(quantization.quantize(1.25)), 1.5);
    }
}
