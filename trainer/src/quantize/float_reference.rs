//! Runs a float graph: what the int8 network is calibrated on and held against.

use super::GraphError;
use super::fold::fold;
use super::graph_check::shapes;
use crate::network::Activation;
use crate::network::float_graph::{FloatGraph, Op, Source};

/// Output channels worked on at once.
const LANES: usize = 8;

/// Output places worked on at once.
const PLACES: usize = 4;

/// A float graph ready to run, by many threads at once.
#[derive(Clone, Debug)]
pub struct FloatReference {
    input: [usize; 3],
    shapes: Vec<[usize; 3]>,
    steps: Vec<(Source, Step)>,
}

#[derive(Clone, Debug)]
enum Step {
    Conv2d { weights: Packed, window: Window, activation: Activation },
    Depthwise { weight: Vec<f32>, bias: Vec<f32>, window: Window, activation: Activation },
    MaxPool { window: Window },
    AveragePool { window: Window },
    GlobalAveragePool,
    Dense { weights: Packed, activation: Activation },
    Add { other: Source, activation: Activation },
    Concat { other: Source },
}

#[derive(Clone, Copy, Debug)]
struct Window {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 4],
}

impl FloatReference {
    /// Checks the graph and folds its batch normalisation.
    pub fn new(graph: &FloatGraph) -> Result<Self, GraphError> {
        let shapes = shapes(graph)?;
        let steps = fold(graph).nodes.into_iter().map(|node| (node.input, Step::from(node.op))).collect();
        Ok(Self { input: graph.input, shapes, steps })
    }

    /// Numbers of the input.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// Height, width and channels of every node's output.
    pub fn shapes(&self) -> &[[usize; 3]] {
        &self.shapes
    }

    /// The logits of an input.
    ///
    /// # Panics
    ///
    /// If the input does not have [`FloatReference::input_len`] numbers.
    pub fn logits(&self, input: &[f32]) -> Vec<f32> {
        self.outputs(input).pop().unwrap_or_default()
    }

    /// The output of every node.
    ///
    /// # Panics
    ///
    /// If the input does not have [`FloatReference::input_len`] numbers.
    pub fn outputs(&self, input: &[f32]) -> Vec<Vec<f32>> {
        assert_eq!(input.len(), self.input_len(), "numbers of the input");
        let mut outputs: Vec<Vec<f32>> = Vec::with_capacity(self.steps.len());
        for ((source, step), &shape) in self.steps.iter().zip(&self.shapes) {
            let tensor = |source: Source| match source {
                Source::Input => (input, self.input),
                Source::Node(node) => (outputs[node].as_slice(), self.shapes[node]),
            };
            let mut output = vec![0.0; shape.iter().product()];
            let (values, from) = tensor(*source);
            match step {
                Step::Conv2d { weights, window, .. } => conv2d(values, from, weights, *window, shape, &mut output),
                Step::Depthwise { weight, bias, window, .. } => {
                    depthwise(values, from, weight, bias, *window, shape, &mut output);
                }
                Step::MaxPool { window } => {
                    output.fill(f32::NEG_INFINITY);
                    each_seen(values, from, *window, shape, &mut output, |largest, value, _| {
                        *largest = largest.max(value)
                    });
                }
                Step::AveragePool { window } => {
                    let share = 1.0 / (window.kernel[0] * window.kernel[1]) as f32;
                    each_seen(values, from, *window, shape, &mut output, |mean, value, _| *mean += value * share);
                }
                Step::GlobalAveragePool => {
                    let share = 1.0 / (from[0] * from[1]) as f32;
                    for place in values.chunks_exact(from[2]) {
                        output.iter_mut().zip(place).for_each(|(mean, value)| *mean += value * share);
                    }
                }
                Step::Dense { weights, .. } => weights.apply([values; PLACES], &mut output),
                Step::Add { other, .. } => {
                    let (others, _) = tensor(*other);
                    output.iter_mut().zip(values).zip(others).for_each(|((sum, a), b)| *sum = a + b);
                }
                Step::Concat { other } => {
                    let (others, [.., more]) = tensor(*other);
                    let both = values.chunks_exact(from[2]).zip(others.chunks_exact(more));
                    for (place, (first, second)) in output.chunks_exact_mut(shape[2]).zip(both) {
                        place[..from[2]].copy_from_slice(first);
                        place[from[2]..].copy_from_slice(second);
                    }
                }
            }
            let activation = step.activation();
            if activation != Activation::None {
                output.iter_mut().for_each(|value| *value = activation.apply(*value));
            }
            outputs.push(output);
        }
        outputs
    }
}

impl From<Op> for Step {
    fn from(op: Op) -> Self {
        match op {
            Op::Conv2d { weight, bias, kernel, stride, padding, activation, .. } => Self::Conv2d {
                weights: Packed::new(&weight, &bias),
                window: Window { kernel, stride, padding },
                activation,
            },
            Op::Depthwise { weight, bias, kernel, stride, padding, activation, .. } => {
                Self::Depthwise { weight, bias, window: Window { kernel, stride, padding }, activation }
            }
            Op::MaxPool { kernel, stride, padding } => Self::MaxPool { window: Window { kernel, stride, padding } },
            Op::AveragePool { kernel, stride } => {
                Self::AveragePool { window: Window { kernel, stride, padding: [0; 4] } }
            }
            Op::GlobalAveragePool => Self::GlobalAveragePool,
            Op::Dense { weight, bias, activation } => Self::Dense { weights: Packed::new(&weight, &bias), activation },
            Op::Add { other, activation } => Self::Add { other, activation },
            Op::Concat { other } => Self::Concat { other },
        }
    }
}

