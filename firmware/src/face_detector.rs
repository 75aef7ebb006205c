//! Finds faces for the pipeline, with the detector of `shared`.
//!
//! What comes in is a luma frame; what goes out is the face to follow. It allocates some thousand times a call, and runs outside of the
//! loop that must not.

pub use moodbox_shared::media::face_detector::{DetectorError, FaceDetector};

use moodbox_shared::pipeline::{Detection, Sighting};
use moodbox_shared::vision::LumaImage;

/// Something that finds faces.
pub trait FaceFinder {
    /// Looks for the face to follow.
    fn look(&mut self, image: &LumaImage<'_>) -> Sighting;
}

impl FaceFinder for FaceDetector {
    fn look(&mut self, image: &LumaImage<'_>) -> Sighting {
        match Self::look(self, image) {
            Some(face) => Sighting::Face(Detection { x: face.x, y: face.y, width: face.width, height: face.height }),
            None => Sighting::Nobody,
        }
    }
}

/// Sees the same thing in every frame, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedSighting(pub Sighting);

impl FaceFinder for FixedSighting {
    fn look(&mut self, _: &LumaImage<'_>) -> Sighting {
        self.0
    }
}
