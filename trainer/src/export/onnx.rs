//! The float network as ONNX, for everybody else: one input, 1 × channels × height × width, and one output, the logits.

use crate::network::Network;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_onnx::export::{ExportError, OnnxExporter};

/// The bytes of an ONNX file for one input at a time.
pub fn to_onnx(network: &Network, device: &Device) -> Result<Vec<u8>, ExportError> {
    let [height, width, channels] = network.architecture().input;
    let input = Tensor::<4>::zeros([1, channels, height, width], device);
    let model = OnnxExporter::new().export(&network.valid(), input, |network, input| network.forward(input))?;
    Ok(model.into_bytes())
}
