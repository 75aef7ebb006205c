//! The way back: a network in training from plain numbers, for fine-tuning.

use super::activation::Activation;
use super::architecture::{Architecture, Node, Operation, Tensor as Source};
use super::float_graph::{self, FloatGraph, Op};
use super::module::{Convolution, Network};
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use thiserror::Error;

/// A network that training does not know how to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("node {node} of the network can't be trained further: start from a network that this trainer made")]
pub struct NotTrainable {
    /// Counted from 0.
    pub node: usize,
}

impl Network {
    /// A network with these weights. What was batch normalisation in it has to be part of the weights ([`fold`](crate::quantize::fold::fold)).
    ///
    /// * `shapes`: of every node's output
    pub fn from_float_graph(graph: &FloatGraph, shapes: &[[usize; 3]], device: &Device) -> Result<Self, NotTrainable> {
        let mut architecture = Architecture::new(graph.input);
        for (index, (node, &output)) in graph.nodes.iter().zip(shapes).enumerate() {
            let operation = operation(node).ok_or(NotTrainable { node: index })?;
            architecture.nodes.push(Node { operation, output });
        }
        let mut network = Self::new(&architecture, device);
        let mut convolutions = network.convolutions.iter_mut();
        let mut denses = network.denses.iter_mut();
        let read = |source: float_graph::Source| match source {
            float_graph::Source::Input => graph.input,
            float_graph::Source::Node(index) => shapes[index],
        };
        for node in &graph.nodes {
            match &node.op {
                Op::Conv2d { weight, bias, out, kernel, .. } => {
                    let Convolution { conv, .. } = convolutions.next().expect("one a node, made in new()");
                    let [.., channels] = read(node.input);
                    let weight = tensor(weight, [*out, kernel[0], kernel[1], channels], device);
                    conv.weight = Param::from_tensor(weight.permute([0, 3, 1, 2]));
                    conv.bias = Some(Param::from_tensor(tensor(bias, [*out], device)));
                }
                Op::Dense { weight, bias, .. } => {
                    let dense = denses.next().expect("one a node, made in new()");
                    let [height, width, channels] = read(node.input);
                    let weight = tensor(weight, [bias.len(), height, width, channels], device);
                    let inputs = height * width * channels;
                    dense.weight = Param::from_tensor(weight.permute([3, 1, 2, 0]).reshape([inputs, bias.len()]));
                    dense.bias = Some(Param::from_tensor(tensor(bias, [bias.len()], device)));
                }
                _ => {}
            }
        }
        Ok(network)
    }
}

fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), device)
}

/// The operation in training, if there is one that does exactly the same.
fn operation(node: &float_graph::Node) -> Option<Operation> {
    let source = |source: float_graph::Source| match source {
        float_graph::Source::Input => Source::Input,
        float_graph::Source::Node(index) => Source::Node(index),
    };
    let of = source(node.input);
    Some(match &node.op {
        Op::Conv2d { kernel, stride, padding, norm: None, activation, .. } => {
            let [vertical, horizontal] = kernel.map(|side| side / 2);
            if *padding != [vertical, horizontal, vertical, horizontal] {
                return None;
            }
            Operation::Convolution { of, kernel: *kernel, stride: *stride, norm: false, activation: *activation }
        }
        Op::MaxPool { kernel, stride, padding: [0, 0, 0, 0] } if kernel == stride => {
            Operation::MaxPool { of, window: *kernel }
        }
        Op::GlobalAveragePool => Operation::GlobalAveragePool { of },
        Op::Dense { activation, .. } => Operation::Dense { of, activation: *activation },
        Op::Add { other, activation: Activation::Relu } => Operation::Add { of, and: source(*other) },
        Op::Concat { other } => Operation::Concat { of, and: source(*other) },
        Op::Conv2d { .. } | Op::Depthwise { .. } | Op::MaxPool { .. } | Op::AveragePool { .. } | Op::Add { .. } => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Preset;
    use crate::network::module::numbers;
    use crate::quantize::fold::fold;
    use crate::quantize::graph_check::shapes;
    use crate::train::device;
    use burn::module::Module;
    use burn::tensor::Distribution;
    use clap::ValueEnum;
    use moodbox_shared::model::Task;

    #[test]
    fn every_network_that_the_box_runs_comes_back() {
        let device = device::by_name("flex").unwrap();
        for preset in Preset::value_variants() {
            let Ok(architecture) = preset.architecture(Task::Speech, 8) else { continue };
            let network = Network::new(&architecture, &device).valid();
            let Ok(graph) = network.to_float_graph() else { continue };
            let graph = fold(&graph);
            let back = Network::from_float_graph(&graph, &shapes(&graph).unwrap(), &device).unwrap();
            let [height, width, channels] = architecture.input;
            let input = Tensor::<4>::random([2, channels, height, width], Distribution::Normal(0.0, 1.0), &device);
            let (expected, got) = (numbers(network.forward(input.clone())), numbers(back.forward(input)));
            let error = expected.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-3, "{preset:?}: {error}");
        }
    }

    #[test]
    fn a_convolution_with_other_padding_is_refused() {
        let op = Op::Conv2d {
            weight: vec![0.0; 9],
            bias: vec![0.0],
            out: 1,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [0; 4],
            norm: None,
            activation: Activation::None,
        };
        let node = float_graph::Node { input: float_graph::Source::Input, op };
        let graph = FloatGraph { input: [5, 5, 1], nodes: vec![node] };
        let device = device::by_name("flex").unwrap();
        let error = Network::from_float_graph(&graph, &[[3, 3, 1]], &device).unwrap_err();
        assert_eq!(error, NotTrainable { node: 0 });
    }
}
