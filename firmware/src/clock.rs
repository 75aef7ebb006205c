//! What time it is: on the wall, or in the film that is being played.

use std::time::{Duration, Instant};

/// Monotonic time since the start, in microseconds.
pub trait Clock {
    /// Now.
    fn now_us(&self) -> u64;

    /// Returns when `time_us` has come; at once where it is past.
    fn wait_until(&mut self, time_us: u64);

    /// Whether a second of it takes a second.
    fn is_real(&self) -> bool;
}

/// Time as it passes.
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    start: Instant,
}

impl RealClock {
    /// Starts now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for RealClock {
    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn wait_until(&mut self, time_us: u64) {
        let ahead = time_us.saturating_sub(self.now_us());
        if ahead > 0 {
            std::thread::sleep(Duration::from_micros(ahead));
        }
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// Time that jumps to whatever comes next: the same on every machine, as fast as it goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct VirtualClock {
    now_us: u64,
}

impl Clock for VirtualClock {
    fn now_us(&self) -> u64 {
        self.now_us
    }

    fn wait_until(&mut self, time_us: u64) {
        self.now_us = self.now_us.max(time_us);
    }

    fn is_real(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_jumps_and_never_runs_backwards() {
        let mut clock = VirtualClock::default();
        clock.wait_until(5_000_000);
        clock.wait_until(1_000_000);
        assert_eq!(clock.now_us(), 5_000_000);
    }

    #[test]
    fn real_time_is_waited_for() {
        let mut clock = RealClock::start();
        clock.wait_until(20_000);
        assert!(clock.now_us() >= 20_000);
    }
}
