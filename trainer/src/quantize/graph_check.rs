//! Whether a float graph makes sense: every tensor's shape, and as many weights as the shapes ask for.

use crate::network::float_graph::{BatchNorm, FloatGraph, Op, Source};
use thiserror::Error;

/// A graph that contradicts itself: its maker has a bug, or its weights are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("node {node} of the network {problem}")]
pub struct GraphError {
    /// Counted from 0.
    pub node: usize,
    /// What is wrong with it.
    pub problem: GraphProblem,
}

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphProblem {
    /// There is none.
    #[error("is missing: the network is empty")]
    Missing,
    /// It reads itself or a later node, or one tensor twice.
    #[error("reads a tensor that it can't read")]
    Reads,
    /// The window does not slide over the input, or a side is zero.
    #[error("has a window that does not fit its input")]
    Window,
    /// Two tensors that must have one shape, or at least one height and width.
    #[error("joins tensors of different shapes")]
    Shapes,
    /// Not as many weights, biases or normalisation numbers as the shapes ask for.
    #[error("has {found} weights where {expected} are needed")]
    Count {
        /// What the shapes ask for.
        expected: usize,
        /// What is there.
        found: usize,
    },
    /// NaN or infinite.
    #[error("has weights that are not finite: the training diverged")]
    NotFinite,
}

/// Height, width and channels of every node's output.
pub fn shapes(graph: &FloatGraph) -> Result<Vec<[usize; 3]>, GraphError> {
    let mut shapes: Vec<[usize; 3]> = Vec::with_capacity(graph.nodes.len());
    for (index, node) in graph.nodes.iter().enumerate() {
        let at = |problem| GraphError { node: index, problem };
        let shape_of = |source: Source| match source {
            Source::Input => Ok(graph.input),
            Source::Node(node) => shapes.get(node).copied().ok_or(at(GraphProblem::Reads)),
        };
        let input = shape_of(node.input)?;
        let other = match node.op.other() {
            Some(other) if other == node.input => return Err(at(GraphProblem::Reads)),
            Some(other) => Some(shape_of(other)?),
            None => None,
        };
        let shape = output(&node.op, input, other).map_err(at)?;
        shapes.push(shape);
    }
    if shapes.is_empty() {
        return Err(GraphError { node: 0, problem: GraphProblem::Missing });
    }
    Ok(shapes)
}

fn output(op: &Op, input: [usize; 3], other: Option<[usize; 3]>) -> Result<[usize; 3], GraphProblem> {
    let [height, width, channels] = input;
    if input.contains(&0) {
        return Err(GraphProblem::Window);
    }
    match op {
        Op::Conv2d { weight, bias, out, kernel, stride, padding, norm, .. } => {
            numbers(weight, out * kernel[0] * kernel[1] * channels)?;
            per_channel(bias, norm.as_ref(), *out)?;
            let [rows, columns] = slide([height, width], *kernel, *stride, *padding)?;
            Ok([rows, columns, *out])
        }
        Op::Depthwise { weight, bias, kernel, stride, padding, norm, .. } => {
            numbers(weight, kernel[0] * kernel[1] * channels)?;
            per_channel(bias, norm.as_ref(), channels)?;
            let [rows, columns] = slide([height, width], *kernel, *stride, *padding)?;
            Ok([rows, columns, channels])
        }
        Op::MaxPool { kernel, stride, padding } => {
            let [rows, columns] = slide([height, width], *kernel, *stride, *padding)?;
            Ok([rows, columns, channels])
        }
        Op::AveragePool { kernel, stride } => {
            let [rows, columns] = slide([height, width], *kernel, *stride, [0; 4])?;
            Ok([rows, columns, channels])
        }
        Op::GlobalAveragePool => Ok([1, 1, channels]),
        Op::Dense { weight, bias, .. } => {
            numbers(weight, bias.len() * height * width * channels)?;
            numbers(bias, bias.len())?;
            if bias.is_empty() { Err(GraphProblem::Window) } else { Ok([1, 1, bias.len()]) }
        }
        Op::Add { .. } => {
            if other == Some(input) {
                Ok(input)
            } else {
                Err(GraphProblem::Shapes)
            }
        }
        Op::Concat { .. } => match other {
            Some([rows, columns, more]) if [rows, columns] == [height, width] => Ok([height, width, channels + more]),
            _ => Err(GraphProblem::Shapes),
        },
    }
}

fn numbers(values: &[f32], expected: usize) -> Result<(), GraphProblem> {
    if values.len() != expected {
        return Err(GraphProblem::Count { expected, found: values.len() });
    }
    if values.iter().all(|value| value.is_finite()) { Ok(()) } else { Err(GraphProblem::NotFinite) }
}

fn per_channel(bias: &[f32], norm: Option<&BatchNorm>, channels: usize) -> Result<(), GraphProblem> {
    if channels == 0 {
        return Err(GraphProblem::Window);
    }
    numbers(bias, channels)?;
    let Some(BatchNorm { gamma, beta, mean, variance, epsilon }) = norm else { return Ok(()) };
    for values in [gamma, beta, mean, variance] {
        numbers(values, channels)?;
    }
    let roots = variance.iter().all(|variance| variance + epsilon > 0.0);
    if roots { Ok(()) } else { Err(GraphProblem::NotFinite) }
}

fn slide(
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    [top, left, bottom, right]: [usize; 4],
) -> Result<[usize; 2], GraphProblem> {
    let places = |axis: usize, before: usize, after: usize| {
        let fits = stride[axis] > 0 && before < kernel[axis] && after < kernel[axis];
        let room = (size[axis] + before + after).checked_sub(kernel[axis]).filter(|_| fits);
        room.map(|room| room / stride[axis] + 1).ok_or(GraphProblem::Window)
    };
    Ok([places(0, top, bottom)?, places(1, left, right)?])
}
