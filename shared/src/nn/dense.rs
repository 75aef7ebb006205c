//! Dense layer: every output from every input.

use super::channels::{Channels, OutputRange};
use super::conv::dot;
use super::weights::{BLOCK, QUAD, Weights};

/// A dense layer.
///
/// `out[o] = requantise(bias[o] + Σ weight[o, i] · in[i])`, the bias holding `−zero_point · Σ weight`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense<'a> {
    pub(crate) weights: Weights<'a>,
    pub(crate) channels: Channels<'a>,
    pub(crate) output_range: OutputRange,
}

impl Dense<'_> {
    /// * `input`: `[in]`, a tensor of any shape as it lies
    /// * `output`: `[out]`
    pub(crate) fn run(&self, input: &[i8], output: &mut [i8]) {
        let (quads, last) = quads(input);
        for (block, numbers) in output.chunks_mut(BLOCK).enumerate() {
            let (whole, rest) = self.weights.block(block).split_at(quads.len());
            let (sums, rest) = (dot(whole, quads), dot(rest, &[last]));
            let channels = self.channels.block(block);
            for (((number, sum), rest), (bias, requantizer)) in
                numbers.iter_mut().zip(sums).zip(rest).zip(channels.iter())
            {
                *number = self.output_range.requantise(bias.wrapping_add(sum).wrapping_add(rest), requantizer);
            }
        }
    }
}

/// The numbers as quads, and what is left, filled up with zeros.
#[inline]
pub(super) fn quads(numbers: &[i8]) -> (&[[i8; QUAD]], [i8; QUAD]) {
    let (quads, rest) = numbers.as_chunks();
    let mut last = [0; QUAD];
    last[..rest.len()].copy_from_slice(rest);
    (quads, last)
}

#[cfg(test)]
mod tests {
    use super::super::test_layers;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_dense_layer_is_a_convolution_that_sees_everything(layer in test_layers::dense()) {
            let mut got = test_layers::blank(layer.output);
            layer.dense().run(&layer.values, &mut got);
            let inputs = layer.input.channels;
            let expected = layer.expected(|o| (0..inputs).map(|i| (o * inputs + i, 0, 0, i)).collect());
            prop_assert_eq!(got, expected);
        }
    }
}
