//! Finds faces for the pipeline, with the detector of `shared`.
//!
//! What comes in is a luma frame; what go out are all faces in it. It allocates some thousand times a call, and runs outside of the
//! loop that must not.

pub use moodbox_shared::media::face_detector::{DetectorError, FaceDetector};

use moodbox_shared::vision::{Faces, LumaImage};

/// Something that finds faces.
pub trait FaceFinder {
    /// The faces in a frame, surest first.
    fn look(&mut self, image: &LumaImage<'_>) -> Faces;
}

impl FaceFinder for FaceDetector {
    fn look(&mut self, image: &LumaImage<'_>) -> Faces {
        Self::look(self, image)
    }
}

/// Sees the same faces in every frame, for tests.
#[derive(Clone, Debug)]
pub struct FixedFaces(pub Faces);

impl FaceFinder for FixedFaces {
    fn look(&mut self, _: &LumaImage<'_>) -> Faces {
        self.0.clone()
    }
}
