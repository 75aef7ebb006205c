//! Dense layers: one row of inputs, and weights that are read once, a block of outputs after the other.

use super::multiply::{FOUR, Multiply};
use super::requantise::Requantise;
use crate::nn::dense::{Dense, quads};
use crate::nn::weights::BLOCK;

/// * `input`: `[in]`
/// * `output`: `[out]`
#[target_feature(enable = "neon")]
pub(super) fn run(multiply: impl Multiply, dense: &Dense<'_>, input: &[i8], output: &mut [i8]) {
    let (quads, last) = quads(input);
    for (block, numbers) in output.chunks_mut(BLOCK).enumerate() {
        let channels = dense.channels.block(block);
        // Of the weights there may be one quad more than of the inputs, for the last ones.
        let (weights, last_weights) = dense.weights.block(block).split_at(quads.len());
        let mut sums = multiply.start(channels.biases);
        for (weights, quads) in weights.as_chunks().0.iter().zip(quads.as_chunks().0) {
            sums = multiply.add_four(sums, weights, *quads);
        }
        let (rest, rest_weights) = (quads.as_chunks::<FOUR>().1, weights.as_chunks::<FOUR>().1);
        for (weights, quad) in rest_weights.iter().zip(rest).chain(last_weights.iter().zip([&last])) {
            sums = multiply.add_one(sums, weights, *quad);
        }
        let outputs = Requantise::new(&channels, dense.output_range).outputs(multiply.total(sums));
        numbers.copy_from_slice(&outputs[..numbers.len()]);
    }
}
