//! A terminal line, made raw: a serial port, or a pseudo-terminal in its place.
//!
//! Bytes come in and go out without waiting. The crate `serialport` sets the line up and keeps others out; what goes over it goes through
//! a descriptor of our own, because one of `serialport` can't be waited for together with a queue without `unsafe`, and throws away what is
//! left to read when the other end hangs up.

use crate::config::SerialSettings;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, major, open};
use rustix::io::{Errno, retry_on_intr};
use rustix::termios::{QueueSelector, tcflush, tcgetattr};
use serialport::TTYPort;
use std::io;
use std::ops::RangeInclusive;
use std::time::Instant;
use thiserror::Error;

/// Major numbers of Linux's pseudo-terminals.
const PSEUDO_TERMINALS: RangeInclusive<u32> = 136..=143;

/// Who else may use the line meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody: two programs that write would mix their frames, two that read would share them out.
    Exclusive,
    /// Whoever asks for no more than this either.
    Shared,
}

/// What is wrong with a line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LineError {
    /// The device does not exist.
    #[error("there is no such device: is it plugged in?")]
    Absent,
    /// The user may not open it.
    #[error("permission denied: is the user in the group `dialout`?")]
    Denied,
    /// Another program has opened it for itself.
    #[error("busy: another program holds it")]
    Busy,
    /// It is not a terminal.
    #[error("not a serial line")]
    NotALine,
    /// The cable, the adapter or the program at the other end is gone.
    #[error("hung up")]
    HungUp,
    /// Anything else.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<Errno> for LineError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NODEV | Errno::NXIO => Self::Absent,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::BUSY => Self::Busy,
            Errno::NOTTY => Self::NotALine,
            Errno::IO => Self::HungUp,
            other => Self::System(other.into()),
        }
    }
}

/// An open line. Reading and writing never wait.
#[derive(Debug)]
pub struct Line {
    terminal: OwnedFd,
    /// Keeps the line as it was set up, and exclusive where that was asked for.
    _settings: TTYPort,
    is_pseudo: bool,
}

impl Line {
    /// Opens a line: 8 data bits, no parity, 1 stop bit, no flow control; modem status lines mean nothing.
    pub fn open(settings: &SerialSettings, access: Access) -> Result<Self, LineError> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        // Ours comes first: once a line is exclusive, nobody opens it again.
        let terminal = open(&settings.path, flags, Mode::empty())?;
        tcgetattr(&terminal)?;
        let port = serialport::new(settings.path.to_string_lossy(), settings.baud)
            .exclusive(access == Access::Exclusive)
            .open_native()
            .map_err(set_up)?;
        let is_pseudo = PSEUDO_TERMINALS.contains(&major(fstat(&terminal)?.st_rdev));
        Ok(Self { terminal, _settings: port, is_pseudo })
    }

    /// Takes what has arrived and returns its length; 0 where nothing has.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, LineError> {
        match retry_on_intr(|| rustix::io::read(&self.terminal, &mut *buffer)) {
            Ok(0) if !buffer.is_empty() => Err(LineError::HungUp),
            Err(Errno::WOULDBLOCK) => Ok(0),
            other => Ok(other.map_err(gone)?),
        }
    }

    /// Hands over as much as the line takes and returns how much that was.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, LineError> {
        match retry_on_intr(|| rustix::io::write(&self.terminal, bytes)) {
            Err(Errno::WOULDBLOCK) => Ok(0),
            other => Ok(other.map_err(gone)?),
        }
    }

    /// Waits until the line is ready for `what`, or gone; returns whether it was before the deadline. Without one it waits for ever.
    pub fn wait(&self, what: PollFlags, deadline: Option<Instant>) -> Result<bool, LineError> {
        wait(&mut [PollFd::new(self, what)], deadline)
    }

    /// Throws away what has arrived and was not read.
    pub fn discard_input(&self) {
        // Where this fails the line is gone, and reading will tell.
        let _ = tcflush(&self.terminal, QueueSelector::IFlush);
    }

    /// Throws away what the system has taken and not sent, since closing a line waits for that, up to half a minute.
    ///
    /// Closing a pseudo-terminal never waits, and what it was given can still be read at the other end: that stays.
    pub fn discard_output(&self) {
        if !self.is_pseudo {
            // Where this fails the line is gone, and there is nothing to wait for.
            let _ = tcflush(&self.terminal, QueueSelector::OFlush);
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.terminal.as_fd()
    }
}

/// Why a line that could be opened can't be set up.
fn set_up(error: serialport::Error) -> LineError {
    match error.kind {
        // The lock that asks politely is taken, or the line is exclusive.
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(io::ErrorKind::WouldBlock) => LineError::Busy,
        _ => LineError::System(error.into()),
    }
}

/// Waits until one of `ends` is ready, or gone; returns whether one was before the deadline. Without one it waits for ever.
pub(super) fn wait(ends: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<bool, LineError> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    Ok(retry_on_intr(|| poll(ends, left.as_ref()))? > 0)
}

/// What an unplugged adapter answers once it was open.
fn gone(error: Errno) -> LineError {
    match error {
        Errno::NODEV | Errno::NXIO | Errno::PIPE => LineError::HungUp,
        other => other.into(),
    }
}
