//! Random layers for the kernels' tests, and the plain formula that they are held against: whole numbers in `i64`, no blocking, no
//! patches, the bias not folded.

extern crate std;

use super::channels::{ARRAYS, Channels, OutputRange};
use super::conv::Conv2d;
use super::dense::Dense;
use super::depthwise::{self, Depthwise};
use super::weights::{Packing, Weights};
use super::winograd::Tiling;
use super::{ClampRange, Shape, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// What an output is summed from: place of the weight, row and column of the kernel, input channel.
pub(super) type Terms = Vec<(u16, u16, u16, u16)>;

/// Which inputs an output channel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// All of them: `[out][…][in]`.
    Every,
    /// Its own: `[…][channel]`.
    ItsOwn,
}

#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) input: Shape,
    pub(super) values: Vec<i8>,
    pub(super) input_zero_point: i8,
    pub(super) window: Window,
    pub(super) weights: Vec<i8>,
    pub(super) biases: Vec<i32>,
    multipliers: Vec<i32>,
    shifts: Vec<i32>,
    packed: Vec<i8>,
    arrays: [Vec<u8>; ARRAYS],
    pub(super) output: Shape,
    pub(super) output_range: OutputRange,
}

pub(super) fn blank(shape: Shape) -> Vec<i8> {
    vec![99; shape.len()]
}

/// Layers with a window.
pub(super) fn windowed(reads: Reads) -> impl Strategy<Value = Layer> {
    let sides = (1..9_u16, 1..9_u16, 1..40_u16, 1..9_u16);
    let windows = ([1..5_u16, 1..5_u16], [1..4_u16, 1..4_u16], [0..4_u16, 0..4_u16, 0..4_u16, 0..4_u16]);
    (sides, windows)
        .prop_filter_map("the window must slide", |((height, width, channels, out), window)| {
            let (kernel, stride, padding) = window;
            let window = Window { kernel, stride, padding };
            let [rows, columns] = window.output_size(height, width)?;
            Some((Shape { height, width, channels }, window, Shape { height: rows, width: columns, channels: out }))
        })
        .prop_flat_map(move |(input, window, output)| {
            let places = usize::from(window.kernel[0]) * usize::from(window.kernel[1]);
            let [channels, out] = [input.channels, output.channels].map(usize::from);
            match reads {
                Reads::Every => layer(reads, input, window, output, places * channels * out),
                Reads::ItsOwn => {
                    layer(reads, input, window, Shape { channels: input.channels, ..output }, places * channels)
                }
            }
        })
}

/// Convolutions over inputs of some ten thousand numbers: longer than what a kernel keeps at hand.
pub(super) fn large() -> impl Strategy<Value = Layer> {
    let tall = (90..200_u16, 1..3_u16, 100..181_u16);
    let wide = (1..3_u16, 90..200_u16, 100..181_u16);
    let square = (20..40_u16, 20..40_u16, 10..30_u16);
    let windows = ([1..6_u16, 1..6_u16], [1..4_u16, 1..4_u16], [0..5_u16, 0..5_u16, 0..5_u16, 0..5_u16]);
    (prop_oneof![tall, wide, square], windows, 1..3_u16)
        .prop_filter_map("the window must slide", |((height, width, channels), (kernel, stride, padding), out)| {
            let window = Window { kernel, stride, padding };
            let [rows, columns] = window.output_size(height, width)?;
            Some((Shape { height, width, channels }, window, Shape { height: rows, width: columns, channels: out }))
        })
        .prop_flat_map(|(input, window, output)| {
            let places = usize::from(window.kernel[0]) * usize::from(window.kernel[1]);
            let weights = places * usize::from(input.channels) * usize::from(output.channels);
            layer(Reads::Every, input, window, output, weights)
        })
}

