//! Takes ended events from the link's packets to the disk, on a thread of its own.

use super::{Entry, HistoryError, Store, unix_ms};
use crate::serial::{Link, LinkError};
use moodbox_shared::decision::EventPhase;
use moodbox_shared::link::{EventReport, Faults, Message, Packet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Entries that wait for a slow disk; further ones are dropped.
const QUEUE: usize = 64;

/// How long the disk is waited for at the end.
const FAREWELL: Duration = Duration::from_millis(200);

/// From one time that old entries are forgotten to the next.
const FORGET_EVERY_MS: i64 = 3_600_000;

/// Says what time it is, by the clock on the wall.
pub type WallClock = fn() -> SystemTime;

/// Told of what goes wrong, on the recorder's own thread.
pub type Warn = Box<dyn FnMut(Trouble<'_>) + Send>;

/// What a history has to say for itself.
#[derive(Debug)]
pub enum Trouble<'a> {
    /// Nothing is kept from now on.
    Off(&'a HistoryError),
    /// The file was damaged; it lies here now, and what could be read of it was taken over.
    Damaged(&'a Path),
}

/// A link that keeps the events which pass by. Dropping it writes what still waits, as far as the disk takes it in a moment.
pub struct Recorder {
    is_off: Arc<AtomicBool>,
    queue: Option<SyncSender<Entry>>,
    clock: WallClock,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts the thread; what is wrong with the file is told to `warn`, since the box runs without it too.
    ///
    /// * `retention`: how long entries are kept
    pub fn start(path: &Path, retention: Duration, warn: Warn) -> Result<Self, HistoryError> {
        Self::start_with_clock(path, retention, warn, SystemTime::now)
    }

    /// The same by another clock on the wall, for tests.
    pub fn start_with_clock(
        path: &Path,
        retention: Duration,
        warn: Warn,
        clock: WallClock,
    ) -> Result<Self, HistoryError> {
        let (queue, entries) = sync_channel(QUEUE);
        let (path, is_off) = (path.to_owned(), Arc::new(AtomicBool::new(false)));
        let says_off = Arc::clone(&is_off);
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || keep(&path, retention, &entries, warn, &says_off))
            .map_err(HistoryError::Thread)?;
        Ok(Self { is_off, queue: Some(queue), clock, thread: Some(thread) })
    }
}

impl Link for Recorder {
    /// Never waits, and never fails: a history that is off takes everything and keeps nothing.
    fn send(&mut self, packet: &Packet, _: &[u8]) -> Result<(), LinkError> {
        if let (Message::Event(event), Some(queue)) = (&packet.message, &self.queue)
            && event.phase == EventPhase::End
        {
            let _ = queue.try_send(ended_now(event, (self.clock)()));
        }
        Ok(())
    }

    fn faults(&self) -> Faults {
        if self.is_off.load(Ordering::Acquire) { Faults::HISTORY } else { Faults::default() }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue = None;
        let deadline = Instant::now() + FAREWELL;
        if let Some(thread) = self.thread.take() {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// An event that ends now, by the clock on the wall.
fn ended_now(event: &EventReport, now: SystemTime) -> Entry {
    let EventReport { verdict, duration_ms, peak_confidence, .. } = *event;
    Entry { began_ms: unix_ms(now).saturating_sub_unsigned(duration_ms), duration_ms, verdict, peak_confidence }
}

fn keep(path: &Path, retention: Duration, entries: &Receiver<Entry>, mut warn: Warn, is_off: &AtomicBool) {
    if let Err(error) = keep_until_trouble(path, retention, entries, &mut warn) {
        is_off.store(true, Ordering::Release);
        warn(Trouble::Off(&error));
    }
}

fn keep_until_trouble(
    path: &Path,
    retention: Duration,
    entries: &Receiver<Entry>,
    warn: &mut Warn,
) -> Result<(), HistoryError> {
    let (mut store, damaged) = Store::open(path)?;
    if let Some(aside) = damaged {
        warn(Trouble::Damaged(&aside));
    }
    let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let mut forgotten_ms = i64::MIN;
    for entry in entries {
        store.record(&entry)?;
        let now_ms = entry.began_ms.saturating_add_unsigned(entry.duration_ms);
        // A clock that was set back makes this later, never wrong.
        if now_ms.saturating_sub(forgotten_ms) >= FORGET_EVERY_MS {
            store.forget_before(now_ms.saturating_sub(retention_ms))?;
            forgotten_ms = now_ms;
        }
    }
    Ok(())
}
