//! The emotions that Moodbox tells apart, and probabilities over them.

use serde::{Deserialize, Serialize};

/// One of eight emotions, in the order of the RAVDESS codes 01 to 08.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Emotion {
    /// No emotion shown.
    Neutral = 0,
    /// At ease; heard in a voice, not told apart from neutral in a face.
    Calm = 1,
    /// Joy.
    Happy = 2,
    /// Sadness.
    Sad = 3,
    /// Anger.
    Angry = 4,
    /// Fear.
    Fearful = 5,
    /// Disgust.
    Disgust = 6,
    /// Surprise.
    Surprised = 7,
}

impl Emotion {
    /// All emotions: the order of a voice's posteriors.
    pub const ALL: [Self; 8] =
        [Self::Neutral, Self::Calm, Self::Happy, Self::Sad, Self::Angry, Self::Fearful, Self::Disgust, Self::Surprised];

    /// The emotions of a face, all but calm: the order of a face's posteriors.
    pub const FACE: [Self; 7] =
        [Self::Neutral, Self::Happy, Self::Sad, Self::Angry, Self::Fearful, Self::Disgust, Self::Surprised];

    /// Position in [`Emotion::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Position in [`Emotion::FACE`]; `None` for calm.
    pub const fn face_index(self) -> Option<usize> {
        match self {
            Self::Neutral => Some(0),
            Self::Calm => None,
            other => Some(other as usize - 1),
        }
    }

    /// The emotion of a RAVDESS code, 1 to 8.
    pub const fn from_ravdess_code(code: u8) -> Option<Self> {
        if code >= 1 && code <= 8 { Some(Self::ALL[code as usize - 1]) } else { None }
    }

    /// The name used in files, messages and folders that Moodbox writes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Calm => "calm",
            Self::Happy => "happy",
            Self::Sad => "sad",
            Self::Angry => "angry",
            Self::Fearful => "fearful",
            Self::Disgust => "disgust",
            Self::Surprised => "surprised",
        }
    }

    /// Understands the names in use elsewhere (`anger`, `fear`, `happiness`, …), in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        const ALIASES: [(&str, Emotion); 29] = [
            ("neutral", Emotion::Neutral),
            ("neutrality", Emotion::Neutral),
            ("calm", Emotion::Calm),
            ("calmness", Emotion::Calm),
            ("happy", Emotion::Happy),
            ("happiness", Emotion::Happy),
            ("joy", Emotion::Happy),
            ("joyful", Emotion::Happy),
            ("sad", Emotion::Sad),
            ("sadness", Emotion::Sad),
            ("angry", Emotion::Angry),
            ("anger", Emotion::Angry),
            ("fearful", Emotion::Fearful),
            ("fear", Emotion::Fearful),
            ("afraid", Emotion::Fearful),
            ("scared", Emotion::Fearful),
            ("disgust", Emotion::Disgust),
            ("disgusted", Emotion::Disgust),
            ("surprised", Emotion::Surprised),
            ("surprise", Emotion::Surprised),
            // Abbreviations and plain codes of published data sets.
            ("neu", Emotion::Neutral),
            ("hap", Emotion::Happy),
            ("ang", Emotion::Angry),
            ("fea", Emotion::Fearful),
            ("dis", Emotion::Disgust),
            ("sur", Emotion::Surprised),
            ("ps", Emotion::Surprised),
            ("pleasant_surprise", Emotion::Surprised),
            ("pleasant_surprised", Emotion::Surprised),
        ];
        let name = name.trim();
        ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|&(_, emotion)| emotion)
    }
}

impl core::fmt::Display for Emotion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// Probabilities over `N` emotions; they always sum to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posteriors<const N: usize>([f32; N]);

/// Of a face, in the order of [`Emotion::FACE`].
pub type FacePosteriors = Posteriors<7>;

/// Of a voice, and of both together, in the order of [`Emotion::ALL`].
pub type SpeechPosteriors = Posteriors<8>;

impl<const N: usize> Posteriors<N> {
    /// Every emotion equally likely.
    pub fn uniform() -> Self {
        Self([1.0 / N as f32; N])
    }

    /// From weights at or above zero, scaled to sum to one; uniform where they say nothing (all zero, or not finite).
    pub fn from_weights(weights: [f32; N]) -> Self {
        let sum: f32 = weights.iter().sum();
        if !sum.is_finite() || sum <= 0.0 || weights.iter().any(|w| *w < 0.0) {
            return Self::uniform();
        }
        Self(weights.map(|weight| weight / sum))
    }

    /// From unnormalised log-probabilities: `exp(l − max)`, scaled to sum to one.
    pub fn from_log_weights(log_weights: [f32; N]) -> Self {
        let largest = log_weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self::from_weights(log_weights.map(|value| libm::expf(value - largest)))
    }

    /// The probabilities, in order.
    pub const fn as_array(&self) -> &[f32; N] {
        &self.0
    }

    /// Index and probability of the most likely emotion; the first of equals.
    pub fn best(&self) -> (usize, f32) {
        let mut best = 0;
        for index in 1..N {
            if self.0[index] > self.0[best] {
                best = index;
            }
        }
        (best, self.0[best])
    }
}

impl FacePosteriors {
    /// The most likely emotion and its probability.
    pub fn best_emotion(&self) -> (Emotion, f32) {
        let (index, probability) = self.best();
        (Emotion::FACE[index], probability)
    }
}

impl SpeechPosteriors {
    /// The most likely emotion and its probability.
    pub fn best_emotion(&self) -> (Emotion, f32) {
        let (index, probability) = self.best();
        (Emotion::ALL[index], probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use_elsewhere_are_understood() {
        for (name, emotion) in [
            ("anger", Emotion::Angry),
            ("Fear", Emotion::Fearful),
            ("happiness", Emotion::Happy),
            ("SADNESS", Emotion::Sad),
            ("surprise", Emotion::Surprised),
            ("disgusted", Emotion::Disgust),
        ] {
            assert_eq!(Emotion::from_name(name), Some(emotion), "{name}");
        }
        assert_eq!(Emotion::from_name("contempt"), None);
        for emotion in Emotion::ALL {
            assert_eq!(Emotion::from_name(emotion.name()), Some(emotion));
        }
    }

    #[test]
    fn a_face_has_every_emotion_but_calm() {
        for (index, emotion) in Emotion::FACE.into_iter().enumerate() {
            assert_eq!(emotion.face_index(), Some(index));
        }
        assert_eq!(Emotion::Calm.face_index(), None);
    }

    #[test]
    fn posteriors_sum_to_one_whatever_they_are_made_of() {
        for weights in
            [[0.0; 8], [f32::NAN; 8], [1e-30; 8], [f32::INFINITY; 8], [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]]
        {
            for posteriors in [Posteriors::from_weights(weights), Posteriors::from_log_weights(weights)] {
                let sum: f32 = posteriors.as_array().iter().sum();
                assert!((sum - 1.0).abs() < 1e-5, "{weights:?}: {sum}");
            }
        }
    }
}
