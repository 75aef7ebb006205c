//! From the 32×32 crop to what the face network reads: contrast stretched to the crop's own range, then quantised.

use crate::nn::Quantization;
use thiserror::Error;

/// Side of the crop, in pixels.
pub const FACE_SIDE: usize = 32;

/// Pixels of the crop: the length of the network's input.
pub const FACE_INPUT: usize = FACE_SIDE * FACE_SIDE;

/// A crop whose brightest and darkest pixel differ by less than this shows nothing.
pub const MIN_RANGE: u8 = 8;

/// The crop holds no contrast: a covered lens, darkness, a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no picture: only {range} grey levels between the darkest and the brightest pixel, {MIN_RANGE} are needed")]
pub struct NoPicture {
    /// Grey levels between the darkest and the brightest pixel.
    pub range: u8,
}

/// Scales the crop to `[0, 1]`: `(p − min) / (max − min)`.
pub fn scale(crop: &[u8; FACE_INPUT], out: &mut [f32; FACE_INPUT]) -> Result<(), NoPicture> {
    let (darkest, range) = contrast(crop)?;
    for (target, &pixel) in out.iter_mut().zip(crop) {
        *target = stretched(pixel, darkest, range);
    }
    Ok(())
}

/// Scales the crop as [`scale`] does and quantises it for the network: `round(x / scale) + zero_point`, kept within `[−128, 127]`.
pub fn quantize(crop: &[u8; FACE_INPUT], quantization: Quantization, out: &mut [i8]) -> Result<(), NoPicture> {
    let (darkest, range) = contrast(crop)?;
    for (target, &pixel) in out.iter_mut().zip(crop) {
        *target = quantization.quantize(stretched(pixel, darkest, range));
    }
    Ok(())
}

fn stretched(pixel: u8, darkest: u8, range: u8) -> f32 {
    f32::from(pixel - darkest) / f32::from(range)
}

/// Darkest pixel and range.
fn contrast(crop: &[u8; FACE_INPUT]) -> Result<(u8, u8), NoPicture> {
    let (darkest, brightest) =
        crop.iter().fold((u8::MAX, u8::MIN), |(low, high), &pixel| (low.min(pixel), high.max(pixel)));
    let range = brightest - darkest;
    if range < MIN_RANGE { Err(NoPicture { range }) } else { Ok((darkest, range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crops_own_range_becomes_zero_to_one() {
        let mut crop = [60; FACE_INPUT];
        crop[0] = 50;
        crop[1] = 70;
        let mut out = [9.0; FACE_INPUT];
        scale(&crop, &mut out).unwrap();
        assert_eq!((out[0], out[1], out[2]), (0.0, 1.0, 0.5));
        let mut quantized = [0; FACE_INPUT];
        quantize(&crop, Quantization { scale: 1.0 / 255.0, zero_point: -128 }, &mut quantized).unwrap();
        assert_eq!((quantized[0], quantized[1]), (-128, 127));
    }

    #[test]
    fn a_covered_lens_is_no_picture() {
        let mut crop = [16; FACE_INPUT];
        crop[5] = 23;
        assert_eq!(scale(&crop, &mut [0.0; FACE_INPUT]), Err(NoPicture { range: 7 }));
    }
}
