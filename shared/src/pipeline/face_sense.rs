//! Follows a face from frame to frame and reads its expression in each.

use super::engine::Engine;
use super::{PipelineError, RealNetwork};
use crate::FacePosteriors;
use crate::link::FaceBox;
use crate::model::{MAX_ARENA_BYTES, Model, Task};
use crate::nn::{Arena, Isa};
use crate::vision::{
    DetectedFace, FACE_INPUT, FaceQuality, FaceTracker, Faces, LumaImage, TrackerSettings, crop_to_face,
};

/// What the face detector says about a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting {
    /// It has not looked at this one.
    NotLooked,
    /// It has looked, at this frame or at one shortly before, and found these; perhaps nobody.
    Looked(Faces),
}

/// How the box watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceSettings {
    /// The detector looks at one frame of this many, and between them only where something has changed.
    pub detect_every_frames: u32,
    /// Which face is followed, and for how long.
    pub tracker: TrackerSettings,
    /// Mean difference between the crops of two frames, in grey levels, from which another face may have come: the detector looks at once.
    pub cut_grey_levels: u8,
}

impl Default for FaceSettings {
    fn default() -> Self {
        Self { detect_every_frames: 5, tracker: TrackerSettings::default(), cut_grey_levels: 20 }
    }
}

/// What watching a frame came to, as it is handed to whoever decides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaceWord {
    /// What the followed face says; `None` where there is none, or nothing to be seen in it.
    pub posteriors: Option<FacePosteriors>,
    /// The followed face's place in the frame.
    pub face_box: Option<FaceBox>,
    /// How well it can be seen.
    pub quality: Option<FaceQuality>,
    /// Who was followed last, counted from 1; 0 before there was anybody.
    pub person: u32,
    /// Frames so far.
    pub frames: u32,
    /// Of these, with a face.
    pub frames_with_face: u32,
    /// Runs of the network so far.
    pub runs: u32,
}

/// The face network with what it needs between frames.
///
/// About 0.2 MB: put it in a `Box` or a `static`.
pub struct FaceSense<'m> {
    engine: Engine<'m>,
    settings: FaceSettings,
    tracker: FaceTracker,
    /// The followed face as it looked in the last frame.
    crop: [u8; FACE_INPUT],
    frames_since_look: u32,
    /// Whether the followed face's place has changed its look since the detector's last word.
    has_cut: bool,
    word: FaceWord,
    arena: Arena<MAX_ARENA_BYTES>,
}

impl<'m> FaceSense<'m> {
    /// Follows nobody yet.
    pub fn new(model: &'m Model<'m>, settings: FaceSettings, isa: Isa) -> Result<Self, PipelineError> {
        Self::on(Engine::Int8(model, isa), settings)
    }

    /// Follows nobody yet, and lets another engine read what it sees.
    pub fn with_real_network(network: RealNetwork<'m>, settings: FaceSettings) -> Result<Self, PipelineError> {
        Self::on(Engine::Real(network), settings)
    }

    fn on(engine: Engine<'m>, settings: FaceSettings) -> Result<Self, PipelineError> {
        if engine.description().input.task() != Task::Face {
            return Err(PipelineError::NotAFaceModel);
        }
        engine.check_input()?;
        Ok(Self {
            engine,
            settings,
            tracker: FaceTracker::new(settings.tracker),
            crop: [0; FACE_INPUT],
            frames_since_look: u32::MAX,
            has_cut: false,
            word: FaceWord::default(),
            arena: Arena::new(),
        })
    }

