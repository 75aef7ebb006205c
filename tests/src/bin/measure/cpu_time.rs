//! What this thread has had of the processor: unlike a clock, it does not count what other programs take meanwhile.

use rustix::time::{ClockId, clock_gettime};

/// Runs `work` and returns what it took, in milliseconds.
pub fn taking_ms<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start_ms = now_ms();
    let result = work();
    (result, now_ms() - start_ms)
}

fn now_ms() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
