//! The network in training: an [`Architecture`] with weights, in burn.
//!
//! Tensors are batch × channels × height × width here, as burn's layers want them; [`Network::to_float_graph`] turns the weights around.

use super::Activation;
use super::architecture::{Architecture, Operation, Tensor as Source};
use super::float_graph::{self, FloatGraph, Op};
use super::recurrent::{self, Recurrent};
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{
    BatchNorm, BatchNormConfig, BiLstm, BiLstmConfig, Dropout, DropoutConfig, Initializer, Linear, LinearConfig,
    PaddingConfig2d,
};
use burn::tensor::activation::relu;
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Device, Tensor};

/// An architecture with weights.
#[derive(Module, Debug)]
pub struct Network {
    pub(super) convolutions: Vec<Convolution>,
    pub(super) denses: Vec<Linear>,
    pub(super) recurrences: Vec<BiLstm>,
    pub(super) dropouts: Vec<Dropout>,
    #[module(skip)]
    pub(super) architecture: Architecture,
}

/// A convolution and its batch normalisation.
#[derive(Module, Debug)]
pub(super) struct Convolution {
    pub(super) conv: Conv2d,
    norm: Option<BatchNorm>,
}

impl Network {
    /// Random weights (He et al. 2015), from the device's seed.
    pub fn new(architecture: &Architecture, device: &Device) -> Self {
        let mut network = Self {
            convolutions: Vec::new(),
            denses: Vec::new(),
            recurrences: Vec::new(),
            dropouts: Vec::new(),
            architecture: architecture.clone(),
        };
        for node in &architecture.nodes {
            match &node.operation {
                Operation::Convolution { of, kernel, stride, norm, .. } => {
                    let channels = [architecture.shape(*of)[2], node.output[2]];
                    let [vertical, horizontal] = [kernel[0] / 2, kernel[1] / 2];
                    let conv = Conv2dConfig::new(channels, *kernel)
                        .with_stride(*stride)
                        .with_padding(PaddingConfig2d::Explicit(vertical, horizontal, vertical, horizontal))
                        .with_bias(!norm)
                        .with_initializer(Initializer::KaimingNormal { gain: 2f64.sqrt(), fan_out_only: false })
                        .init(device);
                    let norm = norm.then(|| BatchNormConfig::new(channels[1]).init(device));
                    network.convolutions.push(Convolution { conv, norm });
                }
                Operation::Dense { of, .. } => {
                    let inputs = architecture.shape(*of).iter().product();
                    network.denses.push(LinearConfig::new(inputs, node.output[2]).init(device));
                }
                Operation::BiLstm { of, units } => {
                    let inputs = architecture.shape(*of)[2];
                    network.recurrences.push(BiLstmConfig::new(inputs, *units, true).init(device));
                }
                Operation::Dropout { probability, .. } => {
                    network.dropouts.push(DropoutConfig::new(*probability).init());
                }
                Operation::MaxPool { .. }
                | Operation::GlobalAveragePool { .. }
                | Operation::Add { .. }
                | Operation::Concat { .. } => {}
            }
        }
        network
    }

