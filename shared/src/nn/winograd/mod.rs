//! Convolutions from weights that were transformed when the program started, with far fewer multiplications and the same outputs.
//!
//! A tile of outputs is made at once: the input under it is transformed along both axes ([`schemes`]), multiplied with the transformed
//! weights point by point, which is where the channels are summed, and transformed back. Everything is exact. The transformed numbers fit
//! 16 bits, and the sums are taken modulo 2³²: what comes out at the end is `scale` times the convolution's sum, and a layer is only
//! prepared if that fits 32 bits for whatever input, with the weights that it has.
//!
//! This file chooses the scheme of a layer and transforms its weights. The kernels are the processors' own (`simd`).

pub(crate) mod schemes;

use super::conv::Conv2d;
use super::weights::{BLOCK, QUAD};
use schemes::{Facts, FourOfFive, FourOfThree, Plain, TwoOfThree};

/// Outputs of a line of weights.
pub(crate) const LINE_OUTPUTS: usize = 16;

/// Inputs of a line of weights: as many as are multiplied and added in one go.
pub(crate) const LINE_INPUTS: usize = 2;

/// Transformed weights of sixteen outputs for two inputs at one point, `[output][input]`: a line of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct WeightLine(pub(crate) [i16; LINE_OUTPUTS * LINE_INPUTS]);

impl WeightLine {
    /// Nothing yet: what memory for lines is filled with.
    pub const ZERO: Self = Self([0; LINE_OUTPUTS * LINE_INPUTS]);
}

/// Numbers that a kernel has room for: the transformed input of some tiles. 24 KiB.
pub(crate) const TRANSFORMED: usize = 12 * 1024;

/// A layer's input channels are transformed sixteen at a time.
pub(crate) const INPUT_STEP: usize = 16;

/// Fewest tiles that share a line of weights. With fewer the weights, up to four times the bytes of the plain ones, are waited for longer than
/// the multiplications take that they save.
const MIN_TILES: usize = 4;

/// Fewest input channels: with fewer the transforms take longer than the multiplications that they save.
const MIN_CHANNELS: usize = 8;

/// Which schemes go along rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiling {
    /// F(4×4, 3×3): 36 products instead of 144.
    FourByFour,
    /// F(2×2, 3×3): 16 products instead of 36.
    TwoByTwo,
    /// F(4×1, 5×1): 8 products instead of 20.
    FourDown,
    /// F(1×4, 1×5): 8 products instead of 20.
    FourAcross,
}

impl Tiling {
    /// The fewest multiplications come first.
    const ALL: [Self; 4] = [Self::FourByFour, Self::TwoByTwo, Self::FourDown, Self::FourAcross];

    /// From top to bottom, and from left to right.
    const fn axes(self) -> [Facts; 2] {
        match self {
            Self::FourByFour => [FourOfThree::FACTS; 2],
            Self::TwoByTwo => [TwoOfThree::FACTS; 2],
            Self::FourDown => [FourOfFive::FACTS, Plain::FACTS],
            Self::FourAcross => [Plain::FACTS, FourOfFive::FACTS],
        }
    }

    /// What the outputs come out multiplied with.
    pub(crate) const fn scale(self) -> i32 {
        let [down, across] = self.axes();
        down.scale * across.scale
    }

    const fn points(self) -> usize {
        let [down, across] = self.axes();
        down.points() * across.points()
    }

    /// Whether a layer is made sooner this way, and exactly.
    fn suits(self, conv: &Conv2d<'_>) -> bool {
        let [down, across] = self.axes();
        let [height, width] = [conv.output.height, conv.output.width].map(usize::from);
        let (tiles_down, tiles_across) = (height.div_ceil(down.outputs), width.div_ceil(across.outputs));
        let channels = usize::from(conv.input.channels).next_multiple_of(INPUT_STEP);
        conv.window.stride == [1, 1]
            && conv.window.kernel.map(usize::from) == [down.taps, across.taps]
            && usize::from(conv.input.channels) >= MIN_CHANNELS
            && tiles_down * tiles_across >= MIN_TILES
            && MIN_TILES * self.points() * channels <= TRANSFORMED
            // At the lower and right border a part of a tile may be for nothing: not most of it.
            && tiles_down * down.outputs * tiles_across * across.outputs < 2 * height * width
            && self.fits(conv)
    }

