//! Follows a face from frame to frame and reads its expression in each.

use super::{Dated, LastFace};
use crate::FacePosteriors;
use crate::link::{FaceBox, Heartbeat};
use crate::model::Model;
use crate::nn::Isa;
use crate::vision::{CropSquare, DetectedFace, FACE_INPUT, Faces, LumaImage, crop_to_face, face_input, most_prominent};

/// What the face detector says about a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting {
    /// It has not looked at this one.
    NotLooked,
    /// It has looked and found these; perhaps nobody.
    Looked(Faces),
}

/// How the box watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceSettings {
    /// The detector looks at every frame of this many.
    pub detect_every_frames: u32,
    /// Detections without a face after which the followed face counts as gone.
    pub misses: u32,
    /// Mean difference between the crops of two frames, in grey levels, from which another face may have come: the detector looks at once.
    pub cut_grey_levels: u8,
    /// How long a face's word counts, in milliseconds.
    pub memory_ms: u32,
}

impl Default for FaceSettings {
    fn default() -> Self {
        Self { detect_every_frames: 5, misses: 2, cut_grey_levels: 20, memory_ms: 250 }
    }
}

/// A face that is being followed.
#[derive(Clone, Copy, Debug)]
struct Followed {
    square: CropSquare,
    face_box: FaceBox,
}

/// The face network with what it needs between frames.
pub struct FaceSense<'m> {
    model: &'m Model<'m>,
    settings: FaceSettings,
    isa: Isa,
    /// The followed face as it looked in the last frame.
    crop: [u8; FACE_INPUT],
    followed: Option<Followed>,
    frames_since_look: u32,
    misses: u32,
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
            crop: [0; FACE_INPUT],
            followed: None,
            frames_since_look: u32::MAX,
            misses: 0,
            last: None,
            frames: 0,
            frames_with_face: 0,
            runs: 0,
        }
    }

    /// See [`Pipeline::wants_detection`](super::Pipeline::wants_detection).
    pub fn wants_detection(&self, image: &LumaImage<'_>) -> bool {
        self.frames_since_look >= self.settings.detect_every_frames.saturating_sub(1) || self.has_cut(image)
    }

    /// Takes a frame in: crop, network, posteriors. `arena` is the networks' memory.
    pub(super) fn on_frame(&mut self, time_ms: u64, image: &LumaImage<'_>, sighting: Sighting, arena: &mut [i8]) {
        self.frames = self.frames.wrapping_add(1);
        self.follow(image, sighting);
        let Some(Followed { square, .. }) = self.followed else {
            self.last = None;
            return;
        };
        self.frames_with_face = self.frames_with_face.wrapping_add(1);
        crop_to_face(image, square, &mut self.crop);
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

    /// What the face says at `now_ms`.
    pub fn posteriors(&self, now_ms: u64) -> Option<FacePosteriors> {
        self.last?.fresh(now_ms, self.settings.memory_ms)
    }

    /// Where the followed face is.
    pub fn face_box(&self) -> Option<FaceBox> {
        self.followed.map(|followed| followed.face_box)
    }

    pub(super) fn count(&self, heartbeat: &mut Heartbeat) {
        heartbeat.frames = self.frames;
        heartbeat.frames_with_face = self.frames_with_face;
        heartbeat.face_runs = self.runs;
    }

    /// Between detections the face is taken to stay where it was found.
    fn follow(&mut self, image: &LumaImage<'_>, sighting: Sighting) {
        let Sighting::Looked(faces) = sighting else {
            self.frames_since_look = self.frames_since_look.saturating_add(1);
            return;
        };
        match most_prominent(&faces, image) {
            Some(found) => {
                self.followed = Some(Followed { square: found.crop(), face_box: within(image, found) });
                self.misses = 0;
            }
            None => {
                self.misses += 1;
                if self.misses >= self.settings.misses || self.has_cut(image) {
                    self.followed = None;
                    self.misses = 0;
                }
            }
        }
        self.frames_since_look = 0;
    }

    /// Whether the followed face looks so different from the last frame that it may be another, or none.
    fn has_cut(&self, image: &LumaImage<'_>) -> bool {
        let Some(Followed { square, .. }) = self.followed else {
            return false;
        };
        let mut crop = [0; FACE_INPUT];
        crop_to_face(image, square, &mut crop);
        let difference: u32 = crop.iter().zip(&self.crop).map(|(now, before)| u32::from(now.abs_diff(*before))).sum();
        difference > u32::from(self.settings.cut_grey_levels) * FACE_INPUT as u32
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