    /// What the network looks like.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Logits of a batch.
    ///
    /// * `input`: `[batch, channels, height, width]`
    /// * returns `[batch, classes]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let batch = input.dims()[0];
        let (mut convolutions, mut denses, mut dropouts) =
            (self.convolutions.iter(), self.denses.iter(), self.dropouts.iter());
        let mut recurrences = self.recurrences.iter();
        let mut outputs: Vec<Tensor<4>> = Vec::with_capacity(self.architecture.nodes.len());
        for node in &self.architecture.nodes {
            let read = |source: &Source| match source {
                Source::Input => input.clone(),
                Source::Node(index) => outputs[*index].clone(),
            };
            let output = match &node.operation {
                Operation::Convolution { of, activation, .. } => {
                    let unit = convolutions.next().expect("one a node, made in new()");
                    let mut output = unit.conv.forward(read(of));
                    if let Some(norm) = &unit.norm {
                        output = norm.forward(output);
                    }
                    activate(output, *activation)
                }
                Operation::MaxPool { of, window } => {
                    MaxPool2dConfig::new(*window).with_strides(*window).init().forward(read(of))
                }
                Operation::GlobalAveragePool { of } => adaptive_avg_pool2d(read(of), [1, 1]),
                Operation::Dense { of, activation } => {
                    let dense = denses.next().expect("one a node, made in new()");
                    let output: Tensor<2> = dense.forward(read(of).flatten(1, 3));
                    let output = activate(output, *activation);
                    let units = node.output[2];
                    output.reshape([batch, units, 1, 1])
                }
                Operation::Add { of, and } => relu(read(of) + read(and)),
                Operation::Concat { of, and } => Tensor::cat(vec![read(of), read(and)], 1),
                Operation::BiLstm { of, .. } => {
                    recurrent::forward(recurrences.next().expect("one a node, made in new()"), read(of))
                }
                Operation::Dropout { of, .. } => dropouts.next().expect("one a node, made in new()").forward(read(of)),
            };
            outputs.push(output);
        }
        let logits = outputs.pop().unwrap_or(input);
        logits.flatten(1, 3)
    }

    /// The weights as plain numbers, for quantisation; dropout falls away.
    pub fn to_float_graph(&self) -> Result<FloatGraph, Recurrent> {
        let mut graph = FloatGraph { input: self.architecture.input, nodes: Vec::new() };
        let (mut convolutions, mut denses) = (self.convolutions.iter(), self.denses.iter());
        // Where each node of the architecture went: dropout is what it reads.
        let mut moved: Vec<float_graph::Source> = Vec::new();
        for node in &self.architecture.nodes {
            let source = |source: &Source| match source {
                Source::Input => float_graph::Source::Input,
                Source::Node(index) => moved[*index],
            };
            let (input, op) = match &node.operation {
                Operation::Convolution { of, kernel, stride, activation, .. } => {
                    let unit = convolutions.next().expect("one a node, made in new()");
                    let [vertical, horizontal] = [kernel[0] / 2, kernel[1] / 2];
                    let op = Op::Conv2d {
                        // [out, in, kernel height, kernel width] to [out, kernel height, kernel width, in].
                        weight: numbers(unit.conv.weight.val().permute([0, 2, 3, 1])),
                        bias: unit
                            .conv
                            .bias
                            .as_ref()
                            .map_or_else(|| vec![0.0; node.output[2]], |bias| numbers(bias.val())),
                        out: node.output[2],
                        kernel: *kernel,
                        stride: *stride,
                        padding: [vertical, horizontal, vertical, horizontal],
                        norm: unit.norm.as_ref().map(plain_norm),
                        activation: *activation,
                    };
                    (source(of), op)
                }
                Operation::MaxPool { of, window } => {
                    (source(of), Op::MaxPool { kernel: *window, stride: *window, padding: [0; 4] })
                }
                Operation::GlobalAveragePool { of } => (source(of), Op::GlobalAveragePool),
                Operation::Dense { of, activation } => {
                    let dense = denses.next().expect("one a node, made in new()");
                    let [height, width, channels] = self.architecture.shape(*of);
                    // [channels · height · width, out] to [out, height · width · channels].
                    let weight =
                        dense.weight.val().reshape([channels, height, width, node.output[2]]).permute([3, 1, 2, 0]);
                    let bias = dense.bias.as_ref().map(Param::val).map(numbers).unwrap_or_default();
                    (source(of), Op::Dense { weight: numbers(weight), bias, activation: *activation })
                }
                Operation::Add { of, and } => {
                    (source(of), Op::Add { other: source(and), activation: Activation::Relu })
                }
                Operation::Concat { of, and } => (source(of), Op::Concat { other: source(and) }),
                Operation::BiLstm { .. } => return Err(Recurrent),
                Operation::Dropout { of, .. } => {
                    let carried = source(of);
                    moved.push(carried);
                    continue;
                }
            };
            graph.nodes.push(float_graph::Node { input, op });
            moved.push(float_graph::Source::Node(graph.nodes.len() - 1));
        }
        Ok(graph)
    }
}

fn activate<const D: usize>(output: Tensor<D>, activation: Activation) -> Tensor<D> {
    match activation {
        Activation::None => output,
        Activation::Relu => relu(output),
        // The ONNX exporter knows no clamp.
        Activation::Relu6 => relu(output.clone()) - relu(output - 6.0),
    }
}

fn plain_norm(norm: &BatchNorm) -> float_graph::BatchNorm {
    float_graph::BatchNorm {
        gamma: numbers(norm.gamma.val()),
        beta: numbers(norm.beta.val()),
        mean: numbers(norm.running_mean.value_sync()),
        variance: numbers(norm.running_var.value_sync()),
        epsilon: norm.epsilon as f32,
    }
}

/// A tensor's numbers, row by row.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("just converted to f32")
}

#[cfg(test)]
mod tests {
    use super::super::architecture::{After, Architecture, Tensor as Source};
    use super::*;
    use crate::quantize::FloatReference;
    use crate::train::device;
    use burn::tensor::TensorData;

    #[test]
    fn the_plain_numbers_compute_what_the_network_computes() {
        let device = device::by_name("flex").unwrap();
        let mut net = Architecture::new([9, 7, 2]);
        let stem = net.convolution(Source::Input, 4, [3, 3], [2, 1], After::NormRelu6);
        let new = net.convolution(stem, 3, [3, 1], [1, 1], After::Norm);
        let both = net.concat(stem, new);
        let block = net.residual(both, [3, 3]);
        let pooled = net.max_pool(block, [2, 2]);
        let dropped = net.dropout(pooled, 0.5);
        let dense = net.dense_relu(dropped, 5);
        net.dense(dense, 3);
        let network = Network::new(&net, &device).valid();

        // Height × width × channels; large enough that ReLU6 has something to cut.
        let input: Vec<f32> = (0..9 * 7 * 2).map(|index| ((index * 37) % 101) as f32 / 5.0 - 8.0).collect();
        let burns = Tensor::<3>::from_data(TensorData::new(input.clone(), [9, 7, 2]), &device).permute([2, 0, 1]);
        let logits = numbers(network.forward(burns.unsqueeze()));
        let reference = FloatReference::new(&network.to_float_graph().unwrap()).unwrap();
        assert!(reference.outputs(&input)[0].contains(&6.0));
        for (got, expected) in reference.logits(&input).into_iter().zip(logits) {
            assert!((got - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{got} for {expected}");
        }
    }
}
