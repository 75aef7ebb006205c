//! One connection: from the opening of a line until it is lost or closed.

use super::bell::Bell;
use super::line::wait;
use super::mailbox::{Mailbox, QueuedFrame, REQUESTS};
use super::{Line, LineError};
use moodbox_shared::link::HostReader;
use rustix::event::{PollFd, PollFlags};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Most bytes that are read in one turn.
const READ_BYTES: usize = 256;

/// The shortest frame of a host takes eight bytes; so many requests may lie in one reading.
const REQUESTS_A_READING: usize = READ_BYTES / 8;

/// How long a line is left alone after a turn that did not empty it: 25 kB a second are more than any host has to say, and whoever
/// floods the line costs next to nothing.
const PAUSE_AFTER_FLOOD: Duration = Duration::from_millis(10);

/// How long the line may take for what is still queued when the box ends.
const FAREWELL: Duration = Duration::from_millis(250);

/// Bits of a byte on the line: start, eight, stop.
const BITS_A_BYTE: u32 = 10;

/// An open line and what is under way on it.
pub(super) struct Connection<'a> {
    line: &'a Line,
    mailbox: &'a Mailbox,
    number: u32,
    baud: u32,
    reader: HostReader,
    /// The frame that is being written, and how much of it is.
    outgoing: Option<(QueuedFrame, usize)>,
    /// When everything that the system has taken will be on the wire.
    sent_by: Instant,
    /// Until when nothing is read.
    read_again: Instant,
}

/// What happened in a turn.
#[derive(Default)]
pub(super) struct Turn {
    /// Whether the line took or brought a byte.
    pub something_passed: bool,
    /// Whether the host asked for something.
    pub has_request: bool,
}

impl<'a> Connection<'a> {
    /// The connection of that number on an open line.
    pub fn new(line: &'a Line, mailbox: &'a Mailbox, number: u32, baud: u32) -> Self {
        let now = Instant::now();
        let reader = HostReader::new();
        Self { line, mailbox, number, baud, reader, outgoing: None, sent_by: now, read_again: now }
    }

    /// Waits until there is something to do, and does it: a bounded amount, whatever the other end sends.
    pub fn turn(&mut self, bell: &Bell) -> Result<Turn, LineError> {
        let now = Instant::now();
        let has_room = self.mailbox.requests.len() + REQUESTS_A_READING <= REQUESTS;
        let reads = has_room && now >= self.read_again;
        let deadline = (!reads).then(|| self.read_again.max(now + PAUSE_AFTER_FLOOD));
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, reads);
        wanted.set(PollFlags::OUT, self.outgoing.is_some());
        let mut ends = [PollFd::new(self.line, wanted), PollFd::new(bell, PollFlags::IN)];
        wait(&mut ends, deadline)?;
        let [line, rung] = ends.map(|end| end.revents());
        if rung.contains(PollFlags::IN) {
            bell.hush();
        }
        let mut turn = Turn::default();
        let is_over = line.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
        if line.contains(PollFlags::IN) || is_over {
            let count = self.read(&mut turn)?;
            if count == 0 && is_over {
                return Err(LineError::HungUp);
            }
        }
        self.write(&mut turn)?;
        Ok(turn)
    }

    /// Writes what is queued. Returns false where the line takes no more for now.
    fn write(&mut self, turn: &mut Turn) -> Result<bool, LineError> {
        while let Some((frame, written)) = self.outgoing.take().or_else(|| self.next_frame()) {
            let rest = &frame.bytes()[written..];
            let count = self.line.write(rest).inspect_err(|_| self.mailbox.count_dropped())?;
            turn.something_passed |= count > 0;
            self.sent_by = self.sent_by.max(Instant::now()) + time_on_wire(count, self.baud);
            if count < rest.len() {
                self.outgoing = Some((frame, written + count));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next frame of this connection; those of an earlier one are thrown away.
    fn next_frame(&self) -> Option<(QueuedFrame, usize)> {
        while let Some(frame) = self.mailbox.hello.pop().or_else(|| self.mailbox.frames.pop()) {
            if frame.connection == self.number {
                return Some((frame, 0));
            }
            self.mailbox.count_dropped();
        }
        None
    }

    /// Reads once, and returns how many bytes there were.
    fn read(&mut self, turn: &mut Turn) -> Result<usize, LineError> {
        let mut buffer = [0; READ_BYTES];
        let count = self.line.read(&mut buffer)?;
        for packet in buffer[..count].iter().filter_map(|&byte| self.reader.push(byte)) {
            match packet {
                Ok(packet) => {
                    turn.has_request = true;
                    self.mailbox.requests.force_push(packet.message);
                }
                Err(_) => self.mailbox.count_damaged(),
            }
        }
        if count == READ_BYTES {
            self.read_again = Instant::now() + PAUSE_AFTER_FLOOD;
        }
        turn.something_passed |= count > 0;
        Ok(count)
    }

    /// The box ends: gives the line a moment for what is still queued, and for what it has taken.
    pub fn say_farewell(&mut self) {
        let deadline = Instant::now() + FAREWELL;
        let mut turn = Turn::default();
        while self.write(&mut turn).is_ok_and(|all| !all)
            && self.line.wait(PollFlags::OUT, Some(deadline)).unwrap_or(false)
        {}
        sleep(self.sent_by.min(deadline).saturating_duration_since(Instant::now()));
    }

    /// Gives up what is not sent.
    pub fn close(mut self) {
        if self.outgoing.take().is_some() {
            self.mailbox.count_dropped();
        }
        self.line.discard_output();
    }
}

/// How long `count` bytes take.
fn time_on_wire(count: usize, baud: u32) -> Duration {
    Duration::from_secs_f64(count as f64 * f64::from(BITS_A_BYTE) / f64::from(baud.max(1)))
}
