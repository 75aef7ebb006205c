//! The loop of the box: whatever comes next, a frame or a piece of sound, goes into the pipeline; what it decides goes to the light and
//! over the link.
//!
//! One thread does it all, in the order of the streams' own time stamps: played files give the same decisions on every machine.

use crate::camera::{Camera, CameraError};
use crate::clock::Clock;
use crate::face_detector::FaceFinder;
use crate::indicator::{Indicator, Scene};
use crate::microphone::Microphone;
use crate::serial::Link;
use moodbox_shared::decision::{Decision, EmotionEvent};
use moodbox_shared::link::{
    Capabilities, DecisionReport, EncodeError, Heartbeat, Hello, MAX_FRAME_BYTES, Message, PROTOCOL_VERSION, Packet,
    Status, encode,
};
use moodbox_shared::model::Model;
use moodbox_shared::pipeline::{Pipeline, Sighting};
use std::fs::File;
use std::io::Read;

/// Longest time without a decision while there is sound, in milliseconds: without frames, sound alone leads.
const STEP_MS: u64 = 50;

/// From one heartbeat to the next, in milliseconds.
const HEARTBEAT_MS: u64 = 1_000;

/// Whoever is told of what goes wrong and is got over.
pub type Warn<'a> = Box<dyn FnMut(&dyn std::error::Error) + 'a>;

/// Everything that the loop works with. What is missing is simply not there.
pub struct Runtime<'a> {
    /// From frames and samples to decisions.
    pub pipeline: Box<Pipeline<'a>>,
    /// Finds faces for the pipeline.
    pub detector: Option<Box<dyn FaceFinder + 'a>>,
    /// Where frames come from.
    pub camera: Option<Box<dyn Camera + 'a>>,
    /// Where sound comes from.
    pub microphone: Option<Box<dyn Microphone + 'a>>,
    /// What shows the decision.
    pub indicator: Box<dyn Indicator + 'a>,
    /// Where packets go.
    pub links: Vec<Box<dyn Link + 'a>>,
    /// What time it is.
    pub clock: Box<dyn Clock + 'a>,
    /// Told about each device that fails and goes on failing, once; the box keeps going with what is left.
    pub warn: Warn<'a>,
}

/// Says hello: who this is.
pub fn hello(face: Option<&Model<'_>>, speech: Option<&Model<'_>>, capabilities: Capabilities) -> Hello {
    Hello {
        protocol: PROTOCOL_VERSION,
        software: env!("CARGO_PKG_VERSION").try_into().unwrap_or_default(),
        face_model: face.map(Model::crc32),
        speech_model: speech.map(Model::crc32),
        capabilities,
    }
}

/// Whose turn it is.
enum Turn {
    Camera(u64),
    Microphone(u64),
}

/// What the loop remembers from turn to turn.
#[derive(Default)]
struct State {
    sequence: u32,
    now_us: u64,
    last_step_ms: Option<u64>,
    last_heartbeat_ms: u64,
    sound_over: bool,
    link_dropped: u32,
    device_errors: u32,
    worst_latency_us: u32,
    /// Whether each device failed when it was last used.
    failing: Failing,
}

#[derive(Default)]
struct Failing {
    camera: bool,
    microphone: bool,
    indicator: bool,
    link: bool,
}

