//! Sums of eight outputs in registers, at several places at once: what tiles and dense layers are made of.

use super::super::sweep::{self, Tiles};
use super::super::windows::Windows;
use super::requantise::Requantise;
use crate::nn::channels::{ChannelBlock, OutputRange};
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::aarch64::int32x4_t;

/// Quads that are multiplied at once where there are so many: they are one vector of inputs.
pub(super) const FOUR: usize = 4;

/// How a processor multiplies. A value exists only where the processor has the instructions, NEON among them.
pub(in crate::nn::simd) trait Multiply: Copy {
    /// Sums of eight outputs, each in as many parts as suit the instructions.
    type Sums: Copy;
    /// Places of a tile: as many as there are registers for.
    const PLACES: usize;

    fn start(self, biases: [i32; BLOCK]) -> Self::Sums;

    /// Adds the products of four quads with their weights.
    fn add_four(self, sums: Self::Sums, weights: &[QuadWeights; FOUR], quads: [[i8; QUAD]; FOUR]) -> Self::Sums;

    /// Adds the products of one quad with its weights.
    fn add_one(self, sums: Self::Sums, weights: &QuadWeights, quad: [i8; QUAD]) -> Self::Sums;

    /// One sum an output.
    fn total(self, sums: Self::Sums) -> [int32x4_t; 2];
}

/// A block's channels in registers.
pub(in crate::nn::simd) struct Channels<S> {
    biases: S,
    requantise: Requantise,
}

impl<M: Multiply> Tiles for M {
    type Number = i8;
    type Channels = Channels<M::Sums>;
    const PLACES: usize = M::PLACES;
    const BLOCKS: usize = 1;

    #[inline]
    fn convert(self, input: &[i8], numbers: &mut [i8]) {
        numbers.copy_from_slice(input);
    }

    #[inline]
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Channels<M::Sums> {
        // SAFETY: `self` says that the processor has NEON.
        Channels { biases: self.start(channels.biases), requantise: unsafe { Requantise::new(channels, range) } }
    }

    #[inline]
    fn tile<const P: usize, const B: usize>(
        self,
        windows: &Windows<'_, i8, P>,
        channels: &[Channels<M::Sums>; B],
    ) -> [[[i8; BLOCK]; B]; P] {
        sweep::block_by_block(windows, channels, |windows, channels| tile(self, windows, channels))
    }
}

/// Eight outputs at `P` places.
#[inline]
fn tile<M: Multiply, const P: usize>(
    multiply: M,
    windows: &Windows<'_, i8, P>,
    channels: &Channels<M::Sums>,
) -> [[i8; BLOCK]; P] {
    let mut sums = [channels.biases; P];
    for (row, weights) in windows.weight_rows().enumerate() {
        for (four, weights) in weights.as_chunks().0.iter().enumerate() {
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row and quads are those of the weights.
                let quads = unsafe { windows.quads(place, row, four * FOUR) };
                *sums = multiply.add_four(*sums, weights, quads);
            }
        }
    }
    // What is left of each row, in a walk of its own: few convolutions need one.
    for (row, weights) in windows.weight_rows().enumerate() {
        let (fours, rest) = weights.as_chunks::<FOUR>();
        for (index, weights) in rest.iter().enumerate() {
            for (place, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let [quad] = unsafe { windows.quads(place, row, fours.len() * FOUR + index) };
                *sums = multiply.add_one(*sums, weights, quad);
            }
        }
    }
    let mut outputs = [[0; BLOCK]; P];
    for (outputs, sums) in outputs.iter_mut().zip(sums) {
        // SAFETY: `multiply` says that the processor has NEON.
        *outputs = unsafe { channels.requantise.outputs(multiply.total(sums)) };
    }
    outputs
}
