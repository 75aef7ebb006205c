//! How the input of a network is made, and the constants that must be the same where it is made.

use super::{ModelError, Task};
use crate::audio::{self, SpeechInputKind, SpeechStatistics};
use crate::nn::Shape;
use crate::vision::face_input::{FACE_SIDE, MIN_RANGE};
use serde::{Deserialize, Serialize};

/// How the input of a network is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "one a model, never moved in bulk")]
pub enum InputDescription {
    /// A face, see [`face_input`](crate::vision::face_input): `[side, side, 1]`.
    Face {
        /// Side of the crop in pixels.
        side: u16,
        /// Fewest grey levels between the darkest and the brightest pixel.
        min_range: u8,
    },
    /// A voice.
    Speech {
        /// What is made of the rows of features.
        kind: SpeechInputKind,
        /// What the features were computed with.
        constants: SpeechConstants,
        /// What the features are scaled with.
        statistics: SpeechStatistics,
    },
}

impl InputDescription {
    /// A face as this build crops and scales it.
    pub const FACE: Self = Self::Face { side: FACE_SIDE as u16, min_range: MIN_RANGE };

    /// What the network looks at or listens to.
    pub const fn task(&self) -> Task {
        match self {
            Self::Face { .. } => Task::Face,
            Self::Speech { .. } => Task::Speech,
        }
    }

    /// Whether this build makes such input, and the network reads it as it is made.
    pub(super) fn check(&self, network: Shape) -> Result<(), ModelError> {
        let made = match self {
            Self::Face { .. } if *self == Self::FACE => [FACE_SIDE, FACE_SIDE, 1],
            Self::Speech { kind, constants, statistics } if *constants == SpeechConstants::CURRENT => {
                if !statistics.is_valid() {
                    return Err(ModelError::Statistics);
                }
                kind.input_shape()
            }
            _ => return Err(ModelError::Input),
        };
        let reads = [network.height, network.width, network.channels].map(usize::from);
        if made == reads { Ok(()) } else { Err(ModelError::Input) }
    }
}

/// What the features of a voice were computed with; a model is refused by a build that computes them otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechConstants {
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Samples from one row of features to the next.
    pub hop_samples: u16,
    /// Samples that mel bands and MFCC look at.
    pub mel_fft_samples: u16,
    /// Samples that chroma looks at.
    pub chroma_fft_samples: u16,
    /// Mel bands.
    pub mel_bands: u16,
    /// Mel-frequency cepstral coefficients.
    pub mfcc_count: u16,
    /// Pitch classes.
    pub chroma_bins: u16,
    /// Rows of a window.
    pub window_rows: u16,
}

impl SpeechConstants {
    /// Those of this build.
    pub const CURRENT: Self = Self {
        sample_rate_hz: audio::SAMPLE_RATE as u32,
        hop_samples: audio::HOP as u16,
        mel_fft_samples: audio::MEL_FFT as u16,
        chroma_fft_samples: audio::CHROMA_FFT as u16,
        mel_bands: audio::MEL_BANDS as u16,
        mfcc_count: audio::MFCC_COUNT as u16,
        chroma_bins: audio::CHROMA_BINS as u16,
        window_rows: audio::WINDOW_ROWS as u16,
    };
}
