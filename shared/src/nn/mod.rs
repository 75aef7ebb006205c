//! int8 networks as TensorFlow Lite defines them.
//!
//! A network reads int8 numbers from an arena that the caller owns and leaves int8 logits there. [`Network`] runs the plan that the
//! trainer made; each kernel is a file: its scalar definition, then its tests. Tensors are height × width × channels, channels
//! innermost (NHWC with one picture). Nothing here allocates, and nothing can fail: `crate::model` has checked every number before a
//! [`Network`] exists.
//!
//! Recurrent layers are not among the operations: a network with an LSTM stays on the host, or runs in another engine (`moodbox run --engine
//! tract`).

pub(crate) mod add;
pub mod arena;
pub(crate) mod channels;
pub(crate) mod concat;
pub(crate) mod conv;
pub(crate) mod dense;
pub(crate) mod depthwise;
mod isa;
pub mod network;
pub(crate) mod pool;
pub mod quantization;
pub mod shape;
#[allow(unsafe_code)]
mod simd;
pub mod softmax;
#[cfg(test)]
mod test_layers;
pub(crate) mod weights;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other processor has kernels for it"))]
pub(crate) mod winograd;

pub use arena::{ARENA_ALIGNMENT, Arena};
pub use conv::MAX_PATCH;
pub use isa::Isa;
pub use network::{Network, STACK_BYTES};
pub use quantization::{ClampRange, Quantization, Requantizer};
pub use shape::{Shape, Window};
pub use simd::peak::multiply_in_registers;
pub use softmax::softmax;
pub use winograd::WeightLine;
