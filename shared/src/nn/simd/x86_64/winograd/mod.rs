//! Convolutions from transformed weights with AVX2: channels are transformed sixteen at a time, sixteen outputs of up to six tiles are
//! summed in registers.
//!
//! The transformed input of a batch of tiles and the products of a group of them lie on the stack, in the nearest caches: 38 KiB.

mod input;
mod lanes;
mod output;

use super::requantise::{Factors, Range};
use crate::nn::conv::Conv2d;
use crate::nn::weights::BLOCK;
use crate::nn::winograd::schemes::{FourOfFive, FourOfThree, Plain, Scheme, TwoOfThree};
use crate::nn::winograd::{INPUT_STEP, LINE_INPUTS, LINE_OUTPUTS, Prepared, TRANSFORMED, Tiling, WeightLine};
use core::arch::x86_64::*;
use core::marker::PhantomData;
use lanes::{Scale, Sums};

/// Tiles that are summed at once: their sums fill twelve of sixteen registers.
const GROUP: usize = 6;

/// Eights of outputs in a line of weights.
const HALVES: usize = LINE_OUTPUTS / BLOCK;

/// Computes a layer from its transformed weights.
#[target_feature(enable = "avx2")]
pub(super) fn run(conv: &Conv2d<'_>, prepared: Prepared<'_>, input: &[i8], output: &mut [i8]) {
    match prepared.tiling {
        Tiling::FourByFour => Tiled::<FourOfThree, FourOfThree, 6, 4, 6, 4>::new(conv, prepared).run(input, output),
        Tiling::TwoByTwo => Tiled::<TwoOfThree, TwoOfThree, 4, 2, 4, 2>::new(conv, prepared).run(input, output),
        Tiling::FourDown => Tiled::<FourOfFive, Plain, 8, 4, 1, 1>::new(conv, prepared).run(input, output),
        Tiling::FourAcross => Tiled::<Plain, FourOfFive, 1, 1, 8, 4>::new(conv, prepared).run(input, output),
    }
}

/// A layer in tiles of `DO` × `AO` outputs.
///
/// * `D`, `DP`, `DO`: scheme from top to bottom, its points and outputs
/// * `A`, `AP`, `AO`: from left to right
struct Tiled<'a, D, A, const DP: usize, const DO: usize, const AP: usize, const AO: usize> {
    conv: &'a Conv2d<'a>,
    weights: &'a [WeightLine],
    scale: Scale,
    range: Range,
    /// Pairs of input channels.
    pairs: usize,
    /// Numbers of a point: the input channels in whole steps.
    point_numbers: usize,
    tiles_across: usize,
    schemes: PhantomData<(D, A)>,
}

/// Products of a group, `[point down][point across][tile][half of the outputs]`.
type Products<const DP: usize, const AP: usize> = [[[[Sums; HALVES]; GROUP]; AP]; DP];

/// Eight channels in registers.
#[derive(Clone, Copy)]
struct Channels {
    biases: __m256i,
    factors: Factors,
}

