//! The camera's side: a frame as the camera wrote it comes in, what it came to goes out.

use crate::camera::Frame;
use crate::face_detector::FaceFinder;
use crate::trace::Trace;
use moodbox_shared::pipeline::{FaceSense, FaceWord, Sighting};
use moodbox_shared::vision::LumaError;

/// What a watcher needs beside its detector, which stays on the thread where it is made.
pub struct Sights<'m> {
    /// Follows the face and reads its expression.
    pub sense: Box<FaceSense<'m>>,
    /// Memory for a frame's luma.
    pub luma: Vec<u8>,
    /// Where each frame's result is noted, if anywhere.
    pub trace: Option<Trace>,
}

/// Looks at frames: luma, detector, network.
pub struct Watcher<'m> {
    sights: Sights<'m>,
    detector: Box<dyn FaceFinder + 'm>,
}

impl<'m> Watcher<'m> {
    /// Looks with a detector.
    pub fn new(sights: Sights<'m>, detector: Box<dyn FaceFinder + 'm>) -> Self {
        Self { sights, detector }
    }

    /// Looks at a frame. One that contradicts itself is an error and changes nothing: the next may be good.
    pub fn see(&mut self, frame: &Frame<'_>) -> Result<FaceWord, LumaError> {
        let Self { sights: Sights { sense, luma, trace }, detector } = self;
        let image = frame.raw.luma(luma)?;
        let word = sense.on_frame(&image, |image| Sighting::Looked(detector.look(image)));
        if let Some(trace) = trace {
            trace.note(frame.time_us, &image, sense.crop(), &word);
        }
        Ok(word)
    }
}