impl Step {
    fn activation(&self) -> Activation {
        match *self {
            Self::Conv2d { activation, .. }
            | Self::Depthwise { activation, .. }
            | Self::Dense { activation, .. }
            | Self::Add { activation, .. } => activation,
            Self::MaxPool { .. } | Self::AveragePool { .. } | Self::GlobalAveragePool | Self::Concat { .. } => {
                Activation::None
            }
        }
    }
}

/// Weights with [`LANES`] output channels side by side, so that the compiler makes vectors of them.
#[derive(Clone, Debug)]
struct Packed {
    /// `[block of channels][input][lane]`.
    weights: Vec<[f32; LANES]>,
    bias: Vec<f32>,
}

impl Packed {
    /// From `[out][in]`.
    fn new(weight: &[f32], bias: &[f32]) -> Self {
        let inputs = weight.len() / bias.len();
        let weights = (0..bias.len().div_ceil(LANES))
            .flat_map(|block| (0..inputs).map(move |input| (block, input)))
            .map(|(block, input)| {
                std::array::from_fn(|lane| weight.get((block * LANES + lane) * inputs + input).copied().unwrap_or(0.0))
            })
            .collect();
        Self { weights, bias: bias.to_vec() }
    }

    /// All output channels at up to four places, as many as `output` has room for.
    fn apply(&self, patches: [&[f32]; PLACES], output: &mut [f32]) {
        let outputs = self.bias.len();
        for (block, weights) in self.weights.chunks_exact(patches[0].len()).enumerate() {
            let sums = dot(weights, patches);
            for (place, sums) in output.chunks_exact_mut(outputs).zip(sums) {
                let from = block * LANES;
                for ((value, sum), bias) in place[from..].iter_mut().zip(sums).zip(&self.bias[from..]) {
                    *value = sum + bias;
                }
            }
        }
    }
}

#[inline]
fn dot(weights: &[[f32; LANES]], patches: [&[f32]; PLACES]) -> [[f32; LANES]; PLACES] {
    let patches = patches.map(|patch| &patch[..weights.len()]);
    let mut sums = [[0.0; LANES]; PLACES];
    for (index, weights) in weights.iter().enumerate() {
        for (sums, patch) in sums.iter_mut().zip(patches) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * patch[index];
            }
        }
    }
    sums
}

fn conv2d(input: &[f32], from: [usize; 3], weights: &Packed, window: Window, to: [usize; 3], output: &mut [f32]) {
    let patch_len = window.kernel[0] * window.kernel[1] * from[2];
    let mut patches: [Vec<f32>; PLACES] = std::array::from_fn(|_| vec![0.0; patch_len]);
    for (tile, places) in output.chunks_mut(PLACES * to[2]).enumerate() {
        for (place, patch) in patches.iter_mut().enumerate().take(places.len() / to[2]) {
            let place = tile * PLACES + place;
            gather(input, from, window, [place / to[1], place % to[1]], patch);
        }
        weights.apply(patches.each_ref().map(Vec::as_slice), places);
    }
}

/// Copies what the window sees at an output place, zeros where it sees nothing.
fn gather(input: &[f32], from: [usize; 3], window: Window, place: [usize; 2], patch: &mut [f32]) {
    for (index, target) in patch.chunks_exact_mut(from[2]).enumerate() {
        let kernel = [index / window.kernel[1], index % window.kernel[1]];
        match seen(from, window, place, kernel) {
            Some(start) => target.copy_from_slice(&input[start..start + from[2]]),
            None => target.fill(0.0),
        }
    }
}

/// Where in the input the window's element `kernel` lies at an output place.
fn seen(from: [usize; 3], window: Window, place: [usize; 2], kernel: [usize; 2]) -> Option<usize> {
    let at = |axis: usize| {
        (place[axis] * window.stride[axis] + kernel[axis])
            .checked_sub(window.padding[axis])
            .filter(|at| *at < from[axis])
    };
    Some((at(0)? * from[1] + at(1)?) * from[2])
}

fn depthwise(
    input: &[f32],
    from: [usize; 3],
    weight: &[f32],
    bias: &[f32],
    window: Window,
    to: [usize; 3],
    output: &mut [f32],
) {
    output.chunks_exact_mut(bias.len()).for_each(|place| place.copy_from_slice(bias));
    each_seen(input, from, window, to, output, |sum, value, index| *sum += value * weight[index]);
}

/// Folds every number that a window sees, channel by channel, into the output.
///
/// * `each`: output, number seen, place of the number's weight in `[kernel height][kernel width][channel]`
fn each_seen(
    input: &[f32],
    from: [usize; 3],
    window: Window,
    to: [usize; 3],
    output: &mut [f32],
    each: impl Fn(&mut f32, f32, usize),
) {
    let channels = from[2];
    for (place, target) in output.chunks_exact_mut(channels).enumerate() {
        let place = [place / to[1], place % to[1]];
        for index in 0..window.kernel[0] * window.kernel[1] {
            let kernel = [index / window.kernel[1], index % window.kernel[1]];
            let Some(start) = seen(from, window, place, kernel) else { continue };
            for (channel, (target, &value)) in target.iter_mut().zip(&input[start..]).enumerate() {
                each(target, value, index * channels + channel);
            }
        }
    }
}
