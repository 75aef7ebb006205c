//! The whole way from frames and samples to a decision, with every buffer that it takes.
//!
//! What comes in are frames as the camera wrote them (with what the face detector says, whenever it has looked) and 16 kHz samples; what
//! goes out is one [`Decision`] a step. Nothing here allocates: whoever makes a [`Pipeline`] decides where its memory lies, once.
//!
//! ```text
//! on_frame ──► luma ──► FaceSense ──► posteriors ─┐
//!                                                 ├─► step ──► Decision
//! on_audio ───────────► SpeechSense ─► posteriors ┘
//! ```

mod face_sense;
mod speech_sense;

pub use face_sense::{FaceSense, FaceSettings, Sighting};
pub use speech_sense::{SpeechSense, SpeechSettings};

use crate::decision::{Decider, Decision, DecisionSettings, EmotionEvent, Evidence};
use crate::link::{FaceBox, Heartbeat};
use crate::model::{MAX_ARENA_BYTES, Model, Task};
use crate::nn::{Arena, Isa};
use crate::vision::{LumaError, LumaImage, PixelFormat, RawFrame};
use crate::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};
use speech_sense::Listener;
use thiserror::Error;

/// A model in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The face model does not look at faces.
    #[error("the face model is a network for speech: give it as the speech model")]
    NotAFaceModel,
    /// The speech model does not listen.
    #[error("the speech model is a network for faces: give it as the face model")]
    NotASpeechModel,
}

/// How the box watches, listens and decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineSettings {
    /// How it watches.
    pub face: FaceSettings,
    /// How it listens.
    pub speech: SpeechSettings,
    /// How it decides. The priors of the streams are taken from the models.
    pub decision: DecisionSettings,
    /// Instructions that the networks may use.
    pub isa: Isa,
}

/// The inner loop of the box: a sense for each model that there is, and the decision.
pub struct Pipeline<'m> {
    face: Option<FaceSense<'m>>,
    speech: Option<SpeechSense<'m>>,
    decider: Decider,
    /// The luma of the frame at hand.
    luma: &'m mut [u8],
    arena: Arena<MAX_ARENA_BYTES>,
    decisions: u32,
}

impl<'m> Pipeline<'m> {
    /// A pipeline that has seen and heard nothing yet. A sense without a model stays off.
    ///
    /// * `luma`: the memory for a frame's luma. One of [`MAX_FRAME_PIXELS`](crate::vision::MAX_FRAME_PIXELS) takes all frames up to full
    ///   HD; without a camera, none is needed
    ///
    /// About 0.5 MB: put it in a `Box` or a `static`.
    pub fn new(
        face_model: Option<&'m Model<'m>>,
        speech_model: Option<&'m Model<'m>>,
        settings: &PipelineSettings,
        luma: &'m mut [u8],
    ) -> Result<Self, PipelineError> {
        if face_model.is_some_and(|model| model.task() != Task::Face) {
            return Err(PipelineError::NotAFaceModel);
        }
        let mut decision = settings.decision;
        if let Some(model) = face_model {
            decision.fusion.face_prior = prior(model, Emotion::face_index);
        }
        if let Some(model) = speech_model {
            decision.fusion.speech_prior = prior(model, |emotion| Some(emotion.index()));
        }
        // Nothing can fail from here on: what is large is made where it stays.
        let listener =
            speech_model.map(|model| Listener::of(model).ok_or(PipelineError::NotASpeechModel)).transpose()?;
        Ok(Self {
            face: face_model.map(|model| FaceSense::new(model, settings.face, settings.isa)),
            speech: listener.map(|listener| SpeechSense::new(listener, settings.speech, settings.isa)),
            decider: Decider::new(decision),
            luma,
            arena: Arena::new(),
            decisions: 0,
        })
    }

