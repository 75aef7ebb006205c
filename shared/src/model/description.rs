//! What a network reads and what its outputs mean, whichever engine runs it.

use super::{InputDescription, MAX_LABELS, ModelError, Task};
use crate::nn::Shape;
use crate::nn::softmax::softmax_of_real;
use crate::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};

/// Temperatures that make sense.
pub(super) const TEMPERATURES: core::ops::RangeInclusive<f32> = 0.01..=100.0;

/// What a network reads and what its outputs mean.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    /// What the logits mean, in order.
    pub labels: &'a [Emotion],
    /// How the input is made.
    pub input: &'a InputDescription,
    /// Divides the logits before the softmax.
    pub temperature: f32,
    /// Share of each label in the data as training saw it.
    pub priors: &'a [f32],
    /// Checksum of the file: tells networks apart.
    pub crc32: u32,
}

impl Description<'_> {
    /// Whether it can be true of a network that reads `input` and returns `logits` numbers.
    pub(super) fn check(&self, input: Shape, logits: usize) -> Result<(), ModelError> {
        self.check_labels(logits)?;
        self.check_calibration()?;
        self.input.check(input)
    }

    fn check_labels(&self, logits: usize) -> Result<(), ModelError> {
        let labels = self.labels;
        let repeated = labels.iter().enumerate().any(|(index, label)| labels[..index].contains(label));
        let calm_face = self.input.task() == Task::Face && labels.contains(&Emotion::Calm);
        if labels.is_empty() || repeated || calm_face {
            return Err(ModelError::Labels);
        }
        if labels.len() != logits {
            return Err(ModelError::LabelCount { labels: labels.len(), logits });
        }
        Ok(())
    }

    fn check_calibration(&self) -> Result<(), ModelError> {
        let sum: f32 = self.priors.iter().sum();
        let fine = TEMPERATURES.contains(&self.temperature)
            && self.priors.len() == self.labels.len()
            && self.priors.iter().all(|&prior| prior > 0.0)
            && (sum - 1.0).abs() < 1e-3;
        if fine { Ok(()) } else { Err(ModelError::Calibration) }
    }

    /// Share of each of a face's emotions in the data as training saw it.
    pub fn face_prior(&self) -> FacePosteriors {
        self.by_emotion(self.priors, Emotion::face_index)
    }

    /// Share of each of a voice's emotions in the data as training saw it.
    pub fn speech_prior(&self) -> SpeechPosteriors {
        self.by_emotion(self.priors, |emotion| Some(emotion.index()))
    }

    /// Probabilities of a face's emotions from real logits, one a label; an emotion that the network does not know has none.
    pub fn face_posteriors(&self, logits: &[f32]) -> FacePosteriors {
        self.by_emotion(&self.probabilities(logits), Emotion::face_index)
    }

    /// Probabilities of a voice's emotions from real logits, one a label; an emotion that the network does not know has none.
    pub fn speech_posteriors(&self, logits: &[f32]) -> SpeechPosteriors {
        self.by_emotion(&self.probabilities(logits), |emotion| Some(emotion.index()))
    }

    fn probabilities(&self, logits: &[f32]) -> [f32; MAX_LABELS] {
        let mut probabilities = [0.0; MAX_LABELS];
        softmax_of_real(logits, self.temperature, &mut probabilities);
        probabilities
    }

    /// Brings shares in the order of the labels into the order of the emotions.
    pub(super) fn by_emotion<const N: usize>(
        &self,
        shares: &[f32],
        place: impl Fn(Emotion) -> Option<usize>,
    ) -> Posteriors<N> {
        let mut weights = [0.0; N];
        for (&emotion, &share) in self.labels.iter().zip(shares) {
            if let Some(weight) = place(emotion).and_then(|index| weights.get_mut(index)) {
                *weight = share;
            }
        }
        Posteriors::from_weights(weights)
    }
}
