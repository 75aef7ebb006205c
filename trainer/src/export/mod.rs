//! Files that leave the trainer: the int8 model for the box, float ONNX for everybody else.

pub mod moodnet;
pub mod onnx;
