//! How a convolution goes over its bands: tiles of a few places and eight outputs, or a few times eight.

use super::super::channels::{ChannelBlock, OutputRange};
use super::super::conv::Conv2d;
use super::super::weights::BLOCK;
use super::band::{Band, Part, parts};
use super::windows::{Walk, Windows};
use core::array;

/// What a processor's vectors do with a tile. A value exists only where the processor has the instructions.
pub(super) trait Tiles: Copy {
    /// What is multiplied.
    type Number: Copy + Default;
    /// A block's channels, ready for the vectors.
    type Channels;
    /// Places of a tile.
    const PLACES: usize;
    /// Most blocks of outputs that a tile takes at once: 1 to 3.
    const BLOCKS: usize;

    /// Numbers of the input to those that are multiplied; both of one length.
    fn convert(self, input: &[i8], numbers: &mut [Self::Number]);

    /// Once a block, for many tiles.
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Self::Channels;

    /// The outputs of `B` blocks at `P` places.
    fn tile<const P: usize, const B: usize>(
        self,
        windows: &Windows<'_, Self::Number, P>,
        channels: &[Self::Channels; B],
    ) -> [[[i8; BLOCK]; B]; P];
}

/// [`Tiles::tile`] from what makes the outputs of a single block.
#[inline]
pub(super) fn block_by_block<N: Copy, C, const P: usize, const B: usize>(
    windows: &Windows<'_, N, P>,
    channels: &[C; B],
    tile: impl Fn(&Windows<'_, N, P>, &C) -> [[i8; BLOCK]; P],
) -> [[[i8; BLOCK]; B]; P] {
    let mut outputs = [[[0; BLOCK]; B]; P];
    for (block, channels) in channels.iter().enumerate() {
        for (outputs, numbers) in outputs.iter_mut().zip(tile(&windows.of_block(block), channels)) {
            outputs[block] = numbers;
        }
    }
    outputs
}

/// A convolution.
#[inline]
pub(super) fn conv2d<T: Tiles>(tiles: T, conv: &Conv2d<'_>, input: &[i8], output: &mut [i8]) {
    let mut band = Band::new();
    for part in parts(conv, T::PLACES) {
        band.fill(conv, input, part, |input, numbers| tiles.convert(input, numbers));
        let blocks = conv.weights.packing().blocks();
        let mut block = 0;
        while block < blocks {
            // No block alone, where it can be helped: four are twice two.
            let at_once = match blocks - block {
                4 => T::BLOCKS.min(2),
                left => T::BLOCKS.min(left),
            };
            match at_once {
                3 => sweep::<T, 3>(tiles, conv, &band, part, block, output),
                2 => sweep::<T, 2>(tiles, conv, &band, part, block, output),
                _ => sweep::<T, 1>(tiles, conv, &band, part, block, output),
            }
            block += at_once;
        }
    }
}

/// `B` blocks of outputs, from `first_block` on, at all places of a part.
#[inline]
fn sweep<T: Tiles, const B: usize>(
    tiles: T,
    conv: &Conv2d<'_>,
    band: &Band<T::Number>,
    part: Part,
    first_block: usize,
    output: &mut [i8],
) {
    let outputs = conv.channels.len();
    let channels = array::from_fn(|block| tiles.channels(&conv.channels.block(first_block + block), conv.output_range));
    let first = part.row * usize::from(conv.output.width) + part.column;
    let numbers = part.rows * part.columns * outputs;
    let output = &mut output[first * outputs..][..numbers];
    let walk = Walk::new(conv, first_block, B, band, part);
    let mut tile = Sweep::<T, B> { tiles, walk, channels, outputs, first_block };
    let rest = match T::PLACES {
        6 => tile.run::<6>(output),
        8 => tile.run::<8>(output),
        _ => output,
    };
    let rest = tile.run::<4>(rest);
    tile.run::<1>(rest);
}

/// Some blocks of outputs on their way over a part.
struct Sweep<'a, T: Tiles, const B: usize> {
    tiles: T,
    walk: Walk<'a, T::Number>,
    channels: [T::Channels; B],
    outputs: usize,
    first_block: usize,
}

impl<T: Tiles, const B: usize> Sweep<'_, T, B> {
    /// As many tiles of `P` places as there are; returns what is left.
    #[inline]
    fn run<'b, const P: usize>(&mut self, output: &'b mut [i8]) -> &'b mut [i8] {
        let mut groups = output.chunks_exact_mut(P * self.outputs);
        for group in &mut groups {
            let numbers = self.tiles.tile::<P, B>(&self.walk.next(), &self.channels);
            store(&numbers, group, self.outputs, self.first_block);
        }
        groups.into_remainder()
    }
}

/// Puts the outputs of some blocks where they belong.
#[inline]
fn store<const P: usize, const B: usize>(
    numbers: &[[[i8; BLOCK]; B]; P],
    output: &mut [i8],
    outputs: usize,
    first_block: usize,
) {
    for (numbers, place) in numbers.iter().zip(output.chunks_exact_mut(outputs)) {
        for (numbers, block) in numbers.iter().zip(place[first_block * BLOCK..].chunks_mut(BLOCK)) {
            match block.first_chunk_mut() {
                Some(whole) => *whole = *numbers,
                None => block.copy_from_slice(&numbers[..block.len()]),
            }
        }
    }
}
