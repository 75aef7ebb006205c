//! What the thread that decides and the thread of the line hand each other: bounded, lock-free, and made once.

use super::LineError;
use crossbeam_queue::ArrayQueue;
use moodbox_shared::link::{HostMessage, MAX_FRAME_BYTES};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Frames that wait for a slow line, about a second of them; then the oldest is dropped.
const FRAMES: usize = 64;

/// Requests of the host that wait for the box to look; the line is not read any further meanwhile.
pub(super) const REQUESTS: usize = 64;

/// Losses and returns that nobody was told of yet; of a line that comes and goes, the last ones.
const NEWS: usize = 2;

/// Between both threads.
pub(super) struct Mailbox {
    /// Which connection this is, counted from 1; 0 while there is none.
    pub connection: AtomicU32,
    /// The hello that begins a connection. It has a place of its own so that no flood of frames behind it pushes it out.
    pub hello: ArrayQueue<QueuedFrame>,
    /// What goes out after it.
    pub frames: ArrayQueue<QueuedFrame>,
    /// What came in.
    pub requests: ArrayQueue<HostMessage>,
    /// What people should be told.
    pub news: ArrayQueue<News>,
    /// Frames that never reached the line.
    pub dropped: AtomicU32,
    /// Frames of the host that were damaged or unknown.
    pub damaged: AtomicU32,
    /// Whether the box is about to end.
    pub is_closing: AtomicBool,
}

impl Mailbox {
    /// An empty one, without a connection.
    pub fn new() -> Self {
        Self {
            connection: AtomicU32::new(0),
            hello: ArrayQueue::new(1),
            frames: ArrayQueue::new(FRAMES),
            requests: ArrayQueue::new(REQUESTS),
            news: ArrayQueue::new(NEWS),
            dropped: AtomicU32::new(0),
            damaged: AtomicU32::new(0),
            is_closing: AtomicBool::new(false),
        }
    }

    /// Counts a frame that the line did not take.
    pub fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a frame of the host that can't be read.
    pub fn count_damaged(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }
}

/// The line comes or goes.
pub(super) enum News {
    Lost(LineError),
    Over,
}

/// A frame on its way, with the connection that it is meant for: the next one begins with a hello of its own.
#[derive(Clone, Copy)]
pub(super) struct QueuedFrame {
    pub connection: u32,
    length: usize,
    bytes: [u8; MAX_FRAME_BYTES],
}

impl QueuedFrame {
    /// A copy of `frame`; `None` where it is longer than any frame.
    pub fn new(connection: u32, frame: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_FRAME_BYTES];
        bytes.get_mut(..frame.len())?.copy_from_slice(frame);
        Some(Self { connection, length: frame.len(), bytes })
    }

    /// As it goes over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
