//! The way back from a model file: the float network whose numbers are those that the box multiplies.

use super::calibration::Range;
use crate::export::OnnxError;
use crate::export::parameters::Parameters;
use crate::network::Activation;
use crate::network::float_graph::{FloatGraph, Node, Op, Source};
use moodbox_shared::model::{Header, LayerDescription, Operation, Plan, TensorDescription};
use moodbox_shared::nn::{ClampRange, Quantization, Window};

/// The network of a model file, which [`Model::load`](moodbox_shared::model::Model::load) has accepted; layers are nodes.
pub fn dequantize(header: &Header, data: &[u8]) -> Result<FloatGraph, OnnxError> {
    let plan = &header.plan;
    let [height, width, channels] = [plan.input.shape.height, plan.input.shape.width, plan.input.shape.channels];
    let mut graph = FloatGraph { input: [height, width, channels].map(usize::from), nodes: Vec::new() };
    for (index, &LayerDescription { input, output, operation }) in plan.layers.iter().enumerate() {
        let weights = || {
            let parameters = Parameters::read(plan, index, data, tensor(plan, input).quantization)?;
            Ok::<_, OnnxError>((parameters.real_weights(), parameters.real_biases()))
        };
        let after = |range| activation(range, output.quantization);
        let op = match operation {
            Operation::Conv2d { window, range, .. } => {
                let (weight, bias) = weights()?;
                let Sides { kernel, stride, padding } = window.into();
                let out = output.shape.channels.into();
                Op::Conv2d { weight, bias, out, kernel, stride, padding, norm: None, activation: after(range) }
            }
            Operation::Depthwise { window, range, .. } => {
                let (weight, bias) = weights()?;
                let Sides { kernel, stride, padding } = window.into();
                Op::Depthwise { weight, bias, kernel, stride, padding, norm: None, activation: after(range) }
            }
            Operation::Dense { range, .. } => {
                let (weight, bias) = weights()?;
                Op::Dense { weight, bias, activation: after(range) }
            }
            Operation::MaxPool { window } => {
                let Sides { kernel, stride, padding } = window.into();
                Op::MaxPool { kernel, stride, padding }
            }
            Operation::AveragePool { window } => {
                let Sides { kernel, stride, .. } = window.into();
                Op::AveragePool { kernel, stride }
            }
            Operation::GlobalAveragePool => Op::GlobalAveragePool,
            Operation::Add { other, range } => Op::Add { other: source(other), activation: after(range) },
            Operation::Concat { other } => Op::Concat { other: source(other) },
        };
        graph.nodes.push(Node { input: source(input), op });
    }
    Ok(graph)
}

/// What the input and each layer's output can hold.
pub fn ranges(plan: &Plan) -> Vec<Range> {
    let tensors = std::iter::once(plan.input).chain(plan.layers.iter().map(|layer| layer.output));
    tensors
        .map(|TensorDescription { quantization, .. }| {
            let [low, high] = [i8::MIN, i8::MAX].map(|step| quantization.dequantize(step));
            Range { low, high }
        })
        .collect()
}

fn tensor(plan: &Plan, index: u16) -> TensorDescription {
    match index.checked_sub(1) {
        None => plan.input,
        Some(layer) => plan.layers[usize::from(layer)].output,
    }
}

fn source(tensor: u16) -> Source {
    tensor.checked_sub(1).map_or(Source::Input, |layer| Source::Node(layer.into()))
}

/// What a range cuts off; that numbers without a sign have no negative ones is a ReLU too.
fn activation(range: ClampRange, output: Quantization) -> Activation {
    if range == ClampRange::relu(output) {
        Activation::Relu
    } else if range == ClampRange::relu6(output) {
        Activation::Relu6
    } else {
        Activation::None
    }
}

/// A window in whole numbers of this machine.
struct Sides {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 4],
}

impl From<Window> for Sides {
    fn from(Window { kernel, stride, padding }: Window) -> Self {
        Self { kernel: kernel.map(usize::from), stride: stride.map(usize::from), padding: padding.map(usize::from) }
    }
}
