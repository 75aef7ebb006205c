//! The box on real devices: a thread a sense, and the decisions on the thread that called.
//!
//! A sense hands its newest word over in a slot that holds one: nobody waits for anybody, and what is not taken in time is replaced. A
//! sense that hangs in its driver or has lost its device stops neither the other nor the decisions, which come at least every
//! [`STEP_MS`].

use super::camera_thread::{CameraThread, Seen};
pub use super::controls::{Controls, Pulse};
use super::microphone_thread::MicrophoneThread;
use super::{Announcer, RunError, STEP_MS, Sights, Vitals, Watcher};
use crate::camera::CameraOpener;
use crate::camera::watch::PictureWatch;
use crate::clock::{Clock, RealClock};
use crate::face_detector::{DetectorError, FaceFinder};
use crate::microphone::MicrophoneOpener;
use crate::microphone::watch::SoundWatch;
use crossbeam_queue::ArrayQueue;
use moodbox_shared::decision::Decision;
use moodbox_shared::link::{Heartbeat, HostMessage, SenseState};
use moodbox_shared::pipeline::{SpeechSense, SpeechWord};
use std::fmt::Display;
use std::sync::Arc;
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long the senses may take to end; a driver that takes longer is left behind.
const FAREWELL: Duration = Duration::from_millis(250);

/// Slots for the newest word of each sense: a word that nobody has taken gives way.
pub(super) type FaceSlot = ArrayQueue<Seen>;
pub(super) type SpeechSlot = ArrayQueue<SpeechWord>;

/// Whoever is told, from any thread, of what goes wrong with a sense and that it is well again.
pub type Tell = Arc<dyn Fn(&dyn Display) + Send + Sync>;

/// Makes a face detector.
pub type DetectorMaker = Box<dyn FnOnce() -> Result<Box<dyn FaceFinder>, DetectorError> + Send>;

/// How to watch.
pub struct Sight {
    /// Opens the camera.
    pub opener: CameraOpener,
    /// Whether it is a device, which may freeze or be covered.
    pub is_device: bool,
    /// Looks at the frames.
    pub sights: Sights<'static>,
    /// Makes the detector, on the thread that will use it.
    pub detector: DetectorMaker,
}

/// How to listen.
pub struct Hearing {
    /// Opens the microphone.
    pub opener: MicrophoneOpener,
    /// Whether it is a device, which may be muted.
    pub is_device: bool,
    /// Listens.
    pub sense: Box<SpeechSense<'static>>,
}

/// A live box that is about to run.
pub struct Live<'a> {
    /// How to watch, if at all.
    pub sight: Option<Sight>,
    /// How to listen, if at all.
    pub hearing: Option<Hearing>,
    /// Decides and tells.
    pub announcer: Announcer<'a>,
    /// Shared with whoever stops the box or watches over it.
    pub controls: Arc<Controls>,
    /// Dates everything.
    pub clock: RealClock,
    /// Told about each sense that fails and goes on failing, once, and when it is back.
    pub tell: Tell,
    /// Done by the threads that must not be late, as they start.
    pub hurry: Arc<dyn Fn() + Send + Sync>,
}

