//! From what a face and a voice say to what the box shows.
//!
//! What comes in are the posteriors of the streams that are present, calibrated by the temperature of their model file
//! ([`Model::face_posteriors`](crate::model::Model::face_posteriors) does that); what goes out is one [`Decision`] a step, and an
//! [`EmotionEvent`] wherever the shown verdict changes. In between: [`fusion`] → [`smoothing`] → [`Decider`], which holds two
//! thresholds, keeps a verdict for a while, and abstains where nobody is there or nothing is clear.

mod decider;
pub mod fusion;
pub mod smoothing;

pub use decider::{Decider, DecisionSettings};
pub use fusion::{Evidence, FusionSettings, fuse};
pub use smoothing::Smoother;

use crate::vision::FaceQuality;
use crate::{Emotion, FacePosteriors, SpeechPosteriors};
use serde::{Deserialize, Serialize};

/// What the box shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Neither a face nor a voice.
    #[default]
    Nobody,
    /// Somebody, but no emotion stands out.
    Unsure,
    /// This emotion.
    Emotion(Emotion),
}

impl Verdict {
    /// Every verdict there is, the abstentions first.
    pub const ALL: [Self; 10] = [
        Self::Nobody,
        Self::Unsure,
        Self::Emotion(Emotion::Neutral),
        Self::Emotion(Emotion::Calm),
        Self::Emotion(Emotion::Happy),
        Self::Emotion(Emotion::Sad),
        Self::Emotion(Emotion::Angry),
        Self::Emotion(Emotion::Fearful),
        Self::Emotion(Emotion::Disgust),
        Self::Emotion(Emotion::Surprised),
    ];

    /// `nobody`, `unsure` or the emotion's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Unsure => "unsure",
            Self::Emotion(emotion) => emotion.name(),
        }
    }

    /// The emotion, where there is one.
    pub const fn emotion(self) -> Option<Emotion> {
        match self {
            Self::Emotion(emotion) => Some(emotion),
            Self::Nobody | Self::Unsure => None,
        }
    }
}

impl core::fmt::Display for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// What one step concludes, and from what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// When, in milliseconds since the start.
    pub time_ms: u64,
    /// What is shown.
    pub verdict: Verdict,
    /// Smoothed probability of the shown emotion, of the likeliest one while unsure; 0 where there is nobody.
    pub confidence: f32,
    /// Both streams together, smoothed; `None` where there is nobody.
    pub fused: Option<SpeechPosteriors>,
    /// What the face says by itself; `None` without a face.
    pub face: Option<FacePosteriors>,
    /// What the voice says by itself; `None` while nobody speaks.
    pub speech: Option<SpeechPosteriors>,
    /// How well the followed face can be seen; `None` without one.
    pub face_quality: Option<FaceQuality>,
    /// What began or ended with this step: first an end, then a beginning.
    pub events: Events,
}

impl Decision {
    /// Nobody there: what the box shows before it has seen or heard anything.
    pub const fn nobody(time_ms: u64) -> Self {
        Self {
            time_ms,
            verdict: Verdict::Nobody,
            confidence: 0.0,
            fused: None,
            face: None,
            speech: None,
            face_quality: None,
            events: Events { ended: None, began: None },
        }
    }
}

/// The change of verdict that a step brought, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Events {
    /// The verdict that is over.
    pub ended: Option<EmotionEvent>,
    /// The verdict that takes its place.
    pub began: Option<EmotionEvent>,
}

impl Events {
    /// Both, in the order in which they happened.
    pub fn iter(&self) -> impl Iterator<Item = EmotionEvent> + use<> {
        [self.ended, self.began].into_iter().flatten()
    }
}

/// Whether an event opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventPhase {
    /// A verdict is shown from now on.
    Begin,
    /// A verdict is no longer shown.
    End,
}

/// A verdict that began to be shown, or that was shown until now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EmotionEvent {
    /// Whether it begins or ends here.
    pub phase: EventPhase,
    /// What is, or was, shown.
    pub verdict: Verdict,
    /// When it began, in milliseconds since the start.
    pub began_ms: u64,
    /// Until now, in milliseconds; 0 as it begins.
    pub duration_ms: u64,
    /// Highest confidence while it was shown.
    pub peak_confidence: f32,
}
