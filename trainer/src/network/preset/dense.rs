//! Small densely connected networks (Huang et al. 2017): every layer reads what all earlier layers of its block have found.
//!
//! Voices: convolutions over time on the window's map (MFCC, chroma and mel-spectrogram side by side as channels). Faces: 3×3 convolutions. A layer
//! is a 1×1 convolution to [`BOTTLENECK`] times its growth and one that looks around; between blocks a 1×1 convolution halves the channels and a max
//! pool the resolution.

use super::compact::{FACE_RECIPE, SPEECH_RECIPE};
use super::{Definition, Design, SpeechDesign};
use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::audio::{FEATURES, SpeechInputKind, WINDOW_ROWS};
use moodbox_shared::vision::FACE_SIDE;

pub(super) const PRESET: Definition = Definition {
    name: "dense",
    about: "Small DenseNets: every layer of a block reads all earlier ones",
    stratified: false,
    face: Some(Design { architecture: face, recipe: FACE_RECIPE }),
    speech: Some(SpeechDesign {
        reads: SpeechInputKind::Map,
        design: Design { architecture: speech, recipe: SPEECH_RECIPE },
    }),
};

/// Channels of a layer's first convolution, in parts of its growth.
const BOTTLENECK: usize = 4;

/// Layers of each block, and the channels that each of them adds.
const FACE_BLOCKS: [(usize, usize); 3] = [(4, 16), (5, 24), (5, 24)];
const SPEECH_BLOCKS: [(usize, usize); 3] = [(4, 24), (6, 24), (6, 24)];

fn face(classes: usize) -> Architecture {
    let mut net = Architecture::new([FACE_SIDE, FACE_SIDE, 1]);
    let x = net.convolution(Tensor::Input, 32, [3, 3], [1, 1], After::NormRelu);
    let x = net.max_pool(x, [2, 2]);
    let x = blocks(&mut net, x, &FACE_BLOCKS, [3, 3], [2, 2]);
    end(&mut net, x, 0.2, classes);
    net
}

fn speech(classes: usize) -> Architecture {
    let mut net = Architecture::new([WINDOW_ROWS, 1, FEATURES]);
    let x = net.convolution(Tensor::Input, 64, [5, 1], [2, 1], After::NormRelu);
    let x = blocks(&mut net, x, &SPEECH_BLOCKS, [3, 1], [2, 1]);
    end(&mut net, x, 0.4, classes);
    net
}

/// Blocks with a transition before each but the first.
fn blocks(
    net: &mut Architecture,
    mut x: Tensor,
    blocks: &[(usize, usize)],
    kernel: [usize; 2],
    pool: [usize; 2],
) -> Tensor {
    for (block, &(layers, growth)) in blocks.iter().enumerate() {
        if block > 0 {
            let [.., channels] = net.shape(x);
            x = net.convolution(x, channels / 2, [1, 1], [1, 1], After::NormRelu);
            x = net.max_pool(x, pool);
        }
        for _ in 0..layers {
            let narrow = net.convolution(x, BOTTLENECK * growth, [1, 1], [1, 1], After::NormRelu);
            let new = net.convolution(narrow, growth, kernel, [1, 1], After::NormRelu);
            x = net.concat(x, new);
        }
    }
    x
}

fn end(net: &mut Architecture, x: Tensor, dropout: f64, classes: usize) {
    let x = net.global_average_pool(x);
    let x = net.dropout(x, dropout);
    net.dense(x, classes);
}
