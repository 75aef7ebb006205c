//! From the input under a tile to the numbers that are multiplied.

use super::Tiled;
use super::lanes::Words;
use crate::nn::winograd::INPUT_STEP;
use crate::nn::winograd::schemes::Scheme;
use core::arch::x86_64::*;

impl<D, A, const DP: usize, const DO: usize, const AP: usize, const AO: usize> Tiled<'_, D, A, DP, DO, AP, AO>
where
    D: Scheme<DP, DO>,
    A: Scheme<AP, AO>,
{
    /// Transforms what a tile sees.
    ///
    /// * `numbers`: `[point down][point across][channel]`
    #[target_feature(enable = "avx2")]
    pub(super) fn transform(&self, input: &[i8], place: [usize; 2], numbers: &mut [i16]) {
        let seen = self.seen(input, place);
        let outside = Words::new(_mm256_set1_epi16(self.conv.input_zero_point.into()));
        for step in 0..self.point_numbers / INPUT_STEP {
            let mut words = [[outside; AP]; DP];
            for (words, seen) in words.as_flattened_mut().iter_mut().zip(seen.as_flattened()) {
                if let Some(numbers) = seen.as_chunks().0.get(step) {
                    *words = widened(*numbers);
                } else if !seen.is_empty() {
                    let rest = seen.as_chunks::<INPUT_STEP>().1;
                    let mut numbers = [0; INPUT_STEP];
                    numbers[..rest.len()].copy_from_slice(rest);
                    *words = widened(numbers);
                }
            }
            for words in &mut words {
                *words = A::input(*words);
            }
            for across in 0..AP {
                let mut column = [outside; DP];
                for (column, words) in column.iter_mut().zip(&words) {
                    *column = words[across];
                }
                for (down, words) in D::input(column).into_iter().enumerate() {
                    let at = (down * AP + across) * self.point_numbers + step * INPUT_STEP;
                    if let Some(numbers) = numbers[at..].first_chunk_mut::<INPUT_STEP>() {
                        *numbers = bytemuck::cast(words.get());
                    }
                }
            }
        }
    }

    /// The channels at each place under a tile, none where it reaches over the border.
    #[inline]
    fn seen<'b>(&self, input: &'b [i8], [row, column]: [usize; 2]) -> [[&'b [i8]; AP]; DP] {
        let shape = self.conv.input;
        let [height, width, channels] = [shape.height, shape.width, shape.channels].map(usize::from);
        let [top, left, _, _] = self.conv.window.padding.map(usize::from);
        let mut seen: [[&[i8]; AP]; DP] = [[&[]; AP]; DP];
        for (down, seen) in seen.iter_mut().enumerate() {
            let row = (row + down).wrapping_sub(top);
            for (across, seen) in seen.iter_mut().enumerate() {
                let column = (column + across).wrapping_sub(left);
                if row < height && column < width {
                    *seen = &input[(row * width + column) * channels..][..channels];
                }
            }
        }
        seen
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn widened(numbers: [i8; INPUT_STEP]) -> Words {
    Words::new(_mm256_cvtepi8_epi16(bytemuck::cast(numbers)))
}
