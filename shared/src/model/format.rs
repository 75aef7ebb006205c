//! The bytes of a `.moodnet` file.
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | [`MAGIC`] |
//! | 8 | 4 | format version, [`FORMAT_VERSION`] |
//! | 12 | 4 | length of the header, `h` |
//! | 16 | 4 | length of the data, `d`; a multiple of 16 |
//! | 20 | 12 | zero |
//! | 32 | h | [`Header`] in postcard |
//! | … | … | zeros up to the next multiple of 16 |
//! | … | d | data: the parameters of the layers |
//! | … | 4 | CRC-32 (ISO-HDLC, as in zip and Ethernet) of everything before it |
//!
//! Numbers are little-endian. The parameters of a layer start at a multiple of 16 in the data. Each of these parts is followed by
//! zeros up to the next multiple of 16:
//!
//! 1. weights, `i8` in `[−127, 127]`: those of convolutions and dense layers packed for the kernels,
//!    `[block of 8 outputs][kernel row][quad of kernel width · in][output of the block][number of the quad]` (a dense layer's kernel is
//!    one row of height · width · channels), a depthwise convolution's as `[kernel height][kernel width][channel]`
//! 2. bias, `i32` an output channel, in steps of (input scale · weight scale), with the input's zero point folded in:
//!    `bias − zero_point · Σ weights`, so that a kernel multiplies the stored numbers as they are
//! 3. multiplier, `i32` an output channel, and
//! 4. shift, `i32` an output channel: see [`Requantizer`](crate::nn::Requantizer)
//! 5. sum of weights, `i32` an output channel
//!
//! Outputs are filled up to a whole block of eight, rows to a whole quad of four numbers; what fills them is zero. [`LayerParameters`]
//! makes and reads all this.
//!
//! [`LayerParameters`]: super::LayerParameters

use super::{InputDescription, MAX_LABELS, MAX_LAYERS, Provenance};
use crate::Emotion;
use crate::nn::{ClampRange, Quantization, Shape, Window};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The first bytes of every model file.
pub const MAGIC: [u8; 8] = *b"MOODNET\n";

/// Changes whenever an older reader would read something else.
pub const FORMAT_VERSION: u32 = 2;

/// Bytes before the header.
pub const PREAMBLE_BYTES: usize = 32;

/// Alignment of the data and of each part in it, counted from the start of the file.
pub const DATA_ALIGNMENT: usize = 16;

/// The checksum at the end of the file.
pub const CHECKSUM: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// What the network looks at or listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Pictures of a face.
    Face,
    /// The sound of a voice.
    Speech,
}

impl core::fmt::Display for Task {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Face => "face",
            Self::Speech => "speech",
        })
    }
}

/// Everything about a model but its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What the outputs mean, in the network's own order; each emotion once at most, calm for speech only.
    pub labels: Vec<Emotion, MAX_LABELS>,
    /// How the input is made.
    pub input: InputDescription,
    /// Divides the logits before the softmax; finite and positive.
    pub temperature: f32,
    /// Share of each label in the data as training saw it, to be divided out when streams are fused; sums to one.
    pub priors: Vec<f32, MAX_LABELS>,
    /// Where the model comes from.
    pub provenance: Provenance,
    /// How the network computes.
    pub plan: Plan,
}

/// How a network computes: its tensors, each with its place in the arena, and its layers in the order of execution.
///
/// Tensors count from zero: the input, then the output of each layer. The last one holds the logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Bytes of arena that the tensors need.
    pub arena_bytes: u32,
    /// The network's input, tensor 0.
    pub input: TensorDescription,
    /// Layer `i` makes tensor `i + 1`.
    pub layers: Vec<LayerDescription, MAX_LAYERS>,
}

/// A tensor of int8 numbers and its place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorDescription {
    /// Height × width × channels.
    pub shape: Shape,
    /// How real numbers are kept in it.
    pub quantization: Quantization,
    /// First byte in the arena; a multiple of [`ARENA_ALIGNMENT`](crate::nn::ARENA_ALIGNMENT).
    pub offset: u32,
}

/// One operation, the tensor that it reads and the one that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDescription {
    /// Tensor that is read; an earlier one.
    pub input: u16,
    /// Tensor that is made.
    pub output: TensorDescription,
    /// What is computed.
    pub operation: Operation,
}

/// What a layer computes.
///
/// `parameters` is the place of the layer's weights, biases, multipliers and shifts in the file's data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// Convolution; around the input stand numbers that mean zero.
    Conv2d {
        /// What slides.
        window: Window,
        /// Range of the output.
        range: ClampRange,
        /// Offset in the data.
        parameters: u32,
    },
    /// Convolution of each channel by itself.
    Depthwise {
        /// What slides.
        window: Window,
        /// Range of the output.
        range: ClampRange,
        /// Offset in the data.
        parameters: u32,
    },
    /// The largest of each window, padding never; input and output are quantised alike.
    MaxPool {
        /// What slides.
        window: Window,
    },
    /// The mean of each window, without padding; input and output are quantised alike.
    AveragePool {
        /// What slides.
        window: Window,
    },
    /// The mean of each channel, requantised.
    GlobalAveragePool,
    /// Every output from every input.
    Dense {
        /// Range of the output.
        range: ClampRange,
        /// Offset in the data.
        parameters: u32,
    },
    /// Sum of two different tensors of one shape.
    Add {
        /// The second tensor; an earlier one.
        other: u16,
        /// Range of the output.
        range: ClampRange,
    },
    /// At each place the channels of two different tensors of one height and width, one after the other. A tensor that is not quantised
    /// as the output has smaller steps than it.
    Concat {
        /// The second tensor; an earlier one.
        other: u16,
    },
}

impl Operation {
    /// The second tensor that is read, if there are two.
    pub const fn other(&self) -> Option<u16> {
        match *self {
            Self::Add { other, .. } | Self::Concat { other } => Some(other),
            Self::Conv2d { .. }
            | Self::Depthwise { .. }
            | Self::MaxPool { .. }
            | Self::AveragePool { .. }
            | Self::GlobalAveragePool
            | Self::Dense { .. } => None,
        }
    }
}
