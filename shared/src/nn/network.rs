//! A network ready to run: the plan of a model file, checked, with its weights read in place.

use super::add::Add;
use super::concat::Concat;
use super::conv::Conv2d;
use super::dense::Dense;
use super::depthwise::Depthwise;
use super::pool::{AveragePool, GlobalAveragePool, MaxPool};
use super::simd;
use super::winograd::{Prepared, Tiling};
use super::{Isa, Quantization, Shape, WeightLine};
use crate::model::MAX_LAYERS;
use core::ops::Range;
use heapless::Vec;

/// Most stack that a run takes, whatever the instructions; the kernels keep there what they work on. `moodbox check` measures it.
pub const STACK_BYTES: usize = 48 * 1024;

/// A network ready to run. [`Model::load`](crate::model::Model::load) makes it.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    pub(crate) input: Tensor,
    pub(crate) output: Tensor,
    pub(crate) arena_bytes: usize,
    pub(crate) parameters: usize,
    pub(crate) macs: u64,
    pub(crate) layers: Vec<Layer<'a>, MAX_LAYERS>,
}

/// A tensor and its place in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tensor {
    pub(crate) shape: Shape,
    pub(crate) quantization: Quantization,
    pub(crate) offset: usize,
}

impl Tensor {
    /// Its bytes in the arena.
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.len()
    }
}

/// One step of a run: what is computed, and the bytes of the arena that it reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) input: Range<usize>,
    pub(crate) output: Range<usize>,
    pub(crate) kernel: Kernel<'a>,
}

/// What is computed.
#[derive(Clone, Debug)]
pub(crate) enum Kernel<'a> {
    Conv2d(Conv2d<'a>),
    Depthwise(Depthwise<'a>),
    MaxPool(MaxPool),
    AveragePool(AveragePool),
    GlobalAveragePool(GlobalAveragePool),
    Dense(Dense<'a>),
    /// And where the second input lies.
    Add(Add, Range<usize>),
    /// And where the second input lies.
    Concat(Concat, Range<usize>),
}

impl<'a> Network<'a> {
    /// Height × width × channels of the input.
    pub fn input_shape(&self) -> Shape {
        self.input.shape
    }

    /// Numbers of the input.
    pub fn input_len(&self) -> usize {
        self.input.shape.len()
    }

    /// How the input is to be quantised.
    pub fn input_quantization(&self) -> Quantization {
        self.input.quantization
    }

    /// Number of logits.
    pub fn output_len(&self) -> usize {
        self.output.shape.len()
    }

    /// How the logits are quantised.
    pub fn output_quantization(&self) -> Quantization {
        self.output.quantization
    }

    /// Bytes that [`Network::run`] needs; at most [`MAX_ARENA_BYTES`](crate::model::MAX_ARENA_BYTES).
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Multiplications of one run.
    pub fn macs(&self) -> u64 {
        self.macs
    }

    /// Lines that [`Network::prepare`] fills: none where these instructions have no use for them.
    pub fn prepared_len(&self, isa: Isa) -> usize {
        self.layers.iter().filter_map(|layer| layer.tiling(isa)).map(|(conv, tiling)| tiling.lines(conv)).sum()
    }

    /// Transforms the weights of layers that can then be run with fewer multiplications. The numbers stay the same, bit for bit, with these
    /// instructions and with all others.
    ///
    /// * `memory`: [`Network::prepared_len`] lines; with fewer, fewer layers are prepared
    pub fn prepare(&mut self, isa: Isa, memory: &'a mut [WeightLine]) {
        let mut memory = memory;
        for layer in &mut self.layers {
            let Some((conv, tiling)) = layer.tiling(isa) else { continue };
            let Some((lines, rest)) = core::mem::take(&mut memory).split_at_mut_checked(tiling.lines(conv)) else {
                return;
            };
            memory = rest;
            let prepared = Prepared::new(conv, tiling, lines);
            if let Kernel::Conv2d(conv) = &mut layer.kernel {
                conv.prepared = Some(prepared);
            }
        }
    }

    /// Where the input goes; to be filled before every run, which overwrites it.
    ///
    /// # Panics
    ///
    /// If the arena is shorter than [`Network::arena_bytes`].
    pub fn input_mut<'b>(&self, arena: &'b mut [i8]) -> &'b mut [i8] {
        &mut arena[self.input.range()]
    }

    /// Computes the logits, `[output_len()]`. The kernels take [`STACK_BYTES`](super::STACK_BYTES) beside the arena.
    ///
    /// # Panics
    ///
    /// If the arena is shorter than [`Network::arena_bytes`].
    pub fn run<'b>(&self, isa: Isa, arena: &'b mut [i8]) -> &'b [i8] {
        let arena = &mut arena[..self.arena_bytes];
        for layer in &self.layers {
            layer.run(isa, arena);
        }
        &arena[self.output.range()]
    }

    /// Computes the logits and shows each layer's output on the way: for diagnosis.
    ///
    /// # Panics
    ///
    /// If the arena is shorter than [`Network::arena_bytes`].
    pub fn run_observed<'b>(&self, isa: Isa, arena: &'b mut [i8], mut observe: impl FnMut(usize, &[i8])) -> &'b [i8] {
        let arena = &mut arena[..self.arena_bytes];
        for (index, layer) in self.layers.iter().enumerate() {
            layer.run(isa, arena);
            observe(index, &arena[layer.output.clone()]);
        }
        &arena[self.output.range()]
    }
}

impl<'a> Layer<'a> {
    /// How it can be prepared for some instructions.
    fn tiling(&self, isa: Isa) -> Option<(&Conv2d<'a>, Tiling)> {
        match &self.kernel {
            Kernel::Conv2d(conv) if simd::reads_prepared(isa) => Some((conv, Tiling::of(conv)?)),
            _ => None,
        }
    }

    /// The loader has made sure that the tensors of a layer lie apart, and within the arena: borrowing them can't fail.
    fn run(&self, isa: Isa, arena: &mut [i8]) {
        if let Kernel::Add(_, other) | Kernel::Concat(_, other) = &self.kernel {
            let tensors = [self.input.clone(), other.clone(), self.output.clone()];
            let Ok([left, right, output]) = arena.get_disjoint_mut(tensors) else { return };
            simd::run_two(isa, &self.kernel, [left, right], output);
            return;
        }
        let Ok([input, output]) = arena.get_disjoint_mut([self.input.clone(), self.output.clone()]) else { return };
        simd::run(isa, &self.kernel, input, output);
    }
}

impl Kernel<'_> {
    /// The scalar kernel of a layer that reads one tensor.
    #[inline(always)] // To be compiled for the instructions of whoever calls.
    pub(super) fn run(&self, input: &[i8], output: &mut [i8]) {
        match self {
            Kernel::Conv2d(conv) => conv.run(input, output),
            Kernel::Depthwise(depthwise) => depthwise.run(input, output),
            Kernel::MaxPool(pool) => pool.run(input, output),
            Kernel::AveragePool(pool) => pool.run(input, output),
            Kernel::GlobalAveragePool(pool) => pool.run(input, output),
            Kernel::Dense(dense) => dense.run(input, output),
            Kernel::Add(..) | Kernel::Concat(..) => {}
        }
    }

    /// The scalar kernel of a layer that reads two tensors.
    #[inline]
    pub(super) fn run_two(&self, [left, right]: [&[i8]; 2], output: &mut [i8]) {
        match self {
            Kernel::Add(add, _) => add.run(left, right, output),
            Kernel::Concat(concat, _) => concat.run(left, right, output),
            _ => {}
        }
    }
}
