//! The link of a box that must not wait: frames go into a queue, and a thread takes them to the line.

use super::bell::{Ringer, bell};
use super::blocking::is_device;
use super::mailbox::{Mailbox, News, QueuedFrame};
use super::thread::LineThread;
use super::{LineError, Link, LinkError, Trouble};
use crate::config::SerialSettings;
use moodbox_shared::link::{HostMessage, Message, Packet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, Thread};
use std::time::Duration;

/// Longest time that closing waits for the thread; it gives up on the line well before.
const CLOSING: Duration = Duration::from_millis(500);

/// A serial line that is opened again whenever it is gone. Nothing here waits or allocates.
///
/// Dropping it sends what is still queued, as far as the line takes it within a quarter of a second.
pub struct QueuedLink {
    path: PathBuf,
    mailbox: Arc<Mailbox>,
    ringer: Ringer,
    /// The connection on which a hello was sent last.
    greeted: u32,
    /// The connection for which a hello was asked last.
    asked: u32,
    /// Tells, by its end, that the thread is over.
    thread_over: Receiver<()>,
}

impl QueuedLink {
    /// Starts the thread "serial". A line that is not there yet is waited for; what is there and can never be a line is an error.
    ///
    /// * `wake`: the thread to unpark when the host asks for something, and when the line comes or goes
    pub fn start(settings: SerialSettings, wake: Option<Thread>) -> Result<Self, LinkError> {
        let path = settings.path.clone();
        if path.exists() && !is_device(&path) {
            return Err(LinkError::open(&path, LineError::NotALine));
        }
        let mailbox = Arc::new(Mailbox::new());
        let (ringer, bell) = bell().map_err(LinkError::Thread)?;
        let (until_its_end, thread_over) = channel();
        let thread = LineThread::new(settings, mailbox.clone(), bell, wake);
        let run = move || {
            thread.run();
            drop(until_its_end);
        };
        Builder::new().name("serial".into()).spawn(run).map_err(LinkError::Thread)?;
        Ok(Self { path, mailbox, ringer, greeted: 0, asked: 0, thread_over })
    }

    fn connection(&self) -> u32 {
        self.mailbox.connection.load(Ordering::Acquire)
    }
}

impl Link for QueuedLink {
    /// Never waits and never fails; what does not get through is counted.
    fn send(&mut self, packet: &Packet, frame: &[u8]) -> Result<(), LinkError> {
        let connection = self.connection();
        let is_first = connection != self.greeted;
        let is_hello = matches!(packet.message, Message::Hello(_));
        let queued = QueuedFrame::new(connection, frame).filter(|_| connection != 0 && (is_hello || !is_first));
        let Some(queued) = queued else {
            self.mailbox.count_dropped();
            return Ok(());
        };
        self.greeted = connection;
        let queue = if is_first { &self.mailbox.hello } else { &self.mailbox.frames };
        if queue.force_push(queued).is_some() {
            self.mailbox.count_dropped();
        }
        self.ringer.ring();
        Ok(())
    }

    fn wants_hello(&mut self) -> bool {
        let connection = self.connection();
        let is_new = connection != 0 && connection != self.greeted && connection != self.asked;
        if is_new {
            self.asked = connection;
        }
        is_new
    }

    fn next_request(&mut self) -> Option<HostMessage> {
        self.mailbox.requests.pop()
    }

    fn trouble(&mut self) -> Option<Trouble<'_>> {
        Some(match self.mailbox.news.pop()? {
            News::Lost(reason) => Trouble::Lost { path: &self.path, reason },
            News::Over => Trouble::Over { path: &self.path },
        })
    }

    fn dropped(&self) -> u32 {
        self.mailbox.dropped.load(Ordering::Relaxed)
    }

    fn damaged(&self) -> u32 {
        self.mailbox.damaged.load(Ordering::Relaxed)
    }
}

impl Drop for QueuedLink {
    fn drop(&mut self) {
        self.mailbox.is_closing.store(true, Ordering::Release);
        self.ringer.ring();
        let _ = self.thread_over.recv_timeout(CLOSING);
    }
}
