//! A small network with every operation, made by hand.

use super::super::format::DATA_ALIGNMENT;
use super::*;
use crate::audio::{FEATURES, SpeechInputKind, SpeechStatistics};
use crate::nn::{ClampRange, Quantization, Shape, Window};
use heapless::Vec as Array;
use std::vec;
use std::vec::Vec;

/// Weights and biases of [`face`]: convolution 3×3×1→4, depthwise 3×3×4, dense 8→2.
pub(super) const PARAMETERS: usize = (36 + 4) + (36 + 4) + (16 + 2);
pub(super) const MACS: u64 = 16 * 16 * 36 + 16 * 16 * 36 + 16;
/// Where the biases of the first layer lie in the data.
pub(super) const CONV_BIAS_AT: usize = 48;

const HALF: Quantization = Quantization { scale: 0.5, zero_point: -3 };

fn shape(height: u16, width: u16, channels: u16) -> Shape {
    Shape { height, width, channels }
}

/// Appends weights and channels as the file has them and returns their place.
fn append(data: &mut Vec<u8>, weights: usize, outputs: usize) -> u32 {
    let place = data.len() as u32;
    data.extend(
        (0..weights).map(|index| ((index * 89) % 255) as u8).map(|weight| if weight == 128 { 0 } else { weight }),
    );
    for value in [700_i32, (1 << 30) + 12_345, 40] {
        data.resize(data.len().next_multiple_of(DATA_ALIGNMENT), 0);
        (0..outputs).for_each(|_| data.extend_from_slice(&value.to_le_bytes()));
    }
    data.resize(data.len().next_multiple_of(DATA_ALIGNMENT), 0);
    place
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
    let conv = Operation::Conv2d {
        window: Window { stride: [2, 2], ..same },
        range: relu,
        parameters: append(&mut data, 36, 4),
    };
    let depthwise = Operation::Depthwise { window: same, range, parameters: append(&mut data, 36, 4) };
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
        LayerDescription {
            input: 7,
            output: tensor(shape(1, 1, 2), 0),
            operation: Operation::Dense { range, parameters: append(&mut data, 16, 2) },
        },
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
pub(super) fn speech() -> (Header, Vec<u8>) {
    let (mut header, _) = face();
    let mut data = vec![];
    let mut statistics = SpeechStatistics::IDENTITY;
    statistics.offset[3] = -271.5;
    let kind = SpeechInputKind::Average;
    header.input = InputDescription::Speech { kind, constants: SpeechConstants::CURRENT, statistics };
    header.labels = Array::from_slice(&[Emotion::Calm, Emotion::Fearful]).unwrap();
    header.plan.input.shape = shape(FEATURES as u16, 1, 1);
    let parameters = append(&mut data, 2 * FEATURES, 2);
    let output = TensorDescription { shape: shape(1, 1, 2), quantization: HALF, offset: 192 };
    let operation = Operation::Dense { range: ClampRange::FULL, parameters };
    header.plan.layers = Array::from_slice(&[LayerDescription { input: 0, output, operation }]).unwrap();
    (header, data)
}
