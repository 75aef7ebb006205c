//! Files that leave the trainer: the int8 model for the box, and both networks, int8 and float, as ONNX for everybody else.

pub mod command;
mod graph;
mod lstm;
pub mod moodnet;
pub mod onnx;
pub(crate) mod parameters;
pub mod qdq;

use crate::network::recurrent::CarriedAround;
use moodbox_shared::model::ModelError;
use onnx_ir::{Message, ModelProto};
use thiserror::Error;

/// Why a network can't be written as ONNX.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The box would refuse the model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model reads or returns something else than the run's network.
    #[error("the model was not made from this run: its labels or its input differ")]
    OtherModel,
    /// No weights where the plan has them.
    #[error("the weights of layer {layer} can't be read: quantise the network again")]
    Parameters {
        /// Counted from 0.
        layer: usize,
    },
    /// A bias without the input's zero point does not fit.
    #[error("the biases of layer {layer} leave 32 bits without the input's zero point: quantise the network again")]
    Bias {
        /// Counted from 0.
        layer: usize,
    },
    /// Something does not go through the recurrent layer.
    #[error(transparent)]
    CarriedAround(#[from] CarriedAround),
    /// The exporter of burn does not know an operation.
    #[error("the network can't be exported: {0}")]
    Export(#[from] burn_onnx::export::ExportError),
    /// The protobuf library refuses.
    #[error("the ONNX file can't be put together: {0}")]
    Protobuf(String),
}

/// The bytes of an ONNX file that tells these things about itself.
fn encode<'a>(
    mut model: ModelProto,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> Result<Vec<u8>, OnnxError> {
    model.producer_name = env!("CARGO_PKG_NAME").to_owned();
    model.producer_version = env!("CARGO_PKG_VERSION").to_owned();
    for (key, value) in metadata {
        model.metadata_props.push(Default::default());
        if let Some(entry) = model.metadata_props.last_mut() {
            (entry.key, entry.value) = (key.to_owned(), value);
        }
    }
    model.write_to_bytes().map_err(|error| OnnxError::Protobuf(error.to_string()))
}
