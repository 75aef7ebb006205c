//! The published face network: two 3×3 convolution and max-pool stages, then 256 dense units.

use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::vision::FACE_SIDE;

pub(super) fn architecture(classes: usize) -> Architecture {
    let mut net = Architecture::new([FACE_SIDE, FACE_SIDE, 1]);
    let x = net.convolution(Tensor::Input, 32, [3, 3], [1, 1], After::Relu);
    let x = net.max_pool(x, [2, 2]);
    let x = net.convolution(x, 64, [3, 3], [1, 1], After::Relu);
    let x = net.max_pool(x, [2, 2]);
    let x = net.dense_relu(x, 256);
    net.dense(x, classes);
    net
}
