//! The camera's thread: opens the camera whenever it is there, looks at its frames, and hands on what they came to.

use super::controls::{Controls, Pulse};
use super::live::{FaceSlot, Telling};
use super::watcher::Watcher;
use crate::back_off::BackOff;
use crate::camera::watch::PictureWatch;
use crate::camera::{Camera, CameraError, CameraOpener};
use crate::clock::{Clock, RealClock};
use moodbox_shared::link::SenseState;
use moodbox_shared::pipeline::FaceWord;
use std::sync::Arc;
use std::time::Duration;

/// How long a frozen camera is watched before it is opened anew, in microseconds.
const THAW_US: u64 = 10_000_000;

/// What a frame came to, with the time of its arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub word: FaceWord,
    /// In microseconds since the start.
    pub arrived_us: u64,
}

/// Everything that the thread works with.
pub(super) struct CameraThread {
    pub opener: CameraOpener,
    pub watcher: Watcher<'static>,
    /// Doubts the pictures of a device; those of files may stand still and be dark.
    pub watch: Option<PictureWatch>,
    pub slot: Arc<FaceSlot>,
    pub controls: Arc<Controls>,
    pub clock: RealClock,
    pub telling: Telling,
    /// Whether a frame that makes no sense has been told of since the camera was opened.
    pub has_stumbled: bool,
}

impl CameraThread {
    /// Runs until the box ends, or the pictures do.
    pub fn run(mut self) {
        let controls = Arc::clone(&self.controls);
        let pulse = &controls.camera;
        let (mut camera, mut back_off) = (None, BackOff::default());
        let mut opened_us = 0;
        while !controls.must_stop() {
            pulse.beat();
            if controls.is_paused() {
                camera = camera.filter(|_| self.watch.is_none());
                self.say_nothing(pulse, SenseState::Paused);
                controls.sleep(pulse, Duration::from_millis(100));
                continue;
            }
            let result = match &mut camera {
                None => (self.opener)().map(|opened| {
                    opened_us = self.clock.now_us();
                    self.has_stumbled = false;
                    camera = Some(opened);
                }),
                Some(opened) if opened.due_us().is_none() => break,
                Some(opened) => self.look(opened.as_mut(), pulse, &mut back_off),
            };
            let is_stuck = pulse.state() == SenseState::Frozen && self.clock.now_us() > opened_us + THAW_US;
            if let Err(error) = result {
                self.telling.lost(pulse, &error);
                // A file goes on behind a damaged picture.
                if self.watch.is_some() {
                    camera = None;
                    controls.sleep(pulse, back_off.after_failure());
                }
            } else if is_stuck {
                camera = None;
            }
        }
        pulse.end();
        self.telling.wake();
    }

    /// Waits for a frame and looks at it. An error means that the camera is of no more use.
    fn look(&mut self, camera: &mut dyn Camera, pulse: &Pulse, back_off: &mut BackOff) -> Result<(), CameraError> {
        if let Some(due_us) = camera.due_us() {
            let ahead_us = due_us.saturating_sub(self.clock.now_us());
            self.controls.sleep(pulse, Duration::from_micros(ahead_us));
        }
        let Some(frame) = camera.next_frame()? else { return Ok(()) };
        let arrived_us = self.clock.now_us();
        let state = self.watch.as_mut().map_or(SenseState::Working, |watch| watch.observe(frame.time_us, &frame.raw));
        let word = match self.watcher.see(&frame) {
            // The person in a picture that does not move may have left long ago.
            Ok(word) if state == SenseState::Frozen => {
                FaceWord { posteriors: None, face_box: None, quality: None, ..word }
            }
            Ok(word) => word,
            Err(error) => {
                pulse.count_error();
                if !std::mem::replace(&mut self.has_stumbled, true) {
                    self.telling.tell(&CameraError::Frame(error));
                }
                return Ok(());
            }
        };
        back_off.reset();
        self.telling.found(pulse, "camera", state);
        self.slot.force_push(Seen { word, arrived_us });
        self.telling.wake();
        Ok(())
    }

    fn say_nothing(&self, pulse: &Pulse, state: SenseState) {
        if pulse.set_state(state) != state {
            self.telling.wake();
        }
    }
}
