//! From a folded float graph and the ranges of its tensors to the engine's plan and its data.

use super::QuantizeError;
use super::arena::{self, Lifetime};
use super::calibration::Range;
use super::weights::{Channels, smallest_output_scale};
use crate::network::Activation;
use crate::network::float_graph::{FloatGraph, Node, Op, Source};
use moodbox_shared::model::{LayerDescription, MAX_LAYERS, Operation, Plan, TensorDescription};
use moodbox_shared::nn::{ClampRange, Quantization, Shape, Window};

/// What the model file holds of a network.
pub(super) struct Lowered {
    pub(super) plan: Plan,
    pub(super) data: Vec<u8>,
}

/// * `graph`: without batch normalisation
/// * `shapes`: of every node's output
/// * `ranges`: of the input, then of every node's output
pub(super) fn lower(graph: &FloatGraph, shapes: &[[usize; 3]], ranges: &[Range]) -> Result<Lowered, QuantizeError> {
    if graph.nodes.len() > MAX_LAYERS {
        return Err(QuantizeError::TooManyLayers { found: graph.nodes.len() });
    }
    let places = arena::plan(&lifetimes(graph, shapes));
    let mut data = Vec::new();
    let mut tensors = vec![TensorDescription {
        shape: shape(graph.input).ok_or(QuantizeError::TooLarge { node: 0 })?,
        quantization: quantization(ranges[0], 0.0),
        offset: places.offsets[0] as u32,
    }];
    let mut layers = heapless::Vec::new();
    for (index, (node, range)) in graph.nodes.iter().zip(&ranges[1..]).enumerate() {
        let lowering = Lowering { index, tensors: &tensors, shape: shapes[index], range: *range };
        let (operation, quantization) = lowering.operation(node, &mut data)?;
        let output = TensorDescription {
            shape: shape(shapes[index]).ok_or(QuantizeError::TooLarge { node: index })?,
            quantization,
            offset: places.offsets[index + 1] as u32,
        };
        tensors.push(output);
        let layer = LayerDescription { input: tensor(node.input) as u16, output, operation };
        layers.push(layer).map_err(|_| QuantizeError::TooManyLayers { found: graph.nodes.len() })?;
    }
    let plan = Plan { arena_bytes: u32::try_from(places.bytes).unwrap_or(u32::MAX), input: tensors[0], layers };
    Ok(Lowered { plan, data })
}

/// Place of a tensor: the input comes first.
fn tensor(source: Source) -> usize {
    match source {
        Source::Input => 0,
        Source::Node(node) => node + 1,
    }
}

fn lifetimes(graph: &FloatGraph, shapes: &[[usize; 3]]) -> Vec<Lifetime> {
    let sizes = std::iter::once(&graph.input).chain(shapes);
    let mut lifetimes: Vec<Lifetime> = sizes
        .enumerate()
        .map(|(index, shape)| {
            let born = index.saturating_sub(1);
            Lifetime { bytes: shape.iter().product(), born, dies: born }
        })
        .collect();
    for (layer, node) in graph.nodes.iter().enumerate() {
        lifetimes[tensor(node.input)].dies = layer;
        if let Some(other) = node.op.other() {
            lifetimes[tensor(other)].dies = layer;
        }
    }
    if let Some(logits) = lifetimes.last_mut() {
        logits.dies = graph.nodes.len();
    }
    lifetimes
}

fn shape([height, width, channels]: [usize; 3]) -> Option<Shape> {
    let [height, width, channels] = [height, width, channels].map(|side| u16::try_from(side).ok());
    Some(Shape { height: height?, width: width?, channels: channels? })
}

fn window(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 4]) -> Option<Window> {
    let small = |value: usize| u16::try_from(value).ok();
    Some(Window {
        kernel: [small(kernel[0])?, small(kernel[1])?],
        stride: [small(stride[0])?, small(stride[1])?],
        padding: [small(padding[0])?, small(padding[1])?, small(padding[2])?, small(padding[3])?],
    })
}

/// 256 steps over the range, or more range where the steps must be larger; zero falls on a step.
fn quantization(range: Range, smallest_scale: f32) -> Quantization {
    let scale = ((range.high - range.low) / 255.0).max(smallest_scale).max(1e-9);
    let zero_point = (-128.0 - range.low / scale).round().clamp(-128.0, 127.0) as i8;
    Quantization { scale, zero_point }
}

