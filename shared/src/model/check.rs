//! Whether a plan can be run: from a header's plan and the file's data to a [`Network`] that can't fail.

use super::error::Fault;
use super::layer_data::LayerData;
use super::{MAX_ARENA_BYTES, ModelError, Operation, Plan, TensorDescription};
use crate::nn::add::Add;
use crate::nn::channels::{Channels, OutputRange};
use crate::nn::concat::Concat;
use crate::nn::conv::Conv2d;
use crate::nn::dense::Dense;
use crate::nn::depthwise::{Depthwise, weight_sums};
use crate::nn::network::{Kernel, Layer, Network, Tensor};
use crate::nn::pool::{AveragePool, GlobalAveragePool, MaxPool};
use crate::nn::weights::{Packing, Weights};
use crate::nn::{ARENA_ALIGNMENT, ClampRange, MAX_PATCH, Quantization, Requantizer, Shape, Window};
use heapless::Vec;

/// Scales that make sense; the factors between them stay far from the ends of `f64`.
const SCALES: core::ops::RangeInclusive<f32> = 1e-12..=1e12;

/// Checks a plan against the data that it reads, and makes the network.
pub(super) fn network<'a>(plan: &Plan, data: &'a [u8]) -> Result<Network<'a>, ModelError> {
    if plan.arena_bytes as usize > MAX_ARENA_BYTES {
        return Err(ModelError::ArenaTooLarge { bytes: plan.arena_bytes });
    }
    let input = tensor(&plan.input, plan).map_err(|fault| ModelError::InputTensor { fault })?;
    let mut network = Network {
        input,
        output: input,
        arena_bytes: plan.arena_bytes as usize,
        parameters: 0,
        macs: 0,
        layers: Vec::new(),
    };
    for (index, description) in plan.layers.iter().enumerate() {
        let at = |fault| ModelError::Layer { layer: index, fault };
        let source = read(plan, index, description.input).map_err(at)?;
        let output = tensor(&description.output, plan).map_err(at)?;
        let second = match description.operation.other() {
            Some(other) if other == description.input => return Err(at(Fault::Reads)),
            Some(other) => Some(read(plan, index, other).map_err(at)?),
            None => None,
        };
        let edge = Edge { input: source, output };
        let (kernel, cost) = edge.kernel(&description.operation, second, data).map_err(at)?;
        network.parameters = network.parameters.saturating_add(cost.parameters);
        network.macs = network.macs.saturating_add(cost.macs);
        network.output = output;
        // The plan holds as many layers as the network at most.
        let _ = network.layers.push(Layer { input: source.range(), output: output.range(), kernel });
    }
    if network.layers.is_empty() {
        return Err(ModelError::NoLayers);
    }
    no_overlap(plan)?;
    Ok(network)
}

/// A tensor that lies within the arena.
fn tensor(description: &TensorDescription, plan: &Plan) -> Result<Tensor, Fault> {
    let TensorDescription { shape, quantization, offset } = *description;
    let offset = offset as usize;
    if shape.is_empty() {
        return Err(Fault::Empty);
    }
    if !offset.is_multiple_of(ARENA_ALIGNMENT) {
        return Err(Fault::Alignment);
    }
    if offset.saturating_add(shape.len()) > plan.arena_bytes as usize {
        return Err(Fault::OutsideArena);
    }
    if !SCALES.contains(&quantization.scale) {
        return Err(Fault::Scale);
    }
    Ok(Tensor { shape, quantization, offset })
}

/// A tensor that layer `layer` reads.
fn read(plan: &Plan, layer: usize, index: u16) -> Result<Tensor, Fault> {
    let index = usize::from(index);
    if index > layer {
        return Err(Fault::Reads);
    }
    tensor(plan.tensor(index).ok_or(Fault::Reads)?, plan)
}

/// No two tensors that are needed at the same time share a byte.
fn no_overlap(plan: &Plan) -> Result<(), ModelError> {
    let bytes =
        |tensor: usize| plan.tensor(tensor).map_or(0..0, |d| d.offset as usize..d.offset as usize + d.shape.len());
    for first in 0..plan.tensors() {
        let (first_bytes, first_needed) = (bytes(first), plan.needed(first));
        for second in first + 1..plan.tensors() {
            let second_bytes = bytes(second);
            // The second one is never born before the first.
            let together = plan.needed(second).start() <= first_needed.end();
            if together && first_bytes.start < second_bytes.end && second_bytes.start < first_bytes.end {
                return Err(ModelError::Overlap { first, second });
            }
        }
    }
    Ok(())
}

/// What a layer costs.
#[derive(Default)]
struct Cost {
    parameters: usize,
    macs: u64,
}

/// What a layer reads and makes.
#[derive(Clone, Copy)]
struct Edge {
    input: Tensor,
    output: Tensor,
}

