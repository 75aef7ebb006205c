//! How long a device that failed is left alone before it is tried again.

use std::time::Duration;

/// After the first failure.
const FIRST: Duration = Duration::from_millis(250);

/// After many.
const LONGEST: Duration = Duration::from_secs(4);

/// Doubles from failure to failure.
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    next: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl BackOff {
    /// How long to wait now, after another failure.
    pub fn after_failure(&mut self) -> Duration {
        let wait = self.next;
        self.next = (2 * wait).min(LONGEST);
        wait
    }

    /// It works again: the next failure is a first one.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_limit_and_begins_anew_after_a_success() {
        let mut back_off = BackOff::default();
        let waits: Vec<u128> = (0..7).map(|_| back_off.after_failure().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
        back_off.reset();
        assert_eq!(back_off.after_failure(), FIRST);
    }
}
