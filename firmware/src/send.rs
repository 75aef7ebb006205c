//! `moodbox send`: tells a box something over its line, as a host does, and waits for the answer.

use crate::config::SerialSettings;
use crate::report::{write_json, write_text};
use crate::serial::{Access, Line, LineError, LinkError, write_all};
use clap::{Args, Subcommand, value_parser};
use moodbox_shared::link::{
    EncodeError, HostMessage, HostPacket, LinkReader, MAX_FRAME_BYTES, Message, Packet, Status, encode,
};
use rustix::event::PollFlags;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long a box may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is said, and over which line.
#[derive(Args, Debug)]
pub struct SendOptions {
    #[command(flatten)]
    line: SerialSettings,
    /// Prints the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    request: Request,
}

/// What a host may ask for.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Request {
    /// Are you there?
    Ping,
    /// Who are you, and how are you doing?
    Hello,
    /// Switches the emotion LEDs off.
    Mute,
    /// Switches them on again.
    Unmute,
    /// Closes camera and microphone for privacy.
    Pause,
    /// Opens them again.
    Resume,
    /// Sets the brightness of the LEDs.
    Brightness {
        /// In percent.
        #[arg(value_parser = value_parser!(u8).range(..=100))]
        percent: u8,
    },
    /// The host speaks from now on: what the box hears meanwhile is not judged.
    HostSpeaks {
        /// For so long, in milliseconds; 0 ends it early.
        duration_ms: u32,
    },
}

impl Request {
    fn message(self) -> HostMessage {
        match self {
            Self::Ping => HostMessage::Ping(std::process::id()),
            Self::Hello => HostMessage::AskHello,
            Self::Mute => HostMessage::MuteLeds(true),
            Self::Unmute => HostMessage::MuteLeds(false),
            Self::Pause => HostMessage::PausePrivacy(true),
            Self::Resume => HostMessage::PausePrivacy(false),
            Self::Brightness { percent } => HostMessage::SetBrightness(percent),
            Self::HostSpeaks { duration_ms } => HostMessage::HostSpeaks(duration_ms),
        }
    }
}

/// Why a box was not told, or may not have heard.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The line can't be opened, or takes nothing.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The message does not fit a frame.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Nobody answered.
    #[error("no answer within {} s: is a box at the other end, at the same baud rate?", PATIENCE.as_secs())]
    NoAnswer,
}

impl From<LineError> for SendError {
    fn from(error: LineError) -> Self {
        Self::Link(error.into())
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::Link(error.into())
    }
}

/// Tells the box, and writes its answer to `out`. Beside a program that already listens on the line, the answer is left to that one.
pub fn send(options: &SendOptions, out: &mut impl Write) -> Result<(), SendError> {
    let path = &options.line.path;
    let open = |access| Line::open(&options.line, access);
    let (line, is_alone) = match open(Access::Exclusive) {
        Err(LineError::Busy) => (open(Access::Shared), false),
        other => (other, true),
    };
    let line = line.map_err(|reason| LinkError::open(path, reason))?;
    let message = options.request.message();
    let deadline = Instant::now() + PATIENCE;
    if is_alone {
        line.discard_input(); // what was said before is no answer
    }
    write_all(&line, encode(&HostPacket { sequence: 0, message }, &mut [0; MAX_FRAME_BYTES])?, PATIENCE)?;
    if !is_alone {
        writeln!(out, "sent; the program that listens on {} gets the answer", path.display())?;
        return Ok(());
    }
    let answer = wait_for(&line, message, deadline)?.ok_or(SendError::NoAnswer)?;
    Ok(if options.json { write_json(out, &answer, None) } else { write_text(out, &answer) }?)
}

/// The packet that answers `message`, if it arrives in time.
fn wait_for(line: &Line, message: HostMessage, deadline: Instant) -> Result<Option<Packet>, LineError> {
    let (mut reader, mut buffer) = (LinkReader::new(), [0; 1_024]);
    while line.wait(PollFlags::IN, Some(deadline))? {
        let count = line.read(&mut buffer)?;
        for packet in buffer[..count].iter().filter_map(|&byte| reader.push(byte)?.ok()) {
            if is_answer(&packet, message) {
                return Ok(Some(packet));
            }
        }
    }
    Ok(None)
}

/// Whether `packet` shows that the box has heard `message`.
fn is_answer(packet: &Packet, message: HostMessage) -> bool {
    match (&packet.message, message) {
        (Message::Pong(token), HostMessage::Ping(asked)) => *token == asked,
        (Message::Hello(_), HostMessage::AskHello) => true,
        (Message::Status(status), message) => is_obeyed(status, message),
        _ => false,
    }
}

fn is_obeyed(status: &Status, message: HostMessage) -> bool {
    match message {
        HostMessage::MuteLeds(are_muted) => status.are_leds_muted == are_muted,
        HostMessage::PausePrivacy(is_paused) => status.is_paused == is_paused,
        HostMessage::SetBrightness(percent) => status.brightness_percent == percent,
        HostMessage::HostSpeaks(duration_ms) => status.is_host_speaking || duration_ms == 0,
        HostMessage::Ping(_) | HostMessage::AskHello => false,
    }
}