impl Edge {
    fn kernel<'a>(
        self,
        operation: &Operation,
        second: Option<Tensor>,
        data: &'a [u8],
    ) -> Result<(Kernel<'a>, Cost), Fault> {
        let Self { input: Tensor { shape: input, .. }, output: Tensor { shape: output, .. } } = self;
        let input_zero_point = self.input.quantization.zero_point;
        match *operation {
            Operation::Conv2d { window, range, parameters } => {
                let packing = operation.packing(input, output).ok_or(Fault::Shape)?;
                if packing.terms() > MAX_PATCH {
                    return Err(Fault::WindowTooLarge);
                }
                self.slides(window, output.channels)?;
                let (weights, channels) = packed_parameters(data, parameters, packing)?;
                let output_range = self.output_range(range)?;
                let kernel =
                    Conv2d { input, input_zero_point, window, weights, channels, output, output_range, prepared: None };
                let macs = output.len() as u64 * packing.terms() as u64;
                Ok((Kernel::Conv2d(kernel), Cost { parameters: packing.parameters(), macs }))
            }
            Operation::Depthwise { window, range, parameters } => {
                self.slides(window, input.channels)?;
                let (places, outputs) = (window_len(window), usize::from(output.channels));
                let bytes = places.saturating_mul(outputs);
                let parts = LayerData::at(data, parameters, bytes, outputs)?;
                if parts.weights.contains(&i8::MIN) {
                    return Err(Fault::Weight);
                }
                let channels = parts.channels(outputs, places, |block| weight_sums(parts.weights, outputs, block))?;
                let weights = parts.weights;
                let output_range = self.output_range(range)?;
                let macs = output.len() as u64 * places as u64;
                let kernel = Depthwise { input, input_zero_point, window, weights, channels, output, output_range };
                Ok((Kernel::Depthwise(kernel), Cost { parameters: weights.len() + outputs, macs }))
            }
            Operation::MaxPool { window } => {
                self.slides(window, input.channels)?;
                self.keeps_scale()?;
                Ok((Kernel::MaxPool(MaxPool { input, window, output }), Cost::default()))
            }
            Operation::AveragePool { window } => {
                if window.padding != [0; 4] {
                    return Err(Fault::Padding);
                }
                self.slides(window, input.channels)?;
                self.keeps_scale()?;
                Ok((Kernel::AveragePool(AveragePool { input, window, output }), Cost::default()))
            }
            Operation::GlobalAveragePool => {
                if output != (Shape { height: 1, width: 1, channels: input.channels }) {
                    return Err(Fault::Shape);
                }
                let requantizer = self.mean().ok_or(Fault::Scale)?;
                let output_range = self.output_range(ClampRange::FULL)?;
                let kernel = GlobalAveragePool { input, input_zero_point, requantizer, output_range };
                Ok((Kernel::GlobalAveragePool(kernel), Cost::default()))
            }
            Operation::Dense { range, parameters } => {
                if (output.height, output.width) != (1, 1) {
                    return Err(Fault::Shape);
                }
                let packing = operation.packing(input, output).ok_or(Fault::Shape)?;
                let (weights, channels) = packed_parameters(data, parameters, packing)?;
                let output_range = self.output_range(range)?;
                let kernel = Dense { weights, channels, output_range };
                let macs = (packing.outputs * packing.terms()) as u64;
                Ok((Kernel::Dense(kernel), Cost { parameters: packing.parameters(), macs }))
            }
            Operation::Add { range, .. } => {
                let second = second.ok_or(Fault::Reads)?;
                if input != output || second.shape != output {
                    return Err(Fault::Shape);
                }
                let scales: [Quantization; 2] = [self.input.quantization, second.quantization];
                let output_range = self.output_range(range)?;
                let add = Add::new(scales, self.output.quantization.scale, output_range).ok_or(Fault::Scale)?;
                Ok((Kernel::Add(add, second.range()), Cost::default()))
            }
            Operation::Concat { .. } => {
                let second = second.ok_or(Fault::Reads)?;
                let channels = [input.channels, second.shape.channels];
                let both = channels[0].checked_add(channels[1]).ok_or(Fault::Shape)?;
                let sides = |shape: Shape| (shape.height, shape.width);
                if sides(second.shape) != sides(input) || output != (Shape { channels: both, ..input }) {
                    return Err(Fault::Shape);
                }
                let scales = [self.input.quantization, second.quantization];
                let concat = Concat::new(channels, scales, self.output.quantization).ok_or(Fault::Scale)?;
                Ok((Kernel::Concat(concat, second.range()), Cost::default()))
            }
        }
    }

    /// The window slides over the input as the output says.
    fn slides(self, window: Window, channels: u16) -> Result<(), Fault> {
        let [height, width] =
            window.output_size(self.input.shape.height, self.input.shape.width).ok_or(Fault::Shape)?;
        if self.output.shape == (Shape { height, width, channels }) { Ok(()) } else { Err(Fault::Shape) }
    }

    fn keeps_scale(self) -> Result<(), Fault> {
        if self.input.quantization == self.output.quantization { Ok(()) } else { Err(Fault::Rescales) }
    }

    fn output_range(self, clamp: ClampRange) -> Result<OutputRange, Fault> {
        if clamp.min > clamp.max {
            return Err(Fault::Range);
        }
        Ok(OutputRange { zero_point: self.output.quantization.zero_point, clamp })
    }

    /// The factor of a mean over all places.
    fn mean(self) -> Option<Requantizer> {
        let places = f64::from(self.input.shape.height) * f64::from(self.input.shape.width);
        let [input, output] = [self.input, self.output].map(|tensor| f64::from(tensor.quantization.scale));
        Requantizer::from_real(input / (output * places))
    }
}

fn window_len(window: Window) -> usize {
    usize::from(window.kernel[0]).saturating_mul(usize::from(window.kernel[1]))
}

/// The weights of a convolution or dense layer, and its channels.
fn packed_parameters(data: &[u8], offset: u32, packing: Packing) -> Result<(Weights<'_>, Channels<'_>), Fault> {
    let parts = LayerData::at(data, offset, packing.bytes(), packing.outputs)?;
    let weights = Weights::new(parts.weights, packing).ok_or(Fault::Weight)?;
    let channels = parts.channels(packing.outputs, packing.terms(), |block| weights.sums(block))?;
    Ok((weights, channels))
}
