//! Small models for tests: valid files whose answer is known beforehand.

use heapless::Vec as Array;
use moodbox_shared::Emotion;
use moodbox_shared::audio::{FEATURES, SpeechInputKind, SpeechStatistics, WINDOW_ROWS};
use moodbox_shared::model::{
    Header, InputDescription, LayerDescription, LayerParameters, Operation, Plan, Provenance, SpeechConstants, Task,
    TensorDescription, write,
};
use moodbox_shared::nn::{ClampRange, Quantization, Requantizer, Shape};

const STEP: Quantization = Quantization { scale: 0.1, zero_point: 0 };

/// Places in the arena and in the data are multiples of this.
const ALIGNMENT: usize = 16;

/// A model that sees or hears the same emotion in everything, with 99.9 % and more.
pub fn one_track_mind(task: Task, emotion: Emotion) -> Vec<u8> {
    let (labels, input, shape) = match task {
        Task::Face => (&Emotion::FACE[..], InputDescription::FACE, Shape { height: 32, width: 32, channels: 1 }),
        Task::Speech => (
            &Emotion::ALL[..],
            InputDescription::Speech {
                kind: SpeechInputKind::Map,
                constants: SpeechConstants::CURRENT,
                statistics: SpeechStatistics::IDENTITY,
            },
            Shape { height: WINDOW_ROWS as u16, width: 1, channels: FEATURES as u16 },
        ),
    };
    let tensor = |shape: Shape, offset: usize| TensorDescription {
        shape,
        quantization: STEP,
        offset: offset.next_multiple_of(ALIGNMENT) as u32,
    };
    let pooled = Shape { height: 1, width: 1, ..shape };
    let logits = Shape { channels: labels.len() as u16, ..pooled };
    let dense = Operation::Dense { range: ClampRange::FULL, parameters: 0 };
    let mut data = Vec::new();
    dense_parameters(labels, emotion, pooled.len()).append_to(&dense, pooled, logits, &mut data);
    let layers = [
        LayerDescription { input: 0, output: tensor(pooled, shape.len()), operation: Operation::GlobalAveragePool },
        LayerDescription { input: 1, output: tensor(logits, 0), operation: dense },
    ];
    let header = Header {
        labels: Array::from_slice(labels).unwrap(),
        input,
        temperature: 1.0,
        priors: labels.iter().map(|_| 1.0 / labels.len() as f32).collect(),
        provenance: Provenance { preset: "one-track".try_into().unwrap(), ..Provenance::default() },
        plan: Plan {
            arena_bytes: (shape.len() + pooled.len()).next_multiple_of(ALIGNMENT) as u32 + ALIGNMENT as u32,
            input: tensor(shape, 0),
            layers: Array::from_slice(&layers).unwrap(),
        },
    };
    write(&header, &data).unwrap()
}

/// Weights of zero, and a bias that lifts one emotion ten above the others.
fn dense_parameters(labels: &[Emotion], emotion: Emotion, inputs: usize) -> LayerParameters {
    let bias = |label: &Emotion| if *label == emotion { 200 } else { 0 };
    LayerParameters {
        weights: vec![0; labels.len() * inputs],
        biases: labels.iter().map(bias).collect(),
        requantizers: vec![Requantizer::from_real(0.5).unwrap(); labels.len()],
    }
}
