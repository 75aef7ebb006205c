//! From the bytes of a file to a model that can be trusted.

use super::{Header, InputDescription, ModelError, Provenance, Task};
use crate::nn::{Network, softmax};
use crate::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};

/// A model, read in place and checked from end to end.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    header: Header,
    network: Network<'a>,
    file_bytes: usize,
    crc32: u32,
}

impl<'a> Model<'a> {
    /// Checks a whole file. What it returns can't fail any more.
    pub fn load(file: &'a [u8]) -> Result<Self, ModelError> {
        let _ = file;
        Err(ModelError::NotAModel)
    }

    /// What the network looks at or listens to.
    pub fn task(&self) -> Task {
        self.header.input.task()
    }

    /// What the logits mean, in order.
    pub fn labels(&self) -> &[Emotion] {
        &self.header.labels
    }

    /// How the input is made.
    pub fn input(&self) -> &InputDescription {
        &self.header.input
    }

    /// What the logits are divided by before the softmax.
    pub fn temperature(&self) -> f32 {
        self.header.temperature
    }

    /// Share of each label in the data as training saw it; sums to one.
    pub fn priors(&self) -> &[f32] {
        &self.header.priors
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// Everything but the weights.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The network.
    pub fn network(&self) -> &Network<'a> {
        &self.network
    }

    /// Length of the file.
    pub fn file_bytes(&self) -> usize {
        self.file_bytes
    }

    /// The file's checksum: tells models apart.
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Probabilities of a face's emotions from what [`Network::run`] returned; an emotion that the network does not know has none.
    pub fn face_posteriors(&self, logits: &[i8]) -> FacePosteriors {
        self.posteriors(logits, Emotion::face_index)
    }

    /// Probabilities of a voice's emotions from what [`Network::run`] returned; an emotion that the network does not know has none.
    pub fn speech_posteriors(&self, logits: &[i8]) -> SpeechPosteriors {
        self.posteriors(logits, |emotion| Some(emotion.index()))
    }

    fn posteriors<const N: usize>(&self, logits: &[i8], place: impl Fn(Emotion) -> Option<usize>) -> Posteriors<N> {
        let mut probabilities = [0.0; super::MAX_LABELS];
        softmax(logits, self.network.output_quantization(), self.temperature(), &mut probabilities);
        let mut weights = [0.0; N];
        for (&emotion, probability) in self.labels().iter().zip(probabilities) {
            if let Some(weight) = place(emotion).and_then(|index| weights.get_mut(index)) {
                *weight = probability;
            }
        }
        Posteriors::from_weights(weights)
    }
}

/// The header of a file, and its data, the file's frame and checksum checked but not the plan.
pub fn read_header(file: &[u8]) -> Result<(Header, &[u8]), ModelError> {
    let _ = file;
    Err(ModelError::NotAModel)
}
