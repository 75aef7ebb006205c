//! A recurrent layer as the `LSTM` of ONNX, put between what burn-onnx makes of the network before it and after it.

use super::graph::{Graph, int, ints, text};
use crate::network::recurrent::LstmWeights;
use onnx_ir::{GraphProto, ModelProto, ValueInfoProto};

/// Joins the two parts of a network.
///
/// * `before`: returns 1 × (channels · steps)
/// * `reads`: steps and channels
/// * `after`: reads 1 × (2 · units) × steps × 1
pub(super) fn join(
    mut before: ModelProto,
    weights: &LstmWeights,
    reads: [usize; 2],
    units: usize,
    mut after: ModelProto,
) -> ModelProto {
    let ([steps, channels], gates) = (reads, 4 * units);
    let mut first = before.graph.take().unwrap_or_default();
    let mut last = after.graph.take().unwrap_or_default();
    rename(&mut first, "before", |graph| &graph.input);
    rename(&mut last, "after", |graph| &graph.output);
    let name = |values: &[ValueInfoProto]| values.first().map(|value| value.name.clone()).unwrap_or_default();
    let (made, read) = (name(&first.output), name(&last.input));
    first.output.clear();

    let mut graph = Graph::from(first);
    let sizes = graph.constant("steps_shape".to_owned(), &[3], &[channels as i64, steps as i64, 1]);
    let rows = graph.node("steps_rows".to_owned(), "Reshape", &[&made, &sizes], []);
    let rows = graph.node("steps".to_owned(), "Transpose", &[&rows], [ints("perm", [1, 2, 0])]);
    let input = graph.constant("lstm_input_weights".to_owned(), &[2, gates, channels], &weights.input);
    let recurrence = graph.constant("lstm_recurrence_weights".to_owned(), &[2, gates, units], &weights.recurrence);
    let bias = graph.constant("lstm_biases".to_owned(), &[2, 2 * gates], &weights.bias);
    let attributes = [text("direction", "bidirectional"), int("hidden_size", units as i64)];
    let both = graph.node("lstm".to_owned(), "LSTM", &[&rows, &input, &recurrence, &bias], attributes);
    // From steps × directions × 1 × units.
    let both = graph.node("lstm_channels".to_owned(), "Transpose", &[&both], [ints("perm", [2, 1, 3, 0])]);
    let sizes = graph.constant("lstm_shape".to_owned(), &[4], &[1, 2 * units as i64, steps as i64, 1]);
    graph.node(read, "Reshape", &[&both, &sizes], []);

    before.graph = Some(graph.followed_by(last)).into();
    before
}

/// Gives every value of a graph a name that no other graph has; those that the world sees keep theirs.
fn rename(graph: &mut GraphProto, prefix: &str, seen: fn(&GraphProto) -> &[ValueInfoProto]) {
    let kept: Vec<String> = seen(graph).iter().map(|value| value.name.clone()).collect();
    let new = |name: &mut String| {
        if !name.is_empty() && !kept.contains(name) {
            *name = format!("{prefix}_{name}");
        }
    };
    graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info).for_each(|value| new(&mut value.name));
    graph.initializer.iter_mut().for_each(|tensor| new(&mut tensor.name));
    for node in &mut graph.node {
        new(&mut node.name);
        node.input.iter_mut().chain(&mut node.output).for_each(&new);
    }
}
