//! From a frame and the square around a face to the 32×32 picture that the network sees.

use super::face_input::{FACE_INPUT, FACE_SIDE};
use super::luma::LumaImage;

/// Side of FER2013's framing in widths of the detector's box.
const SIDE_PER_BOX: f32 = 1.087;

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
    /// The detector's box (x, y, width) and FER2013's framing have the same middle, in the median over pictures of the training split set
    /// into larger frames (`measure framing`); the spread around it is what training jitters the crop by.
    pub fn from_detector_box(x: f32, y: f32, width: f32) -> Self {
        let beyond = (SIDE_PER_BOX - 1.0) / 2.0 * width;
        Self { x: x - beyond, y: y - beyond, side: SIDE_PER_BOX * width }
    }

    /// The largest square around the middle of a picture: what a picture that shows nothing but a face is cropped to.
    pub fn whole(image: &LumaImage<'_>) -> Self {
        let side = image.width().min(image.height()) as f32;
        Self { x: (image.width() as f32 - side) / 2.0, y: (image.height() as f32 - side) / 2.0, side }
    }
}

/// Source columns (or rows) that one output pixel averages: the first and the last in part, those between them whole.
///
/// What lies over the border counts for the pixel at the border, as if that were as large as it takes.
#[derive(Clone, Copy, Default)]
struct Span {
    first: usize,
    last: usize,
    first_weight: f32,
    last_weight: f32,
}

impl Span {
    /// The interval `[start, end)` of `length` pixels.
    fn new(start: f32, end: f32, length: usize) -> Self {
        let within = |position: f32| position.clamp(0.0, (length - 1) as f32);
        let (first, last) = (within(libm::floorf(start)), within(libm::ceilf(end) - 1.0));
        let (first_weight, last_weight) =
            if last <= first { (end - start, 0.0) } else { (first + 1.0 - start, end - last) };
        Self { first: first as usize, last: last.max(first) as usize, first_weight, last_weight }
    }

    fn weight(&self, position: usize) -> f32 {
        if position == self.first {
            self.first_weight
        } else if position == self.last {
            self.last_weight
        } else {
            1.0
        }
    }

    /// Weighted sum of the part of the span that lies in `values`, of which the first is that of column `offset`.
    fn sum(&self, values: &[f32], offset: usize) -> f32 {
        let end = offset + values.len();
        let value = |position: usize, weight: f32| {
            if (offset..end).contains(&position) { weight * values[position - offset] } else { 0.0 }
        };
        let between = (self.first + 1).max(offset)..self.last.min(end);
        let whole: f32 =
            if between.is_empty() { 0.0 } else { values[between.start - offset..between.end - offset].iter().sum() };
        value(self.first, self.first_weight)
            + whole
            + if self.last > self.first { value(self.last, self.last_weight) } else { 0.0 }
    }
}

/// Longest side of a crop in source pixels, and how far from the frame it may lie: keeps the arithmetic exact.
const LIMIT: f32 = 32_768.0;

/// Columns whose rows are added up at a time.
const BLOCK_COLUMNS: usize = 256;

/// Scales a square of the frame to 32×32 by area averaging: each output pixel is the mean of what it covers, rounded.
///
/// Within one grey level this is OpenCV's `resize` with `INTER_AREA`, for squares that reach over the border after `copyMakeBorder` with
/// `BORDER_REPLICATE`; but the square may lie between pixels. Squares smaller than 32 pixels are scaled up: each output pixel then is the
/// mean over the part of a pixel, or of two, that it covers. A square that is not finite, not positive or absurdly far away yields the mean
/// of the nearest border pixels, never a panic.
pub fn crop_to_face(image: &LumaImage<'_>, square: CropSquare, out: &mut [u8; FACE_INPUT]) {
    let side = if square.side.is_finite() { square.side.clamp(1.0, LIMIT) } else { 1.0 };
    let origin = |value: f32| if value.is_finite() { value.clamp(-LIMIT, LIMIT) } else { 0.0 };
    let (x0, y0) = (origin(square.x), origin(square.y));
    let step = side / FACE_SIDE as f32;
    let span = |origin: f32, index: usize, length: usize| {
        Span::new(origin + index as f32 * step, origin + (index + 1) as f32 * step, length)
    };
    let columns: [Span; FACE_SIDE] = core::array::from_fn(|index| span(x0, index, image.width()));
    let (left, right) = (columns[0].first, columns[FACE_SIDE - 1].last);

    for (index, out_row) in out.chunks_exact_mut(FACE_SIDE).enumerate() {
        let rows = span(y0, index, image.height());
        let mut sums = [0.0f32; FACE_SIDE];
        for start in (left..=right).step_by(BLOCK_COLUMNS) {
            let end = (right + 1).min(start + BLOCK_COLUMNS);
            // Down first, across afterwards: whole rows add up many columns at once.
            let mut block = [0.0f32; BLOCK_COLUMNS];
            let block = &mut block[..end - start];
            for y in rows.first..=rows.last {
                add_row(block, &image.row(y)[start..end], rows.weight(y));
            }
            for (sum, column) in sums.iter_mut().zip(&columns) {
                *sum += column.sum(block, start);
            }
        }
        let scale = 1.0 / (step * step);
        for (target, sum) in out_row.iter_mut().zip(sums) {
            *target = libm::floorf(sum * scale + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
}

fn add_row(sums: &mut [f32], pixels: &[u8], weight: f32) {
    for (sum, &pixel) in sums.iter_mut().zip(pixels) {
        *sum += weight * f32::from(pixel);
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
