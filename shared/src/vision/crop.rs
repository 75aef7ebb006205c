//! From a frame and the square around a face to the 32×32 picture that the network sees.

use super::face_input::{FACE_INPUT, FACE_SIDE};
use super::luma::LumaImage;

/// A square of a frame, in pixels; it may reach over the border, where the nearest pixel goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropSquare {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width and height.
    pub side: f32,
}

impl CropSquare {
    /// The square that frames a face as FER2013 does, from the box that the detector draws.
    ///
    /// The detector's box (x, y, width) and FER2013's framing differ by these medians, measured over pictures of the training split set
    /// into larger frames; their spread is what training jitters the crop by.
    pub fn from_detector_box(x: f32, y: f32, width: f32) -> Self {
        Self { x: x - 0.045 * width, y: y - 0.03 * width, side: 1.08 * width }
    }

    /// The largest square around the middle of a picture: what a picture that shows nothing but a face is cropped to.
    pub fn whole(image: &LumaImage<'_>) -> Self {
        let side = image.width().min(image.height()) as f32;
        Self { x: (image.width() as f32 - side) / 2.0, y: (image.height() as f32 - side) / 2.0, side }
    }
}

/// One output pixel covers source columns `first..`, the first and last of them in part.
#[derive(Clone, Copy, Default)]
struct Span {
    first: i32,
    last: i32,
    first_weight: f32,
    last_weight: f32,
}

impl Span {
    /// The interval `[start, end)`, in pixels.
    fn new(start: f32, end: f32) -> Self {
        let first = libm::floorf(start);
        let last = libm::ceilf(end) - 1.0;
        if last <= first {
            return Self { first: first as i32, last: first as i32, first_weight: end - start, last_weight: 0.0 };
        }
        Self { first: first as i32, last: last as i32, first_weight: first + 1.0 - start, last_weight: end - last }
    }

    fn weight(&self, position: i32) -> f32 {
        if position == self.first {
            self.first_weight
        } else if position == self.last {
            self.last_weight
        } else {
            1.0
        }
    }
}

/// Longest side of a crop in source pixels, and how far from the frame it may lie: keeps the arithmetic exact.
const LIMIT: f32 = 32_768.0;

/// Scales a square of the frame to 32×32 by area averaging: each output pixel is the mean of what it covers.
///
/// Squares smaller than 32 pixels are scaled up: each output pixel then is the mean over the part of a pixel, or of two, that it covers.
/// A square that is not finite, not positive or absurdly far away yields the mean of the nearest border pixels, never a panic.
pub fn crop_to_face(image: &LumaImage<'_>, square: CropSquare, out: &mut [u8; FACE_INPUT]) {
    let side = if square.side.is_finite() { square.side.clamp(1.0, LIMIT) } else { 1.0 };
    let origin = |value: f32| if value.is_finite() { value.clamp(-LIMIT, LIMIT) } else { 0.0 };
    let (x0, y0) = (origin(square.x), origin(square.y));
    let step = side / FACE_SIDE as f32;

    let mut columns = [Span::default(); FACE_SIDE];
    for (index, span) in columns.iter_mut().enumerate() {
        *span = Span::new(x0 + index as f32 * step, x0 + (index + 1) as f32 * step);
    }
    let (right, bottom) = (image.width() as i32 - 1, image.height() as i32 - 1);
    for (row_index, out_row) in out.chunks_exact_mut(FACE_SIDE).enumerate() {
        let rows = Span::new(y0 + row_index as f32 * step, y0 + (row_index + 1) as f32 * step);
        let mut sums = [0.0f32; FACE_SIDE];
        for y in rows.first..=rows.last {
            let row_weight = rows.weight(y);
            let pixels = image.row(y.clamp(0, bottom) as usize);
            for (sum, span) in sums.iter_mut().zip(&columns) {
                let mut row_sum = 0.0;
                for x in span.first..=span.last {
                    row_sum += span.weight(x) * f32::from(pixels[x.clamp(0, right) as usize]);
                }
                *sum += row_weight * row_sum;
            }
        }
        let scale = 1.0 / (step * step);
        for (target, sum) in out_row.iter_mut().zip(sums) {
            *target = libm::floorf(sum * scale + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn checker(side: usize) -> std::vec::Vec<u8> {
        (0..side * side).map(|i| if (i % side + i / side).is_multiple_of(2) { 0 } else { 200 }).collect()
    }
    #[test]
    fn a_32_pixel_square_is_copied() {
        let pixels = checker(32);
        let image = LumaImage::new(32, 32, 32, &pixels).unwrap();
        let mut out = [0; FACE_INPUT];
        crop_to_face(&image, CropSquare::whole(&image), &mut out);
        assert_eq!(&out[..], &pixels[..]);
    }

    #[test]
    fn halving_averages_four_pixels() {
        let pixels = checker(64);
        let image = LumaImage::new(64, 64, 64, &pixels).unwrap();
        let mut out = [0; FACE_INPUT];
        crop_to_face(&image, CropSquare::whole(&image), &mut out);
        assert!(out.iter().all(|&pixel| pixel == 100));
    }

    #[test]
    fn over_the_border_the_nearest_pixel_goes_on() {
        let pixels: std::vec::Vec<u8> = (0..48 * 48).map(|i| (i % 48) as u8 * 5).collect();
        let image = LumaImage::new(48, 48, 48, &pixels).unwrap();
        let mut out = [9; FACE_INPUT];
        crop_to_face(&image, CropSquare { x: -32.0, y: -10.0, side: 32.0 }, &mut out);
        assert!(out.iter().all(|&pixel| pixel == 0));
        crop_to_face(&image, CropSquare { x: 48.0, y: 80.0, side: 32.0 }, &mut out);
        assert!(out.iter().all(|&pixel| pixel == 235));
    }

    #[test]
    fn absurd_squares_do_no_harm() {
        let image = LumaImage::new(2, 2, 2, &[7; 4]).unwrap();
        let mut out = [0; FACE_INPUT];
        for value in [f32::NAN, f32::INFINITY, -1e30, 1e30, 0.0] {
            crop_to_face(&image, CropSquare { x: value, y: value, side: value.min(1e3) }, &mut out);
            assert!(out.iter().all(|&pixel| pixel == 7), "{value}");
        }
    }
}
