//! From 16 kHz samples to the input of the speech network.
//!
//! Samples come in at any pace; [`SpeechStream`] turns them into one [`FeatureRow`] a hop and keeps the last window of them, [`SpeechGate`]
//! says whether anybody speaks, and [`speech_input`] quantises the window for the network. The numbers that define the features stand
//! here, once; every model file carries them and is refused where they differ.

pub mod chroma;
pub mod features;
mod fft;
pub mod gate;
pub mod level;
pub mod mel;
pub mod mfcc;
pub mod spectrum;
pub mod speech_input;
pub mod stream;
pub mod window;

pub use features::{FeatureExtractor, FeatureRow};
pub use gate::{GateReading, GateSettings, SpeechGate};
pub use speech_input::{SpeechInputKind, SpeechStatistics};
pub use stream::SpeechStream;
pub use window::{SpeechWindow, row_count, window_starts};

/// Samples a second, one channel.
pub const SAMPLE_RATE: usize = 16_000;

/// Samples from one row of the features to the next: 16 ms.
pub const HOP: usize = 256;

/// Samples that mel bands and MFCC look at.
pub const MEL_FFT: usize = 1024;

/// Samples that chroma looks at, and that a row needs; shorter frames let neighbouring notes run together.
pub const CHROMA_FFT: usize = 2048;

/// Mel bands, from 0 Hz to half the sample rate.
pub const MEL_BANDS: usize = 128;

/// Mel-frequency cepstral coefficients, the zeroth included.
pub const MFCC_COUNT: usize = 40;

/// Pitch classes, from C.
pub const CHROMA_BINS: usize = 12;

/// Values of a row: MFCC, chroma, mel.
pub const FEATURES: usize = MFCC_COUNT + CHROMA_BINS + MEL_BANDS;

/// Rows that the speech network reads at once: 3.07 s.
pub const WINDOW_ROWS: usize = 192;

/// Rows from one window to the next where a clip is scored: 0.496 s.
pub const WINDOW_STEP_ROWS: usize = 31;

/// Power below which a mel band counts as silent, −100 dB.
pub const POWER_FLOOR: f32 = 1e-10;

/// A sample as the features see it: `[−1, 1)`.
pub fn to_unit(sample: i16) -> f32 {
    f32::from(sample) * (1.0 / 32_768.0)
}
