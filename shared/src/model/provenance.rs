//! Where a model comes from: enough to make it again, and to know what it can do.

use heapless::String;
use serde::{Deserialize, Serialize};

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the architecture: `paper`, `compact`.
    pub preset: String<32>,
    /// What it was trained on, with the terms that the data put on the weights.
    pub data: String<192>,
    /// What was held back, and how it was chosen.
    pub split: String<192>,
    /// Seed of the training run.
    pub seed: u64,
    /// The command that made it.
    pub command: String<256>,
    /// Version of the trainer.
    pub trainer: String<32>,
    /// What the network in floating point reached on the held-back data.
    pub float_figures: Option<Figures>,
    /// What this file reached on the same data.
    pub int8_figures: Option<Figures>,
}

/// How well a network did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Pictures or clips.
    pub samples: u32,
    /// Share that it named right, `[0, 1]`.
    pub accuracy: f32,
    /// Mean over the emotions of the share that it named right, `[0, 1]`.
    pub unweighted_average_recall: f32,
}
