//! A small network with every operation, made by hand.

use super::*;
use crate::audio::{FEATURES, SpeechInputKind, SpeechStatistics};
use crate::nn::{ClampRange, Quantization, Requantizer, Shape, Window};
use heapless::Vec as Array;
use std::vec;
use std::vec::Vec;

/// Weights and biases of [`face`]: convolution 3×3×1→4, depthwise 3×3×4, dense 8→2.
pub(super) const PARAMETERS: usize = (36 + 4) + (36 + 4) + (16 + 2);
pub(super) const MACS: u64 = 16 * 16 * 36 + 16 * 16 * 36 + 16;
/// Where the biases of the first layer lie in the data.
pub(super) const CONV_BIAS_AT: usize = 96;

const HALF: Quantization = Quantization { scale: 0.5, zero_point: -3 };

fn shape(height: u16, width: u16, channels: u16) -> Shape {
    Shape { height, width, channels }
}

/// Appends weights and channels as the file has them and returns the operation with their place.
fn with_parameters(operation: Operation, input: Shape, output: Shape, data: &mut Vec<u8>) -> Operation {
    let outputs = usize::from(output.channels);
    let weights = match operation {
        Operation::Conv2d { window, .. } => patch(window) * usize::from(input.channels) * outputs,
        Operation::Depthwise { window, .. } => patch(window) * outputs,
        _ => input.len() * outputs,
    };
    let parameters = LayerParameters {
        weights: (0..weights).map(|index| ((index * 89) % 255) as u8 as i8).map(|weight| weight.max(-127)).collect(),
        biases: vec![700; outputs],
        requantizers: vec![Requantizer::new((1 << 30) + 12_345, 40).unwrap(); outputs],
    };
    let place = parameters.append_to(&operation, input, output, data);
    let mut operation = operation;
    if let Operation::Conv2d { parameters, .. }
    | Operation::Depthwise { parameters, .. }
    | Operation::Dense { parameters, .. } = &mut operation
    {
        *parameters = place;
    }
    operation
}

fn patch(window: Window) -> usize {
    usize::from(window.kernel[0]) * usize::from(window.kernel[1])
}

/// 32×32 → convolution to 16×16×4 → depthwise → max pool (same size) → add → concatenation with the max pool's output → average pool 2×2
/// → global average → dense.
pub(super) fn face() -> (Header, Vec<u8>) {
    let mut data = Vec::new();
    let map = shape(16, 16, 4);
    let bytes = map.len() as u32;
    let tensor = |shape, offset| TensorDescription { shape, quantization: HALF, offset };
    let same = Window { kernel: [3, 3], stride: [1, 1], padding: [1; 4] };
    let range = ClampRange::FULL;
    let relu = ClampRange::relu(HALF);
    let conv = Operation::Conv2d { window: Window { stride: [2, 2], ..same }, range: relu, parameters: 0 };
    let conv = with_parameters(conv, shape(32, 32, 1), map, &mut data);
    let depthwise = Operation::Depthwise { window: same, range, parameters: 0 };
    let depthwise = with_parameters(depthwise, map, map, &mut data);
    let dense = Operation::Dense { range, parameters: 0 };
    let dense = with_parameters(dense, shape(1, 1, 8), shape(1, 1, 2), &mut data);
    let layers = [
        LayerDescription { input: 0, output: tensor(map, bytes), operation: conv },
        LayerDescription { input: 1, output: tensor(map, 2 * bytes), operation: depthwise },
        LayerDescription { input: 1, output: tensor(map, 0), operation: Operation::MaxPool { window: same } },
        LayerDescription { input: 3, output: tensor(map, bytes), operation: Operation::Add { other: 2, range: relu } },
        LayerDescription {
            input: 4,
            output: tensor(shape(16, 16, 8), 2 * bytes),
            operation: Operation::Concat { other: 3 },
        },
        LayerDescription {
            input: 5,
            output: tensor(shape(8, 8, 8), 0),
            operation: Operation::AveragePool { window: Window { kernel: [2, 2], stride: [2, 2], padding: [0; 4] } },
        },
        LayerDescription { input: 6, output: tensor(shape(1, 1, 8), bytes), operation: Operation::GlobalAveragePool },
        LayerDescription { input: 7, output: tensor(shape(1, 1, 2), 0), operation: dense },
    ];
    let header = Header {
        labels: Array::from_slice(&[Emotion::Happy, Emotion::Neutral]).unwrap(),
        input: InputDescription::FACE,
        temperature: 1.5,
        priors: Array::from_slice(&[0.75, 0.25]).unwrap(),
        provenance: Provenance { preset: "sample".try_into().unwrap(), seed: 7, ..Provenance::default() },
        plan: Plan {
            arena_bytes: 4 * bytes,
            input: tensor(shape(32, 32, 1), 0),
            layers: Array::from_slice(&layers).unwrap(),
        },
    };
    (header, data)
}

pub(super) fn face_file() -> Vec<u8> {
    let (header, data) = face();
    write(&header, &data).unwrap()
}

/// One dense layer on averages.
pub(in crate::model) fn speech() -> (Header, Vec<u8>) {
    let (mut header, _) = face();
    let mut data = vec![];
    let mut statistics = SpeechStatistics::IDENTITY;
    statistics.offset[3] = -271.5;
    let kind = SpeechInputKind::Average;
    header.input = InputDescription::Speech { kind, constants: SpeechConstants::CURRENT, statistics };
    header.labels = Array::from_slice(&[Emotion::Calm, Emotion::Fearful]).unwrap();
    header.plan.input.shape = shape(FEATURES as u16, 1, 1);
    let output = TensorDescription { shape: shape(1, 1, 2), quantization: HALF, offset: 192 };
    let operation = Operation::Dense { range: ClampRange::FULL, parameters: 0 };
    let operation = with_parameters(operation, header.plan.input.shape, output.shape, &mut data);
    header.plan.layers = Array::from_slice(&[LayerDescription { input: 0, output, operation }]).unwrap();
    (header, data)
}
