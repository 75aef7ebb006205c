//! Finds faces: `rustface`, the SeetaFace cascade, with the model that its package brings.
//!
//! What comes in is a luma frame; what goes out are boxes. It allocates some thousand times a call, and runs outside of the loop that
//! must not.

use crate::vision::{DetectedFace, Faces, LumaImage, MAX_FACES, shrink};
use rustface::ImageData;
use std::boxed::Box;
use std::vec::Vec;
use thiserror::Error;

include!(concat!(env!("OUT_DIR"), "/detector_model.rs"));

/// Longest side of what the detector looks at, in pixels; its time grows with the area, and smaller faces than 40 pixels it can't see.
const LONGEST_SIDE: usize = 640;

/// Shortest side that the detector can look at, in pixels.
const SHORTEST_SIDE: usize = 40;

/// Score from which a box counts as a face.
const MIN_SCORE: f64 = 2.0;

/// The detector's own model can't be read.
#[derive(Debug, Error)]
#[error("the face detector's model is damaged: build the program again ({0})")]
pub struct DetectorError(#[from] std::io::Error);

/// The detector and the memory for its input.
pub struct FaceDetector {
    detector: Box<dyn rustface::Detector>,
    /// The frame without gaps, scaled down.
    pixels: Vec<u8>,
}

impl FaceDetector {
    /// With the model of the package.
    pub fn new() -> Result<Self, DetectorError> {
        let mut detector = rustface::create_detector_with_model(rustface::read_model(MODEL)?);
        detector.set_score_thresh(MIN_SCORE);
        detector.set_slide_window_step(4, 4);
        detector.set_pyramid_scale_factor(0.8);
        Ok(Self { detector, pixels: Vec::new() })
    }

    /// The faces in a frame, surest first; of more than [`MAX_FACES`] the surest.
    pub fn look(&mut self, image: &LumaImage<'_>) -> Faces {
        let factor = image.width().max(image.height()).div_ceil(LONGEST_SIDE);
        let (width, height) = (image.width() / factor, image.height() / factor);
        if width.min(height) < SHORTEST_SIDE {
            return Faces::new();
        }
        self.pixels.resize(width * height, 0);
        if shrink(image, factor, &mut self.pixels).is_err() {
            return Faces::new();
        }
        stretch(&mut self.pixels);
        let scale = factor as f32;
        let mut found = self.detector.detect(&ImageData::new(&self.pixels, width as u32, height as u32));
        found.sort_by(|a, b| b.score().total_cmp(&a.score()));
        let faces = found.iter().map(|face| DetectedFace {
            x: face.bbox().x() as f32 * scale,
            y: face.bbox().y() as f32 * scale,
            width: face.bbox().width() as f32 * scale,
            height: face.bbox().height() as f32 * scale,
            score: face.score() as f32,
        });
        faces.take(MAX_FACES).collect()
    }
}

/// Grey levels between the ends of what a frame shows, under which the detector begins to miss faces.
const ENOUGH_LEVELS: usize = 128;

/// Contrast is raised by no more than this: beyond, there is nothing but the noise of the sensor.
const MAX_GAIN: usize = 8;

/// Raises the contrast of a dull or dark frame, so that what it shows, but for stray pixels at either end, covers [`ENOUGH_LEVELS`].
fn stretch(pixels: &mut [u8]) {
    let mut counts = [0usize; 256];
    pixels.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
    let tail = pixels.len() / 4_000;
    let (Some(dark), Some(from_white)) = (passed(counts.iter(), tail), passed(counts.iter().rev(), tail)) else {
        return;
    };
    let range = (255 - from_white).saturating_sub(dark);
    let levels = range.max(ENOUGH_LEVELS / MAX_GAIN);
    if levels >= ENOUGH_LEVELS {
        return;
    }
    // What lies in the middle becomes middle grey.
    let middle = dark + range / 2;
    let table: [u8; 256] = core::array::from_fn(|level| {
        let above = (level as i32 - middle as i32) * ENOUGH_LEVELS as i32 / levels as i32;
        (128 + above).clamp(0, 255) as u8
    });
    pixels.iter_mut().for_each(|pixel| *pixel = table[usize::from(*pixel)]);
}

/// The place at which more than `tail` have been counted.
fn passed<'a>(mut counts: impl Iterator<Item = &'a usize>, tail: usize) -> Option<usize> {
    let mut sum = 0;
    counts.position(|count| {
        sum += count;
        sum > tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn a_dull_frame_is_stretched_and_a_bright_one_left_alone() {
        let ramp = |levels: usize| -> Vec<u8> { (0..40_000).map(|index| (20 + index % levels) as u8).collect() };
        let range = |pixels: &[u8]| pixels.iter().max().unwrap() - pixels.iter().min().unwrap();
        let mut dull = ramp(40);
        stretch(&mut dull);
        assert!((124..=132).contains(&range(&dull)), "{}", range(&dull));
        let mut bright = ramp(200);
        stretch(&mut bright);
        assert_eq!(bright, ramp(200));
        let mut dark = ramp(4);
        stretch(&mut dark);
        assert!(range(&dark) <= 3 * MAX_GAIN as u8, "noise stays noise: {}", range(&dark));
        stretch(&mut []);
    }

    #[test]
    fn an_empty_wall_and_a_tiny_picture_hold_no_face() {
        let mut detector = FaceDetector::new().unwrap();
        for (width, height) in [(160, 120), (20, 20), (1, 1), (1300, 900)] {
            let pixels = vec![90; width * height];
            let image = LumaImage::new(width, height, width, &pixels).unwrap();
            assert!(detector.look(&image).is_empty(), "{width}×{height}");
        }
    }
}
