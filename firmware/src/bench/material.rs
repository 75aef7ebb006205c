//! What the stages work on: a frame with a face at a known place, and a sound that counts as a voice. Nobody's, and the same everywhere.

use moodbox_shared::vision::{DetectedFace, LumaImage, PixelFormat, RawFrame};

/// Width and height of a frame in pixels: what the box asks of a camera.
pub const SIZE: (usize, usize) = (640, 480);

/// Where the frame's face is said to be.
pub const FACE: DetectedFace = DetectedFace { x: 200.0, y: 120.0, width: 220.0, height: 220.0, score: 9.0 };

/// A frame's luma, without gaps: darker on the left, lighter on the right.
pub fn luma() -> Vec<u8> {
    (0..SIZE.0 * SIZE.1).map(|index| (index % SIZE.0 / 3) as u8).collect()
}

/// The same frame as a camera sends it, `Y0 U Y1 V`, without colour.
pub fn yuyv() -> Vec<u8> {
    luma().into_iter().flat_map(|luma| [luma, 128]).collect()
}

/// The picture in what [`luma`] made.
pub fn image(luma: &[u8]) -> LumaImage<'_> {
    LumaImage::new(SIZE.0, SIZE.1, SIZE.0, luma).expect("as many pixels as a frame has")
}

/// The frame in what [`yuyv`] made.
pub fn raw_frame(yuyv: &[u8]) -> RawFrame<'_> {
    RawFrame { format: PixelFormat::Yuyv, width: SIZE.0, height: SIZE.1, stride: 2 * SIZE.0, bytes: yuyv }
}

/// 16 kHz mono: a buzz that the speech gate takes for a voice, a pulse every 7 ms, decaying, louder and softer four times a second.
pub fn voice(samples: usize) -> Vec<i16> {
    let sample = |index: usize| {
        let pulse = 6_000.0 * (-((index % 112) as f32) / 20.0).exp() * (index as f32 * 0.7).sin();
        let loudness = 0.6 + 0.4 * (index as f32 / 4_000.0 * std::f32::consts::TAU).sin();
        (pulse * loudness) as i16
    };
    (0..samples).map(sample).collect()
}