/// Convolutions for which there is a way with fewer multiplications.
pub(super) fn preparable() -> impl Strategy<Value = Layer> {
    let kernels = prop_oneof![Just([3, 3]), Just([5, 1]), Just([1, 5])];
    let sides = (4..20_u16, 4..20_u16, 8..50_u16, 1..40_u16);
    (sides, kernels, [0..3_u16, 0..3_u16, 0..3_u16, 0..3_u16])
        .prop_filter_map("the window must slide", |((height, width, channels, out), kernel, padding)| {
            let window = Window { kernel, stride: [1, 1], padding };
            let [rows, columns] = window.output_size(height, width)?;
            Some((Shape { height, width, channels }, window, Shape { height: rows, width: columns, channels: out }))
        })
        .prop_flat_map(|(input, window, output)| {
            let places = usize::from(window.kernel[0]) * usize::from(window.kernel[1]);
            let weights = places * usize::from(input.channels) * usize::from(output.channels);
            layer(Reads::Every, input, window, output, weights)
        })
        .prop_filter("the sums must fit", |layer| Tiling::of(&layer.conv2d()).is_some())
}

/// Layers whose window is the whole input.
pub(super) fn dense() -> impl Strategy<Value = Layer> {
    (1..200_u16, 1..9_u16).prop_flat_map(|(inputs, outputs)| {
        let window = Window { kernel: [1, 1], stride: [1, 1], padding: [0; 4] };
        let input = Shape { height: 1, width: 1, channels: inputs };
        layer(
            Reads::Every,
            input,
            window,
            Shape { channels: outputs, ..input },
            usize::from(inputs) * usize::from(outputs),
        )
    })
}

/// Numbers from `min` to 127, among which the ends are common: sums as large as they get.
fn numbers(len: usize, min: i8) -> impl Strategy<Value = Vec<i8>> {
    let ends = prop_oneof![Just(min), Just(i8::MAX)];
    let alike = ends.clone().prop_map(move |end| vec![end; len]);
    prop_oneof![4 => vec(min..=i8::MAX, len), 1 => vec(ends, len), 1 => alike]
}

fn ends_among(numbers: impl Strategy<Value = i8>) -> impl Strategy<Value = i8> {
    prop_oneof![2 => numbers, 1 => Just(i8::MIN), 1 => Just(i8::MAX)]
}

fn layer(reads: Reads, input: Shape, window: Window, output: Shape, weights: usize) -> impl Strategy<Value = Layer> {
    let channels = usize::from(output.channels);
    (
        (numbers(input.len(), i8::MIN), ends_among(any::<i8>()), numbers(weights, -127)),
        (vec(-50_000..50_000_i32, channels), vec(1 << 30..=i32::MAX, channels), vec(36..48_i32, channels)),
        (any::<i8>(), any::<(i8, i8)>()),
    )
        .prop_map(
            move |((values, input_zero_point, weights), (biases, multipliers, shifts), (zero_point, ends))| {
                let clamp = ClampRange { min: ends.0.min(ends.1), max: ends.0.max(ends.1) };
                let mut layer = Layer {
                    input,
                    values,
                    input_zero_point,
                    window,
                    weights,
                    biases,
                    multipliers,
                    shifts,
                    packed: Vec::new(),
                    arrays: Default::default(),
                    output,
                    output_range: OutputRange { zero_point, clamp },
                };
                layer.pack(reads);
                layer
            },
        )
}

impl Layer {
    /// Lays the numbers out as the file has them, the input's zero point in the biases.
    fn pack(&mut self, reads: Reads) {
        let out = self.biases.len();
        let each = self.weights.len() / out;
        let place = |channel, i| if reads == Reads::Every { channel * each + i } else { i * out + channel };
        let weight_sums: Vec<i32> =
            (0..out).map(|channel| (0..each).map(|i| i32::from(self.weights[place(channel, i)])).sum()).collect();
        let folded: Vec<i32> = self
            .biases
            .iter()
            .zip(&weight_sums)
            .map(|(bias, sum)| bias - i32::from(self.input_zero_point) * sum)
            .collect();
        self.arrays = [&folded, &self.multipliers, &self.shifts, &weight_sums].map(|numbers| {
            let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            bytes.resize(Channels::bytes(out), 0);
            bytes
        });
        self.packed = vec![0; self.packing().bytes()];
        if reads == Reads::Every {
            self.packing().places().zip(&self.weights).for_each(|(place, &weight)| self.packed[place] = weight);
        }
    }

