//! A list that one thread writes and others wait for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What has arrived so far; clones share it.
pub struct Log<T>(Arc<Shared<T>>);

struct Shared<T> {
    entries: Mutex<Vec<T>>,
    grown: Condvar,
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Arc::new(Shared { entries: Mutex::default(), grown: Condvar::new() }))
    }
}

impl<T: Clone> Log<T> {
    /// Adds an entry and wakes whoever waits.
    pub fn push(&self, entry: T) {
        self.entries().push(entry);
        self.0.grown.notify_all();
    }

    /// The place behind the last entry: where to wait from for what comes next.
    pub fn mark(&self) -> usize {
        self.entries().len()
    }

    /// Everything from `mark` on.
    pub fn since(&self, mark: usize) -> Vec<T> {
        self.entries()[mark..].to_vec()
    }

    /// Waits for the first entry from `mark` on that `wanted` makes something of.
    pub fn wait<R>(&self, mark: usize, patience: Duration, wanted: impl Fn(&T) -> Option<R>) -> Option<R> {
        let until = Instant::now() + patience;
        let mut entries = self.entries();
        let mut seen = mark;
        loop {
            if let Some(found) = entries[seen..].iter().find_map(&wanted) {
                return Some(found);
            }
            seen = entries.len();
            let left = until.checked_duration_since(Instant::now())?;
            entries = self.0.grown.wait_timeout(entries, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
