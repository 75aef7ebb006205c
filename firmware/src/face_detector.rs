//! Finds faces: `rustface`, the SeetaFace cascade, with the model that its package brings.
//!
//! What comes in is a luma frame; what goes out is the face to follow. It allocates some thousand times a call, and runs outside of the
//! loop that must not.

use crate::embedded;
use moodbox_shared::pipeline::{Detection, Sighting};
use moodbox_shared::vision::LumaImage;
use rustface::{FaceInfo, ImageData};
use thiserror::Error;

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

/// Something that finds faces.
pub trait FaceFinder {
    /// Looks for the face to follow.
    fn look(&mut self, image: &LumaImage<'_>) -> Sighting;
}

/// Sees the same thing in every frame, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedSighting(pub Sighting);

impl FaceFinder for FixedSighting {
    fn look(&mut self, _: &LumaImage<'_>) -> Sighting {
        self.0
    }
}

/// The detector and the memory for its input.
pub struct FaceDetector {
    detector: Box<dyn rustface::Detector>,
    /// The frame without gaps, scaled down.
    pixels: Vec<u8>,
}

impl FaceDetector {
    /// With the model of the package.
    pub fn new() -> Result<Self, DetectorError> {
        let model = rustface::read_model(embedded::DETECTOR)?;
        let mut detector = rustface::create_detector_with_model(model);
        detector.set_score_thresh(MIN_SCORE);
        detector.set_slide_window_step(4, 4);
        detector.set_pyramid_scale_factor(0.8);
        Ok(Self { detector, pixels: Vec::new() })
    }

    /// Writes the frame to `pixels`, each pixel the mean of `factor × factor`.
    fn shrink(&mut self, image: &LumaImage<'_>, factor: usize, width: usize, height: usize) {
        self.pixels.clear();
        for y in 0..height {
            if factor == 1 {
                self.pixels.extend_from_slice(image.row(y));
                continue;
            }
            for x in 0..width {
                let sum: usize = (0..factor)
                    .flat_map(|row| &image.row(y * factor + row)[x * factor..][..factor])
                    .map(|&pixel| usize::from(pixel))
                    .sum();
                self.pixels.push((sum / (factor * factor)) as u8);
            }
        }
    }
}

impl FaceFinder for FaceDetector {
    /// Looks for the face to follow: the one that is largest and surest.
    fn look(&mut self, image: &LumaImage<'_>) -> Sighting {
        let factor = image.width().max(image.height()).div_ceil(LONGEST_SIDE);
        let (width, height) = (image.width() / factor, image.height() / factor);
        if width.min(height) < SHORTEST_SIDE {
            return Sighting::Nobody;
        }
        self.shrink(image, factor, width, height);
        let faces = self.detector.detect(&ImageData::new(&self.pixels, width as u32, height as u32));
        let weight = |face: &FaceInfo| face.score() * f64::from(face.bbox().width());
        let Some(face) = faces.iter().max_by(|a, b| weight(a).total_cmp(&weight(b))) else {
            return Sighting::Nobody;
        };
        let (face_box, scale) = (face.bbox(), factor as f32);
        Sighting::Face(Detection {
            x: face_box.x() as f32 * scale,
            y: face_box.y() as f32 * scale,
            width: face_box.width() as f32 * scale,
            height: face_box.height() as f32 * scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_wall_and_a_tiny_picture_hold_no_face() {
        let mut detector = FaceDetector::new().unwrap();
        for (width, height) in [(160, 120), (20, 20), (1, 1), (1300, 900)] {
            let pixels = vec![90; width * height];
            let image = LumaImage::new(width, height, width, &pixels).unwrap();
            assert_eq!(detector.look(&image), Sighting::Nobody, "{width}×{height}");
        }
    }
}
