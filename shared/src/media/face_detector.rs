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

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

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
