//! How a convolution goes over its bands: tiles of a few places and eight outputs.

use super::super::channels::{ChannelBlock, OutputRange};
use super::super::conv::Conv2d;
use super::super::weights::BLOCK;
use super::band::{Band, Part, parts};
use super::windows::{Walk, Windows};

/// What a processor's vectors do with a tile. A value exists only where the processor has the instructions.
pub(super) trait Tiles: Copy {
    /// What is multiplied.
    type Number: Copy + Default;
    /// A block's channels, ready for the vectors.
    type Channels;
    /// Places of a tile.
    const PLACES: usize;

    /// Numbers of the input to those that are multiplied; both of one length.
    fn convert(self, input: &[i8], numbers: &mut [Self::Number]);

    /// Once a block, for many tiles.
    fn channels(self, channels: &ChannelBlock, range: OutputRange) -> Self::Channels;

    /// Eight outputs at `P` places.
    fn tile<const P: usize>(
        self,
        windows: &Windows<'_, Self::Number, P>,
        channels: &Self::Channels,
    ) -> [[i8; BLOCK]; P];
}

/// A convolution.
#[inline]
pub(super) fn conv2d<T: Tiles>(tiles: T, conv: &Conv2d<'_>, input: &[i8], output: &mut [i8]) {
    let mut band = Band::new();
    for part in parts(conv, T::PLACES) {
        band.fill(conv, input, part, |input, numbers| tiles.convert(input, numbers));
        for block in 0..conv.weights.packing().blocks() {
            sweep(tiles, conv, &band, part, block, output);
        }
    }
}

/// One block of outputs at all places of a part.
#[inline]
fn sweep<T: Tiles>(tiles: T, conv: &Conv2d<'_>, band: &Band<T::Number>, part: Part, block: usize, output: &mut [i8]) {
    let outputs = conv.channels.len();
    let channels = tiles.channels(&conv.channels.block(block), conv.output_range);
    let first = part.row * usize::from(conv.output.width) + part.column;
    let numbers = part.rows * part.columns * outputs;
    let output = &mut output[first * outputs..][..numbers];
    let mut tile = Sweep { tiles, walk: Walk::new(conv, block, band, part), channels, outputs, block };
    let rest = match T::PLACES {
        6 => tile.run::<6>(output),
        8 => tile.run::<8>(output),
        _ => output,
    };
    let rest = tile.run::<4>(rest);
    tile.run::<1>(rest);
}

/// One block of outputs on its way over a part.
struct Sweep<'a, T: Tiles> {
    tiles: T,
    walk: Walk<'a, T::Number>,
    channels: T::Channels,
    outputs: usize,
    block: usize,
}

impl<T: Tiles> Sweep<'_, T> {
    /// As many tiles of `P` places as there are; returns what is left.
    #[inline]
    fn run<'b, const P: usize>(&mut self, output: &'b mut [i8]) -> &'b mut [i8] {
        let mut groups = output.chunks_exact_mut(P * self.outputs);
        for group in &mut groups {
            let numbers = self.tiles.tile::<P>(&self.walk.next(), &self.channels);
            store(&numbers, group, self.outputs, self.block);
        }
        groups.into_remainder()
    }
}

/// Puts the outputs of a block where they belong.
#[inline]
fn store<const P: usize>(numbers: &[[i8; BLOCK]; P], output: &mut [i8], outputs: usize, block: usize) {
    for (numbers, place) in numbers.iter().zip(output.chunks_exact_mut(outputs)) {
        let place = &mut place[block * BLOCK..];
        match place.first_chunk_mut() {
            Some(whole) => *whole = *numbers,
            None => place.copy_from_slice(&numbers[..place.len()]),
        }
    }
}
