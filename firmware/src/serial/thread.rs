//! The thread of a line: opens it, serves it until it is lost, and tries again, for ever.

use super::bell::Bell;
use super::connection::Connection;
use super::line::wait;
use super::mailbox::{Mailbox, News};
use super::{Access, Line, LineError};
use crate::back_off::BackOff;
use crate::config::SerialSettings;
use rustix::event::{PollFd, PollFlags};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Thread;
use std::time::{Duration, Instant};

/// What the thread "serial" works with.
pub(super) struct LineThread {
    settings: SerialSettings,
    mailbox: Arc<Mailbox>,
    bell: Bell,
    wake: Option<Thread>,
    connections: u32,
    /// Whether people were told of a loss and not yet of a return.
    is_lost: bool,
}

impl LineThread {
    /// Nothing is opened yet.
    pub fn new(settings: SerialSettings, mailbox: Arc<Mailbox>, bell: Bell, wake: Option<Thread>) -> Self {
        Self { settings, mailbox, bell, wake, connections: 0, is_lost: false }
    }

    /// Runs until the box closes the link.
    pub fn run(mut self) {
        let mut back_off = BackOff::default();
        while !self.is_closing() {
            let served = match Line::open(&self.settings, Access::Exclusive) {
                Ok(line) => self.serve(line, &mut back_off),
                Err(error) => Err(error),
            };
            if let Err(reason) = served {
                self.lost(reason);
                self.rest(back_off.after_failure());
            }
        }
    }

    /// Serves an open line until it is lost or the box closes the link.
    fn serve(&mut self, line: Line, back_off: &mut BackOff) -> Result<(), LineError> {
        self.connections = self.connections.wrapping_add(1).max(1);
        let mailbox = self.mailbox.clone();
        let mut connection = Connection::new(&line, &mailbox, self.connections, self.settings.baud);
        mailbox.connection.store(self.connections, Ordering::Release);
        self.wake();
        let served = self.exchange(&mut connection, back_off);
        mailbox.connection.store(0, Ordering::Release);
        if served.is_ok() {
            connection.say_farewell();
        }
        connection.close();
        served
    }

    fn exchange(&mut self, connection: &mut Connection<'_>, back_off: &mut BackOff) -> Result<(), LineError> {
        while !self.is_closing() {
            let turn = connection.turn(&self.bell)?;
            if turn.something_passed {
                back_off.reset();
                self.is_back();
            }
            if turn.has_request {
                self.wake();
            }
        }
        Ok(())
    }

    /// Tells people once of a loss, however often the line is tried in vain.
    fn lost(&mut self, reason: LineError) {
        if !std::mem::replace(&mut self.is_lost, true) {
            self.tell(News::Lost(reason));
        }
    }

    /// Tells people of a return, if they were told of a loss.
    fn is_back(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            self.tell(News::Over);
        }
    }

    fn tell(&self, news: News) {
        self.mailbox.news.force_push(news);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.wake {
            thread.unpark();
        }
    }

    /// Leaves the line alone for a while, unless the box closes the link.
    fn rest(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut ends = [PollFd::new(&self.bell, PollFlags::IN)];
        while !self.is_closing() && wait(&mut ends, Some(until)).unwrap_or(false) {
            self.bell.hush();
        }
    }

    fn is_closing(&self) -> bool {
        self.mailbox.is_closing.load(Ordering::Acquire)
    }
}