    /// Whether `scale` times any sum fits 32 bits. No input is further from zero than 128, padding included.
    fn fits(self, conv: &Conv2d<'_>) -> bool {
        let blocks = 0..conv.weights.packing().blocks();
        blocks
            .flat_map(|block| conv.weights.absolute_sums(block))
            .all(|sum| i64::from(self.scale()) * 128 * i64::from(sum) <= i64::from(i32::MAX))
    }

    /// All that a layer can be made with, the best first.
    pub(crate) fn all_for(conv: &Conv2d<'_>) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|tiling| tiling.suits(conv))
    }

    /// The best for a layer, if there is one.
    pub(crate) fn of(conv: &Conv2d<'_>) -> Option<Self> {
        Self::all_for(conv).next()
    }

    /// Lines of weights of a layer.
    pub(crate) fn lines(self, conv: &Conv2d<'_>) -> usize {
        conv.channels.len().div_ceil(LINE_OUTPUTS) * self.points() * pairs(conv)
    }
}

/// Pairs of a layer's input channels.
fn pairs(conv: &Conv2d<'_>) -> usize {
    usize::from(conv.input.channels).div_ceil(LINE_INPUTS)
}

/// A layer's transformed weights, `[sixteen outputs][point down][point across][pair of inputs]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) tiling: Tiling,
    pub(crate) lines: &'a [WeightLine],
}

impl<'a> Prepared<'a> {
    /// Transforms the weights of a layer that the tiling is for.
    ///
    /// * `lines`: as many as [`Tiling::lines`] says
    pub(crate) fn new(conv: &Conv2d<'_>, tiling: Tiling, lines: &'a mut [WeightLine]) -> Self {
        let [down, across] = tiling.axes();
        let (points, pairs) = (tiling.points(), pairs(conv));
        lines.fill(WeightLine::ZERO);
        for output in 0..conv.channels.len() {
            let lines = &mut lines[output / LINE_OUTPUTS * points * pairs..][..points * pairs];
            for channel in 0..usize::from(conv.input.channels) {
                let number = output % LINE_OUTPUTS * LINE_INPUTS + channel % LINE_INPUTS;
                let point = |(row, column): (&[i32], &[i32])| -> i32 {
                    let taps = row
                        .iter()
                        .enumerate()
                        .flat_map(|(j, &y)| column.iter().enumerate().map(move |(i, &x)| (j, i, y * x)));
                    taps.map(|(j, i, factor)| factor * i32::from(weight(conv, output, [j, i], channel))).sum()
                };
                let matrices = down
                    .taps_matrix
                    .iter()
                    .flat_map(|row| across.taps_matrix.iter().map(move |column| (*row, *column)));
                for (line, sum) in lines.chunks_exact_mut(pairs).zip(matrices.map(point)) {
                    // It fits: `the_numbers_of_every_tiling_fit_16_bits`.
                    line[channel / LINE_INPUTS].0[number] = sum as i16;
                }
            }
        }
        Self { tiling, lines }
    }
}

/// One weight of a layer.
fn weight(conv: &Conv2d<'_>, output: usize, [row, column]: [usize; 2], channel: usize) -> i8 {
    let index = column * usize::from(conv.input.channels) + channel;
    let quad = row * conv.weights.packing().row_quads() + index / QUAD;
    conv.weights.block(output / BLOCK)[quad][output % BLOCK * QUAD + index % QUAD]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_every_tiling_fit_16_bits() {
        for tiling in Tiling::ALL {
            let [down, across] = tiling.axes();
            assert!(down.input_growth * across.input_growth * 128 <= i32::from(i16::MAX), "{tiling:?}");
            let largest = |facts: Facts| {
                facts
                    .taps_matrix
                    .iter()
                    .map(|row| row.iter().map(|factor| factor.abs()).sum::<i32>())
                    .max()
                    .unwrap_or(0)
            };
            assert!(largest(down) * largest(across) * 127 <= i32::from(i16::MAX), "{tiling:?}");
        }
    }
}
