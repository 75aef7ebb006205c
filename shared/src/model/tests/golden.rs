//! The kernels against LiteRT's reference kernels, on the cases that `tests/golden/kernels.py` made; it says how they are laid out.
//!
//! A case becomes a plan of one layer, which every set of instructions of this processor runs, prepared and not. Two inputs are handed over as one, their
//! channels side by side, and taken apart by two convolutions first.

use super::*;
use crate::nn::{ARENA_ALIGNMENT, ClampRange, Quantization, Requantizer, Shape, WeightLine, Window, softmax};
use serde::Deserialize;
use std::boxed::Box;
use std::string::String;
use std::vec;

const DESCRIPTION: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/kernels.json"));
const NUMBERS: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/kernels.bin"));

/// Most outputs in ten thousand that may lie a step off in the cases where LiteRT rounds twice.
const ROUNDED_TWICE: usize = 40;

/// Memory for transformed weights: more than a case can use.
const PREPARED_LINES: usize = 4096;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    operation: Name,
    /// LiteRT rounds once at most, so that equality is due.
    exact: bool,
    runs: usize,
    inputs: Vec<Tensor>,
    output: Tensor,
    window: Option<Window>,
    activation: Option<Activation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Convolution,
    Depthwise,
    Dense,
    MaxPool,
    AveragePool,
    GlobalAveragePool,
    Add,
    Concatenation,
    Softmax,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Activation {
    Relu,
    Relu6,
}

#[derive(Clone, Copy, Deserialize)]
struct Tensor {
    shape: Shape,
    quantization: Quantization,
}

