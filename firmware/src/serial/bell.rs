//! Wakes a thread that waits for a line: a pipe of which one end is rung and the other is waited for together with the line.

use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::ioctl_fionbio;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};

/// The end that is rung.
pub(super) struct Ringer(PipeWriter);

/// The end that is waited for.
pub(super) struct Bell(PipeReader);

/// Both ends. Neither ever waits.
pub(super) fn bell() -> io::Result<(Ringer, Bell)> {
    let (reader, writer) = pipe()?;
    ioctl_fionbio(&reader, true)?;
    ioctl_fionbio(&writer, true)?;
    Ok((Ringer(writer), Bell(reader)))
}

impl Ringer {
    /// Rings. A pipe that is full has been rung often enough.
    pub fn ring(&self) {
        let _ = (&self.0).write(&[1]);
    }
}

impl Bell {
    /// Forgets how often it was rung.
    pub fn hush(&self) {
        let mut rings = [0; 256];
        while (&self.0).read(&mut rings).is_ok_and(|count| count == rings.len()) {}
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
