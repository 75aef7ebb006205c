//! Batch normalisation becomes part of the weights before it: at inference both are linear.

use crate::network::float_graph::{BatchNorm, FloatGraph, Op};

/// The same network without batch normalisation. The graph has passed [`shapes`](super::graph_check::shapes).
pub fn fold(graph: &FloatGraph) -> FloatGraph {
    let mut folded = graph.clone();
    for node in &mut folded.nodes {
        match &mut node.op {
            Op::Conv2d { weight, bias, norm, .. } => {
                if let Some(norm) = norm.take() {
                    let factors = fold_bias(&norm, bias);
                    let each = weight.len() / factors.len();
                    for (weights, factor) in weight.chunks_exact_mut(each).zip(factors) {
                        scale(weights, std::iter::repeat(factor));
                    }
                }
            }
            Op::Depthwise { weight, bias, norm, .. } => {
                if let Some(norm) = norm.take() {
                    let factors = fold_bias(&norm, bias);
                    for weights in weight.chunks_exact_mut(factors.len()) {
                        scale(weights, factors.iter().copied());
                    }
                }
            }
            Op::MaxPool { .. }
            | Op::AveragePool { .. }
            | Op::GlobalAveragePool
            | Op::Dense { .. }
            | Op::Add { .. }
            | Op::Concat { .. } => {}
        }
    }
    folded
}

/// Folds the normalisation into the biases and returns the factor of each channel's weights.
fn fold_bias(norm: &BatchNorm, bias: &mut [f32]) -> Vec<f64> {
    let BatchNorm { gamma, beta, mean, variance, epsilon } = norm;
    (0..bias.len())
        .map(|channel| {
            let deviation = (f64::from(variance[channel]) + f64::from(*epsilon)).sqrt();
            let factor = f64::from(gamma[channel]) / deviation;
            let centred = f64::from(bias[channel]) - f64::from(mean[channel]);
            bias[channel] = (centred * factor + f64::from(beta[channel])) as f32;
            factor
        })
        .collect()
}

fn scale(weights: &mut [f32], factors: impl Iterator<Item = f64>) {
    for (weight, factor) in weights.iter_mut().zip(factors) {
        *weight = (f64::from(*weight) * factor) as f32;
    }
}
