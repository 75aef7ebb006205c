//! The int8 network of a model file as ONNX: what the box computes, for whoever has another engine.
//!
//! The twin reads and returns real numbers, as the float network's ONNX does: one input, 1 × channels × height × width, and one output,
//! the logits. Between stand the very numbers of the model file, as pairs of `QuantizeLinear` and `DequantizeLinear` around float
//! operators (QDQ): an engine that knows such pairs runs int8 kernels, every other one computes the same in floating point. Operators are
//! those of opset 13.
//!
//! * Weights: int8 with a scale for each output channel, `multiplier · 2^−shift · output scale / input scale`.
//! * Biases: int32 in steps of input scale · weight scale, the input's zero point taken out again.
//! * A ReLU is the range of its output's int8 numbers; where that does not say it, a `Relu` or `Clip` does.

mod layers;
#[cfg(test)]
mod tests;

use super::OnnxError;
use layers::Twin;
use moodbox_shared::model::{self, Model, metadata};

/// The bytes of the ONNX twin of a `.moodnet` file, made from nothing but the file.
pub fn to_qdq(file: &[u8]) -> Result<Vec<u8>, OnnxError> {
    // Everything that the plan says is checked here; from now on it can be trusted.
    Model::load(file)?;
    let (header, data) = model::read_header(file)?;
    let mut twin = Twin::new(&header, data);
    for layer in 0..header.plan.layers.len() {
        twin.layer(layer)?;
    }
    super::encode(twin.finish(), metadata::entries(&header))
}