impl<'a, D, A, const DP: usize, const DO: usize, const AP: usize, const AO: usize> Tiled<'a, D, A, DP, DO, AP, AO>
where
    D: Scheme<DP, DO>,
    A: Scheme<AP, AO>,
{
    #[target_feature(enable = "avx2")]
    fn new(conv: &'a Conv2d<'a>, prepared: Prepared<'a>) -> Self {
        let channels = usize::from(conv.input.channels);
        Self {
            conv,
            weights: prepared.lines,
            scale: Scale::new(prepared.tiling.scale()),
            range: Range::new(conv.output_range),
            pairs: channels.div_ceil(LINE_INPUTS),
            point_numbers: channels.next_multiple_of(INPUT_STEP),
            tiles_across: usize::from(conv.output.width).div_ceil(AO),
            schemes: PhantomData,
        }
    }

    /// On its own, so that a layer takes the stack of its tiling only.
    #[target_feature(enable = "avx2")]
    #[inline(never)]
    fn run(&self, input: &[i8], output: &mut [i8]) {
        let mut transformed = [0; TRANSFORMED];
        let mut products: Products<DP, AP> = [[[[Sums::new(_mm256_setzero_si256()); HALVES]; GROUP]; AP]; DP];
        let tiles = usize::from(self.conv.output.height).div_ceil(DO) * self.tiles_across;
        let tile_numbers = DP * AP * self.point_numbers;
        let fitting = TRANSFORMED / tile_numbers;
        let whole_groups = if fitting > GROUP { fitting - fitting % GROUP } else { fitting };
        for first in (0..tiles).step_by(whole_groups) {
            let batch = first..tiles.min(first + whole_groups);
            for (tile, numbers) in batch.clone().zip(transformed.chunks_exact_mut(tile_numbers)) {
                self.transform(input, self.place(tile), numbers);
            }
            for (block, weights) in self.weights.chunks_exact(DP * AP * self.pairs).enumerate() {
                let channels = self.channels(block);
                let mut group = batch.clone();
                for numbers in transformed.chunks(GROUP * tile_numbers) {
                    let count = group.len().min(GROUP);
                    self.multiply_group(count, numbers, weights, &mut products);
                    for (index, tile) in group.by_ref().take(count).enumerate() {
                        self.finish(&products, index, &channels, block, self.place(tile), output);
                    }
                }
            }
        }
    }

    /// Row and column of a tile's first output.
    #[inline]
    fn place(&self, tile: usize) -> [usize; 2] {
        [tile / self.tiles_across * DO, tile % self.tiles_across * AO]
    }

    /// * `block`: of sixteen outputs
    #[target_feature(enable = "avx2")]
    fn channels(&self, block: usize) -> [Channels; HALVES] {
        let [low, high] = [block * HALVES, block * HALVES + 1];
        // The second half of the last sixteen may not be there: then nobody asks for it.
        let last = self.conv.weights.packing().blocks() - 1;
        [self.eight_channels(low), self.eight_channels(high.min(last))]
    }

    /// * `block`: of eight outputs
    #[target_feature(enable = "avx2")]
    fn eight_channels(&self, block: usize) -> Channels {
        let channels = self.conv.channels.block(block);
        let factors = Factors::new(channels.multipliers, channels.shifts);
        Channels { biases: bytemuck::cast(channels.biases), factors }
    }

    /// Products of the first `count` tiles.
    #[target_feature(enable = "avx2")]
    fn multiply_group(&self, count: usize, numbers: &[i16], weights: &[WeightLine], products: &mut Products<DP, AP>) {
        let tile_numbers = DP * AP * self.point_numbers;
        let mut done = 0;
        while done < count {
            let numbers = &numbers[done * tile_numbers..];
            done += match count - done {
                GROUP.. => self.multiply::<GROUP>(done, numbers, weights, products),
                4.. => self.multiply::<4>(done, numbers, weights, products),
                2.. => self.multiply::<2>(done, numbers, weights, products),
                _ => self.multiply::<1>(done, numbers, weights, products),
            };
        }
    }

    /// Sums over all input channels at each point, for `P` tiles and sixteen outputs. Returns `P`.
    #[target_feature(enable = "avx2")]
    fn multiply<const P: usize>(
        &self,
        first: usize,
        numbers: &[i16],
        weights: &[WeightLine],
        products: &mut Products<DP, AP>,
    ) -> usize {
        let points = products.as_flattened_mut().iter_mut().zip(weights.chunks_exact(self.pairs));
        for (point, (products, weights)) in points.enumerate() {
            let mut tiles: [&[[i16; LINE_INPUTS]]; P] = [&[]; P];
            for (tile, seen) in tiles.iter_mut().enumerate() {
                *seen = &numbers[(tile * DP * AP + point) * self.point_numbers..].as_chunks().0[..weights.len()];
            }
            let mut sums = [[_mm256_setzero_si256(); HALVES]; P];
            for (pair, line) in weights.iter().enumerate() {
                let halves: [__m256i; HALVES] = bytemuck::cast(line.0);
                for tile in 0..P {
                    let seen = _mm256_set1_epi32(bytemuck::cast(tiles[tile][pair]));
                    for half in 0..HALVES {
                        sums[tile][half] = _mm256_add_epi32(sums[tile][half], _mm256_madd_epi16(seen, halves[half]));
                    }
                }
            }
            for (products, [low, high]) in products[first..].iter_mut().zip(sums) {
                *products = [Sums::new(low), Sums::new(high)];
            }
        }
        P
    }
}
