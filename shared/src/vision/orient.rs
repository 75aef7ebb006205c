//! Turns pictures upright: for cameras that hang on their side or on their head, or stand behind a mirror.

use super::luma::{LumaError, LumaImage};

/// Rows that are turned at a time: what is written for them stays in the cache.
const BLOCK_ROWS: usize = 32;

/// How a picture has to be turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Turns by 90 degrees, clockwise.
    pub quarter_turns: u8,
    /// Whether left and right are swapped afterwards.
    pub is_mirrored: bool,
}

impl Orientation {
    /// Whether rows become columns.
    const fn swaps_sides(self) -> bool {
        self.quarter_turns % 2 == 1
    }

    /// Whether the lower end of the source, and whether its right end, is read first.
    const fn reversals(self) -> (bool, bool) {
        let (rows, columns) = match self.quarter_turns % 4 {
            0 => (false, false),
            1 => (true, false),
            2 => (true, true),
            _ => (false, true),
        };
        if self.swaps_sides() { (rows != self.is_mirrored, columns) } else { (rows, columns != self.is_mirrored) }
    }
}

/// Writes the turned picture to the front of `out`, without gaps. Too short an `out` is an error.
pub fn orient<'a>(
    image: &LumaImage<'_>,
    orientation: Orientation,
    out: &'a mut [u8],
) -> Result<LumaImage<'a>, LumaError> {
    let (source_width, source_height) = (image.width(), image.height());
    let (available, needed) = (out.len(), source_width * source_height);
    let Some(pixels) = out.get_mut(..needed) else {
        return Err(LumaError::Buffer { available, needed });
    };
    let width = if orientation.swaps_sides() { source_height } else { source_width };
    let (from_below, from_right) = orientation.reversals();
    let source_row = |y: usize| image.row(if from_below { (source_height - 1).saturating_sub(y) } else { y });

    if orientation.swaps_sides() {
        for first in (0..source_height).step_by(BLOCK_ROWS) {
            // Past the last row the same one comes again, and no pixel is left for it.
            let rows: [&[u8]; BLOCK_ROWS] = core::array::from_fn(|index| source_row(first + index));
            let end = source_height.min(first + BLOCK_ROWS);
            for (index, target) in pixels.chunks_exact_mut(width).enumerate() {
                let column = if from_right { source_width - 1 - index } else { index };
                for (pixel, row) in target[first..end].iter_mut().zip(rows) {
                    *pixel = row[column];
                }
            }
        }
    } else {
        for (y, target) in pixels.chunks_exact_mut(width).enumerate() {
            target.copy_from_slice(source_row(y));
            if from_right {
                target.reverse();
            }
        }
    }
    LumaImage::new(width, needed / width, width, &out[..needed])
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const PICTURE: [u8; 6] = [
        1, 2, 3, //
        4, 5, 6,
    ];

    fn turned(quarter_turns: u8, is_mirrored: bool) -> (usize, Vec<u8>) {
        let mut out = [0; 6];
        let image = LumaImage::new(3, 2, 3, &PICTURE).unwrap();
        let width = orient(&image, Orientation { quarter_turns, is_mirrored }, &mut out).unwrap().width();
        (width, out.to_vec())
    }

    #[test]
    fn the_upper_left_corner_goes_where_a_clockwise_turn_takes_it() {
        assert_eq!(turned(0, false), (3, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(turned(1, false), (2, vec![4, 1, 5, 2, 6, 3]));
        assert_eq!(turned(2, false), (3, vec![6, 5, 4, 3, 2, 1]));
        assert_eq!(turned(3, false), (2, vec![3, 6, 2, 5, 1, 4]));
        assert_eq!(turned(4, false), turned(0, false));
    }

    #[test]
    fn a_mirror_swaps_left_and_right_of_what_was_turned() {
        for quarter_turns in 0..4 {
            let (width, mut pixels) = turned(quarter_turns, false);
            pixels.chunks_exact_mut(width).for_each(<[u8]>::reverse);
            assert_eq!(turned(quarter_turns, true), (width, pixels), "{quarter_turns} quarter turns");
        }
    }

    #[test]
    fn pictures_of_any_size_come_back_after_four_quarters() {
        for (width, height) in [(1, 1), (31, 33), (64, 32), (100, 7)] {
            let pixels: Vec<u8> = (0..width * height).map(|index| (index * 31 % 251) as u8).collect();
            let quarter = Orientation { quarter_turns: 1, is_mirrored: false };
            let (mut turned, mut size) = (pixels.clone(), (width, height));
            for _ in 0..4 {
                let source = turned.clone();
                let image = LumaImage::new(size.0, size.1, size.0, &source).unwrap();
                let image = orient(&image, quarter, &mut turned).unwrap();
                size = (image.width(), image.height());
            }
            assert_eq!((turned, size), (pixels, (width, height)));
        }
    }

    #[test]
    fn gaps_between_rows_are_left_out_and_a_buffer_too_short_is_refused() {
        let image = LumaImage::new(2, 2, 3, &[1, 2, 9, 3, 4]).unwrap();
        let half = Orientation { quarter_turns: 2, is_mirrored: false };
        let mut out = [0; 5];
        assert_eq!(orient(&image, half, &mut out).unwrap().row(1), [2, 1]);
        let refused = orient(&image, half, &mut out[..3]).unwrap_err();
        assert_eq!(refused, LumaError::Buffer { available: 3, needed: 4 });
    }
}
