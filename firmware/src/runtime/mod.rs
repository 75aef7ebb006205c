//! The loop of the box: frames and pieces of sound go to the senses, what these say goes to the judge, what it decides goes to the light
//! and over the link.
//!
//! ```text
//! camera ─────► Watcher ─────► FaceWord ───┐
//!                                          ├─► Announcer ──► indicator, links
//! microphone ─► SpeechSense ─► SpeechWord ─┘
//! ```
//!
//! There are two ways to run it. [`live`] gives each sense a thread of its own, opens devices again and again when they go, and never lets
//! one wait for another. [`replay`] does it all on one thread in the order of the streams' own time stamps: played files give the same
//! decisions on every machine.

mod announcer;
mod camera_thread;
mod controls;
mod latency;
pub mod live;
mod microphone_thread;
pub mod replay;
mod watcher;

pub use announcer::{Announcer, Outputs, Vitals, Warn};
pub use watcher::{Sights, Watcher};

use moodbox_shared::link::{Capabilities, EncodeError, Hello, PROTOCOL_VERSION};
use moodbox_shared::model::Description;
use thiserror::Error;

/// Longest time without a decision, in milliseconds: without frames, sound or the clock alone leads.
pub const STEP_MS: u64 = 50;

/// Says hello: who this is.
pub fn hello(face: Option<Description<'_>>, speech: Option<Description<'_>>, capabilities: Capabilities) -> Hello {
    Hello {
        protocol: PROTOCOL_VERSION,
        software: env!("CARGO_PKG_VERSION").try_into().unwrap_or_default(),
        face_model: face.map(|network| network.crc32),
        speech_model: speech.map(|network| network.crc32),
        capabilities,
    }
}

/// Why the box stops before it is told to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A packet that this program made is too long for its own frames.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The system has no room for another thread.
    #[error("cannot start the {thread} thread: {source}")]
    Thread {
        /// What it should have done.
        thread: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A mistake in this program; what it was stands on the standard error output.
    #[error("the {thread} thread has failed: please report what stands above")]
    Panicked {
        /// What it did.
        thread: &'static str,
    },
}