/// How a concatenation is quantised: as one of its inputs where that one holds whatever the other does, so that it is copied; otherwise
/// with steps a little larger than both have, so that the factors of requantisation stay below one.
fn covering(inputs: [Quantization; 2]) -> Quantization {
    let range = |q: Quantization| Range { low: q.dequantize(i8::MIN), high: q.dequantize(i8::MAX) };
    let [first, second] = inputs.map(range);
    let both = Range { low: first.low.min(second.low), high: first.high.max(second.high) };
    let larger = if inputs[1].scale > inputs[0].scale { 1 } else { 0 };
    if inputs[0] == inputs[1] || ([first, second][larger] == both && inputs[0].scale != inputs[1].scale) {
        return inputs[larger];
    }
    quantization(both, 1.001 * inputs[larger].scale)
}

/// One node on its way to the engine.
struct Lowering<'a> {
    index: usize,
    /// All tensors so far.
    tensors: &'a [TensorDescription],
    /// Of the output.
    shape: [usize; 3],
    /// Of the output.
    range: Range,
}

impl Lowering<'_> {
    /// The engine's operation, and how its output is quantised.
    fn operation(&self, node: &Node, data: &mut Vec<u8>) -> Result<(Operation, Quantization), QuantizeError> {
        let too_large = QuantizeError::TooLarge { node: self.index };
        let from = self.tensors[tensor(node.input)];
        match &node.op {
            Op::Conv2d { weight, bias, kernel, stride, padding, activation, .. } => {
                let window = window(*kernel, *stride, *padding).ok_or(too_large)?;
                let channels = Channels { weight, bias, innermost: false };
                let operation = |range, parameters| Operation::Conv2d { window, range, parameters };
                self.weighted(&channels, from, *activation, operation, data)
            }
            Op::Depthwise { weight, bias, kernel, stride, padding, activation, .. } => {
                let window = window(*kernel, *stride, *padding).ok_or(too_large)?;
                let channels = Channels { weight, bias, innermost: true };
                let operation = |range, parameters| Operation::Depthwise { window, range, parameters };
                self.weighted(&channels, from, *activation, operation, data)
            }
            Op::MaxPool { kernel, stride, padding } => {
                let window = window(*kernel, *stride, *padding).ok_or(too_large)?;
                Ok((Operation::MaxPool { window }, from.quantization))
            }
            Op::AveragePool { kernel, stride } => {
                let window = window(*kernel, *stride, [0; 4]).ok_or(too_large)?;
                Ok((Operation::AveragePool { window }, from.quantization))
            }
            Op::GlobalAveragePool => {
                let places = f32::from(from.shape.height) * f32::from(from.shape.width);
                // The factor of a mean, input scale / (output scale · places), stays below one.
                Ok((Operation::GlobalAveragePool, quantization(self.range, 1.001 * from.quantization.scale / places)))
            }
            Op::Dense { weight, bias, activation } => {
                let channels = Channels { weight, bias, innermost: false };
                let operation = |range, parameters| Operation::Dense { range, parameters };
                self.weighted(&channels, from, *activation, operation, data)
            }
            Op::Add { other, activation } => {
                let output = quantization(self.range, 0.0);
                let other = tensor(*other);
                Ok((Operation::Add { other: other as u16, range: clamp(*activation, output) }, output))
            }
            Op::Concat { other } => {
                let other = tensor(*other);
                let output = covering([from, self.tensors[other]].map(|tensor| tensor.quantization));
                Ok((Operation::Concat { other: other as u16 }, output))
            }
        }
    }

    /// Rounds a layer with weights into `data`; `operation` makes it from its range and the place of its parameters.
    fn weighted(
        &self,
        channels: &Channels<'_>,
        from: TensorDescription,
        activation: Activation,
        operation: impl Fn(ClampRange, u32) -> Operation,
        data: &mut Vec<u8>,
    ) -> Result<(Operation, Quantization), QuantizeError> {
        let too_large = QuantizeError::TooLarge { node: self.index };
        let shape = shape(self.shape).ok_or(too_large)?;
        let input = from.quantization;
        let scales = channels.scales(input).map_err(|_| QuantizeError::TooLarge { node: self.index })?;
        let output = quantization(self.range, smallest_output_scale(input, &scales));
        let parameters =
            channels.quantize(input, &scales, output.scale).ok_or(QuantizeError::Scale { node: self.index })?;
        let range = clamp(activation, output);
        let place = parameters.append_to(&operation(range, 0), from.shape, shape, data);
        Ok((operation(range, place), output))
    }
}

fn clamp(activation: Activation, output: Quantization) -> ClampRange {
    match activation {
        Activation::None => ClampRange::FULL,
        Activation::Relu => ClampRange::relu(output),
        Activation::Relu6 => ClampRange::relu6(output),
    }
}
