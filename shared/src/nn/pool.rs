//! Pooling: the largest or the mean of each window, and the mean of a whole channel.

use super::channels::OutputRange;
use super::{Requantizer, Shape, Window};

/// Channels worked on at once.
const BLOCK: usize = 32;

/// The largest of each window; what lies outside never wins. Input and output are quantised alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxPool {
    pub(crate) input: Shape,
    pub(crate) window: Window,
    pub(crate) output: Shape,
}

impl MaxPool {
    /// * `input`, `output`: `[height, width, channel]`
    #[inline(always)] // To be compiled for the instructions of whoever calls.
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.input.channels);
        output.fill(i8::MIN);
        for (place, numbers) in output.chunks_exact_mut(channels).enumerate() {
            for seen in places(self.input, self.window, self.output, place) {
                for (number, &value) in numbers.iter_mut().zip(&input[seen * channels..]) {
                    *number = (*number).max(value);
                }
            }
        }
    }
}

/// The mean of each window, rounded halves away from zero; windows lie within the input. Input and output are quantised alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AveragePool {
    pub(crate) input: Shape,
    pub(crate) window: Window,
    pub(crate) output: Shape,
}

impl AveragePool {
    /// * `input`, `output`: `[height, width, channel]`
    #[inline(always)] // To be compiled for the instructions of whoever calls.
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.input.channels);
        let count = i32::from(self.window.kernel[0]) * i32::from(self.window.kernel[1]);
        for (place, numbers) in output.chunks_exact_mut(channels).enumerate() {
            for (block, numbers) in numbers.chunks_mut(BLOCK).enumerate() {
                let seen = places(self.input, self.window, self.output, place);
                let sums = sums(input, channels, seen, block * BLOCK, numbers.len());
                for (number, sum) in numbers.iter_mut().zip(sums) {
                    *number = divide(sum, count) as i8;
                }
            }
        }
    }
}

/// `sum / count`, rounded to the nearest, halves away from zero; within int8 if each of the `count` summands was.
fn divide(sum: i32, count: i32) -> i32 {
    let half = count / 2;
    if sum > 0 { (sum + half) / count } else { (sum - half) / count }
}

/// The mean of each channel, requantised, as TensorFlow Lite's `MEAN`.
///
/// `out[c] = requantise(Σ in[y, x, c] − height · width · zero_point)`, the factor being
/// `input scale / (output scale · height · width)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalAveragePool {
    pub(crate) input: Shape,
    pub(crate) input_zero_point: i8,
    pub(crate) requantizer: Requantizer,
    pub(crate) output_range: OutputRange,
}

impl GlobalAveragePool {
    /// * `input`: `[height, width, channel]`
    /// * `output`: `[channel]`
    #[inline(always)] // To be compiled for the instructions of whoever calls.
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.input.channels);
        let count = usize::from(self.input.height) * usize::from(self.input.width);
        let zero = count as i32 * i32::from(self.input_zero_point);
        for (block, numbers) in output.chunks_mut(BLOCK).enumerate() {
            let sums = sums(input, channels, 0..count, block * BLOCK, numbers.len());
            for (number, sum) in numbers.iter_mut().zip(sums) {
                *number = self.output_range.requantise(sum - zero, self.requantizer);
            }
        }
    }
}

/// The places of the input that a window sees, `row · width + column`.
#[inline(always)]
fn places(input: Shape, window: Window, output: Shape, place: usize) -> impl Iterator<Item = usize> {
    let [height, width] = [input.height, input.width].map(usize::from);
    let [top, left, _, _] = window.padding.map(usize::from);
    let [row_stride, column_stride] = window.stride.map(usize::from);
    let [kernel_height, kernel_width] = window.kernel.map(usize::from);
    let columns = usize::from(output.width);
    let within = move |start: usize, length: usize, before: usize, size: usize| {
        start.saturating_sub(before)..(start + length).saturating_sub(before).min(size)
    };
    let seen_columns = within(place % columns * column_stride, kernel_width, left, width);
    within(place / columns * row_stride, kernel_height, top, height)
        .flat_map(move |row| seen_columns.clone().map(move |column| row * width + column))
}

/// Sums of `len` channels from `first` on over some places. An arena's worth of int8 numbers never leaves `i32`.
#[inline(always)]
fn sums(input: &[i8], channels: usize, places: impl Iterator<Item = usize>, first: usize, len: usize) -> [i32; BLOCK] {
    let mut sums = [0_i32; BLOCK];
    for place in places {
        for (sum, &value) in sums.iter_mut().zip(&input[place * channels + first..][..len]) {
            *sum = sum.wrapping_add(i32::from(value));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::ClampRange;
    use super::super::test_layers::{self, Layer, Reads};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_max_pool_takes_the_largest(layer in test_layers::windowed(Reads::ItsOwn)) {
            let Layer { input, window, .. } = layer;
            let output = Shape { channels: input.channels, ..layer.output };
            let mut got = test_layers::blank(output);
            MaxPool { input, window, output }.run(&layer.values, &mut got);
            let expected = layer.naive(output, |seen| seen.flatten().max().unwrap());
            prop_assert_eq!(got, expected);
        }

        #[test]
        fn an_average_pool_rounds_halves_away_from_zero(mut layer in test_layers::windowed(Reads::ItsOwn)) {
            let input = layer.input;
            let window = Window { padding: [0; 4], ..layer.window };
            prop_assume!(window.output_size(input.height, input.width).is_some());
            let [height, width] = window.output_size(input.height, input.width).unwrap();
            let output = Shape { height, width, channels: input.channels };
            let mut got = test_layers::blank(output);
            AveragePool { input, window, output }.run(&layer.values, &mut got);
            let count = f64::from(window.kernel[0] * window.kernel[1]);
            layer.window = window;
            let expected = layer.naive(output, |seen| {
                (seen.map(|value| f64::from(value.unwrap())).sum::<f64>() / count).round() as i8
            });
            prop_assert_eq!(got, expected);
        }

        #[test]
        fn a_global_average_is_the_requantised_mean(layer in test_layers::windowed(Reads::ItsOwn), factor in 0.01..0.99_f64) {
            let Layer { input, input_zero_point, .. } = layer;
            let requantizer = Requantizer::from_real(factor).unwrap();
            let output_range = OutputRange { zero_point: 5, clamp: ClampRange::FULL };
            let mut got = test_layers::blank(Shape { height: 1, width: 1, ..input });
            GlobalAveragePool { input, input_zero_point, requantizer, output_range }.run(&layer.values, &mut got);
            for (channel, &number) in got.iter().enumerate() {
                let values = layer.values.iter().skip(channel).step_by(usize::from(input.channels));
                let sum: f64 = values.map(|&value| f64::from(value) - f64::from(input_zero_point)).sum();
                let exact = (sum * factor + 5.0).clamp(-128.0, 127.0);
                prop_assert!((f64::from(number) - exact).abs() < 0.5 + 1e-3);
            }
        }
    }
}
