//! The thread "leds": takes the newest levels and drives the pins by them, dimming what is neither off nor fully on.
//!
//! While nothing is dimmed the thread sleeps until new levels come, and a lit LED is a plain level. Else it wakes at each edge of the period
//! and writes once. Where an edge comes late, the phase of the clock says what is lit: nothing adds up. Its memory is made at the start.

use super::IndicatorError;
use super::levels::{Levels, PERIOD_US};
use super::pins::{Pins, Wiring};
use crossbeam_queue::ArrayQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Drives pins on a thread of its own. Dropping it, which a panic does too, ends the thread and leaves every LED dark.
pub struct Dimmer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both threads see.
struct Shared {
    /// The newest levels, until the thread takes them.
    newest: ArrayQueue<Levels>,
    /// The newest error of the pins, until somebody asks.
    error: ArrayQueue<IndicatorError>,
    is_over: AtomicBool,
}

impl Dimmer {
    /// Starts the thread with everything dark; fails where the system has no thread to give, and then `pins` are dropped.
    pub fn start(mut pins: Box<dyn Pins>, wiring: Wiring) -> Result<Self, IndicatorError> {
        let shared =
            Arc::new(Shared { newest: ArrayQueue::new(1), error: ArrayQueue::new(1), is_over: AtomicBool::new(false) });
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("leds".into())
            .spawn(move || drive(&mut *pins, &wiring, &theirs))
            .map_err(IndicatorError::Thread)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Has the pins driven by these levels from now on; never waits.
    pub fn set(&self, levels: Levels) {
        self.shared.newest.force_push(levels);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// What went wrong with the pins since the last call. They are tried again with the next levels.
    pub fn error(&self) -> Option<IndicatorError> {
        let is_dead = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        self.shared.error.pop().or_else(|| is_dead.then_some(IndicatorError::Stopped))
    }
}

impl Drop for Dimmer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Had it panicked, the pins were dropped, and are dark, all the same.
            let _ = thread.join();
        }
    }
}

/// The thread: writes wherever what is lit changes, until it is over.
fn drive(pins: &mut dyn Pins, wiring: &Wiring, shared: &Shared) {
    let start = Instant::now();
    let mut levels = Levels::DARK;
    let mut written = Some(wiring.dark());
    while !shared.is_over.load(Ordering::Acquire) {
        if let Some(newest) = shared.newest.pop() {
            levels = newest;
        }
        let phase_us = (start.elapsed().as_micros() % u128::from(PERIOD_US)) as u32;
        let lit = wiring.levels(levels.lit_at(phase_us));
        if written != Some(lit) {
            match pins.write(lit) {
                Ok(()) => written = Some(lit),
                Err(error) => {
                    written = None;
                    shared.error.force_push(error);
                }
            }
        }
        // Pins that fail are left alone until there is something new to show.
        if levels.is_plain() || written.is_none() {
            thread::park();
        } else {
            thread::park_timeout(Duration::from_micros((levels.next_edge_us(phase_us) - phase_us).into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::levels::FULL;
    use super::super::pins::{Recording, RecordingPins};
    use super::*;
    use crate::config::{LedLayout, LedSettings, LedSink, PinDriver};

    fn wiring(is_active_low: bool) -> Wiring {
        let sink = LedSink::Pins { driver: PinDriver::Rppal, layout: LedLayout::Rgb([1, 2, 3]) };
        Wiring::new(&LedSettings { sink, status_pin: Some(4), is_active_low }).unwrap().unwrap()
    }

    fn start(is_active_low: bool) -> (Dimmer, Recording) {
        let wiring = wiring(is_active_low);
        let (pins, recording) = RecordingPins::new(&wiring);
        (Dimmer::start(Box::new(pins), wiring).unwrap(), recording)
    }

    fn red(level: u8) -> Levels {
        let mut levels = Levels::DARK;
        levels.0[0] = level;
        levels
    }

    #[test]
    fn a_full_level_is_written_once_and_held() {
        let (dimmer, recording) = start(false);
        dimmer.set(red(FULL));
        assert!(recording.waits_for(1));
        dimmer.set(red(FULL));
        drop(dimmer);
        assert_eq!(recording.writes(), [0, 1, 0]);
    }

    #[test]
    fn a_half_level_goes_on_and_off_without_being_asked_again() {
        let (dimmer, recording) = start(false);
        dimmer.set(red(128));
        for _ in 0..5 {
            assert!(recording.waits_for(1) && recording.waits_for(0));
        }
        drop(dimmer);
        let writes = recording.writes();
        let ended = &writes[..writes.len() - 1];
        assert!(ended.windows(2).all(|pair| pair[0] != pair[1]), "no write without an edge: {writes:?}");
    }

    #[test]
    fn dimming_ends_with_the_next_plain_level() {
        let (dimmer, recording) = start(false);
        dimmer.set(red(128));
        assert!(recording.waits_for(1));
        let mut green = Levels::DARK;
        green.0[1] = FULL;
        dimmer.set(green);
        assert!(recording.waits_for(0b10));
    }

    #[test]
    fn active_low_leds_are_dark_at_the_start_and_after_the_end() {
        let (dimmer, recording) = start(true);
        dimmer.set(red(FULL));
        assert!(recording.waits_for(!1));
        drop(dimmer);
        assert_eq!(recording.writes(), [!0, !1, !0]);
    }

    #[test]
    fn a_panic_leaves_the_leds_dark() {
        let (dimmer, recording) = start(false);
        dimmer.set(red(FULL));
        assert!(recording.waits_for(1));
        let owner = thread::spawn(move || {
            let _dimmer = dimmer;
            panic!("on purpose");
        });
        assert!(owner.join().is_err());
        assert_eq!(recording.writes(), [0, 1, 0]);
    }

    #[test]
    fn pins_that_panic_are_dark_too_and_it_is_told() {
        struct Bomb(RecordingPins);
        impl Pins for Bomb {
            fn write(&mut self, levels: u16) -> Result<(), IndicatorError> {
                self.0.write(levels)?;
                panic!("on purpose");
            }
        }
        let (pins, recording) = RecordingPins::new(&wiring(false));
        let dimmer = Dimmer::start(Box::new(Bomb(pins)), wiring(false)).unwrap();
        dimmer.set(red(FULL));
        let deadline = Instant::now() + Duration::from_secs(10);
        while !matches!(dimmer.error(), Some(IndicatorError::Stopped)) {
            assert!(Instant::now() < deadline, "the thread has ended, and nobody says so");
            thread::yield_now();
        }
        assert_eq!(recording.writes(), [0, 1, 0]);
    }
}
