//! The float network as ONNX, for everybody else: one input, 1 × channels × height × width, and one output, the logits.

use super::{OnnxError, lstm};
use crate::network::Network;
use crate::network::recurrent::Split;
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

/// The network in burn's own export, but for recurrent layers, which that does not know.
fn exported(network: &Network, device: &Device) -> Result<ModelProto, OnnxError> {
    if let Some(Split { before, weights, reads, units, after }) = network.split()? {
        return Ok(lstm::join(exported(&before, device)?, &weights, reads, units, exported(&after, device)?));
    }
    let [height, width, channels] = network.architecture().input;
    let input = Tensor::<4>::zeros([1, channels, height, width], device);
    let exported = OnnxExporter::new().export(&network.valid(), input, |network, input| network.forward(input))?;
    ModelProto::parse_from_bytes(&exported.into_bytes()).map_err(|error| OnnxError::Protobuf(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::architecture::{After, Architecture, Tensor as Source};
    use crate::network::module::numbers;
    use crate::train::device;
    use burn::tensor::{Distribution, TensorData};

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

    #[test]
    fn a_recurrent_layer_is_exported_as_onnx_defines_it() {
        let device = device::by_name("flex").unwrap();
        let mut net = Architecture::new([12, 1, 3]);
        let stem = net.convolution(Source::Input, 4, [3, 1], [1, 1], After::NormRelu);
        let pooled = net.max_pool(stem, [2, 1]);
        let both = net.bi_lstm(pooled, 5);
        let mean = net.global_average_pool(both);
        net.dense(mean, 8);
        let network = Network::new(&net, &device);
        let split = network.split().unwrap().unwrap();
        let file = exported(&network, &device).unwrap();
        let operators: Vec<&str> = file.graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(operators.iter().filter(|operator| **operator == "LSTM").count(), 1, "{operators:?}");

        // What the file's numbers mean, by the definition of the operator, is what burn computes.
        let values = |name: &str| {
            let tensor = file.graph.initializer.iter().find(|tensor| tensor.name == name).unwrap();
            let bytes = tensor.raw_data.chunks_exact(4);
            bytes.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect::<Vec<f32>>()
        };
        let weights = ["lstm_input_weights", "lstm_recurrence_weights", "lstm_biases"].map(values);
        let input = Tensor::<4>::random([1, 3, 12, 1], Distribution::Normal(0.0, 1.0), &device);
        let steps = numbers(split.before.forward(input.clone()));
        let hidden = [0, 1].map(|direction| walk(direction, &weights, &steps, 4, 5));
        let rows: Vec<f32> = (0..10).flat_map(|unit| hidden[unit / 5].iter().map(move |step| step[unit % 5])).collect();
        let rows = Tensor::<4>::from_data(TensorData::new(rows, [1, 10, 6, 1]), &device);
        let (expected, got) = (numbers(network.valid().forward(input)), numbers(split.after.forward(rows)));
        assert!(expected.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-5), "{expected:?} {got:?}");
    }

    /// ONNX's LSTM in one direction (0 forward, 1 reverse), gates input, output, forget, cell; the hidden numbers of each step.
    fn walk(
        direction: usize,
        weights: &[Vec<f32>; 3],
        channels_first: &[f32],
        inputs: usize,
        units: usize,
    ) -> Vec<Vec<f32>> {
        let steps = channels_first.len() / inputs;
        let [input, recurrence, bias] = weights.each_ref().map(|both| &both[direction * both.len() / 2..]);
        let (mut hidden, mut cell) = (vec![0.0f32; units], vec![0.0f32; units]);
        let mut all = vec![Vec::new(); steps];
        for turn in 0..steps {
            let step = if direction == 0 { turn } else { steps - 1 - turn };
            let sum = |row: usize| {
                let from_input: f32 =
                    (0..inputs).map(|i| input[row * inputs + i] * channels_first[i * steps + step]).sum();
                let from_hidden: f32 = (0..units).map(|i| recurrence[row * units + i] * hidden[i]).sum();
                from_input + from_hidden + bias[row] + bias[4 * units + row]
            };
            let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
            let next: Vec<[f32; 2]> = (0..units)
                .map(|unit| {
                    let gate = |index: usize| sum(index * units + unit);
                    let cell = sigmoid(gate(2)) * cell[unit] + sigmoid(gate(0)) * gate(3).tanh();
                    [cell, sigmoid(gate(1)) * cell.tanh()]
                })
                .collect();
            cell = next.iter().map(|[cell, _]| *cell).collect();
            hidden = next.iter().map(|[_, hidden]| *hidden).collect();
            all[step].clone_from(&hidden);
        }
        all
    }

    #[test]
    fn what_goes_around_a_recurrent_layer_is_refused() {
        let device = device::by_name("flex").unwrap();
        let mut net = Architecture::new([6, 1, 4]);
        let stem = net.convolution(Source::Input, 4, [3, 1], [1, 1], After::Relu);
        let both = net.bi_lstm(stem, 2);
        net.add(both, stem);
        assert!(matches!(exported(&Network::new(&net, &device), &device), Err(OnnxError::CarriedAround(_))));
    }
}
