//! Microphones that fail on purpose, for tests.

use super::{Microphone, MicrophoneError, MicrophoneOpener, Period};
use std::ops::Range;

/// Gives the sound of another microphone, and loses the periods in a range of requests.
#[derive(Debug)]
pub struct FaultyMicrophone<M> {
    inner: M,
    asked: u64,
    fails_at: Range<u64>,
}

impl<M: Microphone> FaultyMicrophone<M> {
    /// Passes `inner` on, but for the requests in `fails_at`, counted from 0.
    pub fn new(inner: M, fails_at: Range<u64>) -> Self {
        Self { inner, asked: 0, fails_at }
    }
}

impl<M: Microphone> Microphone for FaultyMicrophone<M> {
    fn due_us(&self) -> Option<u64> {
        self.inner.due_us()
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        let request = self.asked;
        self.asked += 1;
        let period = self.inner.next_period();
        if self.fails_at.contains(&request) { Err(unplugged()) } else { period }
    }

    fn overruns(&self) -> u32 {
        self.inner.overruns()
    }
}

/// An opener that fails when it is called for the `fails_at`-th times, counted from 0, and else asks another one.
pub fn faulty_opener(mut open: MicrophoneOpener, fails_at: Range<u64>) -> MicrophoneOpener {
    let mut asked = 0;
    Box::new(move || {
        let request = asked;
        asked += 1;
        if fails_at.contains(&request) { Err(unplugged()) } else { open() }
    })
}

fn unplugged() -> MicrophoneError {
    MicrophoneError::Device { device: "faulty".into(), reason: "unplugged on purpose".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microphone::replay::ReplayMicrophone;

    #[test]
    fn an_absent_microphone_can_be_opened_once_it_is_there() {
        let open: MicrophoneOpener = Box::new(|| Ok(Box::new(ReplayMicrophone::new(vec![1; 16]))));
        let mut open = faulty_opener(open, 0..2);
        assert!(open().is_err() && open().is_err());
        assert_eq!(open().unwrap().next_period().unwrap().unwrap().samples, [1; 16]);
    }
}
