//! Post-training quantisation: from a trained network in floating point to the int8 model of the box.
//!
//! Batch normalisation is folded into the weights ([`fold`]); the float network then runs over training inputs ([`float_reference`]) to
//! see which range each tensor needs ([`calibration`]); weights, biases and factors are rounded ([`weights`]), the operations become the
//! engine's ([`lower`]), the tensors get their places in the arena ([`arena`]), and the file is written. [`fidelity`] tells what the
//! rounding cost, layer by layer.

pub mod arena;
pub mod calibration;
mod dequantize;
pub mod fidelity;
pub mod float_reference;
pub mod fold;
pub mod graph_check;
mod lower;
mod prune;
#[cfg(test)]
mod tests;
mod weights;

pub use crate::export::moodnet::ModelMeta;
pub use dequantize::{dequantize, ranges};
pub use float_reference::FloatReference;
pub use graph_check::GraphError;
pub use prune::{PruneError, prune};

use crate::export::moodnet;
use crate::network::float_graph::FloatGraph;
use calibration::Range;
use moodbox_shared::model::{MAX_LABELS, MAX_LAYERS, WriteError};
use thiserror::Error;

/// Why a network can't be quantised.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// The network contradicts itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Nothing to measure ranges on.
    #[error("no inputs to calibrate on: name a data set with training examples")]
    NoCalibration,
    /// A calibration input of another size.
    #[error("calibration input {index} has {found} numbers, the network reads {expected}")]
    CalibrationLength {
        /// Which one.
        index: usize,
        /// What the network reads.
        expected: usize,
        /// What it has.
        found: usize,
    },
    /// The network computes infinities.
    #[error("tensor {tensor} is not finite on the calibration inputs: the training diverged, lower its learning rate")]
    NotFinite {
        /// Tensor of the network; 0 is the input.
        tensor: usize,
    },
    /// More layers than the box takes.
    #[error("the network has {found} layers, the box runs {MAX_LAYERS} at most")]
    TooManyLayers {
        /// Layers of the network.
        found: usize,
    },
    /// More labels than there are emotions.
    #[error("the network has {found} labels, there are {MAX_LABELS} emotions")]
    TooManyLabels {
        /// Labels of the network.
        found: usize,
    },
    /// A size that the file can't hold, or so many inputs that sums could leave 32 bits.
    #[error("node {node} of the network is too large for int8 on the box")]
    TooLarge {
        /// Which one.
        node: usize,
    },
    /// A factor between scales that fixed-point numbers can't hold.
    #[error("node {node} of the network has scales too far apart for int8")]
    Scale {
        /// Which one.
        node: usize,
    },
    /// The file can't be made.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The bytes of the int8 model of a network.
///
/// * `calibration`: inputs as the network reads them in training, height × width × channels; some hundred
/// * `meta`: what the model file tells beside the network
/// * `at_least`: ranges that the tensors keep, whatever the calibration inputs say: of the input, then of every node's output; may be empty
pub fn quantize(
    graph: &FloatGraph,
    calibration: &[Vec<f32>],
    at_least: &[Range],
    meta: ModelMeta,
) -> Result<Vec<u8>, QuantizeError> {
    let reference = FloatReference::new(graph)?;
    let mut ranges = calibration::ranges(&reference, calibration)?;
    ranges.iter_mut().zip(at_least).for_each(|(range, kept)| *range = range.union(*kept));
    let lowered = lower::lower(&fold::fold(graph), reference.shapes(), &ranges)?;
    moodnet::file(meta, lowered.plan, &lowered.data)
}