    /// Takes a frame in: detector, crop, network, posteriors.
    ///
    /// `look` asks the face detector; it is called where the detector's turn has come, or the followed face is no longer as it was. A
    /// detector that works beside may answer with what it has found in an earlier frame, or that it has not looked.
    pub fn on_frame(&mut self, image: &LumaImage<'_>, look: impl FnOnce(&LumaImage<'_>) -> Sighting) -> FaceWord {
        self.word.frames = self.word.frames.wrapping_add(1);
        let is_cropped = self.follow(image, look);
        let Some(tracked) = self.tracker.tracked() else {
            self.word = FaceWord { posteriors: None, face_box: None, quality: None, ..self.word };
            return self.word;
        };
        if !is_cropped {
            crop_to_face(image, tracked.face.crop(), &mut self.crop);
        }
        let width_pixels = libm::roundf(tracked.face.width) as u16;
        self.word.frames_with_face = self.word.frames_with_face.wrapping_add(1);
        self.word.quality = Some(FaceQuality::measure(&self.crop, width_pixels));
        self.word.face_box = Some(within(image, &tracked.face));
        self.word.person = tracked.person;
        self.word.posteriors = self.read_expression();
        self.word
    }

    /// What the network was shown of the followed face, 32×32 luma; `None` while nobody is followed.
    pub fn crop(&self) -> Option<&[u8; FACE_INPUT]> {
        self.word.face_box.map(|_| &self.crop)
    }

    /// Finds the followed face in the new frame; returns whether its crop has been taken already.
    ///
    /// Between looks the face is taken to stay where it was found.
    fn follow(&mut self, image: &LumaImage<'_>, look: impl FnOnce(&LumaImage<'_>) -> Sighting) -> bool {
        let before = self.tracker.tracked();
        if let Some(tracked) = before {
            let last = self.crop;
            crop_to_face(image, tracked.face.crop(), &mut self.crop);
            self.has_cut |= self.differs_from(&last);
        }
        let is_due = self.frames_since_look >= self.settings.detect_every_frames.saturating_sub(1);
        self.frames_since_look = self.frames_since_look.saturating_add(1);
        if (is_due || self.has_cut || self.tracker.is_in_doubt())
            && let Sighting::Looked(faces) = look(image)
        {
            self.tracker.look(&faces, image, self.has_cut);
            (self.frames_since_look, self.has_cut) = (0, false);
        }
        before.is_some() && self.tracker.tracked() == before
    }

    /// Whether the crop looks so different from another that it may show another face, or none.
    fn differs_from(&self, last: &[u8; FACE_INPUT]) -> bool {
        let difference: u32 = self.crop.iter().zip(last).map(|(now, before)| u32::from(now.abs_diff(*before))).sum();
        difference > u32::from(self.settings.cut_grey_levels) * FACE_INPUT as u32
    }

    /// Runs the network on the crop; a crop that shows nothing says nothing.
    fn read_expression(&mut self) -> Option<FacePosteriors> {
        let posteriors = self.engine.read_face(&self.crop, &mut self.arena[..])?;
        self.word.runs = self.word.runs.wrapping_add(1);
        Some(posteriors)
    }
}

/// The part of a detection that lies within the frame, in whole pixels.
fn within(image: &LumaImage<'_>, found: &DetectedFace) -> FaceBox {
    let clip = |low: f32, length: f32, limit: usize| {
        let limit = limit.min(usize::from(u16::MAX)) as f32;
        // `max` and `min` take the number where the other is none.
        let start = libm::roundf(low).max(0.0).min(limit);
        let end = libm::roundf(low + length).max(start).min(limit);
        (start as u16, (end - start) as u16)
    };
    let (x, width) = clip(found.x, found.width, image.width());
    let (y, height) = clip(found.y, found.height, image.height());
    FaceBox { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_over_the_border_is_reported_as_far_as_it_can_be_seen() {
        let pixels = [0; 48 * 32];
        let image = LumaImage::new(48, 32, 48, &pixels).unwrap();
        let found = DetectedFace { x: -10.4, y: 20.0, width: 30.0, height: 30.0, score: 5.0 };
        assert_eq!(within(&image, &found), FaceBox { x: 0, y: 20, width: 20, height: 12 });
        let absurd = DetectedFace { x: f32::NAN, y: 1e30, width: f32::INFINITY, height: -5.0, score: 5.0 };
        within(&image, &absurd);
    }
}
