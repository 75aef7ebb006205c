//! The link's far end of the box: where framed packets go, and where the host's requests come from.
//!
//! A [`Line`] is a terminal made raw. [`SerialLink`] writes to one, or to a file, and waits for it as long as it has patience: that is
//! for played files. [`QueuedLink`] never waits: a thread of its own writes, reads, and opens the line again when it is gone.

mod bell;
mod blocking;
mod connection;
mod doubles;
mod line;
mod mailbox;
mod queued;
mod thread;

pub(crate) use blocking::write_all;
pub use blocking::{SerialInput, SerialLink};
pub use doubles::{FaultyLink, RecordingLink};
pub use line::{Access, Line, LineError};
pub use queued::QueuedLink;

use crate::config::SerialSettings;
use blocking::is_device;
use moodbox_shared::link::{Faults, HostMessage, Packet};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::Thread;
use std::time::Duration;
use thiserror::Error;

/// Something that takes packets to whoever listens, and may bring back what they ask for.
pub trait Link {
    /// Sends a packet. An error means that this packet is lost; the next one may be sent all the same.
    ///
    /// * `frame`: the packet as it goes over the wire
    fn send(&mut self, packet: &Packet, frame: &[u8]) -> Result<(), LinkError>;

    /// Whether a line has been opened, or opened again, on which no hello was sent yet; says so once a connection. Until a hello is
    /// sent, the line carries nothing.
    fn wants_hello(&mut self) -> bool {
        false
    }

    /// What the host asked for next, if anything.
    fn next_request(&mut self) -> Option<HostMessage> {
        None
    }

    /// What people should be told about the line next, if anything: once that it is lost, once that it is back.
    fn trouble(&mut self) -> Option<Trouble<'_>> {
        None
    }

    /// Packets that were taken without an error and never reached the line: it was gone, or full. Counts since the start, and wraps.
    fn dropped(&self) -> u32 {
        0
    }

    /// Frames of the host that were damaged or unknown. Counts since the start, and wraps.
    fn damaged(&self) -> u32 {
        0
    }

    /// What does not work behind this link.
    fn faults(&self) -> Faults {
        Faults::default()
    }
}

impl<L: Link + ?Sized> Link for &mut L {
    fn send(&mut self, packet: &Packet, frame: &[u8]) -> Result<(), LinkError> {
        (**self).send(packet, frame)
    }

    fn wants_hello(&mut self) -> bool {
        (**self).wants_hello()
    }

    fn next_request(&mut self) -> Option<HostMessage> {
        (**self).next_request()
    }

    fn trouble(&mut self) -> Option<Trouble<'_>> {
        (**self).trouble()
    }

    fn dropped(&self) -> u32 {
        (**self).dropped()
    }

    fn damaged(&self) -> u32 {
        (**self).damaged()
    }

    fn faults(&self) -> Faults {
        (**self).faults()
    }
}

/// Why a packet does not get through.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The line can't be opened.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// Device or file.
        path: PathBuf,
        /// What is wrong with it.
        reason: LineError,
    },
    /// There is no thread for the line.
    #[error("cannot start the serial thread: {0}")]
    Thread(io::Error),
    /// The line takes nothing, or is gone.
    #[error("the link takes no more: {0}")]
    Write(#[from] LineError),
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        Self::Write(error.into())
    }
}

impl LinkError {
    pub(crate) fn open(path: &Path, reason: impl Into<LineError>) -> Self {
        Self::Open { path: path.to_path_buf(), reason: reason.into() }
    }
}

/// What a link that looks after itself has to tell.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Trouble<'a> {
    /// The line is gone, or was never there.
    #[error("serial {path}: {reason}; looking for it until it is back")]
    Lost {
        /// The device.
        path: &'a Path,
        /// What happened to it.
        reason: LineError,
    },
    /// The line works again.
    #[error("serial {path}: back")]
    Over {
        /// The device.
        path: &'a Path,
    },
}

/// How long a live box waits for a file.
const FILE_PATIENCE: Duration = Duration::from_millis(5);

/// The link of a live box: a line, which may come and go, or a file that is there already.
///
/// * `wake`: the thread to unpark when the host asks for something
pub fn open_live(settings: &SerialSettings, wake: Thread) -> Result<Box<dyn Link>, LinkError> {
    if settings.path.exists() && !is_device(&settings.path) {
        return Ok(Box::new(SerialLink::open(settings, FILE_PATIENCE)?));
    }
    Ok(Box::new(QueuedLink::start(settings.clone(), Some(wake))?))
}
