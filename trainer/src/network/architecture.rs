//! What a network looks like, as data: a list of operations, each reading earlier ones.
//!
//! A preset builds an [`Architecture`]; the training network, the plain float graph and, through it, the int8 network are made from it,
//! so a new preset is one new file. Tensors are height × width × channels.

use super::Activation;
use serde::{Deserialize, Serialize};

/// Input, output, forget and cell gate.
const LSTM_GATES: usize = 4;

/// A network before it has weights; the last node's output are the logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Height, width and channels of the input.
    pub input: [usize; 3],
    /// In the order of computation.
    pub nodes: Vec<Node>,
}

/// One operation and what it makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it does, and to what.
    pub operation: Operation,
    /// Height, width and channels of its output.
    pub output: [usize; 3],
}

/// A tensor of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tensor {
    /// The network's input.
    Input,
    /// The output of this node.
    Node(usize),
}

/// The operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// Convolution with as much zero padding on each side as half the kernel, then batch normalisation where asked for, then the activation.
    Convolution {
        /// What it reads.
        of: Tensor,
        /// Height and width.
        kernel: [usize; 2],
        /// Down and right.
        stride: [usize; 2],
        /// Whether batch normalisation follows (the convolution then has no bias).
        norm: bool,
        /// What becomes of its outputs.
        #[serde(alias = "relu")]
        activation: Activation,
    },
    /// The largest of each window; windows lie side by side.
    MaxPool {
        /// What it reads.
        of: Tensor,
        /// Height and width.
        window: [usize; 2],
    },
    /// The mean of each channel.
    GlobalAveragePool {
        /// What it reads.
        of: Tensor,
    },
    /// Every output from every input.
    Dense {
        /// What it reads.
        of: Tensor,
        /// What becomes of its outputs.
        #[serde(alias = "relu")]
        activation: Activation,
    },
    /// The sum of two tensors, then ReLU.
    Add {
        /// One.
        of: Tensor,
        /// The other.
        and: Tensor,
    },
    /// The channels of two tensors of one height and width, one after the other (Huang et al. 2017).
    Concat {
        /// One.
        of: Tensor,
        /// The other.
        and: Tensor,
    },
    /// A long short-term memory that walks down its input, and another that walks up (Schuster and Paliwal 1997): at each step the numbers of
    /// the one, then of the other.
    BiLstm {
        /// What it reads: one step a row, one wide.
        of: Tensor,
        /// Numbers of each direction.
        units: usize,
    },
    /// In training, forgets each number with this probability; afterwards nothing.
    Dropout {
        /// What it reads.
        of: Tensor,
        /// From 0 to below 1.
        probability: f64,
    },
}

impl Operation {
    /// The same, reading other tensors; `None` where there is none for one that it reads.
    pub(super) fn reading(&self, other: impl Fn(Tensor) -> Option<Tensor>) -> Option<Self> {
        let mut changed = self.clone();
        match &mut changed {
            Self::Add { of, and } | Self::Concat { of, and } => {
                *of = other(*of)?;
                *and = other(*and)?;
            }
            Self::Convolution { of, .. }
            | Self::MaxPool { of, .. }
            | Self::GlobalAveragePool { of }
            | Self::Dense { of, .. }
            | Self::BiLstm { of, .. }
            | Self::Dropout { of, .. } => *of = other(*of)?,
        }
        Some(changed)
    }
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// ReLU alone.
    Relu,
    /// Batch normalisation.
    Norm,
    /// Batch normalisation, then ReLU.
    NormRelu,
    /// Batch normalisation, then ReLU6.
    NormRelu6,
}

impl After {
    /// Whether there is batch normalisation, and the activation.
    const fn parts(self) -> (bool, Activation) {
        match self {
            Self::Relu => (false, Activation::Relu),
            Self::Norm => (true, Activation::None),
            Self::NormRelu => (true, Activation::Relu),
            Self::NormRelu6 => (true, Activation::Relu6),
        }
    }
}

impl Architecture {
    /// An empty network that reads height × width × channels.
    pub fn new(input: [usize; 3]) -> Self {
        Self { input, nodes: Vec::new() }
    }

    /// Height, width and channels of a tensor.
    pub fn shape(&self, tensor: Tensor) -> [usize; 3] {
        match tensor {
            Tensor::Input => self.input,
            Tensor::Node(index) => self.nodes[index].output,
        }
    }

    /// Adds a convolution to `channels`.
    pub fn convolution(
        &mut self,
        of: Tensor,
        channels: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        after: After,
    ) -> Tensor {
        let [height, width, _] = self.shape(of);
        let side = |size: usize, axis: usize| (size + 2 * (kernel[axis] / 2) - kernel[axis]) / stride[axis] + 1;
        let output = [side(height, 0), side(width, 1), channels];
        let (norm, activation) = after.parts();
        self.push(Operation::Convolution { of, kernel, stride, norm, activation }, output)
    }

