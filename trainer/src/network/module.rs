//! The network in training: an [`Architecture`] with weights, in burn.
//!
//! Tensors are batch × channels × height × width here, as burn's layers want them; [`Network::to_float_graph`] turns the weights around.

use super::Activation;
use super::architecture::{Architecture, Operation, Tensor as Source};
use super::float_graph::{self, FloatGraph, Op};
use super::recurrent::{self, Recurrent};
use super::rounding::{Rounding, round_rows};
use crate::quantize::fold::fold;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{
    BatchNorm, BatchNormConfig, BiLstm, BiLstmConfig, Dropout, DropoutConfig, Initializer, Linear, LinearConfig,
    PaddingConfig2d,
};
use burn::tensor::activation::relu;
use burn::tensor::module::{adaptive_avg_pool2d, conv2d};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

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

/// Which way tensors are computed.
///
/// A sequence is one wide and as high as it is long. CPUs run their innermost loops along the width, so it lies down for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pose {
    Upright,
    Lying,
}

impl Pose {
    /// Of a network that reads height × width × channels.
    fn of(input: [usize; 3]) -> Self {
        if input[1] == 1 { Self::Lying } else { Self::Upright }
    }

    /// Down and right, as it is computed.
    fn sides(self, [down, right]: [usize; 2]) -> [usize; 2] {
        match self {
            Self::Upright => [down, right],
            Self::Lying => [right, down],
        }
    }

    /// A tensor whose last two dimensions are down and right.
    fn tensor(self, tensor: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Upright => tensor,
            Self::Lying => match tensor.dims() {
                // The numbers stay where they are, and burn-onnx knows `reshape`, not `swap_dims`.
                [batch, channels, down, 1] => tensor.reshape([batch, channels, 1, down]),
                [batch, channels, 1, right] => tensor.reshape([batch, channels, right, 1]),
                _ => tensor.swap_dims(2, 3),
            },
        }
    }
}

/// What a convolution looks at; height and width.
#[derive(Clone, Copy, Debug)]
struct Window {
    kernel: [usize; 2],
    stride: [usize; 2],
}

