//! Chooses one of the faces in view and stays with it.
//!
//! What comes in are the faces of each look at a frame; what goes out is the one that is followed, and who it is. A decision is about one
//! person: it must not jump between two people because one of them leans forward for a moment, nor follow a box that is there only once.

use super::face::DetectedFace;
use super::{LumaImage, most_prominent};

/// How easily another face is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerSettings {
    /// Looks in a row that don't find the followed face after which it is gone.
    pub misses: u32,
    /// Overlap with the last box (intersection over union) from which a box shows the same face.
    pub same_overlap: f32,
    /// Score from which a new face is followed at once; one less sure must be found again by the next look.
    pub sure_score: f32,
    /// How many times as prominent another face must be to take over while the followed one is in view…
    pub takeover_ratio: f32,
    /// …and for how many looks in a row.
    pub takeover_looks: u32,
}

impl Default for TrackerSettings {
    /// At six looks a second: gone after a third of a second, taken over after one.
    fn default() -> Self {
        Self { misses: 2, same_overlap: 0.3, sure_score: 5.0, takeover_ratio: 1.5, takeover_looks: 6 }
    }
}

/// From this overlap on a box has only jittered: the detector's boxes of a face at rest differ by several percent of their side.
const REST_OVERLAP: f32 = 0.8;

/// Up to this overlap a box has moved, and stands as it is; in between the more it overlaps, the more it is smoothed.
const MOVE_OVERLAP: f32 = 0.6;

/// Share of the new box in the smoothed one, at rest.
const REST_SHARE: f32 = 0.4;

/// The face that is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackedFace {
    /// Where it is: the detector's box, smoothed over looks.
    pub face: DetectedFace,
    /// Counts people from 1: another number is, as far as can be seen, another person.
    pub person: u32,
}

/// A face that may take the followed one's place.
#[derive(Clone, Copy, Debug)]
struct Rival {
    face: DetectedFace,
    /// Looks in a row.
    looks: u32,
}

/// Follows one face from look to look.
#[derive(Clone, Debug)]
pub struct FaceTracker {
    settings: TrackerSettings,
    followed: Option<DetectedFace>,
    /// Where the last person was seen last: whoever turns up there again is the same.
    last_seen: Option<DetectedFace>,
    person: u32,
    misses: u32,
    rival: Option<Rival>,
    /// A new face that is not sure enough to be followed after one look.
    candidate: Option<DetectedFace>,
}

impl FaceTracker {
    /// Follows nobody yet.
    pub const fn new(settings: TrackerSettings) -> Self {
        Self { settings, followed: None, last_seen: None, person: 0, misses: 0, rival: None, candidate: None }
    }

    /// The face that is followed.
    pub fn tracked(&self) -> Option<TrackedFace> {
        self.followed.map(|face| TrackedFace { face, person: self.person })
    }

    /// Whether a second look would tell at once if a new face is one.
    pub const fn is_in_doubt(&self) -> bool {
        self.candidate.is_some()
    }

    /// Takes in what a look at `image` has found.
    ///
    /// * `has_cut`: the followed face's place has changed its look from one frame to the next, so the last box says little: the new one
    ///   stands unsmoothed, and a face that is not found there is gone
    pub fn look(&mut self, faces: &[DetectedFace], image: &LumaImage<'_>, has_cut: bool) {
        let candidate = self.candidate.take();
        if let Some(followed) = self.followed {
            if let Some(found) = self.same(&followed, faces) {
                self.misses = 0;
                match self.overtaken_by(found, faces, image) {
                    Some(other) => self.take(other),
                    None => self.keep(if has_cut { *found } else { smoothed(&followed, found) }),
                }
                return;
            }
            self.rival = None;
            self.misses += 1;
            if self.misses < self.settings.misses && !has_cut {
                return;
            }
            self.followed = None;
        }
        let Some(chosen) = most_prominent(faces, image) else {
            return;
        };
        let is_sure = chosen.score >= self.settings.sure_score;
        if is_sure || candidate.is_some_and(|candidate| self.is_same(&candidate, chosen)) {
            self.take(*chosen);
        } else {
            self.candidate = Some(*chosen);
        }
    }

    /// Follows a face that was not followed before.
    fn take(&mut self, face: DetectedFace) {
        if self.last_seen.is_none_or(|last_seen| !self.is_same(&last_seen, &face)) {
            self.person = self.person.wrapping_add(1);
        }
        self.misses = 0;
        self.keep(face);
        self.rival = None;
    }

    fn keep(&mut self, face: DetectedFace) {
        self.followed = Some(face);
        self.last_seen = Some(face);
    }

    /// The box among `faces` that shows the face of `before`.
    fn same<'f>(&self, before: &DetectedFace, faces: &'f [DetectedFace]) -> Option<&'f DetectedFace> {
        let sound = faces.iter().filter(|face| face.is_sound() && self.is_same(before, face));
        sound.max_by(|a, b| before.overlap(a).total_cmp(&before.overlap(b)))
    }

    fn is_same(&self, before: &DetectedFace, now: &DetectedFace) -> bool {
        before.overlap(now) >= self.settings.same_overlap
    }

    /// Another face that has been far more prominent than the followed one for long enough.
    fn overtaken_by(
        &mut self,
        followed: &DetectedFace,
        faces: &[DetectedFace],
        image: &LumaImage<'_>,
    ) -> Option<DetectedFace> {
        let prominence = |face: &DetectedFace| face.prominence(image.width(), image.height());
        let rival = most_prominent(faces, image)
            .filter(|face| prominence(face) >= self.settings.takeover_ratio * prominence(followed));
        self.rival = rival.map(|&face| {
            let before = self.rival.filter(|rival| self.is_same(&rival.face, &face));
            Rival { face, looks: before.map_or(0, |rival| rival.looks) + 1 }
        });
        self.rival.filter(|rival| rival.looks >= self.settings.takeover_looks).map(|rival| rival.face)
    }
}

/// The new box, drawn towards the old one unless the face has moved.
fn smoothed(before: &DetectedFace, now: &DetectedFace) -> DetectedFace {
    let at_rest = ((before.overlap(now) - MOVE_OVERLAP) / (REST_OVERLAP - MOVE_OVERLAP)).clamp(0.0, 1.0);
    let share = 1.0 - at_rest * (1.0 - REST_SHARE);
    let mix = |before: f32, now: f32| before + share * (now - before);
    DetectedFace {
        x: mix(before.x, now.x),
        y: mix(before.y, now.y),
        width: mix(before.width, now.width),
        height: mix(before.height, now.height),
        score: now.score,
    }
}

#[cfg(test)]
#[path = "face_tracker_tests.rs"]
mod tests;
