//! The published pair, for comparison: two convolution and max-pool stages, then 256 dense units.
//!
//! Faces go through 3×3 convolutions; of voices, 1×1 convolutions see the 180 features' means over time. As published, Adam (which decay 0 makes
//! of AdamW) learns for all 50 epochs from batches of 16, and nothing else is done: the published figure is the accuracy on the data that is
//! learned from, after the last of them. The epoch that is kept is the best on the selection data, as with every preset.

use super::{Definition, Design, SpeechDesign};
use crate::augment::Variation;
use crate::network::architecture::{After, Architecture, Tensor};
use crate::train::Recipe;
use moodbox_shared::audio::{FEATURES, SpeechInputKind};
use moodbox_shared::vision::FACE_SIDE;

pub(super) const PRESET: Definition = Definition {
    name: "paper",
    about: "The published pair: two convolution and max-pool stages, then 256 dense units; for comparison",
    stratified: true,
    face: Some(Design { architecture: face, recipe: RECIPE }),
    speech: Some(SpeechDesign {
        reads: SpeechInputKind::Average,
        design: Design { architecture: speech, recipe: RECIPE },
    }),
};

const RECIPE: Recipe = Recipe {
    epochs: 50,
    batch: 16,
    balance: 0.0,
    learning_rate: 1e-3,
    cosine: false,
    weight_decay: 0.0,
    label_smoothing: 0.0,
    mixup: false,
    imitation: 0.7,
    average_decay: 0.0,
    augment: false,
    variation: Variation::MASKS_ALONE,
    patience: 50,
    seed: 1,
};

fn face(classes: usize) -> Architecture {
    stages([FACE_SIDE, FACE_SIDE, 1], [3, 3], [2, 2], classes)
}

fn speech(classes: usize) -> Architecture {
    stages([FEATURES, 1, 1], [1, 1], [2, 1], classes)
}

fn stages(input: [usize; 3], kernel: [usize; 2], pool: [usize; 2], classes: usize) -> Architecture {
    let mut net = Architecture::new(input);
    let x = net.convolution(Tensor::Input, 32, kernel, [1, 1], After::Relu);
    let x = net.max_pool(x, pool);
    let x = net.convolution(x, 64, kernel, [1, 1], After::Relu);
    let x = net.max_pool(x, pool);
    let x = net.dense_relu(x, 256);
    net.dense(x, classes);
    net
}