impl Convolution {
    fn forward(&self, input: Tensor<4>, window: Window, pose: Pose, rounded: bool) -> Tensor<4> {
        let padding = window.kernel.map(|side| side / 2);
        let options = ConvOptions::new(pose.sides(window.stride), pose.sides(padding), [1, 1], 1);
        let bias = self.conv.bias.as_ref().map(Param::val);
        let mut weight = self.conv.weight.val();
        if rounded {
            let shape = weight.dims();
            weight = round_rows(weight.flatten(1, 3)).reshape(shape);
        }
        let output = conv2d(input, pose.tensor(weight), bias, options);
        match &self.norm {
            Some(norm) => norm.forward(output),
            None => output,
        }
    }
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
        self.compute(input, None)
    }

    /// [`Network::forward`] as if all numbers were int8; batch normalisation must have been [folded](Network::folded).
    pub fn forward_rounded(&self, input: Tensor<4>, rounding: &Rounding) -> Tensor<2> {
        self.compute(input, Some(rounding))
    }

    fn compute(&self, input: Tensor<4>, rounding: Option<&Rounding>) -> Tensor<2> {
        let batch = input.dims()[0];
        let pose = Pose::of(self.architecture.input);
        let mut input = pose.tensor(input);
        if let Some(rounding) = rounding {
            input = rounding.input(input);
        }
        let (mut convolutions, mut denses, mut dropouts) =
            (self.convolutions.iter(), self.denses.iter(), self.dropouts.iter());
        let mut recurrences = self.recurrences.iter();
        let mut outputs: Vec<Tensor<4>> = Vec::with_capacity(self.architecture.nodes.len());
        for (index, node) in self.architecture.nodes.iter().enumerate() {
            let read = |source: &Source| match source {
                Source::Input => input.clone(),
                Source::Node(index) => outputs[*index].clone(),
            };
            let mut output = match &node.operation {
                Operation::Convolution { of, kernel, stride, activation, .. } => {
                    let unit = convolutions.next().expect("one a node, made in new()");
                    let window = Window { kernel: *kernel, stride: *stride };
                    activate(unit.forward(read(of), window, pose, rounding.is_some()), *activation)
                }
                Operation::MaxPool { of, window } => {
                    let window = pose.sides(*window);
                    MaxPool2dConfig::new(window).with_strides(window).init().forward(read(of))
                }
                Operation::GlobalAveragePool { of } => adaptive_avg_pool2d(read(of), [1, 1]),
                Operation::Dense { of, activation } => {
                    let dense = denses.next().expect("one a node, made in new()");
                    let input: Tensor<2> = pose.tensor(read(of)).flatten(1, 3);
                    let output = match rounding {
                        Some(_) => dense_rounded(dense, input),
                        None => dense.forward(input),
                    };
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
            if let Some(rounding) = rounding {
                output = rounding.output(index, output);
            }
            outputs.push(output);
        }
        let logits = outputs.pop().unwrap_or(input);
        logits.flatten(1, 3)
    }

    /// The same network with batch normalisation in its weights: what int8 arithmetic computes, and what training for it changes.
    pub fn folded(&self, device: &Device) -> Result<Self, Recurrent> {
        let mut architecture = self.architecture.clone();
        for node in &mut architecture.nodes {
            if let Operation::Convolution { norm, .. } = &mut node.operation {
                *norm = false;
            }
        }
        let mut network = Self::new(&architecture, device);
        network.dropouts.clone_from(&self.dropouts);
        network.denses = self.denses.iter().map(|dense| dense.clone().to_device(device)).collect();
        let graph = fold(&self.to_float_graph()?);
        let folded = graph.nodes.into_iter().filter_map(|node| match node.op {
            Op::Conv2d { weight, bias, .. } => Some((weight, bias)),
            _ => None,
        });
        for (unit, (weight, bias)) in network.convolutions.iter_mut().zip(folded) {
            let [out, channels, height, width] = unit.conv.weight.dims();
            let weight = Tensor::<4>::from_data(TensorData::new(weight, [out, height, width, channels]), device);
            unit.conv.weight = Param::from_tensor(weight.permute([0, 3, 1, 2]));
            unit.conv.bias = Some(Param::from_tensor(Tensor::from_data(TensorData::new(bias, [out]), device)));
        }
        Ok(network)
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

fn dense_rounded(dense: &Linear, input: Tensor<2>) -> Tensor<2> {
    let weight = round_rows(dense.weight.val().transpose()).transpose();
    let output = input.matmul(weight);
    match &dense.bias {
        Some(bias) => output + bias.val().unsqueeze(),
        None => output,
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

    #[test]
    fn the_plain_numbers_compute_what_the_network_computes() {
        compare([9, 7, 2], [2, 2]);
        // A sequence, which lies down.
        compare([18, 1, 2], [2, 1]);
    }

    fn compare(shape: [usize; 3], window: [usize; 2]) {
        let device = device::default_device().unwrap();
        let mut net = Architecture::new(shape);
        let stem = net.convolution(Source::Input, 4, [3, 3], [2, 1], After::NormRelu6);
        let new = net.convolution(stem, 3, [3, 1], [1, 1], After::Norm);
        let both = net.concat(stem, new);
        let block = net.residual(both, [3, 3]);
        let pooled = net.max_pool(block, window);
        let dropped = net.dropout(pooled, 0.5);
        let dense = net.dense_relu(dropped, 5);
        net.dense(dense, 3);
        let network = Network::new(&net, &device).valid();

        // Height × width × channels; large enough that ReLU6 has something to cut.
        let len = shape.iter().product();
        let input: Vec<f32> = (0..len).map(|index| ((index * 37) % 101) as f32 / 5.0 - 8.0).collect();
        let burns = Tensor::<3>::from_data(TensorData::new(input.clone(), shape), &device).permute([2, 0, 1]);
        let logits = numbers(network.forward(burns.unsqueeze()));
        let reference = FloatReference::new(&network.to_float_graph().unwrap()).unwrap();
        assert!(reference.outputs(&input)[0].contains(&6.0));
        for (got, expected) in reference.logits(&input).into_iter().zip(logits) {
            assert!((got - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{got} for {expected}");
        }
    }
}
