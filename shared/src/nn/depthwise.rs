//! Depthwise convolution: each channel by itself.

use super::channels::{Channels, OutputRange};
use super::weights::BLOCK;
use super::{Shape, Window};

/// A depthwise convolution layer.
///
/// `out[y, x, c] = requantise(bias[c] + Σ weight[j, i, c] · in[y·stride + j − top, x·stride + i − left, c])`, the bias holding
/// `−zero_point · Σ weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depthwise<'a> {
    pub(crate) input: Shape,
    pub(crate) input_zero_point: i8,
    pub(crate) window: Window,
    /// `[kernel height][kernel width][channel]`.
    pub(crate) weights: &'a [i8],
    pub(crate) channels: Channels<'a>,
    pub(crate) output: Shape,
    pub(crate) output_range: OutputRange,
}

/// Sum of the weights of each channel of a block, from weights as a depthwise convolution has them.
pub(crate) fn weight_sums(weights: &[i8], channels: usize, block: usize) -> [i32; BLOCK] {
    let mut sums = [0; BLOCK];
    for place in weights.chunks_exact(channels) {
        for (sum, &weight) in sums.iter_mut().zip(&place[block * BLOCK..]) {
            *sum += i32::from(weight);
        }
    }
    sums
}

impl Depthwise<'_> {
    /// * `input`: `[height, width, channel]`
    /// * `output`: `[height, width, channel]`
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = self.channels.len();
        for (place, numbers) in output.chunks_exact_mut(channels).enumerate() {
            for (block, numbers) in numbers.chunks_mut(BLOCK).enumerate() {
                let first = block * BLOCK;
                let sums = self.sums(input, place, first, numbers.len());
                let channels = self.channels.block(block);
                for ((number, sum), (bias, requantizer)) in numbers.iter_mut().zip(sums).zip(channels.iter()) {
                    *number = self.output_range.requantise(bias.wrapping_add(sum), requantizer);
                }
            }
        }
    }

    /// Sums of `len` channels from `first` on, at one output place. As the loader has made sure, none leaves `i32`.
    #[inline]
    fn sums(&self, input: &[i8], place: usize, first: usize, len: usize) -> [i32; BLOCK] {
        let channels = self.channels.len();
        let mut sums = [0_i32; BLOCK];
        for (weights, seen) in self.weights.chunks_exact(channels).zip(self.window_places(place)) {
            let weights = &weights[first..][..len];
            if let Some(seen) = seen {
                let values = &input[seen * channels + first..][..len];
                for ((sum, &weight), &value) in sums.iter_mut().zip(weights).zip(values) {
                    *sum = sum.wrapping_add(i32::from(weight) * i32::from(value));
                }
            } else {
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(i32::from(weight) * i32::from(self.input_zero_point));
                }
            }
        }
        sums
    }

    /// The places of the input, `row · width + column`, that the window sees at an output place, row by row; `None` outside.
    #[inline]
    pub(super) fn window_places(&self, place: usize) -> impl Iterator<Item = Option<usize>> {
        let [height, width] = [self.input.height, self.input.width].map(usize::from);
        let [kernel_height, kernel_width] = self.window.kernel.map(usize::from);
        let [row_stride, column_stride] = self.window.stride.map(usize::from);
        let [top, left, _, _] = self.window.padding.map(usize::from);
        let columns = usize::from(self.output.width);
        let (row, column) = (place / columns * row_stride, place % columns * column_stride);
        (0..kernel_height).flat_map(move |kernel_row| {
            let row = (row + kernel_row).wrapping_sub(top);
            (0..kernel_width).map(move |kernel_column| {
                let column = (column + kernel_column).wrapping_sub(left);
                (row < height && column < width).then(|| row * width + column)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_layers::{self, Layer, Reads};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_depthwise_convolution_is_what_its_formula_says(layer in test_layers::windowed(Reads::ItsOwn)) {
            let Layer { input, .. } = layer;
            let output = Shape { channels: input.channels, ..layer.output };
            let mut got = test_layers::blank(output);
            layer.depthwise().run(&layer.values, &mut got);
            let [kernel_height, kernel_width] = layer.window.kernel;
            let expected = layer.expected(|c| {
                let mut terms = test_layers::Terms::new();
                for j in 0..kernel_height {
                    for i in 0..kernel_width {
                        terms.push(((j * kernel_width + i) * input.channels + c, j, i, c));
                    }
                }
                terms
            });
            prop_assert_eq!(got, expected);
        }
    }
}
