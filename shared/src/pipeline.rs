//! The whole way from frames and samples to a decision: two senses and a judge, and a [`Pipeline`] that puts them together on one thread.
//!
//! What comes in are frames (with what the face detector says, whenever it has looked) and 16 kHz samples; what goes out is one
//! [`Decision`] a step. Nothing here allocates: whoever makes a sense decides where its memory lies, once. A sense may have a thread of
//! its own; its words are small and may be lost, as long as the newest arrives.
//!
//! ```text
//! frame ────► FaceSense ───► FaceWord ───┐
//!                                        ├─► Judge ──► Decision
//! samples ──► SpeechSense ─► SpeechWord ─┘
//! ```

mod engine;
mod face_sense;
mod judge;
mod speech_sense;

pub use engine::{RealEngine, RealNetwork};
pub use face_sense::{FaceSense, FaceSettings, FaceWord, Sighting};
pub use judge::{Judge, MemorySettings};
pub use speech_sense::{SpeechSense, SpeechSettings, SpeechWord};

use crate::decision::{Decision, DecisionSettings, EmotionEvent};
use crate::link::{FaceBox, Heartbeat};
use crate::model::Model;
use crate::nn::Isa;
use crate::vision::{LumaError, LumaImage, RawFrame};
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
    /// Memory for the input of another engine that is too short or too long.
    #[error("the network's input takes {expected} numbers, the memory for it {found}: give it as much as it takes")]
    InputMemory {
        /// What there is.
        found: usize,
        /// What it takes.
        expected: usize,
    },
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
    /// How long the senses' words count.
    pub memory: MemorySettings,
    /// Instructions that the networks may use.
    pub isa: Isa,
}

/// Both senses and the judge on one thread: a sense for each model that there is.
pub struct Pipeline<'m> {
    face: Option<FaceSense<'m>>,
    speech: Option<SpeechSense<'m>>,
    judge: Judge,
    /// The luma of the frame at hand.
    luma: &'m mut [u8],
}

impl<'m> Pipeline<'m> {
    /// A pipeline that has seen and heard nothing yet. A sense without a model stays off.
    ///
    /// * `luma`: the memory for a frame's luma. One of [`MAX_FRAME_PIXELS`](crate::vision::MAX_FRAME_PIXELS) takes all frames up to full
    ///   HD; without a camera, none is needed
    ///
    /// About 0.6 MB: put it in a `Box` or a `static`.
    pub fn new(
        face_model: Option<&'m Model<'m>>,
        speech_model: Option<&'m Model<'m>>,
        settings: &PipelineSettings,
        luma: &'m mut [u8],
    ) -> Result<Self, PipelineError> {
        Ok(Self {
            face: face_model.map(|model| FaceSense::new(model, settings.face, settings.isa)).transpose()?,
            speech: speech_model.map(|model| SpeechSense::new(model, settings.speech, settings.isa)).transpose()?,
            judge: Judge::new(
                face_model.map(Model::description),
                speech_model.map(Model::description),
                settings.decision,
                settings.memory,
            ),
            luma,
        })
    }

    /// Takes a frame in. One that contradicts itself, or whose luma does not fit, is an error and changes nothing: the next may be good.
    /// `look` asks the face detector, as [`FaceSense::on_frame`] says.
    pub fn on_frame(
        &mut self,
        time_ms: u64,
        frame: &RawFrame<'_>,
        look: impl FnOnce(&LumaImage<'_>) -> Sighting,
    ) -> Result<(), LumaError> {
        if let Some(face) = &mut self.face {
            let word = face.on_frame(&frame.luma(self.luma)?, look);
            self.judge.on_face(time_ms, word);
        }
        Ok(())
    }

    /// Takes samples in, 16 kHz mono, in pieces of any length; `time_ms` is when the last of them was there.
    pub fn on_audio(&mut self, time_ms: u64, samples: &[i16]) {
        if let Some(speech) = &mut self.speech {
            self.judge.on_speech(time_ms, speech.on_audio(samples));
        }
    }

    /// The sound is over: whoever was speaking is judged by what there is.
    pub fn end_of_audio(&mut self, time_ms: u64) {
        if let Some(speech) = &mut self.speech {
            self.judge.on_speech(time_ms, speech.end());
        }
    }

    /// Decides what to show now.
    pub fn step(&mut self, time_ms: u64) -> Decision {
        self.judge.step(time_ms)
    }

    /// Ends what is on show, at the end of a run.
    pub fn finish(&mut self, time_ms: u64) -> Option<EmotionEvent> {
        self.judge.finish(time_ms)
    }

    /// Where the followed face is.
    pub fn face_box(&self, time_ms: u64) -> Option<FaceBox> {
        self.judge.face_box(time_ms)
    }

    /// The counters of this pipeline, as a heartbeat reports them; what only the runtime knows is 0.
    pub fn counters(&self) -> Heartbeat {
        self.judge.counters()
    }
}
