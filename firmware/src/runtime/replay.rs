//! Both senses on one thread, in the order of the streams' own time stamps.

use super::live::Controls;
use super::{Announcer, RunError, STEP_MS, Vitals, Warn, Watcher};
use crate::camera::{Camera, CameraError};
use crate::clock::Clock;
use crate::microphone::Microphone;
use moodbox_shared::decision::Decision;
use moodbox_shared::link::{Heartbeat, SenseState};
use moodbox_shared::pipeline::SpeechSense;
use std::error::Error;
use std::sync::Arc;

/// Everything that a replay works with. A sense that is missing is simply not there.
pub struct Replay<'a> {
    /// Where frames come from, and who looks at them.
    pub sight: Option<(Box<dyn Camera + 'a>, Watcher<'a>)>,
    /// Where sound comes from, and who listens.
    pub hearing: Option<(Box<dyn Microphone + 'a>, Box<SpeechSense<'a>>)>,
    /// Decides and tells.
    pub announcer: Announcer<'a>,
    /// Says when to stop early.
    pub controls: Arc<Controls>,
    /// What time it is.
    pub clock: Box<dyn Clock + 'a>,
    /// Told about each sense that fails and goes on failing, once.
    pub warn: Warn<'a>,
}

/// Whose turn it is, and when.
enum Turn {
    Camera(u64),
    Microphone(u64),
}

/// What the loop remembers from turn to turn.
#[derive(Default)]
struct State {
    now_us: u64,
    last_step_ms: Option<u64>,
    is_sound_over: bool,
    vitals: Vitals,
}

impl Replay<'_> {
    /// Runs until both streams are over, and returns the last heartbeat's counters.
    ///
    /// `observe` is called with each decision, after it has been shown and sent.
    pub fn run(&mut self, mut observe: impl FnMut(&Decision)) -> Result<Heartbeat, RunError> {
        let state_of = |is_there: bool| if is_there { SenseState::Starting } else { SenseState::Off };
        let vitals = Vitals {
            camera: state_of(self.sight.is_some()),
            microphone: state_of(self.hearing.is_some()),
            is_live: self.clock.is_real(),
            ..Vitals::default()
        };
        let mut state = State { vitals, ..State::default() };
        while let Some(turn) = self.next_turn() {
            if self.controls.must_stop() {
                break;
            }
            let decision = match turn {
                Turn::Camera(due_us) => Some(self.on_camera(&mut state, due_us)),
                Turn::Microphone(due_us) => self.on_microphone(&mut state, due_us),
            };
            if let Some(decision) = decision {
                self.announcer.publish(&decision)?;
                observe(&decision);
            }
        }
        Ok(self.announcer.finish(state.now_us)?)
    }

    /// The stream whose time comes first; sound before pictures where both come at once.
    fn next_turn(&self) -> Option<Turn> {
        let camera = self.sight.as_ref().and_then(|(camera, _)| camera.due_us());
        let microphone = self.hearing.as_ref().and_then(|(microphone, _)| microphone.due_us());
        match (camera, microphone) {
            (Some(frame_us), Some(sound_us)) if frame_us < sound_us => Some(Turn::Camera(frame_us)),
            (_, Some(sound_us)) => Some(Turn::Microphone(sound_us)),
            (Some(frame_us), None) => Some(Turn::Camera(frame_us)),
            (None, None) => None,
        }
    }

    /// There should be a frame. Where there is none, what the last one said grows old, and must not be shown for ever: a decision is due
    /// all the same.
    fn on_camera(&mut self, state: &mut State, due_us: u64) -> Decision {
        self.clock.wait_until(due_us);
        let arrived_us = self.clock.now_us();
        state.now_us = state.now_us.max(due_us);
        let mut has_word = false;
        if let Some((camera, watcher)) = &mut self.sight {
            let seen = match camera.next_frame() {
                Ok(None) => Ok(None),
                Ok(Some(frame)) => {
                    state.now_us = state.now_us.max(frame.time_us);
                    watcher.see(&frame).map(Some).map_err(CameraError::Frame)
                }
                Err(error) => Err(error),
            };
            match seen {
                Ok(None) => {}
                Ok(Some(word)) => {
                    has_word = true;
                    state.vitals.camera = SenseState::Working;
                    self.announcer.judge().on_face(state.now_us / 1_000, word);
                }
                Err(error) => lose(&mut state.vitals.device_errors, &mut state.vitals.camera, &mut self.warn, &error),
            }
        }
        let decision = self.step(state);
        if has_word && self.clock.is_real() {
            self.announcer.note_latency(self.clock.now_us().saturating_sub(arrived_us));
        }
        decision
    }

    fn on_microphone(&mut self, state: &mut State, due_us: u64) -> Option<Decision> {
        self.clock.wait_until(due_us);
        let (microphone, sense) = self.hearing.as_mut()?;
        let period = match microphone.next_period() {
            Ok(period) => period?,
            Err(error) => {
                lose(&mut state.vitals.device_errors, &mut state.vitals.microphone, &mut self.warn, &error);
                return None;
            }
        };
        state.vitals.microphone = SenseState::Working;
        state.now_us = state.now_us.max(period.time_us);
        let time_ms = state.now_us / 1_000;
        let word = sense.on_audio(period.samples);
        self.announcer.judge().on_speech(time_ms, word);
        let is_over = microphone.due_us().is_none();
        if is_over && !state.is_sound_over {
            state.is_sound_over = true;
            self.announcer.judge().on_speech(time_ms, sense.end());
        }
        let is_due = state.last_step_ms.is_none_or(|last_ms| time_ms >= last_ms + STEP_MS);
        let is_last = is_over && self.sight.as_ref().is_none_or(|(camera, _)| camera.due_us().is_none());
        (is_due || is_last).then(|| self.step(state))
    }

    fn step(&mut self, state: &mut State) -> Decision {
        state.last_step_ms = Some(state.now_us / 1_000);
        self.announcer.decide(state.now_us, &state.vitals)
    }
}

/// Counts a sense's error, and warns of it unless it has failed before without a success since.
fn lose(errors: &mut u32, sense: &mut SenseState, warn: &mut Warn<'_>, error: &dyn Error) {
    *errors = errors.wrapping_add(1);
    if std::mem::replace(sense, SenseState::Lost) != SenseState::Lost {
        warn(error);
    }
}
