//! Everything of Moodbox that must be the same on the host and in the box.
//!
//! What comes in are 8-bit pictures and 16 kHz samples; what goes out are decisions and framed link messages. The trainer computes its
//! features, and evaluates the quantised networks, with this very code, so what was evaluated is what ships.
//!
//! The crate is `no_std` and never allocates. The feature `std` adds what only hosts and replay need: readers of audio and picture
//! files, the resampler and the model writer.

#![no_std]
#![deny(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

pub mod audio;
pub mod decision;
pub mod emotion;
pub mod link;
#[cfg(feature = "std")]
pub mod media;
pub mod model;
pub mod nn;
pub mod pipeline;
pub mod vision;

pub use emotion::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};
