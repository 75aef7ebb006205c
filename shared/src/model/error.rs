//! What can be wrong with a model file.

use super::format::FORMAT_VERSION;
use super::{MAX_ARENA_BYTES, MAX_LABELS};
use crate::nn::MAX_PATCH;
use thiserror::Error;

/// What is wrong with a model file. Files come from outside: each of these is expected, none is a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Too short, or it begins otherwise.
    #[error("not a .moodnet file: make one with `moodbox-trainer quantize`")]
    NotAModel,
    /// Made for another reader.
    #[error(
        "model format {found}, this build reads {FORMAT_VERSION}: quantise the network again with the trainer of this build"
    )]
    Version {
        /// What the file says.
        found: u32,
    },
    /// Cut off, or something hangs at its end.
    #[error("the model file has {found} bytes and announces {announced}: it was cut off or garbled, copy it again")]
    Length {
        /// What the file says.
        announced: u64,
        /// What is there.
        found: u64,
    },
    /// Bits have changed since it was written.
    #[error(
        "the model file's checksum is {stored:08x}, its contents have {computed:08x}: it is damaged, copy it again"
    )]
    Checksum {
        /// What the file says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The checksum is right, the header is no header.
    #[error("the model's header can't be read: quantise the network again with the trainer of this build")]
    Header,
    /// Bytes that only fill a part up are not zero, or a part is not filled up.
    #[error("the model file has bytes that mean nothing to this build: quantise the network again with its trainer")]
    Filling,
    /// The labels are none, or contradict each other or the task.
    #[error("the model's labels are unusable: 1 to {MAX_LABELS} different emotions are needed, without calm for faces")]
    Labels,
    /// One output for each label.
    #[error("the model has {labels} labels and {logits} outputs: train it for the labels that it is to have")]
    LabelCount {
        /// Labels of the header.
        labels: usize,
        /// Outputs of the last layer.
        logits: usize,
    },
    /// Temperature or priors make no probabilities.
    #[error("the model's calibration is unusable: fit temperature and priors again")]
    Calibration,
    /// Control characters in its texts, or figures that are no shares.
    #[error("the model's provenance can't be shown: quantise the network again")]
    Provenance,
    /// Pictures or features are made otherwise in this build, or have another shape.
    #[error("the model reads input that this build does not make: train it with the trainer of this build")]
    Input,
    /// An offset is not finite, or a scale not finite and positive.
    #[error("the model's feature statistics are unusable: train it again")]
    Statistics,
    /// No layer at all.
    #[error("the model has no layers: quantise the network again")]
    NoLayers,
    /// More memory than the box sets aside.
    #[error("the model needs {bytes} bytes of arena, the box has {MAX_ARENA_BYTES}: train a narrower network")]
    ArenaTooLarge {
        /// What the plan asks for.
        bytes: u32,
    },
    /// Two tensors that are needed at the same time lie on each other.
    #[error("tensors {first} and {second} of the model overlap: quantise the network again")]
    Overlap {
        /// The earlier tensor; 0 is the input.
        first: usize,
        /// The later one.
        second: usize,
    },
    /// The network's input can't be placed.
    #[error("the network's input {fault}: quantise the network again")]
    InputTensor {
        /// What is wrong.
        fault: Fault,
    },
    /// A layer can't be run.
    #[error("layer {layer} of the model {fault}: quantise the network again")]
    Layer {
        /// Counted from 0.
        layer: usize,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with a layer or its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The tensor has no numbers.
    #[error("is empty")]
    Empty,
    /// The tensor does not lie within the arena.
    #[error("lies outside the arena")]
    OutsideArena,
    /// The tensor or the parameters start at an odd place.
    #[error("is not aligned")]
    Alignment,
    /// Not finite, not positive, or too far from one.
    #[error("has an impossible scale")]
    Scale,
    /// Reads a tensor that is not there yet, or the same one twice.
    #[error("reads a tensor that does not exist before it, or one twice")]
    Reads,
    /// The output's shape is not what the operation makes of its input.
    #[error("has an output of another shape than its operation gives")]
    Shape,
    /// The window is too large for the kernels.
    #[error("looks at more than {MAX_PATCH} numbers at once")]
    WindowTooLarge,
    /// The window pads where no padding is defined.
    #[error("pads an average")]
    Padding,
    /// The parameters do not lie within the data.
    #[error("has its parameters outside the file")]
    OutsideData,
    /// Something stands between the parameters of a layer.
    #[error("has bytes that are not zero between its parameters")]
    Filling,
    /// A weight of −128, or padding that is not zero.
    #[error("has a weight outside [-127, 127], or one where there is no input or output")]
    Weight,
    /// A multiplier or shift out of range, sums that could leave 32 bits, or a sum of weights that is another.
    #[error("has a bias, multiplier, shift or sum of weights that can't be")]
    Requantisation,
    /// The smallest output is above the largest.
    #[error("has an empty output range")]
    Range,
    /// An operation that keeps the numbers as they are between tensors that keep them differently.
    #[error("changes the scale where its operation can't")]
    Rescales,
}
