//! Convolution: every output channel from every input channel, a window at a time.
//!
//! The numbers under a window are copied into a row of their own, a patch, with the input's zero point where the window reaches over
//! the border. An output is then one dot product of the patch with the weights of its channel, which lie in the same order. Four
//! patches are worked on at once, so that each weight is read and widened once for four outputs.

use super::channels::{Channels, OutputRange};
use super::{Shape, Window};

/// Most numbers under a window, all input channels together: 3 × 3 × 512.
pub const MAX_PATCH: usize = 4608;

/// Patches worked on at once.
const PATCHES: usize = 4;

/// A convolution layer.
///
/// `out[y, x, o] = requantise(bias[o] + Σ weight[o, j, i, c] · in[y·stride + j − top, x·stride + i − left, c])`, the bias holding
/// `−zero_point · Σ weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv2d<'a> {
    pub(crate) input: Shape,
    pub(crate) input_zero_point: i8,
    pub(crate) window: Window,
    /// `[out][kernel height][kernel width][in]`.
    pub(crate) weights: &'a [i8],
    pub(crate) channels: Channels<'a>,
    pub(crate) output: Shape,
    pub(crate) output_range: OutputRange,
}

impl Conv2d<'_> {
    /// * `input`: `[height, width, in]`
    /// * `output`: `[height, width, out]`
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let mut patches = [[0_i16; MAX_PATCH]; PATCHES];
        let patch_len = self.weights.len() / self.channels.len();
        let out_channels = self.channels.len();
        let columns = usize::from(self.output.width);
        for (index, places) in output.chunks_mut(PATCHES * out_channels).enumerate() {
            let count = places.len() / out_channels;
            for (place, patch) in patches.iter_mut().take(count).enumerate() {
                let place = index * PATCHES + place;
                self.gather(input, place / columns, place % columns, &mut patch[..patch_len]);
            }
            let rows = patches.each_ref().map(|patch| &patch[..patch_len]);
            let weights = self.weights.chunks_exact(patch_len);
            for (channel, (weights, (bias, requantizer))) in weights.zip(self.channels.iter_from(0)).enumerate() {
                let sums = dot(weights, rows);
                for (place, sum) in places.chunks_exact_mut(out_channels).zip(sums) {
                    place[channel] = self.output_range.requantise(bias.wrapping_add(sum), requantizer);
                }
            }
        }
    }

    /// Copies what the window sees at an output place, in the order of the weights.
    fn gather(&self, input: &[i8], row: usize, column: usize, patch: &mut [i16]) {
        let [height, width, channels] = [self.input.height, self.input.width, self.input.channels].map(usize::from);
        let [kernel_height, kernel_width] = self.window.kernel.map(usize::from);
        let [row_stride, column_stride] = self.window.stride.map(usize::from);
        let [top, left, _, _] = self.window.padding.map(usize::from);
        let outside = i16::from(self.input_zero_point);

        // Columns of the kernel that lie on the input: the same for all of its rows. They are neighbours in memory.
        let first_column = column * column_stride;
        let skipped = left.saturating_sub(first_column).min(kernel_width);
        let seen = (width + left).saturating_sub(first_column).min(kernel_width).max(skipped);
        let start = (first_column + skipped).saturating_sub(left) * channels;

        for (kernel_row, target) in patch.chunks_exact_mut(kernel_width * channels).enumerate() {
            let input_row = (row * row_stride + kernel_row).wrapping_sub(top);
            if input_row >= height {
                target.fill(outside);
                continue;
            }
            debug_assert!(kernel_row < kernel_height);
            let (before, rest) = target.split_at_mut(skipped * channels);
            let (within, after) = rest.split_at_mut((seen - skipped) * channels);
            before.fill(outside);
            after.fill(outside);
            for (number, &value) in within.iter_mut().zip(&input[input_row * width * channels + start..]) {
                *number = i16::from(value);
            }
        }
    }
}

/// Four dot products with the same weights. The loader has made sure that no sum leaves `i32`: `wrapping_add` only keeps overflow
/// checks out of the loop.
#[inline]
fn dot(weights: &[i8], patches: [&[i16]; PATCHES]) -> [i32; PATCHES] {
    // Slices of one visible length: no bounds checks in the loop, which then becomes `pmaddwd` and its like.
    let [a, b, c, d] = patches.map(|patch| &patch[..weights.len()]);
    let mut sums = [0_i32; PATCHES];
    for (index, &weight) in weights.iter().enumerate() {
        let weight = i32::from(weight);
        sums[0] = sums[0].wrapping_add(weight * i32::from(a[index]));
        sums[1] = sums[1].wrapping_add(weight * i32::from(b[index]));
        sums[2] = sums[2].wrapping_add(weight * i32::from(c[index]));
        sums[3] = sums[3].wrapping_add(weight * i32::from(d[index]));
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::test_layers::{self, Layer, Reads};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_convolution_is_what_its_formula_says(layer in test_layers::windowed(Reads::Every)) {
            let Layer { input, output, .. } = layer;
            let conv = Conv2d {
                input,
                input_zero_point: layer.input_zero_point,
                window: layer.window,
                weights: &layer.weights,
                channels: layer.channels(),
                output,
                output_range: layer.output_range,
            };
            let mut got = test_layers::blank(output);
            conv.run(&layer.values, &mut got);
            let [kernel_height, kernel_width] = layer.window.kernel;
            let expected = layer.expected(|o| {
                let mut terms = test_layers::Terms::new();
                for j in 0..kernel_height {
                    for i in 0..kernel_width {
                        for c in 0..input.channels {
                            terms.push((((o * kernel_height + j) * kernel_width + i) * input.channels + c, j, i, c));
                        }
                    }
                }
                terms
            });
            prop_assert_eq!(got, expected);
        }
    }
}
