//! What the threads of a live box tell each other beside the senses' words: flags and counters, none of which anybody waits for.

use moodbox_shared::link::SenseState;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Longest time that a thread sleeps before it looks whether it should stop.
const NAP: Duration = Duration::from_millis(50);

/// How long the host's voice still sounds in the room after it has ended, in microseconds.
const REVERBERATION_US: u64 = 300_000;

/// Shared by all threads of a box.
#[derive(Debug, Default)]
pub struct Controls {
    must_stop: AtomicBool,
    is_paused: AtomicBool,
    host_speaks_until_us: AtomicU64,
    /// How the camera's thread is doing.
    pub camera: Pulse,
    /// How the microphone's thread is doing.
    pub microphone: Pulse,
    /// How the decisions are doing.
    pub decision: Pulse,
}

impl Controls {
    /// Tells every thread to end.
    pub fn stop(&self) {
        self.must_stop.store(true, Ordering::Release);
    }

    /// Whether to end.
    pub fn must_stop(&self) -> bool {
        self.must_stop.load(Ordering::Acquire)
    }

    /// Closes the senses' devices, or lets them be opened again.
    pub fn pause(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::Release);
    }

    /// Whether the senses' devices are to be closed.
    pub fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Acquire)
    }

    /// The host speaks until `until_us`; it has ended where that is past.
    pub fn host_speaks_until(&self, until_us: u64) {
        self.host_speaks_until_us.store(until_us, Ordering::Release);
    }

    /// Whether what is heard at `now_us` may be the host's own voice.
    pub fn is_host_speaking(&self, now_us: u64) -> bool {
        match self.host_speaks_until_us.load(Ordering::Acquire) {
            0 => false,
            until_us => now_us < until_us.saturating_add(REVERBERATION_US),
        }
    }

    /// Sleeps so long, or until the box ends.
    pub fn sleep(&self, pulse: &Pulse, mut span: Duration) {
        while !span.is_zero() && !self.must_stop() {
            pulse.beat();
            let nap = span.min(NAP);
            std::thread::sleep(nap);
            span -= nap;
        }
    }
}

/// How a thread is doing, as others see it.
#[derive(Debug, Default)]
pub struct Pulse {
    state: AtomicU8,
    beats: AtomicU32,
    errors: AtomicU32,
    overruns: AtomicU32,
    is_over: AtomicBool,
}

impl Pulse {
    /// The thread has come round once more.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Release);
    }

    /// How often it has come round.
    pub fn beats(&self) -> u32 {
        self.beats.load(Ordering::Acquire)
    }

    /// Says how the sense is doing, and returns how it was before.
    pub fn set_state(&self, state: SenseState) -> SenseState {
        state_at(self.state.swap(state as u8, Ordering::AcqRel))
    }

    /// How the sense is doing.
    pub fn state(&self) -> SenseState {
        state_at(self.state.load(Ordering::Acquire))
    }

    /// Counts an error of the device.
    pub fn count_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Errors so far.
    pub fn errors(&self) -> u32 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Counts sound that was lost.
    pub fn count_overruns(&self, overruns: u32) {
        self.overruns.fetch_add(overruns, Ordering::Relaxed);
    }

    /// Pieces of sound that were lost so far.
    pub fn overruns(&self) -> u32 {
        self.overruns.load(Ordering::Relaxed)
    }

    /// The stream has come to its end.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Whether the stream has come to its end.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// The state of this number; only numbers of states are ever stored.
fn state_at(number: u8) -> SenseState {
    SenseState::ALL.get(usize::from(number)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_voice_sounds_on_for_a_moment_and_ends_by_itself() {
        let controls = Controls::default();
        assert!(!controls.is_host_speaking(0));
        controls.host_speaks_until(2_000_000);
        assert!(controls.is_host_speaking(2_299_999) && !controls.is_host_speaking(2_300_000));
    }

    #[test]
    fn every_state_is_told_as_it_is() {
        let pulse = Pulse::default();
        let mut before = SenseState::Off;
        for state in SenseState::ALL {
            assert_eq!((pulse.set_state(state), pulse.state()), (before, state));
            before = state;
        }
    }
}
