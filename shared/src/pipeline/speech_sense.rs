//! Listens hop by hop and judges the voice twice a second while somebody speaks.

use super::engine::Engine;
use super::{PipelineError, RealNetwork};
use crate::SpeechPosteriors;
use crate::audio::{GateSettings, HOP, SpeechGate, SpeechInputKind, SpeechStatistics, SpeechStream, WINDOW_STEP_ROWS};
use crate::model::{InputDescription, MAX_ARENA_BYTES, Model};
use crate::nn::{Arena, Isa};

/// How the box listens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeechSettings {
    /// When somebody counts as speaking.
    pub gate: GateSettings,
    /// Hops of speech from one run of the network to the next.
    pub run_every_hops: u32,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self { gate: GateSettings::default(), run_every_hops: WINDOW_STEP_ROWS as u32 }
    }
}

/// What has been heard, as it is handed to whoever decides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeechWord {
    /// What the voice said when the network ran last.
    pub posteriors: Option<SpeechPosteriors>,
    /// Hops so far.
    pub hops: u32,
    /// Of these, with somebody speaking.
    pub hops_with_speech: u32,
    /// Runs of the network so far: the posteriors are news when this has changed.
    pub runs: u32,
}

/// The speech network with what it needs between hops.
///
/// About 0.4 MB: put it in a `Box` or a `static`.
pub struct SpeechSense<'m> {
    engine: Engine<'m>,
    kind: SpeechInputKind,
    statistics: &'m SpeechStatistics,
    settings: SpeechSettings,
    stream: SpeechStream,
    gate: SpeechGate,
    /// Samples into the current hop.
    phase: usize,
    was_open: bool,
    hops_since_run: u32,
    word: SpeechWord,
    arena: Arena<MAX_ARENA_BYTES>,
}

impl<'m> SpeechSense<'m> {
    /// Has heard nothing yet.
    pub fn new(model: &'m Model<'m>, settings: SpeechSettings, isa: Isa) -> Result<Self, PipelineError> {
        Self::on(Engine::Int8(model, isa), settings)
    }

    /// Has heard nothing yet, and lets another engine judge what it hears.
    pub fn with_real_network(network: RealNetwork<'m>, settings: SpeechSettings) -> Result<Self, PipelineError> {
        Self::on(Engine::Real(network), settings)
    }

    fn on(engine: Engine<'m>, settings: SpeechSettings) -> Result<Self, PipelineError> {
        let InputDescription::Speech { kind, statistics, .. } = engine.description().input else {
            return Err(PipelineError::NotASpeechModel);
        };
        engine.check_input()?;
        Ok(Self {
            engine,
            kind: *kind,
            statistics,
            settings,
            stream: SpeechStream::new(),
            gate: SpeechGate::new(settings.gate),
            phase: 0,
            was_open: false,
            hops_since_run: 0,
            word: SpeechWord::default(),
            arena: Arena::new(),
        })
    }

    /// Takes samples in, 16 kHz mono, hop by hop however they are cut.
    pub fn on_audio(&mut self, mut samples: &[i16]) -> SpeechWord {
        while !samples.is_empty() {
            let (piece, rest) = samples.split_at(samples.len().min(HOP - self.phase));
            samples = rest;
            self.stream.push(piece, |_, _| {});
            self.gate.push(piece, |_, _| {});
            self.phase = (self.phase + piece.len()) % HOP;
            if self.phase == 0 {
                self.on_hop();
            }
        }
        self.word
    }

    /// The sound is over: judges what has not been judged yet.
    pub fn end(&mut self) -> SpeechWord {
        if self.was_open && self.hops_since_run > 0 {
            self.run();
        }
        self.was_open = false;
        self.word
    }

    /// Begins anew: what was heard so far, and what it said, belongs to the past. The counters go on.
    pub fn forget(&mut self) -> SpeechWord {
        self.stream.clear();
        self.gate = SpeechGate::new(self.settings.gate);
        (self.phase, self.was_open, self.hops_since_run) = (0, false, 0);
        self.word.posteriors = None;
        self.word
    }

    /// A hop is complete: the network runs every half second of speech, and once more when the speaker pauses.
    fn on_hop(&mut self) {
        self.word.hops = self.word.hops.wrapping_add(1);
        let open = self.gate.is_open();
        if open {
            self.word.hops_with_speech = self.word.hops_with_speech.wrapping_add(1);
            self.hops_since_run += 1;
        }
        let pauses = self.was_open && !open && self.hops_since_run > 0;
        self.was_open = open;
        if pauses || self.hops_since_run >= self.settings.run_every_hops {
            self.run();
        }
    }

    fn run(&mut self) {
        let Some(window) = self.stream.window() else {
            return;
        };
        self.hops_since_run = 0;
        if let Some(posteriors) = self.engine.hear(self.kind, window, self.statistics, &mut self.arena[..]) {
            self.word.posteriors = Some(posteriors);
            self.word.runs = self.word.runs.wrapping_add(1);
        }
    }
}
