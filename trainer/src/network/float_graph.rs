//! A trained network as plain numbers, free of the framework that made it: what quantisation reads.
//!
//! Tensors are height × width × channels (NHWC without the batch). Nodes stand in the order in which they are computed; the last one's
//! output are the logits.

use super::Activation;

/// A network in floating point.
#[derive(Clone, Debug)]
pub struct FloatGraph {
    /// Height, width and channels of the input.
    pub input: [usize; 3],
    /// In the order of computation.
    pub nodes: Vec<Node>,
}

/// One operation and where its input comes from.
#[derive(Clone, Debug)]
pub struct Node {
    /// What the operation reads.
    pub input: Source,
    /// What it does.
    pub op: Op,
}

/// Where a tensor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The network's input.
    Input,
    /// The output of an earlier node.
    Node(usize),
}

/// The operations that the engine knows.
#[derive(Clone, Debug)]
pub enum Op {
    /// Convolution, then batch normalisation where there is one, then the activation.
    Conv2d {
        /// `[out, kernel height, kernel width, in]`.
        weight: Vec<f32>,
        /// `[out]`.
        bias: Vec<f32>,
        /// Output channels.
        out: usize,
        /// Height and width.
        kernel: [usize; 2],
        /// Down and right.
        stride: [usize; 2],
        /// Rows and columns of zeros: top, left, bottom, right.
        padding: [usize; 4],
        /// To be folded into weight and bias.
        norm: Option<BatchNorm>,
        /// What becomes of the outputs.
        activation: Activation,
    },
    /// Convolution of each channel by itself.
    Depthwise {
        /// `[kernel height, kernel width, channels]`.
        weight: Vec<f32>,
        /// `[channels]`.
        bias: Vec<f32>,
        /// Height and width.
        kernel: [usize; 2],
        /// Down and right.
        stride: [usize; 2],
        /// Rows and columns of zeros: top, left, bottom, right.
        padding: [usize; 4],
        /// To be folded into weight and bias.
        norm: Option<BatchNorm>,
        /// What becomes of the outputs.
        activation: Activation,
    },
    /// The largest of each window.
    MaxPool {
        /// Height and width.
        kernel: [usize; 2],
        /// Down and right.
        stride: [usize; 2],
        /// Rows and columns that never win: top, left, bottom, right.
        padding: [usize; 4],
    },
    /// The mean of each window; windows lie within the picture.
    AveragePool {
        /// Height and width.
        kernel: [usize; 2],
        /// Down and right.
        stride: [usize; 2],
    },
    /// The mean of each channel.
    GlobalAveragePool,
    /// Every output from every input.
    Dense {
        /// `[out, in]`, `in` being height × width × channels in this order.
        weight: Vec<f32>,
        /// `[out]`.
        bias: Vec<f32>,
        /// What becomes of the outputs.
        activation: Activation,
    },
    /// Sum of two tensors of one shape.
    Add {
        /// The second one.
        other: Source,
        /// What becomes of the outputs.
        activation: Activation,
    },
    /// At each place the channels of two tensors of one height and width, one after the other.
    Concat {
        /// The second one.
        other: Source,
    },
}

impl FloatGraph {
    /// Weights and biases, once batch normalisation is folded in.
    pub fn parameters(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| match &node.op {
                Op::Conv2d { weight, bias, .. }
                | Op::Depthwise { weight, bias, .. }
                | Op::Dense { weight, bias, .. } => weight.len() + bias.len(),
                Op::MaxPool { .. }
                | Op::AveragePool { .. }
                | Op::GlobalAveragePool
                | Op::Add { .. }
                | Op::Concat { .. } => 0,
            })
            .sum()
    }
}

impl Op {
    /// What else it reads beside the node's input.
    pub const fn other(&self) -> Option<Source> {
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

/// Batch normalisation at inference: `gamma · (x − mean) / √(variance + epsilon) + beta`, each a number a channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Factor.
    pub gamma: Vec<f32>,
    /// Offset.
    pub beta: Vec<f32>,
    /// Running mean.
    pub mean: Vec<f32>,
    /// Running variance.
    pub variance: Vec<f32>,
    /// Keeps the root away from zero.
    pub epsilon: f32,
}
