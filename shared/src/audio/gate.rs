//! Does anybody speak? A small recurrent network (earshot) listens to each hop; level and time make its answer steady.

use super::HOP;
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
        Self { voice_threshold: 0.5, floor_dbfs: -66.0, onset_hops: 3, hang_over_hops: 25 }
    }
}

/// What the gate made of one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateReading {
    /// Score of the voice detector, `[0, 1]`.
    pub voice: f32,
    /// RMS of the hop without its mean, dB of full scale, −120 at least.
    pub level_dbfs: f32,
    /// Whether somebody speaks, or has just spoken.
    pub open: bool,
}

/// Says hop by hop whether somebody speaks. About 10 KB; nothing allocates.
pub struct SpeechGate {
    detector: Detector,
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
        self.filled = 0;
        self.hop_count = 0;
        self.speech_run = 0;
        self.open_for = 0;
    }

    fn judge(&mut self) -> GateReading {
        let voice = self.detector.predict_i16(&self.hop);
        let level_dbfs = level_dbfs(&self.hop);
        if voice >= self.settings.voice_threshold && level_dbfs >= self.settings.floor_dbfs {
            self.speech_run = self.speech_run.saturating_add(1);
            if self.is_open() || self.speech_run >= self.settings.onset_hops {
                self.open_for = self.settings.hang_over_hops.saturating_add(1);
            }
        } else {
            self.speech_run = 0;
            self.open_for = self.open_for.saturating_sub(1);
        }
        GateReading { voice, level_dbfs, open: self.is_open() }
    }
}

impl Default for SpeechGate {
    fn default() -> Self {
        Self::new(GateSettings::default())
    }
}

/// RMS without the mean (cheap microphones have one), dB of full scale.
fn level_dbfs(hop: &[i16; HOP]) -> f32 {
    let sum: i64 = hop.iter().map(|&sample| i64::from(sample)).sum();
    let squares: i64 = hop.iter().map(|&sample| i64::from(sample).pow(2)).sum();
    let count = HOP as f32;
    let mean = sum as f32 / count;
    let variance = (squares as f32 / count - mean * mean) / (32_768.0 * 32_768.0);
    10.0 * libm::log10f(variance.max(1e-12))
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
    fn level_is_rms_without_the_mean() {
        assert!((level_dbfs(&hop(16_384)) + 6.02).abs() < 0.01);
        assert_eq!(level_dbfs(&[0; HOP]), -120.0);
        assert_eq!(level_dbfs(&[9_000; HOP]), -120.0);
        assert!(level_dbfs(&[i16::MIN; HOP]) <= -100.0);
    }

    #[test]
    fn silence_is_no_speech() {
        let mut gate = SpeechGate::default();
        for _ in 0..100 {
            gate.push(&[0; HOP], |_, reading| assert!(!reading.open && (0.0..=1.0).contains(&reading.voice)));
        }
    }
}
