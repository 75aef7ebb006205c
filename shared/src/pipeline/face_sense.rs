//! Follows a face from frame to frame and reads its expression in each.

use super::{Dated, LastFace};
use crate::FacePosteriors;
use crate::link::{FaceBox, Heartbeat};
use crate::model::Model;
use crate::nn::Isa;
use crate::vision::{
    DetectedFace, FACE_INPUT, FaceQuality, FaceTracker, Faces, LumaImage, TrackerSettings, crop_to_face, face_input,
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
    /// How long a face's word counts, in milliseconds.
    pub memory_ms: u32,
}

impl Default for FaceSettings {
    fn default() -> Self {
        Self { detect_every_frames: 5, tracker: TrackerSettings::default(), cut_grey_levels: 20, memory_ms: 250 }
    }
}

/// The followed face in the last frame.
#[derive(Clone, Copy, Debug)]
struct Seen {
    face_box: FaceBox,
    quality: FaceQuality,
}

/// The face network with what it needs between frames.
pub struct FaceSense<'m> {
    model: &'m Model<'m>,
    settings: FaceSettings,
    isa: Isa,
    tracker: FaceTracker,
    /// The followed face as it looked in the last frame.
    crop: [u8; FACE_INPUT],
    seen: Option<Seen>,
    /// The person of the last face that was followed; 0 before there was one.
    person: u32,
    frames_since_look: u32,
    /// Whether the followed face's place has changed its look since the detector's last word.
    has_cut: bool,
    last: LastFace,
    frames: u32,
    frames_with_face: u32,
    runs: u32,
}

impl<'m> FaceSense<'m> {
    /// Follows nobody yet.
    pub(super) fn new(model: &'m Model<'m>, settings: FaceSettings, isa: Isa) -> Self {
        Self {
            model,
            settings,
            isa,
            tracker: FaceTracker::new(settings.tracker),
            crop: [0; FACE_INPUT],
            seen: None,
            person: 0,
            frames_since_look: u32::MAX,
            has_cut: false,
            last: None,
            frames: 0,
            frames_with_face: 0,
            runs: 0,
        }
    }

    /// Takes a frame in: detector, crop, network, posteriors. Returns whether another person is followed than before.
    ///
    /// * `look`: asks the detector, if its turn has come
    /// * `arena`: the networks' memory
    pub(super) fn on_frame(
        &mut self,
        time_ms: u64,
        image: &LumaImage<'_>,
        look: impl FnOnce(&LumaImage<'_>) -> Sighting,
        arena: &mut [i8],
    ) -> bool {
        self.frames = self.frames.wrapping_add(1);
        let is_cropped = self.follow(image, look);
        let Some(tracked) = self.tracker.tracked() else {
            (self.seen, self.last) = (None, None);
            return false;
        };
        if !is_cropped {
            crop_to_face(image, tracked.face.crop(), &mut self.crop);
        }
        self.frames_with_face = self.frames_with_face.wrapping_add(1);
        let width_pixels = libm::roundf(tracked.face.width) as u16;
        let quality = FaceQuality::measure(&self.crop, width_pixels);
        self.seen = Some(Seen { face_box: within(image, &tracked.face), quality });
        self.read_expression(time_ms, arena);
        let is_other = self.person != 0 && self.person != tracked.person;
        self.person = tracked.person;
        is_other
    }

    /// What the face says at `now_ms`.
    pub fn posteriors(&self, now_ms: u64) -> Option<FacePosteriors> {
        self.last?.fresh(now_ms, self.settings.memory_ms)
    }

    /// Where the followed face is.
    pub fn face_box(&self) -> Option<FaceBox> {
        self.seen.map(|seen| seen.face_box)
    }

    /// How well the followed face can be seen.
    pub fn quality(&self) -> Option<FaceQuality> {
        self.seen.map(|seen| seen.quality)
    }

    pub(super) fn count(&self, heartbeat: &mut Heartbeat) {
        heartbeat.frames = self.frames;
        heartbeat.frames_with_face = self.frames_with_face;
        heartbeat.face_runs = self.runs;
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
    fn read_expression(&mut self, time_ms: u64, arena: &mut [i8]) {
        let network = self.model.network();
        let input = network.input_mut(arena);
        if face_input::quantize(&self.crop, network.input_quantization(), input).is_err() {
            self.last = None;
            return;
        }
        let logits = network.run(self.isa, arena);
        self.last = Some(Dated { time_ms, value: self.model.face_posteriors(logits) });
        self.runs = self.runs.wrapping_add(1);
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
