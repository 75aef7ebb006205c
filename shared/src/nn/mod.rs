//! int8 networks as TensorFlow Lite defines them.

use serde::{Deserialize, Serialize};

/// How real numbers are kept in 8 bits: `x = scale · (q − zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// Size of one step; finite and positive.
    pub scale: f32,
    /// The number that stands for zero.
    pub zero_point: i8,
}

impl Quantization {
    /// `round(x / scale) + zero_point`, halves away from zero, kept within `[−128, 127]`; NaN becomes the zero point.
    pub fn quantize(self, value: f32) -> i8 {
        let steps = libm::roundf(value / self.scale) as i32;
        steps.saturating_add(i32::from(self.zero_point)).clamp(-128, 127) as i8
    }

    /// `scale · (q − zero_point)`.
    pub fn dequantize(self, value: i8) -> f32 {
        self.scale * (i32::from(value) - i32::from(self.zero_point)) as f32
    }
}
