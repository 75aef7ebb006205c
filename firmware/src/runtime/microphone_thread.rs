//! The microphone's thread: opens the microphone whenever it is there, listens, and hands on what was heard.

use super::controls::{Controls, Pulse};
use super::live::{SpeechSlot, Telling};
use crate::back_off::BackOff;
use crate::clock::{Clock, RealClock};
use crate::microphone::watch::SoundWatch;
use crate::microphone::{Microphone, MicrophoneError, MicrophoneOpener};
use moodbox_shared::link::SenseState;
use moodbox_shared::pipeline::SpeechSense;
use std::sync::Arc;
use std::time::Duration;

/// Everything that the thread works with.
pub(super) struct MicrophoneThread {
    pub opener: MicrophoneOpener,
    pub sense: Box<SpeechSense<'static>>,
    /// Doubts the sound of a device; that of files may be silence.
    pub watch: Option<SoundWatch>,
    pub slot: Arc<SpeechSlot>,
    pub controls: Arc<Controls>,
    pub clock: RealClock,
    pub telling: Telling,
}

impl MicrophoneThread {
    /// Runs until the box ends, or the sound does.
    pub fn run(mut self) {
        let controls = Arc::clone(&self.controls);
        let pulse = &controls.microphone;
        let (mut microphone, mut back_off) = (None, BackOff::default());
        while !controls.must_stop() {
            pulse.beat();
            if controls.is_paused() {
                microphone = microphone.filter(|_| self.watch.is_none());
                self.be_deaf(pulse, SenseState::Paused);
                controls.sleep(pulse, Duration::from_millis(100));
                continue;
            }
            let result = match &mut microphone {
                None => (self.opener)().map(|opened| microphone = Some(opened)),
                Some(opened) if opened.due_us().is_none() => break,
                Some(opened) => self.listen(opened.as_mut(), pulse, &mut back_off),
            };
            if let Err(error) = result {
                microphone = None;
                self.slot.force_push(self.sense.forget());
                self.telling.lost(pulse, &error);
                controls.sleep(pulse, back_off.after_failure());
            }
        }
        self.slot.force_push(self.sense.end());
        pulse.end();
        self.telling.wake();
    }

    /// Waits for sound and listens to it. An error means that the microphone is of no more use.
    fn listen(
        &mut self,
        microphone: &mut dyn Microphone,
        pulse: &Pulse,
        back_off: &mut BackOff,
    ) -> Result<(), MicrophoneError> {
        if let Some(due_us) = microphone.due_us() {
            let ahead_us = due_us.saturating_sub(self.clock.now_us());
            self.controls.sleep(pulse, Duration::from_micros(ahead_us));
        }
        let lost_before = microphone.overruns();
        if let Some(period) = microphone.next_period()? {
            back_off.reset();
            let state = self.watch.as_mut().map_or(SenseState::Working, |watch| watch.observe(period.samples));
            self.telling.found(pulse, "microphone", state);
            // What the host says itself is nobody's voice.
            let is_nobodys = self.controls.is_host_speaking(self.clock.now_us());
            // The decision takes it at its next step, which is never far.
            self.slot.force_push(if is_nobodys { self.sense.forget() } else { self.sense.on_audio(period.samples) });
        }
        pulse.count_overruns(microphone.overruns().wrapping_sub(lost_before));
        Ok(())
    }

    fn be_deaf(&mut self, pulse: &Pulse, state: SenseState) {
        if pulse.set_state(state) != state {
            self.slot.force_push(self.sense.forget());
            self.telling.wake();
        }
    }
}
