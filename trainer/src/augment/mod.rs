//! Variations of training examples: what the network must not care about.

pub mod picture;
pub mod speech;
pub mod voice;

pub use picture::PictureVariation;
pub use voice::VoiceVariation;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// How far examples are varied.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    /// Pictures.
    pub picture: PictureVariation,
    /// Voices.
    pub voice: VoiceVariation,
}

impl Variation {
    /// What people, rooms, cameras and microphones do.
    pub const USUAL: Self = Self { picture: PictureVariation::USUAL, voice: VoiceVariation::USUAL };

    /// The same for pictures; of voices, parts are hidden and nothing else.
    pub const MASKS_ALONE: Self = Self { voice: VoiceVariation::MASKS_ALONE, ..Self::USUAL };
}

impl Default for Variation {
    /// What runs did that say nothing of it.
    fn default() -> Self {
        Self::MASKS_ALONE
    }
}

/// A number from a normal distribution with mean 0 and deviation 1 (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f32 {
    use rand::RngExt;
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (core::f32::consts::TAU * rng.random::<f32>()).cos()
}
