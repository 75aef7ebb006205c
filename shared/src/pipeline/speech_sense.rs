//! Listens hop by hop and judges the voice twice a second while somebody speaks.

use super::{Dated, LastSpeech};
use crate::SpeechPosteriors;
use crate::audio::{GateSettings, HOP, SpeechGate, SpeechInputKind, SpeechStatistics, SpeechStream, WINDOW_STEP_ROWS};
use crate::link::Heartbeat;
use crate::model::{InputDescription, Model};
use crate::nn::Isa;

/// How the box listens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeechSettings {
    /// When somebody counts as speaking.
    pub gate: GateSettings,
    /// Hops of speech from one run of the network to the next.
    pub run_every_hops: u32,
    /// How long a voice's word counts, in milliseconds.
    pub memory_ms: u32,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self { gate: GateSettings::default(), run_every_hops: WINDOW_STEP_ROWS as u32, memory_ms: 1_000 }
    }
}

/// A model that listens, and what its input is made with.
#[derive(Clone, Copy)]
pub(super) struct Listener<'m> {
    model: &'m Model<'m>,
    kind: SpeechInputKind,
    statistics: &'m SpeechStatistics,
}

impl<'m> Listener<'m> {
    /// `None` where the model does not listen.
    pub(super) fn of(model: &'m Model<'m>) -> Option<Self> {
        match model.input() {
            InputDescription::Speech { kind, statistics, .. } => Some(Self { model, kind: *kind, statistics }),
            _ => None,
        }
    }
}

/// The speech network with what it needs between hops.
pub struct SpeechSense<'m> {
    listener: Listener<'m>,
    settings: SpeechSettings,
    isa: Isa,
    stream: SpeechStream,
    gate: SpeechGate,
    /// Samples into the current hop.
    phase: usize,
    was_open: bool,
    hops_since_run: u32,
    last: LastSpeech,
    hops: u32,
    hops_with_speech: u32,
    runs: u32,
}

impl<'m> SpeechSense<'m> {
    /// Has heard nothing yet.
    pub(super) fn new(listener: Listener<'m>, settings: SpeechSettings, isa: Isa) -> Self {
        Self {
            listener,
            settings,
            isa,
            stream: SpeechStream::new(),
            gate: SpeechGate::new(settings.gate),
            phase: 0,
            was_open: false,
            hops_since_run: 0,
            last: None,
            hops: 0,
            hops_with_speech: 0,
            runs: 0,
        }
    }

    /// Takes samples in, hop by hop however they are cut. `arena` is the networks' memory.
    pub(super) fn on_audio(&mut self, time_ms: u64, mut samples: &[i16], arena: &mut [i8]) {
        while !samples.is_empty() {
            let (piece, rest) = samples.split_at(samples.len().min(HOP - self.phase));
            samples = rest;
            self.stream.push(piece, |_, _| {});
            self.gate.push(piece, |_, _| {});
            self.phase = (self.phase + piece.len()) % HOP;
            if self.phase == 0 {
                self.on_hop(time_ms, arena);
            }
        }
    }

    /// The sound is over: judges what has not been judged yet.
    pub(super) fn end(&mut self, time_ms: u64, arena: &mut [i8]) {
        if self.was_open && self.hops_since_run > 0 {
            self.run(time_ms, arena);
        }
        self.was_open = false;
    }

    /// What the voice says at `now_ms`.
    pub fn posteriors(&self, now_ms: u64) -> Option<SpeechPosteriors> {
        self.last?.fresh(now_ms, self.settings.memory_ms)
    }

    pub(super) fn count(&self, heartbeat: &mut Heartbeat) {
        heartbeat.hops = self.hops;
        heartbeat.hops_with_speech = self.hops_with_speech;
        heartbeat.speech_runs = self.runs;
    }

    /// A hop is complete: the network runs every half second of speech, and once more when the speaker pauses.
    fn on_hop(&mut self, time_ms: u64, arena: &mut [i8]) {
        self.hops = self.hops.wrapping_add(1);
        let open = self.gate.is_open();
        if open {
            self.hops_with_speech = self.hops_with_speech.wrapping_add(1);
            self.hops_since_run += 1;
        }
        let pauses = self.was_open && !open && self.hops_since_run > 0;
        self.was_open = open;
        if pauses || self.hops_since_run >= self.settings.run_every_hops {
            self.run(time_ms, arena);
        }
    }

    fn run(&mut self, time_ms: u64, arena: &mut [i8]) {
        let Some(window) = self.stream.window() else {
            return;
        };
        self.hops_since_run = 0;
        let Listener { model, kind, statistics } = self.listener;
        let network = model.network();
        let input = network.input_mut(arena);
        kind.quantize(window, statistics, network.input_quantization(), input);
        let logits = network.run(self.isa, arena);
        self.last = Some(Dated { time_ms, value: model.speech_posteriors(logits) });
        self.runs = self.runs.wrapping_add(1);
    }
}