impl Runtime<'_> {
    /// Runs until both streams are over, and returns the last heartbeat's counters.
    ///
    /// `observe` is called with each decision, after it has been shown and sent.
    pub fn run(&mut self, hello: Hello, mut observe: impl FnMut(&Decision)) -> Result<Heartbeat, EncodeError> {
        let mut state = State::default();
        self.send(&mut state, Message::Hello(hello))?;
        while let Some(turn) = self.next_turn() {
            let decision = match turn {
                Turn::Camera(due_us) => self.on_camera(&mut state, due_us),
                Turn::Microphone(due_us) => self.on_microphone(&mut state, due_us),
            };
            if let Some(decision) = decision {
                self.publish(&mut state, &decision)?;
                observe(&decision);
            }
        }
        self.finish(&mut state)
    }

    /// The stream whose time comes first; sound before pictures where both come at once.
    fn next_turn(&self) -> Option<Turn> {
        let camera = self.camera.as_ref().and_then(|camera| camera.due_us());
        let microphone = self.microphone.as_ref().and_then(|microphone| microphone.due_us());
        match (camera, microphone) {
            (Some(frame_us), Some(sound_us)) if frame_us < sound_us => Some(Turn::Camera(frame_us)),
            (_, Some(sound_us)) => Some(Turn::Microphone(sound_us)),
            (Some(frame_us), None) => Some(Turn::Camera(frame_us)),
            (None, None) => None,
        }
    }

    fn on_camera(&mut self, state: &mut State, due_us: u64) -> Option<Decision> {
        self.clock.wait_until(due_us);
        let arrived_us = self.clock.now_us();
        let frame = match self.camera.as_mut()?.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Some(self.without_frame(state, due_us)),
            Err(error) => {
                state.failed(&mut self.warn, |failing| &mut failing.camera, &error);
                return Some(self.without_frame(state, due_us));
            }
        };
        state.now_us = state.now_us.max(frame.time_us);
        let time_ms = state.now_us / 1_000;
        let detector = &mut self.detector;
        let taken = self.pipeline.on_frame(time_ms, &frame.raw, |image| match detector {
            Some(detector) => Sighting::Looked(detector.look(image)),
            None => Sighting::NotLooked,
        });
        if let Err(error) = taken {
            state.failed(&mut self.warn, |failing| &mut failing.camera, &CameraError::Frame(error));
            return Some(self.step(state, time_ms));
        }
        state.failing.camera = false;
        let decision = self.step(state, time_ms);
        if self.clock.is_real() {
            let latency_us = self.clock.now_us().saturating_sub(arrived_us);
            state.worst_latency_us = state.worst_latency_us.max(u32::try_from(latency_us).unwrap_or(u32::MAX));
        }
        Some(decision)
    }

    /// There should have been a frame: what the last one said grows old, and must not be shown for ever.
    fn without_frame(&mut self, state: &mut State, due_us: u64) -> Decision {
        state.now_us = state.now_us.max(due_us);
        self.step(state, state.now_us / 1_000)
    }

    fn on_microphone(&mut self, state: &mut State, due_us: u64) -> Option<Decision> {
        self.clock.wait_until(due_us);
        let period = match self.microphone.as_mut()?.next_period() {
            Ok(period) => period?,
            Err(error) => {
                state.failed(&mut self.warn, |failing| &mut failing.microphone, &error);
                return None;
            }
        };
        state.failing.microphone = false;
        state.now_us = state.now_us.max(period.time_us);
        let time_ms = state.now_us / 1_000;
        self.pipeline.on_audio(time_ms, period.samples);
        let over = self.microphone.as_ref().is_none_or(|microphone| microphone.due_us().is_none());
        if over && !state.sound_over {
            state.sound_over = true;
            self.pipeline.end_of_audio(time_ms);
        }
        let due = state.last_step_ms.is_none_or(|last_ms| time_ms >= last_ms + STEP_MS);
        let last = over && self.camera.as_ref().is_none_or(|camera| camera.due_us().is_none());
        (due || last).then(|| self.step(state, time_ms))
    }

    /// Decides, and shows the decision.
    fn step(&mut self, state: &mut State, time_ms: u64) -> Decision {
        state.last_step_ms = Some(time_ms);
        let decision = self.pipeline.step(time_ms);
        match self.indicator.show(&Scene { time_ms, decision: &decision, status: &Status::default() }) {
            Ok(()) => state.failing.indicator = false,
            Err(error) => state.failed(&mut self.warn, |failing| &mut failing.indicator, &error),
        }
        decision
    }

    /// Sends a decision, what it began and ended, and a heartbeat where one is due.
    fn publish(&mut self, state: &mut State, decision: &Decision) -> Result<(), EncodeError> {
        let report = DecisionReport::new(decision, self.pipeline.face_box());
        self.send(state, Message::Decision(report))?;
        for event in decision.events.iter() {
            self.send_event(state, event)?;
        }
        if decision.time_ms >= state.last_heartbeat_ms + HEARTBEAT_MS {
            state.last_heartbeat_ms = decision.time_ms;
            let heartbeat = self.heartbeat(state);
            self.send(state, Message::Heartbeat(heartbeat))?;
        }
        Ok(())
    }

    /// The streams are over: ends what is on show and says how it went.
    fn finish(&mut self, state: &mut State) -> Result<Heartbeat, EncodeError> {
        let time_ms = state.now_us / 1_000;
        if let Some(event) = self.pipeline.finish(time_ms) {
            self.send_event(state, event)?;
        }
        let heartbeat = self.heartbeat(state);
        self.send(state, Message::Heartbeat(heartbeat))?;
        Ok(heartbeat)
    }

    fn send_event(&mut self, state: &mut State, event: EmotionEvent) -> Result<(), EncodeError> {
        self.send(state, Message::Event(event.into()))
    }

    /// Numbers a message, frames it and gives it to every link. A link that takes nothing is counted, and asked again next time.
    fn send(&mut self, state: &mut State, message: Message) -> Result<(), EncodeError> {
        let packet = Packet { sequence: state.sequence, time_ms: state.now_us / 1_000, message };
        state.sequence = state.sequence.wrapping_add(1);
        let mut buffer = [0; MAX_FRAME_BYTES];
        let frame = encode(&packet, &mut buffer)?;
        let mut failed = false;
        for link in &mut self.links {
            if let Err(error) = link.send(&packet, frame) {
                failed = true;
                state.link_dropped = state.link_dropped.wrapping_add(1);
                state.warn_once(&mut self.warn, |failing| &mut failing.link, &error);
            }
        }
        if !failed {
            state.failing.link = false;
        }
        Ok(())
    }

    fn heartbeat(&self, state: &State) -> Heartbeat {
        Heartbeat {
            link_dropped: state.link_dropped,
            device_errors: state.device_errors,
            worst_latency_us: state.worst_latency_us,
            temperature_centi_celsius: if self.clock.is_real() { temperature_centi_celsius() } else { None },
            ..self.pipeline.counters()
        }
    }
}

impl State {
    /// Counts a device's error, and warns of it unless it has failed before without a success since.
    fn failed(
        &mut self,
        warn: &mut dyn FnMut(&dyn std::error::Error),
        device: impl FnOnce(&mut Failing) -> &mut bool,
        error: &dyn std::error::Error,
    ) {
        self.device_errors = self.device_errors.wrapping_add(1);
        self.warn_once(warn, device, error);
    }

    fn warn_once(
        &mut self,
        warn: &mut dyn FnMut(&dyn std::error::Error),
        device: impl FnOnce(&mut Failing) -> &mut bool,
        error: &dyn std::error::Error,
    ) {
        if !std::mem::replace(device(&mut self.failing), true) {
            warn(error);
        }
    }
}

/// Of the processor, where the system says it: thousandths of a degree in a file.
fn temperature_centi_celsius() -> Option<i16> {
    let mut text = [0; 16];
    let length = File::open("/sys/class/thermal/thermal_zone0/temp").ok()?.read(&mut text).ok()?;
    let milli_celsius: i32 = std::str::from_utf8(&text[..length]).ok()?.trim().parse().ok()?;
    i16::try_from(milli_celsius / 10).ok()
}
