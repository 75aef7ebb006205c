//! For voices alone: convolutions over time, then a long short-term memory in both directions (Hochreiter and Schmidhuber 1997; Schuster and
//! Paliwal 1997) over the steps that are left, and its mean over them.
//!
//! The box's int8 engine has no recurrent layers: such a network is scored and exported in floating point, and runs in tract.

use super::compact::SPEECH_RECIPE;
use super::{Definition, Design, SpeechDesign};
use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::audio::{FEATURES, SpeechInputKind, WINDOW_ROWS};

pub(super) const PRESET: Definition = Definition {
    name: "bilstm",
    about: "For voices: convolutions, then a recurrent layer in both directions; float alone, as ONNX in tract",
    stratified: false,
    face: None,
    speech: Some(SpeechDesign {
        reads: SpeechInputKind::Map,
        design: Design { architecture: speech, recipe: SPEECH_RECIPE },
    }),
};

/// Channels of every convolution.
const CHANNELS: usize = 96;

/// Units of the recurrent layer in each direction.
const UNITS: usize = 64;

fn speech(classes: usize) -> Architecture {
    let mut net = Architecture::new([WINDOW_ROWS, 1, FEATURES]);
    let mut x = Tensor::Input;
    for _ in 0..3 {
        x = net.convolution(x, CHANNELS, [5, 1], [1, 1], After::NormRelu);
        x = net.max_pool(x, [2, 1]);
    }
    let x = net.bi_lstm(x, UNITS);
    let x = net.global_average_pool(x);
    let x = net.dropout(x, 0.4);
    net.dense(x, classes);
    net
}
