//! How many executions got how far: a target whose files are all refused at the door would test the door alone.

use crate::infer::Outcome;
use std::sync::atomic::{AtomicU64, Ordering};

const MILLION: u64 = 1_000_000;

/// Executions so far; printed at every power of ten and every million.
#[derive(Debug, Default)]
pub struct Tally {
    executions: AtomicU64,
    loaded: AtomicU64,
    ran: AtomicU64,
}

impl Tally {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { executions: AtomicU64::new(0), loaded: AtomicU64::new(0), ran: AtomicU64::new(0) }
    }

    /// Counts an execution.
    pub fn count(&self, outcome: Outcome) {
        let executions = 1 + self.executions.fetch_add(1, Ordering::Relaxed);
        let loaded = u64::from(outcome != Outcome::Refused);
        let loaded = loaded + self.loaded.fetch_add(loaded, Ordering::Relaxed);
        let ran = u64::from(outcome == Outcome::Ran);
        let ran = ran + self.ran.fetch_add(ran, Ordering::Relaxed);
        let is_power_of_ten = 10_u64.checked_pow(executions.ilog10()) == Some(executions);
        if executions.is_multiple_of(MILLION) || (is_power_of_ten && executions >= 1000) {
            let share = |count: u64| 100.0 * count as f64 / executions as f64;
            eprintln!(
                "{executions} executions: {:.1} % loaded, {:.1} % loaded and ran on every set of instructions",
                share(loaded),
                share(ran)
            );
        }
    }
}
