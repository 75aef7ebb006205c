//! Residual addition of two tensors that are quantised each in its own way.

use super::channels::OutputRange;
use super::{Quantization, Requantizer};

/// Bits that both inputs are shifted up by before they are brought to one scale.
pub(super) const LEFT_SHIFT: u32 = 20;

/// Sum of two tensors of one shape, as TensorFlow Lite's `ADD`.
///
/// Both are brought to the scale `2 · max(scales) / 2²⁰`, added there, and requantised; each of the three steps rounds once as
/// [`Requantizer`] does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Add {
    pub(super) zero_points: [i8; 2],
    pub(super) requantizers: [Requantizer; 2],
    pub(super) sum: Requantizer,
    pub(super) output_range: OutputRange,
}

impl Add {
    /// `None` where the scales lie too far apart for fixed-point factors.
    pub(crate) fn new(inputs: [Quantization; 2], output_scale: f32, output_range: OutputRange) -> Option<Self> {
        let [left, right] = inputs.map(|input| f64::from(input.scale));
        let common = 2.0 * left.max(right);
        Some(Self {
            zero_points: inputs.map(|input| input.zero_point),
            requantizers: [Requantizer::from_real(left / common)?, Requantizer::from_real(right / common)?],
            sum: Requantizer::from_real(common / (f64::from(1_u32 << LEFT_SHIFT) * f64::from(output_scale)))?,
            output_range,
        })
    }

    /// All three of one shape.
    pub(crate) fn run(&self, left: &[i8], right: &[i8], output: &mut [i8]) {
        for ((number, &left), &right) in output.iter_mut().zip(left).zip(right) {
            *number = self.output_range.requantise(self.common(0, left) + self.common(1, right), self.sum);
        }
    }

    /// An input's number in the common scale: at most 255 · 2¹⁹ from zero.
    #[inline]
    fn common(&self, input: usize, value: i8) -> i32 {
        let steps = i32::from(value) - i32::from(self.zero_points[input]);
        self.requantizers[input].apply(steps << LEFT_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ClampRange;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sum_is_the_sum_of_what_the_numbers_mean(
            values in any::<[(i8, i8); 16]>(),
            scales in (-8.0..2.0_f32, -8.0..2.0_f32, -6.0..4.0_f32),
            zero_points in any::<(i8, i8, i8)>(),
        ) {
            let left = Quantization { scale: libm::exp2f(scales.0), zero_point: zero_points.0 };
            let right = Quantization { scale: libm::exp2f(scales.1), zero_point: zero_points.1 };
            let output = Quantization { scale: libm::exp2f(scales.2), zero_point: zero_points.2 };
            let output_range = OutputRange { zero_point: output.zero_point, clamp: ClampRange::relu(output) };
            let add = Add::new([left, right], output.scale, output_range).unwrap();
            let mut got = [0; 16];
            add.run(&values.map(|pair| pair.0), &values.map(|pair| pair.1), &mut got);
            for ((a, b), number) in values.into_iter().zip(got) {
                let real = f64::from(left.dequantize(a)) + f64::from(right.dequantize(b));
                let exact = (real.max(0.0) / f64::from(output.scale) + f64::from(output.zero_point)).min(127.0);
                prop_assert!((f64::from(number) - exact).abs() < 0.51, "{a} + {b}: {number}, exactly {exact}");
            }
        }
    }

    #[test]
    fn scales_too_far_apart_are_refused() {
        let range = OutputRange { zero_point: 0, clamp: ClampRange::FULL };
        let of = |scale| Quantization { scale, zero_point: 0 };
        assert!(Add::new([of(1.0), of(1e-11)], 1.0, range).is_none());
        assert!(Add::new([of(1.0), of(1.0)], 1e-7, range).is_none());
    }
}