    fn packing(&self) -> Packing {
        Packing {
            outputs: self.biases.len(),
            kernel_rows: self.window.kernel[0].into(),
            row_len: usize::from(self.window.kernel[1]) * usize::from(self.input.channels),
        }
    }

    fn channels(&self, weight_sums: impl Fn(usize) -> [i32; 8]) -> Channels<'_> {
        Channels::new(self.biases.len(), self.arrays.each_ref().map(Vec::as_slice), 0, weight_sums).unwrap()
    }

    pub(super) fn conv2d(&self) -> Conv2d<'_> {
        let weights = Weights::new(&self.packed, self.packing()).unwrap();
        let &Self { input, input_zero_point, window, output, output_range, .. } = self;
        let channels = self.channels(|block| weights.sums(block));
        Conv2d { input, input_zero_point, window, weights, channels, output, output_range, prepared: None }
    }

    pub(super) fn dense(&self) -> Dense<'_> {
        let Conv2d { weights, channels, output_range, .. } = self.conv2d();
        Dense { weights, channels, output_range }
    }

    pub(super) fn depthwise(&self) -> Depthwise<'_> {
        let &Self { input, input_zero_point, window, output, output_range, .. } = self;
        let weights = &self.weights;
        let channels = self.channels(|block| depthwise::weight_sums(weights, self.biases.len(), block));
        Depthwise { input, input_zero_point, window, weights, channels, output, output_range }
    }

    /// The formula of a layer with weights: `clamp(⌊(bias + Σ w · (x − zero_point)) · multiplier / 2^shift + ½⌋ + zero_point)`.
    pub(super) fn expected(&self, terms: impl Fn(u16) -> Terms) -> Vec<i8> {
        let mut out = Vec::new();
        for y in 0..self.output.height {
            for x in 0..self.output.width {
                for o in 0..self.output.channels {
                    let mut sum = i64::from(self.biases[usize::from(o)]);
                    for (weight, j, i, c) in terms(o) {
                        if let Some(value) = self.at(y, x, j, i, c) {
                            sum += i64::from(self.weights[usize::from(weight)])
                                * (i64::from(value) - i64::from(self.input_zero_point));
                        }
                    }
                    let multiplier = i128::from(self.multipliers[usize::from(o)]);
                    let shift = self.shifts[usize::from(o)];
                    let doubled = (i128::from(sum) * multiplier * 2 + (1 << shift)).div_euclid(1 << (shift + 1));
                    let OutputRange { zero_point, clamp } = self.output_range;
                    out.push((doubled as i64 + i64::from(zero_point)).clamp(clamp.min.into(), clamp.max.into()) as i8);
                }
            }
        }
        out
    }

    /// Something of all the numbers that the window sees in one channel, `None` for padding.
    pub(super) fn naive(&self, output: Shape, each: impl Fn(&mut dyn Iterator<Item = Option<i8>>) -> i8) -> Vec<i8> {
        let mut out = Vec::new();
        for y in 0..output.height {
            for x in 0..output.width {
                for c in 0..output.channels {
                    let [rows, columns] = self.window.kernel;
                    out.push(each(
                        &mut (0..rows)
                            .flat_map(|j| (0..columns).map(move |i| (j, i)))
                            .map(|(j, i)| self.at(y, x, j, i, c)),
                    ));
                }
            }
        }
        out
    }

    fn at(&self, y: u16, x: u16, j: u16, i: u16, c: u16) -> Option<i8> {
        let row = i32::from(y * self.window.stride[0] + j) - i32::from(self.window.padding[0]);
        let column = i32::from(x * self.window.stride[1] + i) - i32::from(self.window.padding[1]);
        if row < 0 || row >= self.input.height.into() || column < 0 || column >= self.input.width.into() {
            return None;
        }
        let place = (row as usize * usize::from(self.input.width) + column as usize) * usize::from(self.input.channels);
        Some(self.values[place + usize::from(c)])
    }
}
