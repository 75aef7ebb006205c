//! The model file, `.moodnet`: what a network is, what it reads, what its outputs mean, and where it comes from.
//!
//! [`Model::load`] reads the file in place and checks everything in it, once. What it hands out can't fail, panic or allocate any
//! more. [`write`] (feature `std`) makes the file.

mod check;
mod description;
pub mod error;
pub mod format;
pub mod input;
mod layer_data;
mod lifetimes;
mod load;
#[cfg(any(test, feature = "std"))]
pub mod metadata;
#[cfg(any(test, feature = "std"))]
mod parameters;
mod provenance;
pub mod summary;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "std"))]
mod write;

pub use description::Description;
pub use error::{Fault, ModelError};
pub use format::{Header, LayerDescription, Operation, Plan, Task, TensorDescription};
pub use input::{InputDescription, SpeechConstants};
pub use load::{Model, read_header};
#[cfg(any(test, feature = "std"))]
pub use parameters::LayerParameters;
pub use provenance::{Figures, Provenance};
pub use summary::LayerSummary;
#[cfg(any(test, feature = "std"))]
pub use write::{WriteError, write};

/// Largest arena that a model may ask for: what the box and the trainer set aside.
pub const MAX_ARENA_BYTES: usize = 160 * 1024;

/// Most layers of a network.
pub const MAX_LAYERS: usize = 128;

/// Most outputs of a network: one for each emotion.
pub const MAX_LABELS: usize = crate::Emotion::ALL.len();
