//! Two streams, one answer: the product rule.
//!
//! Given an emotion, face and voice err independently enough to multiply what each says *beyond* what its training data made likely
//! beforehand (Kittler et al. 1998): `P(e | face, voice) ∝ P(e) · P(e | face) / P_face(e) · P(e | voice) / P_voice(e)`. A face can't
//! tell calm from neutral: what it says for neutral it says for calm too, and the voice decides between the two.

use crate::{Emotion, FacePosteriors, SpeechPosteriors};

/// What each stream that is present and trusted says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Calibrated posteriors of the face.
    pub face: Option<FacePosteriors>,
    /// Calibrated posteriors of the voice.
    pub speech: Option<SpeechPosteriors>,
}

impl Evidence {
    /// Neither face nor voice.
    pub const fn is_empty(&self) -> bool {
        self.face.is_none() && self.speech.is_none()
    }
}

/// What was likely beforehand, in training and in the room, and how far each stream is trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusionSettings {
    /// Share of each emotion in what the face network was trained on.
    pub face_prior: FacePosteriors,
    /// Share of each emotion in what the speech network was trained on.
    pub speech_prior: SpeechPosteriors,
    /// Share of each emotion in the room.
    pub prior: SpeechPosteriors,
    /// Exponent of what the face says, 0 to 1; 1 takes it at its word.
    pub face_trust: f32,
    /// Exponent of what the voice says, 0 to 1.
    pub speech_trust: f32,
}

impl Default for FusionSettings {
    /// Nothing likelier than anything else, both streams taken at their word.
    fn default() -> Self {
        Self {
            face_prior: FacePosteriors::uniform(),
            speech_prior: SpeechPosteriors::uniform(),
            prior: SpeechPosteriors::uniform(),
            face_trust: 1.0,
            speech_trust: 1.0,
        }
    }
}

/// Least probability that a stream's word or a prior counts as: a single stream can't rule an emotion out for good.
const FLOOR: f32 = 1e-4;

/// Fuses what is there; `None` where nothing is.
///
/// With a face alone nothing can tell calm from neutral, and all of their common share stands with neutral.
pub fn fuse(evidence: &Evidence, settings: &FusionSettings) -> Option<SpeechPosteriors> {
    if evidence.is_empty() {
        return None;
    }
    let mut log_weights = settings.prior.as_array().map(log_floored);
    if let Some(face) = &evidence.face {
        for (emotion, log_weight) in Emotion::ALL.into_iter().zip(&mut log_weights) {
            let index = emotion.face_index().unwrap_or(FACE_NEUTRAL);
            let beyond_prior = log_floored(face.as_array()[index]) - log_floored(settings.face_prior.as_array()[index]);
            *log_weight += settings.face_trust * beyond_prior;
        }
    }
    match &evidence.speech {
        Some(speech) => {
            for (index, log_weight) in log_weights.iter_mut().enumerate() {
                let said = beyond_prior(speech.as_array()[index], settings.speech_prior.as_array()[index]);
                *log_weight += settings.speech_trust * said;
            }
        }
        None => log_weights[Emotion::Calm.index()] = f32::NEG_INFINITY,
    }
    Some(SpeechPosteriors::from_log_weights(log_weights))
}

/// Where the face says what it has to say about calm.
const FACE_NEUTRAL: usize = 0;

/// What a stream says beyond what was likely beforehand; an emotion that it never learned is unlikely to it.
fn beyond_prior(posterior: f32, prior: f32) -> f32 {
    if prior > 0.0 { log_floored(posterior) - log_floored(prior) } else { libm::logf(FLOOR) }
}

fn log_floored(probability: f32) -> f32 {
    libm::logf(probability.max(FLOOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(emotion: Emotion, share: f32) -> FacePosteriors {
        let mut weights = [(1.0 - share) / 6.0; 7];
        weights[emotion.face_index().unwrap()] = share;
        FacePosteriors::from_weights(weights)
    }

    fn speech(emotion: Emotion, share: f32) -> SpeechPosteriors {
        let mut weights = [(1.0 - share) / 7.0; 8];
        weights[emotion.index()] = share;
        SpeechPosteriors::from_weights(weights)
    }

    fn fused(face: Option<FacePosteriors>, speech: Option<SpeechPosteriors>) -> SpeechPosteriors {
        fuse(&Evidence { face, speech }, &FusionSettings::default()).unwrap()
    }

    #[test]
    fn two_streams_that_agree_are_surer_than_each() {
        let both = fused(Some(face(Emotion::Happy, 0.5)), Some(speech(Emotion::Happy, 0.5)));
        assert_eq!(both.best_emotion().0, Emotion::Happy);
        assert!(both.best_emotion().1 > 0.8);
    }

    #[test]
    fn the_surer_stream_wins_an_argument() {
        let both = fused(Some(face(Emotion::Sad, 0.4)), Some(speech(Emotion::Angry, 0.9)));
        assert_eq!(both.best_emotion().0, Emotion::Angry);
    }

    #[test]
    fn a_neutral_face_with_a_calm_voice_is_calm() {
        let both = fused(Some(face(Emotion::Neutral, 0.7)), Some(speech(Emotion::Calm, 0.5)));
        assert_eq!(both.best_emotion().0, Emotion::Calm);
    }

    #[test]
    fn a_face_alone_is_never_calm_and_keeps_its_own_posteriors() {
        let alone = fused(Some(face(Emotion::Neutral, 0.7)), None);
        assert_eq!(alone.as_array()[Emotion::Calm.index()], 0.0);
        assert!((alone.as_array()[Emotion::Neutral.index()] - 0.7).abs() < 1e-4);
    }

    #[test]
    fn a_voice_alone_keeps_its_own_posteriors() {
        let voice = speech(Emotion::Fearful, 0.6);
        for (fused, own) in fused(None, Some(voice)).as_array().iter().zip(voice.as_array()) {
            assert!((fused - own).abs() < 1e-5);
        }
    }

    #[test]
    fn what_training_made_likely_is_divided_out() {
        let mut shares = [1.0; 7];
        shares[Emotion::Happy.face_index().unwrap()] = 6.0;
        let prior = FacePosteriors::from_weights(shares);
        let settings = FusionSettings { face_prior: prior, ..FusionSettings::default() };
        let says_nothing_new = fuse(&Evidence { face: Some(prior), speech: None }, &settings).unwrap();
        for emotion in Emotion::FACE {
            assert!((says_nothing_new.as_array()[emotion.index()] - 1.0 / 7.0).abs() < 1e-4);
        }
    }

    #[test]
    fn no_stream_no_answer() {
        assert_eq!(fuse(&Evidence::default(), &FusionSettings::default()), None);
    }
}
