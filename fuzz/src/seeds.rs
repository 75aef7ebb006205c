//! The files that fuzzing begins with: a small network of each operation, and some of several.

use crate::{frame, heal};
use fastrand::Rng;
use heapless::Vec as Array;
use moodbox_shared::Emotion;
use moodbox_shared::audio::{SpeechInputKind, SpeechStatistics};
use moodbox_shared::model::{
    Header, InputDescription, LayerDescription, Operation, Plan, Provenance, SpeechConstants, TensorDescription,
};
use moodbox_shared::nn::{ClampRange, Quantization, Shape, Window};

const QUANTIZATION: Quantization = Quantization { scale: 0.5, zero_point: -3 };
const RANGE: ClampRange = ClampRange::FULL;
const SAME: Window = Window { kernel: [3, 3], stride: [1, 1], padding: [1; 4] };
const CONV: Operation = Operation::Conv2d { window: SAME, range: RANGE, parameters: 0 };
const DOWN: Operation = Operation::Conv2d {
    window: Window { kernel: [5, 1], stride: [1, 1], padding: [2, 0, 2, 0] },
    range: RANGE,
    parameters: 0,
};
const DEPTHWISE: Operation = Operation::Depthwise { window: SAME, range: RANGE, parameters: 0 };
const MAX_POOL: Operation = Operation::MaxPool { window: SAME };
const AVERAGE_POOL: Operation = Operation::AveragePool { window: Window { padding: [0; 4], ..SAME } };
const MEAN: Operation = Operation::GlobalAveragePool;
const DENSE: Operation = Operation::Dense { range: RANGE, parameters: 0 };

const fn add(other: u16) -> Operation {
    Operation::Add { other, range: RANGE }
}

const fn concat(other: u16) -> Operation {
    Operation::Concat { other }
}

/// An operation, the tensor it reads, and the channels of its output where it is free to choose.
type Layer = (Operation, u16, u16);

/// Each with a name.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let networks: [(&str, &[Layer]); 9] = [
        ("dense", &[(MAX_POOL, 0, 0), (DENSE, 1, 2)]),
        ("conv", &[(CONV, 0, 8), (CONV, 1, 9), (DENSE, 2, 2)]),
        ("conv_down", &[(CONV, 0, 8), (DOWN, 1, 8), (DENSE, 2, 2)]),
        ("depthwise", &[(CONV, 0, 19), (DEPTHWISE, 1, 0), (DENSE, 2, 2)]),
        ("max_pool", &[(CONV, 0, 7), (MAX_POOL, 1, 0), (DENSE, 2, 2)]),
        ("average_pool", &[(CONV, 0, 7), (AVERAGE_POOL, 1, 0), (MEAN, 2, 0), (DENSE, 3, 2)]),
        ("add", &[(CONV, 0, 8), (CONV, 1, 8), (add(1), 2, 0), (MEAN, 3, 0), (DENSE, 4, 2)]),
        ("concat", &[(CONV, 0, 4), (CONV, 1, 3), (concat(2), 1, 0), (MEAN, 3, 0), (DENSE, 4, 2)]),
        (
            "all",
            &[
                (CONV, 0, 4),
                (DEPTHWISE, 1, 0),
                (CONV, 2, 4),
                (add(1), 3, 0),
                (concat(3), 4, 0),
                (MAX_POOL, 5, 0),
                (AVERAGE_POOL, 6, 0),
                (MEAN, 7, 0),
                (DENSE, 8, 2),
            ],
        ),
    ];
    let (kind, constants, statistics) =
        (SpeechInputKind::Average, SpeechConstants::CURRENT, SpeechStatistics::IDENTITY);
    let speech = InputDescription::Speech { kind, constants, statistics };
    let mut files = Vec::new();
    for (name, layers) in networks {
        for (task, input) in [("face", &InputDescription::FACE), ("speech", &speech)] {
            let file = network(layers, input.clone(), files.len() as u64);
            files.push((format!("{task}_{name}"), file));
        }
    }
    files
}

fn network(layers: &[Layer], input: InputDescription, seed: u64) -> Vec<u8> {
    let tensor = |channels| {
        let shape = Shape { height: 1, width: 1, channels };
        TensorDescription { shape, quantization: QUANTIZATION, offset: 0 }
    };
    let layers: Array<LayerDescription, _> = layers
        .iter()
        .map(|&(operation, input, channels)| LayerDescription { input, output: tensor(channels), operation })
        .collect();
    let mut header = Header {
        labels: [Emotion::Happy, Emotion::Neutral].into_iter().collect(),
        input,
        temperature: 1.0,
        priors: Array::new(),
        provenance: Provenance::default(),
        plan: Plan { arena_bytes: 0, input: tensor(1), layers },
    };
    let data = heal::heal(&mut header, &[], &mut Rng::with_seed(seed));
    frame::file(&header, &data).expect("a small header")
}
