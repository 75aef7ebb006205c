//! From the products of a tile to its outputs.

use super::lanes::Sums;
use super::{Channels, HALVES, Products, Tiled};
use crate::nn::weights::BLOCK;
use crate::nn::winograd::LINE_OUTPUTS;
use crate::nn::winograd::schemes::Scheme;
use core::arch::x86_64::*;

impl<D, A, const DP: usize, const DO: usize, const AP: usize, const AO: usize> Tiled<'_, D, A, DP, DO, AP, AO>
where
    D: Scheme<DP, DO>,
    A: Scheme<AP, AO>,
{
    /// Sixteen outputs at all places of a tile.
    ///
    /// * `tile`: of the group
    /// * `block`: which sixteen
    /// * `place`: row and column of the tile's first output
    #[target_feature(enable = "avx2")]
    pub(super) fn finish(
        &self,
        products: &Products<DP, AP>,
        tile: usize,
        channels: &[Channels; HALVES],
        block: usize,
        place: [usize; 2],
        output: &mut [i8],
    ) {
        for (half, channels) in channels.iter().enumerate() {
            let first = block * LINE_OUTPUTS + half * BLOCK;
            if first >= self.conv.channels.len() {
                return;
            }
            let zero = Sums::new(_mm256_setzero_si256());
            let mut rows = [[zero; AO]; DP];
            for (row, products) in rows.iter_mut().zip(products) {
                let mut line = [zero; AP];
                for (line, products) in line.iter_mut().zip(products) {
                    *line = products[tile][half];
                }
                *row = A::output(line);
            }
            for across in 0..AO {
                let mut column = [zero; DP];
                for (column, row) in column.iter_mut().zip(&rows) {
                    *column = row[across];
                }
                for (down, sums) in D::output(column).into_iter().enumerate() {
                    let sums = _mm256_add_epi32(self.scale.divide(sums), channels.biases);
                    let numbers = self.range.clamp(channels.factors.apply(sums));
                    self.store(numbers, [place[0] + down, place[1] + across], first, output);
                }
            }
        }
    }

    /// Puts eight outputs where they belong. Where a tile reaches over the border, they are for nothing.
    #[inline(always)]
    fn store(&self, numbers: [i8; BLOCK], [row, column]: [usize; 2], first: usize, output: &mut [i8]) {
        let [height, width] = [self.conv.output.height, self.conv.output.width].map(usize::from);
        let channels = self.conv.channels.len();
        if row >= height || column >= width {
            return;
        }
        let place = &mut output[(row * width + column) * channels..][first..channels];
        match place.first_chunk_mut() {
            Some(whole) => *whole = numbers,
            None => place.copy_from_slice(&numbers[..place.len()]),
        }
    }
}
