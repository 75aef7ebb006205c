//! Whatever runs a sense's network: the heap-free engine the int8 network of a model, or somebody else's engine a network in real numbers.

use super::PipelineError;
use crate::audio::{SpeechInputKind, SpeechStatistics, SpeechWindow};
use crate::model::{Description, InputDescription, MAX_LABELS, Model};
use crate::nn::Isa;
use crate::vision::{FACE_INPUT, face_input};
use crate::{FacePosteriors, SpeechPosteriors};

/// An engine beside the heap-free one, with a network in it. What it allocates is outside the promise of this crate.
pub trait RealEngine: Send {
    /// Computes the logits of an input; `false` if it fails, and then what `logits` holds counts for nothing.
    ///
    /// * `input`: height × width × channels, channels innermost
    /// * `logits`: one a label
    fn run(&mut self, input: &[f32], logits: &mut [f32]) -> bool;
}

/// A network in real numbers, the engine that runs it, and the memory for what it reads.
pub struct RealNetwork<'m> {
    /// What it reads and what its logits mean.
    pub description: Description<'m>,
    /// As long as the description's input.
    pub input: &'m mut [f32],
    /// Runs it.
    pub engine: &'m mut dyn RealEngine,
}

impl RealNetwork<'_> {
    /// The logits of what stands in `input`; `None` if the engine fails or gives no numbers.
    fn logits(&mut self) -> Option<([f32; MAX_LABELS], usize)> {
        let mut logits = [0.0; MAX_LABELS];
        let count = self.description.labels.len().min(MAX_LABELS);
        let is_run = self.engine.run(self.input, &mut logits[..count]);
        (is_run && logits.iter().all(|logit| logit.is_finite())).then_some((logits, count))
    }
}

/// A sense's network and whatever runs it. The int8 network computes in an arena that the sense owns.
pub(super) enum Engine<'m> {
    Int8(&'m Model<'m>, Isa),
    Real(RealNetwork<'m>),
}

impl<'m> Engine<'m> {
    /// What the network reads and what its logits mean.
    pub(super) fn description(&self) -> Description<'m> {
        match self {
            Self::Int8(model, _) => model.description(),
            Self::Real(network) => network.description,
        }
    }

    /// Whether the memory for the input is as long as what is put there.
    pub(super) fn check_input(&self) -> Result<(), PipelineError> {
        let Self::Real(network) = self else { return Ok(()) };
        let found = network.input.len();
        let expected = match network.description.input {
            InputDescription::Face { .. } => FACE_INPUT,
            InputDescription::Speech { kind, .. } => kind.input_len(),
        };
        if found == expected { Ok(()) } else { Err(PipelineError::InputMemory { found, expected }) }
    }

    /// What a crop's face says; `None` if the crop shows nothing.
    pub(super) fn read_face(&mut self, crop: &[u8; FACE_INPUT], arena: &mut [i8]) -> Option<FacePosteriors> {
        match self {
            Self::Int8(model, isa) => {
                let network = model.network();
                face_input::quantize(crop, network.input_quantization(), network.input_mut(arena)).ok()?;
                Some(model.face_posteriors(network.run(*isa, arena)))
            }
            Self::Real(network) => {
                face_input::scale(crop, network.input.first_chunk_mut()?).ok()?;
                let (logits, count) = network.logits()?;
                Some(network.description.face_posteriors(&logits[..count]))
            }
        }
    }

    /// What a window's voice says.
    pub(super) fn hear(
        &mut self,
        kind: SpeechInputKind,
        window: SpeechWindow<'_>,
        statistics: &SpeechStatistics,
        arena: &mut [i8],
    ) -> Option<SpeechPosteriors> {
        match self {
            Self::Int8(model, isa) => {
                let network = model.network();
                kind.quantize(window, statistics, network.input_quantization(), network.input_mut(arena));
                Some(model.speech_posteriors(network.run(*isa, arena)))
            }
            Self::Real(network) => {
                kind.scale(window, statistics, network.input);
                let (logits, count) = network.logits()?;
                Some(network.description.speech_posteriors(&logits[..count]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::Emotion;
    use crate::pipeline::{FaceSense, FaceSettings, Sighting};
    use crate::vision::{DetectedFace, Faces, LumaImage};

    /// Fails on purpose, or gives no numbers, or says that a face is happy.
    enum Mood {
        Failing,
        Blind,
        Happy,
    }

    impl RealEngine for Mood {
        fn run(&mut self, _input: &[f32], logits: &mut [f32]) -> bool {
            logits.fill(match self {
                Self::Blind => f32::NAN,
                Self::Failing | Self::Happy => 0.0,
            });
            logits[Emotion::Happy.face_index().unwrap()] += 5.0;
            !matches!(self, Self::Failing)
        }
    }

    fn description() -> Description<'static> {
        Description {
            labels: &Emotion::FACE,
            input: &InputDescription::FACE,
            temperature: 1.0,
            priors: &[1.0 / 7.0; 7],
            crc32: 0,
        }
    }

    /// What a sense says of a face that an engine reads.
    fn word(mut engine: Mood) -> Option<FacePosteriors> {
        let mut input = [0.0; FACE_INPUT];
        let network = RealNetwork { description: description(), input: &mut input, engine: &mut engine };
        let mut sense = std::boxed::Box::new(FaceSense::with_real_network(network, FaceSettings::default()).unwrap());
        let pixels: std::vec::Vec<u8> = (0..64 * 64).map(|place| (place % 64 * 4) as u8).collect();
        let frame = LumaImage::new(64, 64, 64, &pixels).unwrap();
        let mut faces = Faces::new();
        let _ = faces.push(DetectedFace { x: 8.0, y: 8.0, width: 48.0, height: 48.0, score: 9.0 });
        sense.on_frame(&frame, |_| Sighting::Looked(faces)).posteriors
    }

    #[test]
    fn an_engine_that_fails_says_nothing_of_a_face() {
        assert_eq!(word(Mood::Failing), None);
        assert_eq!(word(Mood::Blind), None);
        assert!(word(Mood::Happy).unwrap().as_array()[Emotion::Happy.face_index().unwrap()] > 0.9);
    }

    #[test]
    fn memory_of_another_length_is_refused() {
        let mut input = [0.0; FACE_INPUT - 1];
        let network = RealNetwork { description: description(), input: &mut input, engine: &mut Mood::Happy };
        let refused = FaceSense::with_real_network(network, FaceSettings::default()).err();
        assert_eq!(refused, Some(PipelineError::InputMemory { found: FACE_INPUT - 1, expected: FACE_INPUT }));
    }
}
