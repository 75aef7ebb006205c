//! Two streams, one answer: the product rule.
//!
//! Given an emotion, face and voice err independently enough to multiply what each says *beyond* what its training data made likely
//! beforehand (Kittler et al. 1998): `P(e | face, voice) ∝ P(e) · P(e | face) / P_face(e) · P(e | voice) / P_voice(e)`. A face can't
//! tell calm from neutral: what it says for neutral it says for calm too, and the voice decides between the two.

use crate::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};

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
    /// How likely a face is to mislead beside a voice, 0 to 1: half covered, or somebody else's.
    pub face_doubt: f32,
    /// How likely a voice is to mislead beside a face, 0 to 1: a television, a second person, a room that training never heard.
    pub speech_doubt: f32,
}

impl Default for FusionSettings {
    /// Nothing likelier than anything else, and neither stream so sure that the other has no say.
    fn default() -> Self {
        Self {
            face_prior: FacePosteriors::uniform(),
            speech_prior: SpeechPosteriors::uniform(),
            prior: SpeechPosteriors::uniform(),
            face_doubt: 0.1,
            speech_doubt: 0.2,
        }
    }
}

/// Least probability that a stream's word or a prior counts as: a single stream can't rule an emotion out for good.
const FLOOR: f32 = 1e-4;

/// Fuses what is there; `None` where nothing is.
///
/// A single stream is taken at its word. Where both speak, each is mixed with its prior by its doubt: the product rule alone would let one
/// stream's mistaken certainty rule out what the other clearly sees. With a face alone nothing can tell calm from neutral, and all of their
/// common share stands with neutral.
pub fn fuse(evidence: &Evidence, settings: &FusionSettings) -> Option<SpeechPosteriors> {
    if evidence.is_empty() {
        return None;
    }
    let both = evidence.face.is_some() && evidence.speech.is_some();
    let mut log_weights = settings.prior.as_array().map(log_floored);
    if let Some(face) = &evidence.face {
        let face = if both { doubted(face, &settings.face_prior, settings.face_doubt) } else { *face };
        for (emotion, log_weight) in Emotion::ALL.into_iter().zip(&mut log_weights) {
            let index = emotion.face_index().unwrap_or(FACE_NEUTRAL);
            *log_weight += beyond_prior(face.as_array()[index], settings.face_prior.as_array()[index]);
        }
    }
    match &evidence.speech {
        Some(speech) => {
            let speech = if both { doubted(speech, &settings.speech_prior, settings.speech_doubt) } else { *speech };
            for (index, log_weight) in log_weights.iter_mut().enumerate() {
                *log_weight += beyond_prior(speech.as_array()[index], settings.speech_prior.as_array()[index]);
            }
        }
        None => log_weights[Emotion::Calm.index()] = f32::NEG_INFINITY,
    }
    Some(SpeechPosteriors::from_log_weights(log_weights))
}

/// Where the face says what it has to say about calm.
const FACE_NEUTRAL: usize = 0;

/// A stream's posteriors, mixed with what it would say without having seen or heard anything.
fn doubted<const N: usize>(posteriors: &Posteriors<N>, prior: &Posteriors<N>, doubt: f32) -> Posteriors<N> {
    let doubt = doubt.clamp(0.0, 1.0);
    let mut mixed = *prior.as_array();
    for (share, said) in mixed.iter_mut().zip(posteriors.as_array()) {
        *share = (1.0 - doubt) * said + doubt * *share;
    }
    Posteriors::from_weights(mixed)
}

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
        assert!(both.best_emotion().1 > 0.7);
    }

    #[test]
    fn the_surer_stream_wins_an_argument() {
        let both = fused(Some(face(Emotion::Sad, 0.4)), Some(speech(Emotion::Angry, 0.9)));
        assert_eq!(both.best_emotion().0, Emotion::Angry);
    }

    #[test]
    fn a_voice_that_is_quite_sure_does_not_overrule_a_face_that_is_as_sure() {
        let (face, voice) = (face(Emotion::Happy, 0.96), speech(Emotion::Surprised, 0.999));
        let both = fused(Some(face), Some(voice));
        assert_eq!(both.best_emotion().0, Emotion::Happy);
        assert!(both.best_emotion().1 < 0.7, "they disagree, and that shows");
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