    /// Adds a max pool with windows side by side.
    pub fn max_pool(&mut self, of: Tensor, window: [usize; 2]) -> Tensor {
        let [height, width, channels] = self.shape(of);
        self.push(Operation::MaxPool { of, window }, [height / window[0], width / window[1], channels])
    }

    /// Adds a mean over each channel.
    pub fn global_average_pool(&mut self, of: Tensor) -> Tensor {
        let [.., channels] = self.shape(of);
        self.push(Operation::GlobalAveragePool { of }, [1, 1, channels])
    }

    /// Adds a dense layer without activation.
    pub fn dense(&mut self, of: Tensor, units: usize) -> Tensor {
        self.push(Operation::Dense { of, activation: Activation::None }, [1, 1, units])
    }

    /// Adds a dense layer with ReLU.
    pub fn dense_relu(&mut self, of: Tensor, units: usize) -> Tensor {
        self.push(Operation::Dense { of, activation: Activation::Relu }, [1, 1, units])
    }

    /// Adds the sum of two tensors of one shape, then ReLU.
    pub fn add(&mut self, of: Tensor, and: Tensor) -> Tensor {
        assert_eq!(self.shape(of), self.shape(and), "only tensors of one shape can be added");
        let output = self.shape(of);
        self.push(Operation::Add { of, and }, output)
    }

    /// Puts the channels of the second tensor behind those of the first; both have one height and width.
    pub fn concat(&mut self, of: Tensor, and: Tensor) -> Tensor {
        let ([height, width, first], [.., second]) = (self.shape(of), self.shape(and));
        assert_eq!([height, width], self.shape(and)[..2], "only tensors of one height and width can be joined");
        self.push(Operation::Concat { of, and }, [height, width, first + second])
    }

    /// Adds a recurrent layer in both directions over the rows of a tensor that is one wide.
    pub fn bi_lstm(&mut self, of: Tensor, units: usize) -> Tensor {
        let [steps, width, _] = self.shape(of);
        assert_eq!(width, 1, "a recurrent layer walks along one line");
        self.push(Operation::BiLstm { of, units }, [steps, 1, 2 * units])
    }

    /// Adds dropout.
    pub fn dropout(&mut self, of: Tensor, probability: f64) -> Tensor {
        let output = self.shape(of);
        self.push(Operation::Dropout { of, probability }, output)
    }

    /// Adds two convolutions around which the input is carried (He et al. 2016).
    pub fn residual(&mut self, of: Tensor, kernel: [usize; 2]) -> Tensor {
        let [.., channels] = self.shape(of);
        let inner = self.convolution(of, channels, kernel, [1, 1], After::NormRelu);
        let inner = self.convolution(inner, channels, kernel, [1, 1], After::Norm);
        self.add(inner, of)
    }

    /// Number of logits.
    pub fn classes(&self) -> usize {
        self.nodes.last().map_or(0, |node| node.output.iter().product())
    }

    /// Multiply-accumulate operations of one inference.
    pub fn macs(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| match &node.operation {
                Operation::Convolution { of, kernel, .. } => {
                    node.output.iter().product::<usize>() * kernel[0] * kernel[1] * self.shape(*of)[2]
                }
                Operation::Dense { of, .. } => node.output[2] * self.shape(*of).iter().product::<usize>(),
                Operation::BiLstm { of, units } => {
                    node.output[0] * LSTM_GATES * node.output[2] * (self.shape(*of)[2] + units)
                }
                _ => 0,
            })
            .sum()
    }

    /// Numbers that are learned; of a convolution with batch normalisation, weights and biases once the two are one.
    pub fn parameters(&self) -> usize {
        let channels = |tensor: &Tensor| self.shape(*tensor)[2];
        self.nodes
            .iter()
            .map(|node| match &node.operation {
                Operation::Convolution { of, kernel, .. } => {
                    node.output[2] * (kernel[0] * kernel[1] * channels(of) + 1)
                }
                Operation::Dense { of, .. } => node.output[2] * (self.shape(*of).iter().product::<usize>() + 1),
                Operation::BiLstm { of, units } => LSTM_GATES * node.output[2] * (channels(of) + units + 1),
                _ => 0,
            })
            .sum()
    }

    fn push(&mut self, operation: Operation, output: [usize; 3]) -> Tensor {
        self.nodes.push(Node { operation, output });
        Tensor::Node(self.nodes.len() - 1)
    }
}
