//! How a convolution goes over its bands: tiles of a few places and eight outputs.

use super::super::channels::{ChannelBlock, OutputRange};
use super::super::conv::Conv2d;
use super::super::weights::{BLOCK, QUAD, QuadWeights};
use super::band::{Band, Part, parts};

/// Where the windows of a tile lie in a band.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<const P: usize> {
    /// First number of each window.
    pub(super) starts: [usize; P],
    /// Numbers from one row of the band to the next.
    pub(super) row_step: usize,
    /// Quads of a row of the kernel.
    pub(super) row_quads: usize,
}

impl<const P: usize> Places<P> {
    /// The windows in a band.
    ///
    /// * `block_quads`: quads of a block of weights, all rows of the kernel together
    ///
    /// # Panics
    ///
    /// If one of them does not lie within the band.
    #[inline]
    pub(super) fn windows<'a, N: Copy>(&self, band: &'a [N], block_quads: usize) -> [Window<'a, N>; P] {
        let Self { starts, row_step, row_quads } = *self;
        let rows = block_quads / row_quads;
        let numbers = (rows - 1) * row_step + row_quads * QUAD;
        starts.map(|start| Window { numbers: &band[start..start + numbers], row_step })
    }
}

/// The numbers under a window, one row of the kernel each `row_step`.
#[derive(Clone, Copy)]
pub(super) struct Window<'a, N> {
    numbers: &'a [N],
    row_step: usize,
}

impl<N: Copy> Window<'_, N> {
    /// Four numbers of a row.
    ///
    /// # Safety
    ///
    /// Row and quad are of the kernel that the window was made for.
    #[inline(always)]
    pub(super) unsafe fn quad(&self, row: usize, quad: usize) -> [N; QUAD] {
        let start = row * self.row_step + quad * QUAD;
        debug_assert!(start + QUAD <= self.numbers.len());
        // SAFETY: `Places::windows` has cut the window so that it holds the last quad of the last row.
        unsafe { self.numbers.as_ptr().add(start).cast::<[N; QUAD]>().read() }
    }
}

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
        band: &[Self::Number],
        places: &Places<P>,
        weights: &[QuadWeights],
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
    let weights = conv.weights.block(block);
    let channels = tiles.channels(&conv.channels.block(block), conv.output_range);
    let first = part.row * usize::from(conv.output.width) + part.column;
    let numbers = part.rows * part.columns * outputs;
    let output = &mut output[first * outputs..][..numbers];
    let mut tile = Sweep {
        tiles,
        band: band.numbers(),
        walk: Walk::new(conv, band.columns(), part),
        weights,
        channels,
        outputs,
        block,
    };
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
    band: &'a [T::Number],
    walk: Walk,
    weights: &'a [QuadWeights],
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
            let numbers = self.tiles.tile::<P>(self.band, &self.walk.next(), self.weights, &self.channels);
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

/// From place to place of a part, row by row.
struct Walk {
    column: usize,
    columns: usize,
    row_start: usize,
    column_step: usize,
    row_step: usize,
    band_row: usize,
    row_quads: usize,
}

impl Walk {
    fn new(conv: &Conv2d<'_>, band_columns: usize, part: Part) -> Self {
        let channels = usize::from(conv.input.channels);
        let [row_stride, column_stride] = conv.window.stride.map(usize::from);
        let band_row = band_columns * channels;
        Self {
            column: 0,
            columns: part.columns,
            row_start: 0,
            column_step: column_stride * channels,
            row_step: row_stride * band_row,
            band_row,
            row_quads: conv.weights.packing().row_quads(),
        }
    }

    #[inline]
    fn next<const P: usize>(&mut self) -> Places<P> {
        let mut starts = [0; P];
        for start in &mut starts {
            *start = self.row_start + self.column * self.column_step;
            self.column += 1;
            if self.column == self.columns {
                self.column = 0;
                self.row_start += self.row_step;
            }
        }
        Places { starts, row_step: self.band_row, row_quads: self.row_quads }
    }
}
