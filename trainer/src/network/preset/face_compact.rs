//! The box's face network: residual stages of 3×3 convolutions, each at half the resolution of the one before (after He et al. 2016).

use crate::network::architecture::{After, Architecture, Tensor};
use moodbox_shared::vision::FACE_SIDE;

/// Channels of the stages, at 32, 16, 8 and 4 pixels a side.
const CHANNELS: [usize; 4] = [24, 40, 80, 112];

pub(super) fn architecture(classes: usize) -> Architecture {
    let mut net = Architecture::new([FACE_SIDE, FACE_SIDE, 1]);
    let mut x = Tensor::Input;
    for (stage, channels) in CHANNELS.into_iter().enumerate() {
        let stride = if stage == 0 { [1, 1] } else { [2, 2] };
        x = net.convolution(x, channels, [3, 3], stride, After::NormRelu);
        x = net.residual(x, [3, 3]);
    }
    let x = net.global_average_pool(x);
    let x = net.dropout(x, 0.2);
    net.dense(x, classes);
    net
}
