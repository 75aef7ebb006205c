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
