//! The link's far end of the box: where framed packets go, and where they are read.

use moodbox_shared::link::{Faults, HostMessage, Packet};
use serialport::{SerialPort, TTYPort};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Baud rate of a real line; a pseudo-terminal does not care.
pub const BAUD: u32 = 115_200;

/// Something that takes packets to whoever listens.
pub trait Link {
    /// Sends a packet. An error means that this packet is lost; the next one may be sent all the same.
    ///
    /// * `frame`: the packet as it goes over the wire
    fn send(&mut self, packet: &Packet, frame: &[u8]) -> Result<(), LinkError>;

    /// Whether somebody has come to the line, or come back, who has not been greeted yet. Until a hello is sent, the line carries nothing.
    fn wants_hello(&mut self) -> bool {
        false
    }

    /// What the host asked for next, if anything.
    fn next_request(&mut self) -> Option<HostMessage> {
        None
    }

    /// Packets that were taken and yet got lost, oldest first, because the line was too slow.
    fn dropped(&self) -> u32 {
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

    fn dropped(&self) -> u32 {
        (**self).dropped()
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
        /// What the system says.
        reason: String,
    },
    /// The line takes nothing, or is gone.
    #[error("the link takes no more: {0}")]
    Write(#[from] io::Error),
}

/// Writes frames to a serial line, a pseudo-terminal, a pipe or a file.
pub struct SerialLink {
    out: Output,
    patience: Duration,
}

enum Output {
    Tty(TTYPort),
    File(File),
}

impl SerialLink {
    /// Opens `path`. A line is set to raw bytes; a file is made where there is none, else its end is written on.
    ///
    /// * `patience`: how long a line that is full is waited for; then the packet is dropped
    pub fn open(path: &Path, patience: Duration) -> Result<Self, LinkError> {
        if let Some(port) = open_tty(path, patience) {
            return Ok(Self { out: Output::Tty(port), patience });
        }
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(|error| open_error(path, &error))?;
        Ok(Self { out: Output::File(file), patience })
    }
}

impl Link for SerialLink {
    fn send(&mut self, _: &Packet, frame: &[u8]) -> Result<(), LinkError> {
        match &mut self.out {
            Output::File(file) => Ok(file.write_all(frame)?),
            Output::Tty(port) => {
                let sent = port.write_all(frame);
                // A peer that sleeps is not waited for again until it takes something.
                let patience = if sent.is_ok() { self.patience } else { Duration::ZERO };
                if port.timeout() != patience {
                    port.set_timeout(patience).map_err(io::Error::from)?;
                }
                Ok(sent?)
            }
        }
    }
}

/// The line at `path`, if it is one; whatever else it is, or whatever is wrong with it, opening it as a file will tell.
fn open_tty(path: &Path, timeout: Duration) -> Option<TTYPort> {
    let is_device = std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device());
    let port = || serialport::new(path.to_string_lossy(), BAUD).timeout(timeout).open_native().ok();
    if is_device { port() } else { None }
}

fn open_error(path: &Path, error: &io::Error) -> LinkError {
    LinkError::Open { path: path.to_path_buf(), reason: error.to_string() }
}

/// Where `listen` reads: a line, a pseudo-terminal, a pipe or a file.
pub struct SerialInput {
    /// Keeps a line raw. What arrives is read from the file: `serialport` drops what is left when the other end hangs up.
    _settings: Option<TTYPort>,
    file: File,
}

impl SerialInput {
    /// Opens `path` for reading.
    pub fn open(path: &Path) -> Result<Self, LinkError> {
        let mut settings = open_tty(path, Duration::ZERO);
        if let Some(port) = &mut settings {
            port.set_exclusive(false).map_err(|error| open_error(path, &error.into()))?;
        }
        let file = File::open(path).map_err(|error| open_error(path, &error))?;
        Ok(Self { _settings: settings, file })
    }

    /// Waits for bytes and returns how many there are; 0 at the end of a file, or when a line is hung up.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(HUNG_UP) => return Ok(0),
                other => return other,
            }
        }
    }
}

/// `EIO`: what Linux says when the other end of a pseudo-terminal is closed.
const HUNG_UP: i32 = 5;

/// Keeps what it was given, for tests.
#[derive(Debug, Default)]
pub struct RecordingLink {
    /// Every packet so far.
    pub packets: Vec<Packet>,
}

impl Link for RecordingLink {
    fn send(&mut self, packet: &Packet, _: &[u8]) -> Result<(), LinkError> {
        self.packets.push(packet.clone());
        Ok(())
    }
}

/// Loses everything, for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultyLink;

impl Link for FaultyLink {
    fn send(&mut self, _: &Packet, _: &[u8]) -> Result<(), LinkError> {
        Err(LinkError::Write(io::ErrorKind::BrokenPipe.into()))
    }
}
