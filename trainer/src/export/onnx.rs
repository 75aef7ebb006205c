//! The float network as ONNX, for everybody else: one input, 1 × channels × height × width, and one output, the logits.

use super::OnnxError;
use crate::network::Network;
use crate::train::run_folder::RunDescription;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_onnx::export::OnnxExporter;
use moodbox_shared::model::{self, Model, metadata};
use onnx_ir::{Message, ModelProto};

/// The bytes of an ONNX file for one input at a time.
///
/// * `description`: the run that the network comes from
/// * `model`: the `.moodnet` made from the same run, where there is one. What it tells about features and calibration goes along
pub fn to_onnx(
    network: &Network,
    device: &Device,
    description: &RunDescription,
    model: Option<&[u8]>,
) -> Result<Vec<u8>, OnnxError> {
    let [height, width, channels] = network.architecture().input;
    let metadata = match model {
        Some(file) => {
            let read = Model::load(file)?.network().input_shape();
            let (header, _) = model::read_header(file)?;
            if [read.height, read.width, read.channels].map(usize::from) != [height, width, channels]
                || header.labels[..] != description.classes[..]
            {
                return Err(OnnxError::OtherModel);
            }
            metadata::entries(&header)
        }
        None => metadata::task_and_labels(description.task, &description.classes),
    };
    super::encode(exported(network, device)?, metadata)
}

/// The network in burn's own export.
fn exported(network: &Network, device: &Device) -> Result<ModelProto, OnnxError> {
    let [height, width, channels] = network.architecture().input;
    let input = Tensor::<4>::zeros([1, channels, height, width], device);
    let exported = OnnxExporter::new().export(&network.valid(), input, |network, input| network.forward(input))?;
    ModelProto::parse_from_bytes(&exported.into_bytes()).map_err(|error| OnnxError::Protobuf(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::architecture::{After, Architecture, Tensor as Source};
    use crate::train::device;

    #[test]
    fn joined_tensors_and_relu6_are_exported() {
        let device = device::default_device().unwrap();
        let mut net = Architecture::new([8, 8, 1]);
        let stem = net.convolution(Source::Input, 4, [3, 3], [1, 1], After::NormRelu6);
        let new = net.convolution(stem, 3, [3, 3], [1, 1], After::NormRelu);
        let both = net.concat(stem, new);
        let mean = net.global_average_pool(both);
        net.dense(mean, 7);
        let file = exported(&Network::new(&net, &device), &device).unwrap();
        let operators: Vec<&str> = file.graph.node.iter().map(|node| node.op_type.as_str()).collect();
        for operator in ["Concat", "Conv", "Relu", "Sub"] {
            assert!(operators.contains(&operator), "{operator} in {operators:?}");
        }
    }
}
