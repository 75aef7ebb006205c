//! The box's speech network: convolutions over time on the window's map, 192 rows of 180 features, which stand side by side as channels.

use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::audio::{FEATURES, WINDOW_ROWS};

/// Channels of every stage.
const CHANNELS: usize = 96;

pub(super) fn architecture(classes: usize) -> Architecture {
    let mut net = Architecture::new([WINDOW_ROWS, 1, FEATURES]);
    let x = net.convolution(Tensor::Input, CHANNELS, [5, 1], [1, 1], After::NormRelu);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let x = net.max_pool(x, [2, 1]);
    let x = net.residual(x, [5, 1]);
    let x = net.global_average_pool(x);
    let x = net.dropout(x, 0.4);
    net.dense(x, classes);
    net
}