    /// Takes a frame in. One that contradicts itself, or whose luma does not fit, is an error and changes nothing: the next may be good.
    ///
    /// `look` asks the face detector; it is called where the detector's turn has come, or the followed face is no longer as it was. A
    /// detector that works beside the pipeline may answer with what it has found in an earlier frame, or that it has not looked.
    pub fn on_frame(
        &mut self,
        time_ms: u64,
        frame: &RawFrame<'_>,
        look: impl FnOnce(&LumaImage<'_>) -> Sighting,
    ) -> Result<(), LumaError> {
        let Some(face) = &mut self.face else {
            return Ok(());
        };
        let image = match frame.format {
            // It is luma already, and seen where it lies, whatever its size.
            PixelFormat::Grey => LumaImage::new(frame.width, frame.height, frame.stride, frame.bytes)?,
            _ => frame.to_luma(self.luma)?,
        };
        if face.on_frame(time_ms, &image, look, &mut self.arena) {
            self.decider.forget();
        }
        Ok(())
    }

    /// Takes samples in, 16 kHz mono, in pieces of any length; `time_ms` is when the last of them was there.
    pub fn on_audio(&mut self, time_ms: u64, samples: &[i16]) {
        if let Some(speech) = &mut self.speech {
            speech.on_audio(time_ms, samples, &mut self.arena);
        }
    }

    /// The sound is over: whoever was speaking is judged by what there is.
    pub fn end_of_audio(&mut self, time_ms: u64) {
        if let Some(speech) = &mut self.speech {
            speech.end(time_ms, &mut self.arena);
        }
    }

    /// Decides what to show now.
    pub fn step(&mut self, time_ms: u64) -> Decision {
        self.decisions = self.decisions.wrapping_add(1);
        let evidence = Evidence {
            face: self.face.as_ref().and_then(|face| face.posteriors(time_ms)),
            speech: self.speech.as_ref().and_then(|speech| speech.posteriors(time_ms)),
        };
        let face_quality = self.face.as_ref().and_then(FaceSense::quality);
        Decision { face_quality, ..self.decider.step(time_ms, evidence) }
    }

    /// Ends what is on show, at the end of a run.
    pub fn finish(&mut self, time_ms: u64) -> Option<EmotionEvent> {
        self.decider.finish(time_ms)
    }

    /// Where the followed face is.
    pub fn face_box(&self) -> Option<FaceBox> {
        self.face.as_ref().and_then(FaceSense::face_box)
    }

    /// The counters of this pipeline, as a heartbeat reports them; what only the runtime knows is 0.
    pub fn counters(&self) -> Heartbeat {
        let mut heartbeat = Heartbeat { decisions: self.decisions, ..Heartbeat::default() };
        if let Some(face) = &self.face {
            face.count(&mut heartbeat);
        }
        if let Some(speech) = &self.speech {
            speech.count(&mut heartbeat);
        }
        heartbeat
    }
}

/// Share of each emotion in what a model was trained on.
fn prior<const N: usize>(model: &Model<'_>, place: impl Fn(Emotion) -> Option<usize>) -> Posteriors<N> {
    let mut shares = [0.0; N];
    for (&emotion, &share) in model.labels().iter().zip(model.priors()) {
        if let Some(slot) = place(emotion).and_then(|index| shares.get_mut(index)) {
            *slot = share;
        }
    }
    Posteriors::from_weights(shares)
}

/// What a sense concluded, and when.
#[derive(Clone, Copy, Debug)]
struct Dated<T> {
    time_ms: u64,
    value: T,
}

impl<T: Copy> Dated<T> {
    /// The value, unless it is older than `memory_ms`.
    fn fresh(&self, now_ms: u64, memory_ms: u32) -> Option<T> {
        (now_ms.saturating_sub(self.time_ms) <= u64::from(memory_ms)).then_some(self.value)
    }
}

/// What the face said last.
type LastFace = Option<Dated<FacePosteriors>>;
/// What the voice said last.
type LastSpeech = Option<Dated<SpeechPosteriors>>;
