//! What the box does with a frame, one step at a time: detector, crop, network.

use anyhow::ensure;
use moodbox_shared::Emotion;
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::model::{MAX_ARENA_BYTES, Model, Task};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::vision::{CropSquare, DetectedFace, FACE_INPUT, crop_to_face, face_input, most_prominent};

/// Detector and network with their memory; one a thread.
pub struct Watcher<'m> {
    detector: FaceDetector,
    model: &'m Model<'m>,
    arena: Box<Arena<MAX_ARENA_BYTES>>,
}

impl<'m> Watcher<'m> {
    /// With a model of faces.
    pub fn new(model: &'m Model<'m>) -> anyhow::Result<Self> {
        ensure!(model.task() == Task::Face, "the model does not look at faces");
        Ok(Self { detector: FaceDetector::new()?, model, arena: Box::default() })
    }

    /// The face that the box would follow from this frame on.
    pub fn look(&mut self, frame: &OwnedLuma) -> Option<DetectedFace> {
        let image = frame.view();
        let faces = self.detector.look(&image);
        most_prominent(&faces, &image).copied()
    }

    /// What the network sees in a square; `None` where there is no contrast.
    pub fn read(&mut self, frame: &OwnedLuma, square: CropSquare) -> Option<Emotion> {
        let mut crop = [0; FACE_INPUT];
        crop_to_face(&frame.view(), square, &mut crop);
        let network = self.model.network();
        face_input::quantize(&crop, network.input_quantization(), network.input_mut(&mut self.arena[..])).ok()?;
        Some(self.model.face_posteriors(network.run(Isa::best(), &mut self.arena[..])).best_emotion().0)
    }
}

/// Intersection over union of a crop with the true one.
pub fn overlap(a: CropSquare, b: CropSquare) -> f32 {
    let as_box = |square: CropSquare| DetectedFace {
        x: square.x,
        y: square.y,
        width: square.side,
        height: square.side,
        score: 0.0,
    };
    as_box(a).overlap(&as_box(b))
}
