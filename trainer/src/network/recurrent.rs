//! The recurrent layer: what burn computes step by step, and its weights in the order of ONNX's `LSTM`.
//!
//! burn-onnx can't export what burn does here (it writes each step into the output), and the box's int8 engine has no such layer.

use super::Network;
use super::architecture::{Architecture, Node, Operation, Tensor as Source};
use super::module::numbers;
use burn::nn::{BiLstm, GateController, Lstm};
use burn::tensor::Tensor;
use thiserror::Error;

/// A network that the box's engine does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the network has a recurrent layer, which the box's int8 engine does not run: write it as ONNX with `moodbox-trainer export --run`, for \
     `moodbox run --engine tract`, or train another preset (compact, dense)"
)]
pub struct Recurrent;

/// The weights of a recurrent layer as ONNX orders them: of each direction, the gates input, output, forget, cell.
pub struct LstmWeights {
    /// `[2, 4 · units, inputs]`.
    pub input: Vec<f32>,
    /// `[2, 4 · units, units]`.
    pub recurrence: Vec<f32>,
    /// `[2, 8 · units]`: of the inputs, then of the recurrence.
    pub bias: Vec<f32>,
}

/// Both directions over all steps.
///
/// * `input`: `[batch, channels, height, width]`, the steps along height or width
/// * returns `[batch, 2 · units, height, width]`
pub(super) fn forward(layer: &BiLstm, input: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    let steps = input.reshape([batch, channels, height * width]).swap_dims(1, 2);
    let (output, _) = layer.forward(steps, None);
    let [.., both] = output.dims();
    output.swap_dims(1, 2).reshape([batch, both, height, width])
}

/// See [`LstmWeights`].
pub(super) fn weights(layer: &BiLstm) -> LstmWeights {
    let mut weights = LstmWeights { input: Vec::new(), recurrence: Vec::new(), bias: Vec::new() };
    for direction in [&layer.forward, &layer.reverse] {
        let gates = gates(direction);
        for gate in &gates {
            // [in, out] to [out, in].
            weights.input.extend(numbers(gate.input_transform.weight.val().transpose()));
            weights.recurrence.extend(numbers(gate.hidden_transform.weight.val().transpose()));
        }
        let biases =
            gates.iter().map(|gate| &gate.input_transform).chain(gates.iter().map(|gate| &gate.hidden_transform));
        for bias in biases.filter_map(|linear| linear.bias.as_ref()) {
            weights.bias.extend(numbers(bias.val()));
        }
    }
    weights
}

fn gates(lstm: &Lstm) -> [&GateController; 4] {
    let forget = lstm.forget_gate.as_ref().expect("made in new() with a gate of its own");
    [&lstm.input_gate, &lstm.output_gate, forget, &lstm.cell_gate]
}

/// A network cut at its first recurrent layer.
pub struct Split {
    /// What comes before: its output, a row of numbers, is a channel after the other, each step by step.
    pub before: Network,
    /// The recurrent layer itself.
    pub weights: LstmWeights,
    /// Steps it takes, and numbers that it reads at each.
    pub reads: [usize; 2],
    /// Numbers of each of its directions.
    pub units: usize,
    /// What comes after, which may hold further ones.
    pub after: Network,
}

/// A network that can't be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the network can't be exported: something is carried around its recurrent layer; let all go through it")]
pub struct CarriedAround;

impl Network {
    /// Cuts the network at its first recurrent layer; `None` if it has none.
    pub fn split(&self) -> Result<Option<Split>, CarriedAround> {
        let Architecture { input, nodes } = &self.architecture;
        let recurrent = nodes.iter().enumerate().find_map(|(index, node)| match node.operation {
            Operation::BiLstm { of, units } => Some((index, of, units)),
            _ => None,
        });
        let Some((index, of, units)) = recurrent else { return Ok(None) };
        let all_before = index.checked_sub(1).map_or(Source::Input, Source::Node);
        if of != all_before {
            return Err(CarriedAround);
        }
        let mut after = Architecture::new(nodes[index].output);
        for node in &nodes[index + 1..] {
            let operation = node.operation.reading(|source| match source {
                Source::Node(read) if read == index => Some(Source::Input),
                Source::Node(read) => read.checked_sub(index + 1).map(Source::Node),
                Source::Input => None,
            });
            after.nodes.push(Node { operation: operation.ok_or(CarriedAround)?, output: node.output });
        }
        let before = Architecture { input: *input, nodes: nodes[..index].to_vec() };
        let count = |which: fn(&Operation) -> bool| before.nodes.iter().filter(|node| which(&node.operation)).count();
        let convolutions = count(|operation| matches!(operation, Operation::Convolution { .. }));
        let denses = count(|operation| matches!(operation, Operation::Dense { .. }));
        let dropouts = count(|operation| matches!(operation, Operation::Dropout { .. }));
        let [steps, _, channels] = self.architecture.shape(of);
        Ok(Some(Split {
            weights: weights(&self.recurrences[0]),
            reads: [steps, channels],
            units,
            before: Self {
                convolutions: self.convolutions[..convolutions].to_vec(),
                denses: self.denses[..denses].to_vec(),
                recurrences: Vec::new(),
                dropouts: self.dropouts[..dropouts].to_vec(),
                architecture: before,
            },
            after: Self {
                convolutions: self.convolutions[convolutions..].to_vec(),
                denses: self.denses[denses..].to_vec(),
                recurrences: self.recurrences[1..].to_vec(),
                dropouts: self.dropouts[dropouts..].to_vec(),
                architecture: after,
            },
        }))
    }
}
