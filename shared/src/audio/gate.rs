//! Does anybody speak? A small recurrent network (earshot) listens to each hop at a usual level; loudness and time make its answer steady.
//!
//! How often it errs, on voices and noises that its settings were not chosen on, is measured in `tests/reports/gate.md`.

use super::HOP;
use super::level::{LevelFollower, amplified, level_dbfs};
use earshot::Detector;

/// When the gate opens and how long it stays open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateSettings {
    /// Score of the voice detector, `[0, 1]`, from which a hop counts as speech.
    pub voice_threshold: f32,
    /// RMS level under which nothing counts as speech, dB of full scale.
    pub floor_dbfs: f32,
    /// Hops of speech in a row that open the gate.
    pub onset_hops: u16,
    /// Hops that the gate stays open after the last hop of speech.
    pub hang_over_hops: u16,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { voice_threshold: 0.55, floor_dbfs: -78.0, onset_hops: 3, hang_over_hops: 10 }
    }
}

/// What the gate made of one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateReading {
    /// Score of the voice detector, `[0, 1]`.
    pub voice: f32,
    /// RMS of the hop without its mean, dB of full scale, −120 at least.
    pub level_dbfs: f32,
    /// Level of the room without anybody speaking, dB of full scale.
    pub noise_dbfs: f32,
    /// Whether this hop counts as speech by itself.
    pub speech: bool,
    /// Whether somebody speaks, or has just spoken.
    pub open: bool,
}

/// Says hop by hop whether somebody speaks. About 10 KB; nothing allocates.
pub struct SpeechGate {
    detector: Detector,
    levels: LevelFollower,
    settings: GateSettings,
    hop: [i16; HOP],
    filled: usize,
    hop_count: u64,
    speech_run: u16,
    open_for: u16,
}

impl SpeechGate {
    /// A closed gate.
    pub fn new(settings: GateSettings) -> Self {
        Self {
            detector: Detector::default(),
            levels: LevelFollower::new(),
            settings,
            hop: [0; HOP],
            filled: 0,
            hop_count: 0,
            speech_run: 0,
            open_for: 0,
        }
    }

    /// Takes 16 kHz samples in, in pieces of any length, and calls `on_hop` with number and reading of each hop that they complete.
    ///
    /// Hop `h` covers samples `256·h .. 256·(h + 1)`.
    pub fn push(&mut self, mut samples: &[i16], mut on_hop: impl FnMut(u64, GateReading)) {
        while !samples.is_empty() {
            let (taken, rest) = samples.split_at(samples.len().min(HOP - self.filled));
            self.hop[self.filled..][..taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            samples = rest;
            if self.filled == HOP {
                self.filled = 0;
                let reading = self.judge();
                on_hop(self.hop_count, reading);
                self.hop_count += 1;
            }
        }
    }

    /// Whether somebody speaks, or has just spoken.
    pub fn is_open(&self) -> bool {
        self.open_for > 0
    }

    /// Forgets all sound and closes.
    pub fn clear(&mut self) {
        self.detector.reset();
        self.levels = LevelFollower::new();
        self.filled = 0;
        self.hop_count = 0;
        self.speech_run = 0;
        self.open_for = 0;
    }

    fn judge(&mut self) -> GateReading {
        let level_dbfs = level_dbfs(&self.hop);
        let room = self.levels.follow(level_dbfs);
        let voice = self.detector.predict_f32(&amplified(&self.hop, room.gain_db));
        let speech = voice >= self.settings.voice_threshold && level_dbfs >= self.settings.floor_dbfs;
        self.count(speech);
        GateReading { voice, level_dbfs, noise_dbfs: room.noise_dbfs, speech, open: self.is_open() }
    }

    fn count(&mut self, speech: bool) {
        if speech {
            self.speech_run = self.speech_run.saturating_add(1);
            if self.is_open() || self.speech_run >= self.settings.onset_hops {
                self.open_for = self.settings.hang_over_hops.saturating_add(1);
            }
        } else {
            self.speech_run = 0;
            self.open_for = self.open_for.saturating_sub(1);
        }
    }
}

impl Default for SpeechGate {
    fn default() -> Self {
        Self::new(GateSettings::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gate that takes every hop above the floor for speech.
    fn by_level() -> SpeechGate {
        SpeechGate::new(GateSettings { voice_threshold: 0.0, floor_dbfs: -60.0, onset_hops: 3, hang_over_hops: 5 })
    }

    fn hop(amplitude: i16) -> [i16; HOP] {
        core::array::from_fn(|n| if n.is_multiple_of(2) { amplitude } else { -amplitude })
    }

    fn open_after(gate: &mut SpeechGate, amplitude: i16, hops: usize) -> bool {
        for _ in 0..hops {
            gate.push(&hop(amplitude), |_, _| {});
        }
        gate.is_open()
    }

    #[test]
    fn a_click_does_not_open_it_but_a_word_does() {
        let mut gate = by_level();
        assert!(!open_after(&mut gate, 1000, 2));
        assert!(!open_after(&mut gate, 1, 1));
        assert!(open_after(&mut gate, 1000, 3));
    }

    #[test]
    fn it_stays_open_through_a_pause_and_closes_after_it() {
        let mut gate = by_level();
        assert!(open_after(&mut gate, 1000, 3));
        assert!(open_after(&mut gate, 1, 5));
        assert!(open_after(&mut gate, 1000, 1), "one hop of speech is enough to go on");
        assert!(open_after(&mut gate, 1, 5));
        assert!(!open_after(&mut gate, 1, 1));
    }

    #[test]
    fn clearing_closes_it() {
        let mut gate = by_level();
        assert!(open_after(&mut gate, 1000, 3));
        gate.clear();
        assert!(!gate.is_open());
        gate.push(&hop(1000), |number, _| assert_eq!(number, 0));
    }

    #[test]
    fn silence_is_no_speech() {
        let mut gate = SpeechGate::default();
        for _ in 0..100 {
            gate.push(&[0; HOP], |_, reading| assert!(!reading.open && (0.0..=1.0).contains(&reading.voice)));
        }
    }
}
