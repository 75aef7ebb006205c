//! Scales pictures down by whole factors: for whoever looks at less than the camera gives.

use super::luma::{LumaError, LumaImage};

/// Writes the picture to the front of `out`, without gaps, scaled down: each pixel is the mean of `factor × factor`, rounded down.
///
/// Columns and rows that are left over are dropped. A factor of zero, or one that leaves nothing, is an error, as is too short an `out`.
pub fn shrink<'a>(image: &LumaImage<'_>, factor: usize, out: &'a mut [u8]) -> Result<LumaImage<'a>, LumaError> {
    let by = |side: usize| side.checked_div(factor).unwrap_or(0);
    let (width, height) = (by(image.width()), by(image.height()));
    if width == 0 || height == 0 {
        return Err(LumaError::Size { width, height });
    }
    let (available, needed) = (out.len(), width * height);
    let Some(pixels) = out.get_mut(..needed) else {
        return Err(LumaError::Buffer { available, needed });
    };
    for (y, target) in pixels.chunks_exact_mut(width).enumerate() {
        if factor == 1 {
            target.copy_from_slice(image.row(y));
            continue;
        }
        for (x, target) in target.iter_mut().enumerate() {
            let sum: usize = (0..factor)
                .flat_map(|row| &image.row(y * factor + row)[x * factor..][..factor])
                .map(|&pixel| usize::from(pixel))
                .sum();
            *target = (sum / (factor * factor)) as u8;
        }
    }
    LumaImage::new(width, height, width, &out[..needed])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_a_square_and_what_is_left_over_is_dropped() {
        let pixels = [0, 10, 20, 30, 99, 10, 20, 30, 40, 99, 99, 99, 99, 99, 99];
        let image = LumaImage::new(5, 3, 5, &pixels).unwrap();
        let mut out = [0; 15];
        let half = shrink(&image, 2, &mut out).unwrap();
        assert_eq!((half.width(), half.height(), half.row(0)), (2, 1, &[10, 30][..]));
        assert_eq!(shrink(&image, 1, &mut out).unwrap().row(1), [10, 20, 30, 40, 99]);
    }

    #[test]
    fn a_factor_that_leaves_nothing_and_a_buffer_too_short_are_errors() {
        let image = LumaImage::new(3, 3, 3, &[7; 9]).unwrap();
        for factor in [0, 4, usize::MAX] {
            assert!(shrink(&image, factor, &mut [0; 9]).is_err(), "{factor}");
        }
        assert_eq!(shrink(&image, 1, &mut [0; 8]).unwrap_err(), LumaError::Buffer { available: 8, needed: 9 });
    }
}
