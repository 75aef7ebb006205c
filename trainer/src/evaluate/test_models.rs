//! Models whose answers can be told in advance.

use moodbox_shared::Emotion;
use moodbox_shared::audio::{FEATURES, MEL_BANDS, SpeechInputKind, SpeechStatistics, WINDOW_ROWS};
use moodbox_shared::model::{
    self, Header, InputDescription, LayerDescription, LayerParameters, Operation, Plan, Provenance,
};
use moodbox_shared::model::{SpeechConstants, TensorDescription};
use moodbox_shared::nn::{ClampRange, Quantization, Requantizer, Shape};
use moodbox_shared::vision::FACE_SIDE;

/// A model of one dense layer: the first label's logit is the sum of the inputs of which `is_first` holds, the second's that of the others.
fn two_sided(
    labels: [Emotion; 2],
    input: InputDescription,
    shape: [u16; 3],
    quantization: Quantization,
    is_first: impl Fn(usize) -> bool,
) -> Vec<u8> {
    let [height, width, channels] = shape;
    let shape = Shape { height, width, channels };
    let sides = [true, false].map(|side| (0..shape.len()).map(|index| i8::from(is_first(index) == side)).collect());
    let [first, second]: [Vec<i8>; 2] = sides;
    let biases = [&first, &second].map(|weights| {
        -i32::from(quantization.zero_point) * weights.iter().map(|&weight| i32::from(weight)).sum::<i32>()
    });
    let factor = Requantizer::from_real(100.0 / (shape.len() as f64 * 127.0)).unwrap();
    let parameters =
        LayerParameters { weights: [first, second].concat(), biases: biases.to_vec(), requantizers: vec![factor; 2] };
    let output = TensorDescription {
        shape: Shape { height: 1, width: 1, channels: 2 },
        quantization: Quantization { scale: 0.1, zero_point: 0 },
        offset: shape.len().next_multiple_of(16) as u32,
    };
    let operation = Operation::Dense { range: ClampRange::FULL, parameters: 0 };
    let mut data = Vec::new();
    parameters.append_to(&operation, shape, output.shape, &mut data);
    let plan = Plan {
        arena_bytes: output.offset + 16,
        input: TensorDescription { shape, quantization, offset: 0 },
        layers: [LayerDescription { input: 0, output, operation }].into_iter().collect(),
    };
    let header = Header {
        labels: labels.into_iter().collect(),
        input,
        temperature: 1.0,
        priors: [0.5, 0.5].into_iter().collect(),
        provenance: Provenance::default(),
        plan,
    };
    model::write(&header, &data).unwrap()
}

/// Happy where the left half is brighter, sad where the right one is.
pub fn face_model() -> Vec<u8> {
    let quantization = Quantization { scale: 1.0 / 255.0, zero_point: -128 };
    let side = FACE_SIDE as u16;
    two_sided([Emotion::Happy, Emotion::Sad], InputDescription::FACE, [side, side, 1], quantization, |index| {
        index % FACE_SIDE < FACE_SIDE / 2
    })
}

/// Angry where the lower half of the mel bands is louder, calm where the upper one is.
pub fn speech_model() -> Vec<u8> {
    let input = InputDescription::Speech {
        kind: SpeechInputKind::Map,
        constants: SpeechConstants::CURRENT,
        statistics: SpeechStatistics::IDENTITY,
    };
    let shape = [WINDOW_ROWS as u16, 1, FEATURES as u16];
    let quantization = Quantization { scale: 1.0, zero_point: 0 };
    two_sided([Emotion::Angry, Emotion::Calm], input, shape, quantization, |index| {
        index % FEATURES < FEATURES - MEL_BANDS / 2
    })
}
