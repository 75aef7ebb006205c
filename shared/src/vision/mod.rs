//! From a camera's frame to the input of the face network.

pub mod crop;
pub mod face;
pub mod face_input;
pub mod face_tracker;
pub mod luma;
pub mod orient;
pub mod quality;
pub mod shrink;

pub use crop::{CropSquare, crop_to_face};
pub use face::{DetectedFace, Faces, MAX_FACES, most_prominent};
pub use face_input::{FACE_INPUT, FACE_SIDE, NoPicture};
pub use face_tracker::{FaceTracker, TrackedFace, TrackerSettings};
pub use luma::{LumaError, LumaImage, MAX_FRAME_PIXELS, PixelFormat, RawFrame};
pub use orient::{Orientation, orient};
pub use quality::{FaceFlaws, FaceQuality};
pub use shrink::shrink;
