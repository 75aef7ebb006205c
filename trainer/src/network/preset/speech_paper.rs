//! The published speech network: 1×1 convolutions over the 180 features' means over time, max pools, then 256 dense units.

use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::audio::FEATURES;

pub(super) fn architecture(classes: usize) -> Architecture {
    let mut net = Architecture::new([FEATURES, 1, 1]);
    let x = net.convolution(Tensor::Input, 32, [1, 1], [1, 1], After::Relu);
    let x = net.max_pool(x, [2, 1]);
    let x = net.convolution(x, 64, [1, 1], [1, 1], After::Relu);
    let x = net.max_pool(x, [2, 1]);
    let x = net.dense_relu(x, 256);
    net.dense(x, classes);
    net
}
