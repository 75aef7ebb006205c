//! Concatenation along the channels of two tensors that are quantised each in its own way.

use super::{ClampRange, Quantization, Requantizer};

/// At each place the channels of one tensor, then those of another.
///
/// An input that is quantised as the output is copied; any other is requantised as TensorFlow Lite's `QUANTIZE` does, with one rounding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concat {
    parts: [Part; 2],
}

/// What becomes of one input's numbers.
#[derive(Clone, Copy, Debug)]
struct Part {
    channels: usize,
    zero_point: i8,
    /// `None`: they stay as they are.
    requantizer: Option<Requantizer>,
    output_zero_point: i8,
}

impl Concat {
    /// `None` where an input that is not quantised as the output has a scale that is no smaller, or far smaller: the factor would leave
    /// `[2⁻³², 1)`.
    ///
    /// * `channels`: of each input, at least one
    pub(crate) fn new(channels: [u16; 2], inputs: [Quantization; 2], output: Quantization) -> Option<Self> {
        let part = |channels, input: Quantization| {
            let requantizer = if input == output {
                None
            } else {
                Some(Requantizer::from_real(f64::from(input.scale) / f64::from(output.scale))?)
            };
            let channels = usize::from(channels);
            Some(Part { channels, zero_point: input.zero_point, requantizer, output_zero_point: output.zero_point })
        };
        Some(Self { parts: [part(channels[0], inputs[0])?, part(channels[1], inputs[1])?] })
    }

    /// * `first`, `second`: `[height, width, channel]`, of one height and width
    /// * `output`: `[height, width, channel]`, with the channels of both
    pub(crate) fn run(&self, first: &[i8], second: &[i8], output: &mut [i8]) {
        let [one, other] = self.parts;
        let places = first.chunks_exact(one.channels).zip(second.chunks_exact(other.channels));
        for (place, (first, second)) in output.chunks_exact_mut(one.channels + other.channels).zip(places) {
            let (before, after) = place.split_at_mut(one.channels);
            one.run(first, before);
            other.run(second, after);
        }
    }
}

impl Part {
    #[inline]
    fn run(&self, input: &[i8], output: &mut [i8]) {
        let Some(requantizer) = self.requantizer else { return output.copy_from_slice(input) };
        for (number, &value) in output.iter_mut().zip(input) {
            let steps = i32::from(value) - i32::from(self.zero_point);
            *number = requantizer.output(steps, self.output_zero_point, ClampRange::FULL);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Channels and numbers of two tensors of one height and width.
    fn tensors() -> impl Strategy<Value = ([u16; 2], [Vec<i8>; 2])> {
        (1..20_usize, [1..40_u16, 1..40_u16]).prop_flat_map(|(places, channels)| {
            let numbers = channels.map(|channels| vec(any::<i8>(), places * usize::from(channels)));
            (Just(channels), numbers)
        })
    }

    /// `clamp(⌊(x − zero_point) · multiplier / 2^shift + ½⌋ + output_zero_point)` in `i128`.
    fn requantised(value: i8, input: Quantization, output: Quantization) -> i8 {
        let factor = Requantizer::from_real(f64::from(input.scale) / f64::from(output.scale)).unwrap();
        let product = (i128::from(value) - i128::from(input.zero_point)) * i128::from(factor.multiplier());
        let rounded = (2 * product + (1 << factor.shift())).div_euclid(1 << (factor.shift() + 1));
        (rounded + i128::from(output.zero_point)).clamp(-128, 127) as i8
    }

    fn run(channels: [u16; 2], numbers: &[Vec<i8>; 2], inputs: [Quantization; 2], output: Quantization) -> Vec<i8> {
        let mut got = std::vec![99; numbers[0].len() + numbers[1].len()];
        Concat::new(channels, inputs, output).unwrap().run(&numbers[0], &numbers[1], &mut got);
        got
    }

    proptest! {
        #[test]
        fn every_place_has_the_channels_of_both(
            (channels, numbers) in tensors(),
            factors in (-20.0..-0.001_f32, -20.0..-0.001_f32, -8.0..8.0_f32),
            zero_points in any::<(i8, i8, i8)>(),
        ) {
            let output = Quantization { scale: libm::exp2f(factors.2), zero_point: zero_points.2 };
            let inputs = [(factors.0, zero_points.0), (factors.1, zero_points.1)].map(|(factor, zero_point)| {
                Quantization { scale: output.scale * libm::exp2f(factor), zero_point }
            });
            let got = run(channels, &numbers, inputs, output);
            let [first, second] = channels.map(usize::from);
            for (index, number) in got.into_iter().enumerate() {
                let (place, channel) = (index / (first + second), index % (first + second));
                let expected = match channel.checked_sub(first) {
                    None => requantised(numbers[0][place * first + channel], inputs[0], output),
                    Some(channel) => requantised(numbers[1][place * second + channel], inputs[1], output),
                };
                prop_assert_eq!(number, expected, "place {}, channel {}", place, channel);
            }
        }

        #[test]
        fn what_is_quantised_alike_is_copied((channels, numbers) in tensors(), zero_point: i8) {
            let output = Quantization { scale: 0.3, zero_point };
            let got = run(channels, &numbers, [output; 2], output);
            let [first, second] = channels.map(usize::from);
            let expected: Vec<i8> = numbers[0]
                .chunks_exact(first)
                .zip(numbers[1].chunks_exact(second))
                .flat_map(|(first, second)| [first, second].concat())
                .collect();
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn an_input_with_larger_steps_is_refused() {
        let of = |scale, zero_point| Quantization { scale, zero_point };
        let output = of(0.5, 3);
        assert!(Concat::new([1, 1], [output, of(0.25, -7)], output).is_some());
        assert!(Concat::new([1, 1], [output, of(0.51, 3)], output).is_none());
        // The same steps from another zero would be a factor of one.
        assert!(Concat::new([1, 1], [of(0.5, 4), output], output).is_none());
        assert!(Concat::new([1, 1], [of(1e-11, 3), output], output).is_none());
    }
}