impl Live<'_> {
    /// Runs until it is told to stop or both streams are over, and returns the last heartbeat's counters.
    ///
    /// `observe` is called with each decision, after it has been shown and sent.
    pub fn run(mut self, mut observe: impl FnMut(&Decision)) -> Result<Heartbeat, RunError> {
        let (faces, voices) = (Arc::new(FaceSlot::new(1)), Arc::new(SpeechSlot::new(1)));
        let threads = self.start(&faces, &voices)?;
        (self.hurry)();
        let mut last_step_us = 0;
        let ended = loop {
            let (over, now_us) = (self.is_over(&threads), self.clock.now_us());
            self.controls.decision.beat();
            if let Err(error) = self.obey(now_us) {
                break Err(error);
            }
            if let Some(word) = voices.pop() {
                self.announcer.judge().on_speech(now_us / 1_000, word);
            }
            let seen = faces.pop();
            let due_us = last_step_us + STEP_MS * 1_000;
            if seen.is_some() || now_us >= due_us || over {
                last_step_us = now_us;
                match self.step(now_us, seen) {
                    Ok(decision) => observe(&decision),
                    Err(error) => break Err(error),
                }
            } else {
                std::thread::park_timeout(Duration::from_micros(due_us - now_us));
            }
            if over {
                break Ok(());
            }
        };
        let gone = threads.iter().find(|thread| self.is_gone(thread)).map(|thread| thread.name);
        self.controls.stop();
        let last = self.announcer.finish(self.clock.now_us());
        // The lights go out first: whatever a driver still does, nobody is shown anything any more.
        drop(self.announcer);
        join(threads)?;
        match gone {
            Some(thread) => Err(RunError::Panicked { thread }),
            None => ended.and(Ok(last?)),
        }
    }

    /// Starts the senses' threads; a thread that dies of a mistake takes the box down in order.
    fn start(&mut self, faces: &Arc<FaceSlot>, voices: &Arc<SpeechSlot>) -> Result<Vec<SenseThread>, RunError> {
        let mut threads = Vec::with_capacity(2);
        let (controls, clock) = (&self.controls, self.clock);
        let telling = || Telling { tell: Arc::clone(&self.tell), decision: std::thread::current() };
        if let Some(Sight { opener, is_device, sights, detector }) = self.sight.take() {
            let (slot, controls, telling) = (Arc::clone(faces), Arc::clone(controls), telling());
            controls.camera.set_state(SenseState::Starting);
            let watch = is_device.then(PictureWatch::default);
            threads.push(spawn(
                "camera",
                |controls| &controls.camera,
                move || {
                    let _down = TakesDown(Arc::clone(&controls));
                    match detector() {
                        Ok(detector) => {
                            let watcher = Watcher::new(sights, detector);
                            CameraThread {
                                opener,
                                watcher,
                                watch,
                                slot,
                                controls,
                                clock,
                                telling,
                                has_stumbled: false,
                            }
                            .run();
                        }
                        // A thread that ends without having said so takes the box down.
                        Err(error) => telling.tell(&error),
                    }
                },
            )?);
        } else {
            controls.camera.end();
        }
        if let Some(Hearing { opener, is_device, sense }) = self.hearing.take() {
            let (slot, controls, telling) = (Arc::clone(voices), Arc::clone(controls), telling());
            controls.microphone.set_state(SenseState::Starting);
            let (watch, hurry) = (is_device.then(SoundWatch::default), Arc::clone(&self.hurry));
            threads.push(spawn(
                "microphone",
                |controls| &controls.microphone,
                move || {
                    let _down = TakesDown(Arc::clone(&controls));
                    hurry();
                    MicrophoneThread { opener, sense, watch, slot, controls, clock, telling }.run();
                },
            )?);
        } else {
            controls.microphone.end();
        }
        Ok(threads)
    }

    /// Whether the box was told to stop, both streams are over, or a thread is gone that has not said so.
    fn is_over(&self, threads: &[SenseThread]) -> bool {
        let Controls { camera, microphone, .. } = &*self.controls;
        let are_over = camera.is_over() && microphone.is_over();
        self.controls.must_stop() || are_over || threads.iter().any(|thread| self.is_gone(thread))
    }

    fn is_gone(&self, thread: &SenseThread) -> bool {
        thread.handle.is_finished() && !(thread.pulse)(&self.controls).is_over()
    }

    /// Does what the host asks for.
    fn obey(&mut self, now_us: u64) -> Result<(), RunError> {
        while let Some(request) = self.announcer.next_request()? {
            match request {
                HostMessage::PausePrivacy(is_paused) => self.controls.pause(is_paused),
                HostMessage::HostSpeaks(0) => self.controls.host_speaks_until(now_us.max(1)),
                HostMessage::HostSpeaks(for_ms) => {
                    self.controls.host_speaks_until(now_us.saturating_add(u64::from(for_ms) * 1_000));
                }
                _ => {}
            }
        }
        self.announcer.set_host_speaking(self.controls.is_host_speaking(now_us));
        Ok(())
    }

    /// Decides, shows, measures and tells.
    fn step(&mut self, now_us: u64, seen: Option<Seen>) -> Result<Decision, RunError> {
        if let Some(seen) = seen {
            self.announcer.judge().on_face(now_us / 1_000, seen.word);
        }
        let decision = self.announcer.decide(now_us, &self.vitals());
        if let Some(seen) = seen {
            self.announcer.note_latency(self.clock.now_us().saturating_sub(seen.arrived_us));
        }
        self.announcer.publish(&decision)?;
        Ok(decision)
    }

    fn vitals(&self) -> Vitals {
        let Controls { camera, microphone, .. } = &*self.controls;
        Vitals {
            camera: camera.state(),
            microphone: microphone.state(),
            device_errors: camera.errors().wrapping_add(microphone.errors()),
            audio_overruns: microphone.overruns(),
            is_live: true,
        }
    }
}

/// The thread of a sense.
struct SenseThread {
    name: &'static str,
    handle: JoinHandle<()>,
    pulse: fn(&Controls) -> &Pulse,
}

fn spawn(
    name: &'static str,
    pulse: fn(&Controls) -> &Pulse,
    work: impl FnOnce() + Send + 'static,
) -> Result<SenseThread, RunError> {
    let started = std::thread::Builder::new().name(name.into()).spawn(work);
    started
        .map(|handle| SenseThread { name, handle, pulse })
        .map_err(|source| RunError::Thread { thread: name, source })
}

/// Waits for the threads, for so long.
fn join(threads: Vec<SenseThread>) -> Result<(), RunError> {
    let deadline = Instant::now() + FAREWELL;
    for SenseThread { name, handle, .. } in threads {
        while !handle.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if handle.is_finished() && handle.join().is_err() {
            return Err(RunError::Panicked { thread: name });
        }
    }
    Ok(())
}

/// Stops the box if its thread panics.
struct TakesDown(Arc<Controls>);

impl Drop for TakesDown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// How a sense's thread makes itself heard.
pub(super) struct Telling {
    tell: Tell,
    decision: Thread,
}

impl Telling {
    /// Wakes the decisions.
    pub fn wake(&self) {
        self.decision.unpark();
    }

    /// The device failed and was dropped: told once, until it is found again.
    pub fn lost(&self, pulse: &Pulse, error: &dyn Display) {
        pulse.count_error();
        if pulse.set_state(SenseState::Lost) != SenseState::Lost {
            (self.tell)(error);
        }
        self.wake();
    }

    /// The device gives something, and how good that is.
    pub fn found(&self, pulse: &Pulse, name: &str, state: SenseState) {
        let before = pulse.set_state(state);
        if before == state {
            return;
        }
        match (before, state) {
            (SenseState::Starting | SenseState::Paused, SenseState::Working) => {}
            (_, SenseState::Working) => (self.tell)(&format_args!("{name}: it works again")),
            _ => (self.tell)(&format_args!("{name}: {}", state.name())),
        }
    }

    /// Something goes wrong, or well again.
    pub fn tell(&self, what: &dyn Display) {
        (self.tell)(what);
    }
}
