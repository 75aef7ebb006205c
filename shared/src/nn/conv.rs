//! Convolution: every output channel from every input channel, a window at a time.
//!
//! The scalar kernel copies the numbers under a window into a row of their own, a patch, with the input's zero point where the window
//! reaches over the border; an output is then one dot product of the patch with the weights of its channel, which lie in the same order.
//! Those for processors with vectors (`simd`) give the same numbers another way.

use super::channels::{Channels, OutputRange};
use super::weights::{BLOCK, QUAD, QuadWeights, Weights};
use super::winograd::Prepared;
use super::{Shape, Window};

/// Most numbers under a window, all input channels together: 3 × 3 × 512.
pub const MAX_PATCH: usize = 4608;

/// Numbers of a patch, the rows of which are filled up to whole quads.
const PATCH: usize = 4 * MAX_PATCH;

/// A convolution layer.
///
/// `out[y, x, o] = requantise(bias[o] + Σ weight[o, j, i, c] · in[y·stride + j − top, x·stride + i − left, c])`, the bias holding
/// `−zero_point · Σ weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv2d<'a> {
    pub(crate) input: Shape,
    pub(crate) input_zero_point: i8,
    pub(crate) window: Window,
    pub(crate) weights: Weights<'a>,
    pub(crate) channels: Channels<'a>,
    pub(crate) output: Shape,
    pub(crate) output_range: OutputRange,
    /// Its weights once more, as kernels that multiply less read them.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other processor has kernels for it"))]
    pub(crate) prepared: Option<Prepared<'a>>,
}

impl Conv2d<'_> {
    /// * `input`: `[height, width, in]`
    /// * `output`: `[height, width, out]`
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let mut patch = [0; PATCH];
        let columns = usize::from(self.output.width);
        let row_quads = self.weights.packing().row_quads();
        for (place, numbers) in output.chunks_exact_mut(self.channels.len()).enumerate() {
            let patch = &mut patch[..self.weights.packing().block_quads() * QUAD];
            for (row, numbers) in patch.chunks_exact_mut(row_quads * QUAD).enumerate() {
                self.gather(input, [place / columns, place % columns], row, numbers);
            }
            for (block, numbers) in numbers.chunks_mut(BLOCK).enumerate() {
                let sums = dot(self.weights.block(block), patch.as_chunks().0);
                let channels = self.channels.block(block);
                for ((number, sum), (bias, requantizer)) in numbers.iter_mut().zip(sums).zip(channels.iter()) {
                    *number = self.output_range.requantise(bias.wrapping_add(sum), requantizer);
                }
            }
        }
    }

    /// Copies what a row of the kernel sees at an output place.
    fn gather(&self, input: &[i8], [row, column]: [usize; 2], kernel_row: usize, numbers: &mut [i8]) {
        let [height, width, channels] = [self.input.height, self.input.width, self.input.channels].map(usize::from);
        let [row_stride, column_stride] = self.window.stride.map(usize::from);
        let [top, left, _, _] = self.window.padding.map(usize::from);
        let input_row = (row * row_stride + kernel_row).wrapping_sub(top);
        for (kernel_column, seen) in numbers.chunks_exact_mut(channels).take(self.window.kernel[1].into()).enumerate() {
            let input_column = (column * column_stride + kernel_column).wrapping_sub(left);
            if input_row < height && input_column < width {
                seen.copy_from_slice(&input[(input_row * width + input_column) * channels..][..channels]);
            } else {
                seen.fill(self.input_zero_point);
            }
        }
    }
}

/// Eight dot products with the same numbers. The loader has made sure that no sum leaves `i32`: `wrapping_add` only keeps overflow checks
/// out of the loop.
#[inline]
pub(super) fn dot(weights: &[QuadWeights], numbers: &[[i8; QUAD]]) -> [i32; BLOCK] {
    let mut sums = [0_i32; BLOCK];
    for (weights, numbers) in weights.iter().zip(numbers) {
        for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<QUAD>().0) {
            for (&weight, &number) in weights.iter().zip(numbers) {
                *sum = sum.wrapping_add(i32::from(weight) * i32::from(number));
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::test_layers::{self, Layer, Reads};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_convolution_is_what_its_formula_says(layer in test_layers::windowed(Reads::Every)) {
            let Layer { input, output, .. } = layer;
            let mut got = test_layers::blank(output);
            layer.conv2d().run(&layer.values, &mut got);
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
