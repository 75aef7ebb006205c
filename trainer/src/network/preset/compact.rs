//! The networks meant for the box.
//!
//! Faces: residual stages of 3×3 convolutions, each at half the resolution of the one before (after He et al. 2016). Voices: convolutions over
//! time on the window's map, 192 rows of 180 features, which stand side by side as channels; then the mean and the largest of each channel.

use super::{Definition, Design, SpeechDesign};
use crate::augment::Variation;
use crate::network::architecture::{After, Architecture, Tensor};
use crate::train::Recipe;
use moodbox_shared::audio::{FEATURES, SpeechInputKind, WINDOW_ROWS};
use moodbox_shared::vision::FACE_SIDE;

pub(super) const PRESET: Definition = Definition {
    name: "compact",
    about: "The networks meant for the box",
    stratified: false,
    face: Some(Design { architecture: face, recipe: FACE_RECIPE }),
    speech: Some(SpeechDesign {
        reads: SpeechInputKind::Map,
        design: Design { architecture: speech, recipe: SPEECH_RECIPE },
    }),
};

pub(super) const FACE_RECIPE: Recipe = Recipe {
    epochs: 60,
    batch: 64,
    balance: 0.3,
    learning_rate: 3e-3,
    cosine: true,
    weight_decay: 0.02,
    label_smoothing: 0.05,
    mixup: false,
    imitation: 0.7,
    average_decay: 0.999,
    augment: true,
    variation: Variation::USUAL,
    patience: 60,
    seed: 1,
};

pub(super) const SPEECH_RECIPE: Recipe = Recipe {
    epochs: 100,
    batch: 16,
    balance: 0.0,
    learning_rate: 2e-3,
    cosine: true,
    weight_decay: 0.05,
    label_smoothing: 0.1,
    mixup: true,
    imitation: 0.7,
    average_decay: 0.995,
    augment: true,
    variation: Variation::USUAL,
    patience: 100,
    seed: 1,
};

/// Channels of the face network's stages, at 32, 16, 8 and 4 pixels a side.
const FACE_CHANNELS: [usize; 4] = [24, 40, 80, 112];

/// Channels of every stage of the speech network.
const SPEECH_CHANNELS: usize = 96;

fn face(classes: usize) -> Architecture {
    let mut net = Architecture::new([FACE_SIDE, FACE_SIDE, 1]);
    let mut x = Tensor::Input;
    for (stage, channels) in FACE_CHANNELS.into_iter().enumerate() {
        let stride = if stage == 0 { [1, 1] } else { [2, 2] };
        x = net.convolution(x, channels, [3, 3], stride, After::NormRelu);
        x = net.residual(x, [3, 3]);
    }
    let x = net.global_average_pool(x);
    let x = net.dropout(x, 0.2);
    net.dense(x, classes);
    net
}

fn speech(classes: usize) -> Architecture {
    let mut net = Architecture::new([WINDOW_ROWS, 1, FEATURES]);
    let x = net.convolution(Tensor::Input, SPEECH_CHANNELS, [5, 1], [1, 1], After::NormRelu);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let mean = net.global_average_pool(x);
    let [rows, ..] = net.shape(x);
    let largest = net.max_pool(x, [rows, 1]);
    let x = net.concat(mean, largest);
    let x = net.dropout(x, 0.4);
    net.dense(x, classes);
    net
}
