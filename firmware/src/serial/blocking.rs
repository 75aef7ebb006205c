//! Lines and files that are written and read while everybody waits: for played files, and for `listen`.

use super::{Access, Line, LineError, Link, LinkError};
use crate::config::SerialSettings;
use moodbox_shared::link::Packet;
use rustix::event::PollFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes frames to a serial line, a pseudo-terminal, a pipe or a file.
pub struct SerialLink {
    out: Output,
    patience: Duration,
    /// Whether the line took nothing when it was last waited for: then it is not waited for again until it does.
    is_asleep: bool,
}

enum Output {
    Line(Line),
    File(File),
}

impl SerialLink {
    /// Opens a line, raw; or a file, which is made where there is none, else its end is written on.
    ///
    /// * `patience`: how long a line that is full is waited for; then the packet is dropped
    pub fn open(settings: &SerialSettings, patience: Duration) -> Result<Self, LinkError> {
        let path = &settings.path;
        let out = match open_line(settings, Access::Exclusive)? {
            Some(line) => Output::Line(line),
            // A file in the place of a device that is away would keep it away.
            None if path.starts_with("/dev") => return Err(LinkError::open(path, LineError::Absent)),
            None => {
                let file = OpenOptions::new().append(true).create(true).open(path);
                Output::File(file.map_err(|error| LinkError::open(path, error))?)
            }
        };
        Ok(Self { out, patience, is_asleep: false })
    }
}

impl Link for SerialLink {
    fn send(&mut self, _: &Packet, frame: &[u8]) -> Result<(), LinkError> {
        match &mut self.out {
            Output::File(file) => Ok(file.write_all(frame)?),
            Output::Line(line) => {
                let patience = if self.is_asleep { Duration::ZERO } else { self.patience };
                let sent = write_all(line, frame, patience);
                self.is_asleep = sent.is_err();
                Ok(sent?)
            }
        }
    }
}

/// Writes all of `bytes`, or fails once the line has been full for longer than `patience`.
pub fn write_all(line: &Line, mut bytes: &[u8], patience: Duration) -> Result<(), LineError> {
    let deadline = Instant::now() + patience;
    while !bytes.is_empty() {
        let count = line.write(bytes)?;
        bytes = &bytes[count..];
        if count == 0 && !line.wait(PollFlags::OUT, Some(deadline))? {
            return Err(LineError::System(io::ErrorKind::TimedOut.into()));
        }
    }
    Ok(())
}

/// The line at the path, if it is one. Whatever else it is, or whatever is wrong with it, opening it as a file will tell.
fn open_line(settings: &SerialSettings, access: Access) -> Result<Option<Line>, LinkError> {
    if !is_device(&settings.path) {
        return Ok(None);
    }
    match Line::open(settings, access) {
        Ok(line) => Ok(Some(line)),
        Err(LineError::NotALine) => Ok(None),
        Err(reason) => Err(LinkError::open(&settings.path, reason)),
    }
}

/// Whether there is a device at `path`, and not a file, a folder or nothing.
pub fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}

/// Where `listen` reads: a line, a pseudo-terminal, a pipe or a file.
pub enum SerialInput {
    /// A line or pseudo-terminal.
    Line(Line),
    /// Anything else.
    File(File),
}

impl SerialInput {
    /// Opens the path for reading.
    pub fn open(settings: &SerialSettings) -> Result<Self, LinkError> {
        if let Some(line) = open_line(settings, Access::Shared)? {
            return Ok(Self::Line(line));
        }
        let path = &settings.path;
        Ok(Self::File(File::open(path).map_err(|error| LinkError::open(path, error))?))
    }

    /// Waits for bytes and returns how many there are; 0 at the end of a file, or when a line is hung up.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, LinkError> {
        loop {
            match self {
                Self::File(file) => match file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => return Ok(other?),
                },
                Self::Line(line) => {
                    line.wait(PollFlags::IN, None)?;
                    match line.read(buffer) {
                        Ok(0) => {}
                        Err(LineError::HungUp) => return Ok(0),
                        other => return Ok(other?),
                    }
                }
            }
        }
    }
}
