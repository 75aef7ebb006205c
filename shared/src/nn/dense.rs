//! Dense layer: every output from every input.

use super::channels::{Channels, OutputRange};

/// A dense layer.
///
/// `out[o] = requantise(bias[o] + Σ weight[o, i] · in[i])`, the bias holding `−zero_point · Σ weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense<'a> {
    /// `[out][in]`.
    pub(crate) weights: &'a [i8],
    pub(crate) channels: Channels<'a>,
    pub(crate) output_range: OutputRange,
}

impl Dense<'_> {
    /// * `input`: `[in]`, a tensor of any shape as it lies
    /// * `output`: `[out]`
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let rows = self.weights.chunks_exact(input.len());
        for ((number, weights), (bias, requantizer)) in output.iter_mut().zip(rows).zip(self.channels.iter_from(0)) {
            *number = self.output_range.requantise(bias.wrapping_add(dot(weights, input)), requantizer);
        }
    }
}

/// As the loader has made sure, no sum leaves `i32`.
#[inline]
fn dot(weights: &[i8], values: &[i8]) -> i32 {
    weights
        .iter()
        .zip(values)
        .fold(0_i32, |sum, (&weight, &value)| sum.wrapping_add(i32::from(weight) * i32::from(value)))
}

#[cfg(test)]
mod tests {
    use super::super::test_layers;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_dense_layer_is_a_convolution_that_sees_everything(layer in test_layers::dense()) {
            let dense = Dense { weights: &layer.weights, channels: layer.channels(), output_range: layer.output_range };
            let mut got = test_layers::blank(layer.output);
            dense.run(&layer.values, &mut got);
            let inputs = layer.input.channels;
            let expected = layer.expected(|o| (0..inputs).map(|i| (o * inputs + i, 0, 0, i)).collect());
            prop_assert_eq!(got, expected);
        }
    }
}
