//! Dense layers: one row of inputs, and weights that are read once. Four blocks of outputs at a time keep the multipliers busy.

use super::requantise::{Factors, Range};
use crate::nn::dense::{Dense, quads};
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::x86_64::*;

/// * `input`: `[in]`
/// * `output`: `[out]`
#[target_feature(enable = "avx2")]
pub(super) fn run(dense: &Dense<'_>, input: &[i8], output: &mut [i8]) {
    let range = Range::new(dense.output_range);
    let (quads, last) = quads(input);
    for (group, numbers) in output.chunks_mut(4 * BLOCK).enumerate() {
        let sums = match numbers.len().div_ceil(BLOCK) {
            4 => sums::<4>(dense, 4 * group, quads, last),
            count => {
                let mut all = [_mm256_setzero_si256(); 4];
                for (index, sum) in all.iter_mut().take(count).enumerate() {
                    [*sum, ..] = sums::<1>(dense, 4 * group + index, quads, last);
                }
                all
            }
        };
        for (index, numbers) in numbers.chunks_mut(BLOCK).enumerate() {
            let channels = dense.channels.block(4 * group + index);
            let steps = _mm256_add_epi32(sums[index], bytemuck::cast(channels.biases));
            let outputs = range.clamp(Factors::new(channels.multipliers, channels.shifts).apply(steps));
            numbers.copy_from_slice(&outputs[..numbers.len()]);
        }
    }
}

/// Sums of `B` blocks from `first` on.
#[target_feature(enable = "avx2")]
#[inline]
fn sums<const B: usize>(dense: &Dense<'_>, first: usize, quads: &[[i8; QUAD]], last: [i8; QUAD]) -> [__m256i; 4] {
    let mut blocks: [&[QuadWeights]; B] = [&[]; B];
    for (index, block) in blocks.iter_mut().enumerate() {
        *block = dense.weights.block(first + index);
    }
    let mut sums = [[_mm256_setzero_si256(); 2]; B];
    for quad in 0..blocks[0].len() {
        let numbers = quads.get(quad).copied().unwrap_or(last);
        let numbers = _mm256_cvtepi8_epi16(_mm_set1_epi32(i32::from_ne_bytes(numbers.map(|number| number as u8))));
        for (sums, block) in sums.iter_mut().zip(blocks) {
            let [low, high]: [__m128i; 2] = bytemuck::cast(block[quad]);
            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(numbers, _mm256_cvtepi8_epi16(low)));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(numbers, _mm256_cvtepi8_epi16(high)));
        }
    }
    let mut joined = [_mm256_setzero_si256(); 4];
    for (joined, [low, high]) in joined.iter_mut().zip(sums) {
        *joined = join(low, high);
    }
    joined
}

/// One sum for each of eight outputs from two for each, the first four outputs' and the last four's.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn join(low: __m256i, high: __m256i) -> __m256i {
    // The addition leaves the outputs 4 and 5 before 2 and 3.
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(low, high))
}