/// What is left of the file of numbers.
struct Numbers(&'static [u8]);

impl Numbers {
    fn take<T>(&mut self, count: usize, from_le_bytes: impl Fn(&[u8]) -> T) -> Vec<T> {
        let (taken, rest) = self.0.split_at(count * size_of::<T>());
        self.0 = rest;
        taken.chunks_exact(size_of::<T>()).map(from_le_bytes).collect()
    }

    fn i8(&mut self, count: usize) -> Vec<i8> {
        self.take(count, |bytes| bytes[0] as i8)
    }
}

/// A plan in the making, its tensors one behind the other.
struct Builder {
    plan: Plan,
    data: Vec<u8>,
}

impl Builder {
    fn new(input: Tensor) -> Self {
        let mut plan = Plan { arena_bytes: 0, input: placed(input, 0), layers: heapless::Vec::new() };
        plan.arena_bytes = input.shape.len().next_multiple_of(ARENA_ALIGNMENT) as u32;
        Self { plan, data: Vec::new() }
    }

    /// Adds a layer and returns the number of its output.
    fn layer(&mut self, input: u16, output: Tensor, operation: Operation) -> u16 {
        let output = placed(output, self.plan.arena_bytes);
        self.plan.arena_bytes += output.shape.len().next_multiple_of(ARENA_ALIGNMENT) as u32;
        self.plan.layers.push(LayerDescription { input, output, operation }).unwrap();
        self.plan.layers.len() as u16
    }

    /// Adds a convolution that copies channels of the input, from `first` on, as they are: each doubled, less the zero point that
    /// comes back afterwards, then halved.
    fn channels(&mut self, first: u16, output: Tensor) -> u16 {
        let [from, to] = [self.plan.input.shape.channels, output.shape.channels].map(usize::from);
        let mut weights = vec![0; to * from];
        (0..to).for_each(|channel| weights[channel * from + usize::from(first) + channel] = 2);
        let parameters = LayerParameters {
            weights,
            biases: vec![-2 * i32::from(output.quantization.zero_point); to],
            requantizers: vec![Requantizer::from_real(0.5).unwrap(); to],
        };
        let window = Window { kernel: [1, 1], stride: [1, 1], padding: [0; 4] };
        let operation = |parameters| Operation::Conv2d { window, range: ClampRange::FULL, parameters };
        let place = parameters.append_to(&operation(0), self.plan.input.shape, output.shape, &mut self.data);
        self.layer(0, output, operation(place))
    }
}

fn placed(tensor: Tensor, offset: u32) -> TensorDescription {
    TensorDescription { shape: tensor.shape, quantization: tensor.quantization, offset }
}

impl Case {
    fn range(&self) -> ClampRange {
        match self.activation {
            None => ClampRange::FULL,
            Some(Activation::Relu) => ClampRange::relu(self.output.quantization),
            Some(Activation::Relu6) => ClampRange::relu6(self.output.quantization),
        }
    }

    /// What the network reads: the only input, or the channels of two side by side.
    fn joined(&self) -> Tensor {
        let channels = self.inputs.iter().map(|input| input.shape.channels).sum();
        Tensor { shape: Shape { channels, ..self.inputs[0].shape }, ..self.inputs[0] }
    }

    /// The weights of the next layer in the file; their multipliers are what TensorFlow Lite makes of the scales.
    fn parameters(&self, numbers: &mut Numbers) -> LayerParameters {
        let [Tensor { shape: input, quantization }] = self.inputs[..] else { panic!("{}: one input", self.name) };
        let outputs = usize::from(self.output.shape.channels);
        let places = self.window.map_or(1, |window| window.kernel.map(usize::from).iter().product());
        let each = match self.operation {
            Name::Dense => input.len(),
            Name::Depthwise => places,
            _ => places * usize::from(input.channels),
        };
        let weights = numbers.i8(outputs * each);
        let scales = numbers.take(outputs, |bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        let biases = numbers.take(outputs, |bytes| i32::from_le_bytes(bytes.try_into().unwrap()));
        let sum = |output: usize| -> i32 {
            (0..each)
                .map(
                    |term| {
                        if self.operation == Name::Depthwise { term * outputs + output } else { output * each + term }
                    },
                )
                .map(|place| i32::from(weights[place]))
                .sum()
        };
        let folded = |(output, bias)| bias - i32::from(quantization.zero_point) * sum(output);
        let factor =
            |scale: f32| f64::from(quantization.scale) * f64::from(scale) / f64::from(self.output.quantization.scale);
        LayerParameters {
            biases: biases.into_iter().enumerate().map(folded).collect(),
            requantizers: scales.into_iter().map(|scale| Requantizer::from_real(factor(scale)).unwrap()).collect(),
            weights,
        }
    }

    fn operation(&self, parameters: u32) -> Operation {
        let (range, window) = (self.range(), || self.window.unwrap());
        match self.operation {
            Name::Convolution => Operation::Conv2d { window: window(), range, parameters },
            Name::Depthwise => Operation::Depthwise { window: window(), range, parameters },
            Name::Dense => Operation::Dense { range, parameters },
            Name::MaxPool => Operation::MaxPool { window: window() },
            Name::AveragePool => Operation::AveragePool { window: window() },
            Name::GlobalAveragePool => Operation::GlobalAveragePool,
            Name::Add => Operation::Add { other: 2, range },
            Name::Concatenation => Operation::Concat { other: 2 },
            Name::Softmax => unreachable!("no layer"),
        }
    }

    /// The case as a plan and its data.
    fn build(&self, numbers: &mut Numbers) -> Builder {
        let mut builder = Builder::new(self.joined());
        if let [left, right] = self.inputs[..] {
            let left_copy = builder.channels(0, left);
            builder.channels(left.shape.channels, right);
            builder.layer(left_copy, self.output, self.operation(0));
            return builder;
        }
        let place = if matches!(self.operation, Name::Convolution | Name::Depthwise | Name::Dense) {
            let (input, output) = (self.inputs[0].shape, self.output.shape);
            self.parameters(numbers).append_to(&self.operation(0), input, output, &mut builder.data)
        } else {
            0
        };
        builder.layer(0, self.output, self.operation(place));
        builder
    }

    /// The numbers of the next run: of the joined input, and those that LiteRT returned.
    fn run(&self, numbers: &mut Numbers) -> (Vec<i8>, Vec<i8>) {
        let inputs: Vec<Vec<i8>> = self.inputs.iter().map(|input| numbers.i8(input.shape.len())).collect();
        let places = self.inputs[0].shape.len() / usize::from(self.inputs[0].shape.channels);
        let at = |place: usize| {
            let part =
                move |values: &Vec<i8>| values[place * values.len() / places..][..values.len() / places].to_vec();
            inputs.iter().flat_map(part).collect::<Vec<i8>>()
        };
        ((0..places).flat_map(at).collect(), numbers.i8(self.output.shape.len()))
    }

    /// What Moodbox makes of an input.
    ///
    /// * `prepared`: memory for transformed weights, or none
    fn computed(&self, builder: &Builder, input: &[i8], isa: Isa, prepared: &mut [WeightLine]) -> Vec<i8> {
        if self.operation == Name::Softmax {
            let mut probabilities = vec![0.0; input.len()];
            softmax(input, self.inputs[0].quantization, 1.0, &mut probabilities);
            return probabilities.into_iter().map(|share| self.output.quantization.quantize(share)).collect();
        }
        let mut network = check::network(&builder.plan, &builder.data).unwrap();
        network.prepare(isa, prepared);
        let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
        network.input_mut(&mut arena[..]).copy_from_slice(input);
        network.run(isa, &mut arena[..]).to_vec()
    }
}

#[test]
fn the_kernels_compute_what_litert_computes() {
    let golden: Golden = serde_json::from_str(DESCRIPTION).unwrap();
    for (isa, lines) in Isa::available().flat_map(|isa| [(isa, 0), (isa, PREPARED_LINES)]) {
        let mut prepared = vec![WeightLine::ZERO; lines];
        let name = std::format!("{}, memory for {lines} prepared lines", isa.name());
        let mut numbers = Numbers(NUMBERS);
        let (mut outputs, mut off) = (0, 0);
        for case in &golden.cases {
            let builder =
                if case.operation == Name::Softmax { Builder::new(case.joined()) } else { case.build(&mut numbers) };
            for run in 0..case.runs {
                let (input, expected) = case.run(&mut numbers);
                let found = case.computed(&builder, &input, isa, &mut prepared);
                let distance = |(found, expected): (&i8, &i8)| found.abs_diff(*expected);
                let distances: Vec<u8> = found.iter().zip(&expected).map(distance).collect();
                let farthest = distances.iter().max().copied().unwrap();
                let allowed = u8::from(!case.exact);
                assert!(farthest <= allowed, "{}, run {run}, {name}: {found:?} instead of {expected:?}", case.name);
                if !case.exact {
                    outputs += expected.len();
                    off += distances.iter().filter(|&&distance| distance > 0).count();
                }
            }
        }
        assert!(numbers.0.is_empty(), "numbers are left over");
        std::println!("{name}: {off} of {outputs} outputs that LiteRT rounds twice are a step off");
        assert!(off * 10_000 <= outputs * ROUNDED_TWICE, "{name}: {off} of {outputs} are off");
    }
}
