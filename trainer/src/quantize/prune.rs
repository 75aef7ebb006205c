//! Pruning: a network that is a little too large gives up the hidden channels that matter least.
//!
//! A channel is hidden where one convolution makes it and only one other reads it: nothing else changes when it goes. What it matters is the
//! product of the norms of the weights that make it and of those that read it (Li et al. 2017 look at the former alone).

use super::fold::fold;
use super::graph_check::{GraphError, shapes};
use crate::network::float_graph::{FloatGraph, Op, Source};
use thiserror::Error;

/// Why a network can't be made as small as it should be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PruneError {
    /// The network contradicts itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Hidden channels are not enough.
    #[error("pruning leaves at least {least} parameters, not {most}: train a smaller preset")]
    TooFew {
        /// What was asked for.
        most: usize,
        /// What there is at least.
        least: usize,
    },
}

/// The network without its least important hidden channels, with at most so many parameters; batch normalisation becomes part of the weights.
pub fn prune(graph: &FloatGraph, most: usize) -> Result<FloatGraph, PruneError> {
    let mut graph = fold(graph);
    while graph.parameters() > most {
        let least_important = hidden(&graph)?
            .into_iter()
            .flat_map(|(maker, reader)| {
                let of_pair = importance(&graph, maker, reader).into_iter().enumerate();
                of_pair.map(move |(channel, importance)| (maker, reader, channel, importance))
            })
            .min_by(|one, other| one.3.total_cmp(&other.3));
        let Some((maker, reader, channel, _)) = least_important else {
            return Err(PruneError::TooFew { most, least: graph.parameters() });
        };
        remove_output(&mut graph.nodes[maker].op, channel);
        remove_input(&mut graph.nodes[reader].op, channel);
    }
    Ok(graph)
}

/// Pairs of convolutions of which the second alone reads the first, with at least two channels between them.
fn hidden(graph: &FloatGraph) -> Result<Vec<(usize, usize)>, GraphError> {
    let shapes = shapes(graph)?;
    let readers = |maker: usize| {
        let reads = move |(_, node): &(usize, &crate::network::float_graph::Node)| {
            let other = match &node.op {
                Op::Add { other, .. } | Op::Concat { other } => Some(*other),
                _ => None,
            };
            [Some(node.input), other].contains(&Some(Source::Node(maker)))
        };
        graph.nodes.iter().enumerate().filter(reads).map(|(index, _)| index).collect::<Vec<_>>()
    };
    let is_convolution = |index: usize| matches!(graph.nodes[index].op, Op::Conv2d { .. });
    let pairs = (0..graph.nodes.len()).filter(|&maker| is_convolution(maker) && shapes[maker][2] > 1);
    Ok(pairs
        .filter_map(|maker| match readers(maker)[..] {
            [reader] if is_convolution(reader) => Some((maker, reader)),
            _ => None,
        })
        .collect())
}

/// What each channel between two convolutions matters.
fn importance(graph: &FloatGraph, maker: usize, reader: usize) -> Vec<f32> {
    let (Op::Conv2d { weight: makes, out, .. }, Op::Conv2d { weight: reads, .. }) =
        (&graph.nodes[maker].op, &graph.nodes[reader].op)
    else {
        return Vec::new();
    };
    let made = makes.chunks_exact(makes.len() / out).map(|row| norm(row.iter()));
    let read = (0..*out).map(|channel| norm(reads.iter().skip(channel).step_by(*out)));
    made.zip(read).map(|(made, read)| made * read).collect()
}

fn norm<'a>(weights: impl Iterator<Item = &'a f32>) -> f32 {
    weights.map(|weight| weight * weight).sum::<f32>().sqrt()
}

fn remove_output(op: &mut Op, channel: usize) {
    if let Op::Conv2d { weight, bias, out, .. } = op {
        let row = weight.len() / *out;
        weight.drain(channel * row..(channel + 1) * row);
        bias.remove(channel);
        *out -= 1;
    }
}

fn remove_input(op: &mut Op, channel: usize) {
    if let Op::Conv2d { weight, out, kernel, .. } = op {
        let channels = weight.len() / (*out * kernel[0] * kernel[1]);
        let kept = weight.iter().enumerate().filter(|(index, _)| index % channels != channel);
        *weight = kept.map(|(_, weight)| *weight).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::network::architecture::{After, Architecture, Tensor};
    use crate::quantize::FloatReference;
    use crate::train::device;
    use burn::module::Module;

    /// A block with five channels that nobody else reads, and a stem that two nodes read.
    fn network() -> FloatGraph {
        let device = device::default_device().unwrap();
        device.seed(5);
        let mut net = Architecture::new([8, 8, 1]);
        let stem = net.convolution(Tensor::Input, 5, [3, 3], [1, 1], After::NormRelu);
        let block = net.residual(stem, [3, 3]);
        let mean = net.global_average_pool(block);
        net.dense(mean, 3);
        fold(&Network::new(&net, &device).valid().to_float_graph().unwrap())
    }

    #[test]
    fn what_matters_nothing_goes_first_and_is_not_missed() {
        let mut graph = network();
        let input: Vec<f32> = (0..64).map(|place| (place * 37 % 64) as f32 / 64.0).collect();
        let (maker, reader) = hidden(&graph).unwrap()[0];
        assert_eq!(hidden(&graph).unwrap().len(), 1, "the stem's channels are read twice");
        // Nothing reads the third of them.
        let Op::Conv2d { weight, .. } = &mut graph.nodes[reader].op else { panic!("a convolution") };
        weight.iter_mut().skip(2).step_by(5).for_each(|weight| *weight = 0.0);
        let before = FloatReference::new(&graph).unwrap().logits(&input);
        let pruned = prune(&graph, graph.parameters() - 1).unwrap();
        assert_eq!(pruned.parameters(), graph.parameters() - (2 * 9 * 5 + 1));
        let Op::Conv2d { out, .. } = pruned.nodes[maker].op else { panic!("a convolution") };
        assert_eq!(out, 4);
        let after = FloatReference::new(&pruned).unwrap().logits(&input);
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-5), "{before:?} became {after:?}");
    }

    #[test]
    fn a_network_that_is_small_enough_stays_and_some_size_is_the_least() {
        let graph = network();
        assert_eq!(prune(&graph, graph.parameters()).unwrap().parameters(), graph.parameters());
        let error = prune(&graph, 10).unwrap_err().to_string();
        assert!(error.contains("at least") && error.contains("not 10"), "{error}");
    }
}
