//! What was shown and when, kept over restarts: events and sums by the hour, never a picture or a sound.
//!
//! ```text
//! runtime ──► Recorder (bounded queue, never waits) ──► thread ──► Store (SQLite) ──► `moodbox history`
//! ```
//!
//! A committed event survives a power cut. Whatever is wrong with the disk turns the history off and nothing else.

mod hours;
pub mod print;
mod recorder;
mod store;

pub use recorder::{Recorder, Trouble};
pub use store::Store;

use moodbox_shared::decision::Verdict;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Something that was shown, from beginning to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// When it began, by the clock on the wall: milliseconds since 1970, UTC.
    pub began_ms: i64,
    /// How long it lasted, in milliseconds, by the box's own clock.
    pub duration_ms: u64,
    /// What was shown.
    pub verdict: Verdict,
    /// Highest confidence meanwhile.
    pub peak_confidence: f32,
}

/// How much of a verdict there was in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourSum {
    /// The hour, counted since 1970, UTC.
    pub hour: i64,
    /// What was shown.
    pub verdict: Verdict,
    /// Events that began in it.
    pub events: u64,
    /// How long it was shown, in milliseconds.
    pub shown_ms: u64,
}

/// Why there is no history.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The file can't be opened, read or written.
    #[error("history {}: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A damaged file can't be put aside.
    #[error("history {} is damaged and can't be renamed: {source}", path.display())]
    PutAside {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of a later version of the program.
    #[error("history {} was written by a later version ({found}) of the program: update this one, or name another file", path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// Version of its tables.
        found: i32,
    },
    /// There is no file to read.
    #[error("history {} does not exist: name the file that `moodbox run --history` writes", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The thread that writes can't be started.
    #[error("history: {0}")]
    Thread(std::io::Error),
}

/// Milliseconds since 1970, UTC; before it, negative.
pub fn unix_ms(time: SystemTime) -> i64 {
    let whole = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}
