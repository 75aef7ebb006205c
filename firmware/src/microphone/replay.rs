//! Plays a sound as if a microphone heard it.

use super::{Microphone, MicrophoneError, Period};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};
use moodbox_shared::media::read_speech;
use std::path::Path;

/// Sound from memory, one hop at a time.
pub struct ReplayMicrophone {
    samples: Vec<i16>,
    played: usize,
}

impl ReplayMicrophone {
    /// Plays `samples`, 16 kHz mono.
    pub fn new(samples: Vec<i16>) -> Self {
        Self { samples, played: 0 }
    }

    /// Reads a WAV or FLAC file of any rate and any number of channels.
    pub fn open(path: &Path) -> Result<Self, MicrophoneError> {
        let samples = read_speech(path).map_err(|source| MicrophoneError::File { path: path.to_path_buf(), source })?;
        Ok(Self::new(samples))
    }

    /// Length of the whole sound in microseconds.
    pub fn duration_us(&self) -> u64 {
        time_us(self.samples.len())
    }

    /// Samples played once the next period is over.
    fn next_end(&self) -> usize {
        (self.played + HOP).min(self.samples.len())
    }
}

impl Microphone for ReplayMicrophone {
    fn due_us(&self) -> Option<u64> {
        (self.played < self.samples.len()).then(|| time_us(self.next_end()))
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        let (start, end) = (self.played, self.next_end());
        self.played = end;
        Ok((start < end).then(|| Period { time_us: time_us(end), samples: &self.samples[start..end] }))
    }
}

/// When `samples` samples have been heard, in microseconds.
fn time_us(samples: usize) -> u64 {
    samples as u64 * 1_000_000 / SAMPLE_RATE as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_heard_hop_by_hop_and_to_its_last_sample() {
        let mut microphone = ReplayMicrophone::new(vec![1; HOP + 100]);
        assert_eq!(microphone.duration_us(), 22_250);
        assert_eq!(microphone.due_us(), Some(16_000));
        assert_eq!(microphone.next_period().unwrap().unwrap().samples.len(), HOP);
        assert_eq!(microphone.due_us(), Some(22_250));
        assert_eq!(microphone.next_period().unwrap().unwrap().samples.len(), 100);
        assert_eq!(microphone.due_us(), None);
        assert!(microphone.next_period().unwrap().is_none());
    }
}
