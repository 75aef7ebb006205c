//! Where decisions are made and told: to the light, to the links, and as events.

use super::latency::Latencies;
use crate::indicator::{Indicator, IndicatorError, Scene};
use crate::serial::Link;
use moodbox_shared::decision::{Decision, EmotionEvent};
use moodbox_shared::link::{
    DecisionReport, EncodeError, Faults, Heartbeat, Hello, HostMessage, MAX_FRAME_BYTES, Message, Packet, SenseState,
    Status, encode,
};
use moodbox_shared::pipeline::Judge;
use std::error::Error;
use std::fs::File;
use std::io::Read;

/// From one heartbeat to the next, in milliseconds.
const HEARTBEAT_MS: u64 = 1_000;

/// Steps that LEDs must show before they are believed to be back: some can be opened and not be lit.
const LED_PROOF_STEPS: u32 = 20;

/// The LEDs can be driven again.
#[derive(Debug, thiserror::Error)]
#[error("LEDs: they work again")]
struct LedsBack;

/// Whoever is told of what goes wrong and is got over.
pub type Warn<'a> = Box<dyn FnMut(&dyn Error) + 'a>;

/// What only whoever runs the senses knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals {
    /// How the camera is doing.
    pub camera: SenseState,
    /// How the microphone is doing.
    pub microphone: SenseState,
    /// Errors of the senses' devices so far.
    pub device_errors: u32,
    /// Pieces of sound lost so far.
    pub audio_overruns: u32,
    /// Whether time is real: only then does the machine say something about itself.
    pub is_live: bool,
}

/// Decides, and tells everybody.
pub struct Announcer<'a> {
    judge: Judge,
    outputs: Outputs<'a>,
    hello: Hello,
    status: Status,
    told_status: Option<Status>,
    vitals: Vitals,
    sequence: u32,
    now_us: u64,
    last_heartbeat_ms: u64,
    link_dropped: u32,
    led_errors: u32,
    /// Steps that the LEDs have shown in a row.
    led_steps: u32,
    latencies: Latencies,
    are_leds_failing: bool,
    is_link_failing: bool,
}

/// Where decisions go.
pub struct Outputs<'a> {
    /// What shows the decision.
    pub indicator: Box<dyn Indicator + 'a>,
    /// Where packets go.
    pub links: Vec<Box<dyn Link + 'a>>,
    /// Told about each output that fails and goes on failing, once; the box keeps going with what is left.
    pub warn: Warn<'a>,
}

impl<'a> Announcer<'a> {
    /// Says hello on every line, and how the box is doing. `status` says what the configuration asks for.
    pub fn start(judge: Judge, outputs: Outputs<'a>, hello: Hello, status: Status) -> Result<Self, EncodeError> {
        let mut announcer = Self {
            judge,
            outputs,
            hello,
            status,
            told_status: None,
            vitals: Vitals { camera: status.camera, microphone: status.microphone, ..Vitals::default() },
            sequence: 0,
            now_us: 0,
            last_heartbeat_ms: 0,
            link_dropped: 0,
            led_errors: 0,
            led_steps: 0,
            latencies: Latencies::default(),
            are_leds_failing: false,
            is_link_failing: false,
        };
        announcer.greet()?;
        Ok(announcer)
    }

    /// Where the senses' words go in.
    pub fn judge(&mut self) -> &mut Judge {
        &mut self.judge
    }

    /// Decides, and shows the decision. Time does not run backwards.
    pub fn decide(&mut self, now_us: u64, vitals: &Vitals) -> Decision {
        self.now_us = self.now_us.max(now_us);
        self.vitals = *vitals;
        (self.status.camera, self.status.microphone) = (vitals.camera, vitals.microphone);
        let time_ms = self.time_ms();
        let decision = self.judge.step(time_ms);
        let scene = Scene { time_ms, decision: &decision, status: &self.status };
        let shown = self.outputs.indicator.show(&scene);
        self.status.faults =
            self.outputs.links.iter().fold(Faults::default(), |faults, link| faults.union(link.faults()));
        match shown {
            Ok(()) => {
                self.led_steps = self.led_steps.saturating_add(1);
                if self.are_leds_failing && self.led_steps >= LED_PROOF_STEPS {
                    self.are_leds_failing = false;
                    (self.outputs.warn)(&LedsBack);
                }
            }
            Err(error) => {
                self.led_steps = 0;
                self.status.faults = self.status.faults.union(Faults::LEDS);
                // Between attempts they are away, which is no new error.
                if !matches!(error, IndicatorError::Away) {
                    self.led_errors = self.led_errors.wrapping_add(1);
                }
                if !std::mem::replace(&mut self.are_leds_failing, true) {
                    (self.outputs.warn)(&error);
                }
            }
        }
        decision
    }

    /// Sends a decision, what it began and ended, how the box is doing where that has changed, and a heartbeat where one is due.
    pub fn publish(&mut self, decision: &Decision) -> Result<(), EncodeError> {
        let Outputs { links, warn, .. } = &mut self.outputs;
        for link in links {
            while let Some(trouble) = link.trouble() {
                warn(&trouble);
            }
        }
        // Every link is asked: who has been greeted asks no more.
        let has_newcomer =
            self.outputs.links.iter_mut().filter_map(|link| link.wants_hello().then_some(())).count() > 0;
        if has_newcomer {
            self.greet()?;
        } else if self.told_status != Some(self.status) {
            self.tell_status()?;
        }
        let report = DecisionReport::new(decision, self.judge.face_box(decision.time_ms));
        self.send(Message::Decision(report))?;
        for event in decision.events.iter() {
            self.send_event(event)?;
        }
        if decision.time_ms >= self.last_heartbeat_ms + HEARTBEAT_MS {
            self.last_heartbeat_ms = decision.time_ms;
            let temperature_centi_celsius = if self.vitals.is_live { temperature_centi_celsius() } else { None };
            self.send(Message::Heartbeat(Heartbeat { temperature_centi_celsius, ..self.heartbeat() }))?;
        }
        Ok(())
    }

    /// Counts how long a frame took from its arrival to the light.
    pub fn note_latency(&mut self, latency_us: u64) {
        self.latencies.add(latency_us);
    }

    /// What the host asked for next of the senses; what it asks of light and line is done here.
    pub fn next_request(&mut self) -> Result<Option<HostMessage>, EncodeError> {
        while let Some(request) = self.outputs.links.iter_mut().find_map(|link| link.next_request()) {
            if !matches!(request, HostMessage::Ping(_)) {
                self.told_status = None; // whatever changes or not, the host gets an answer
            }
            match request {
                HostMessage::Ping(token) => self.send(Message::Pong(token))?,
                HostMessage::AskHello => self.greet()?,
                HostMessage::MuteLeds(are_muted) => self.status.are_leds_muted = are_muted,
                HostMessage::SetBrightness(percent) => self.status.brightness_percent = percent.min(100),
                HostMessage::PausePrivacy(is_paused) => {
                    self.status.is_paused = is_paused;
                    return Ok(Some(request));
                }
                HostMessage::HostSpeaks(_) => return Ok(Some(request)),
            }
        }
        Ok(None)
    }

    /// Whether the host speaks now, for the status.
    pub fn set_host_speaking(&mut self, is_speaking: bool) {
        self.status.is_host_speaking = is_speaking;
    }

    /// The run is over: ends what is on show and says how it went.
    pub fn finish(&mut self, now_us: u64) -> Result<Heartbeat, EncodeError> {
        self.now_us = self.now_us.max(now_us);
        if let Some(event) = self.judge.finish(self.time_ms()) {
            self.send_event(event)?;
        }
        let heartbeat = self.heartbeat();
        self.send(Message::Heartbeat(heartbeat))?;
        Ok(heartbeat)
    }

    fn time_ms(&self) -> u64 {
        self.now_us / 1_000
    }

    fn greet(&mut self) -> Result<(), EncodeError> {
        self.send(Message::Hello(self.hello.clone()))?;
        self.tell_status()
    }

    fn tell_status(&mut self) -> Result<(), EncodeError> {
        self.told_status = Some(self.status);
        self.send(Message::Status(self.status))
    }

    fn send_event(&mut self, event: EmotionEvent) -> Result<(), EncodeError> {
        self.send(Message::Event(event.into()))
    }

    /// Numbers a message, frames it and gives it to every link. A link that takes nothing is counted, and asked again next time.
    fn send(&mut self, message: Message) -> Result<(), EncodeError> {
        let packet = Packet { sequence: self.sequence, time_ms: self.time_ms(), message };
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; MAX_FRAME_BYTES];
        let frame = encode(&packet, &mut buffer)?;
        let mut has_failed = false;
        for link in &mut self.outputs.links {
            if let Err(error) = link.send(&packet, frame) {
                has_failed = true;
                self.link_dropped = self.link_dropped.wrapping_add(1);
                if !std::mem::replace(&mut self.is_link_failing, true) {
                    (self.outputs.warn)(&error);
                }
            }
        }
        self.is_link_failing &= has_failed;
        Ok(())
    }

    fn heartbeat(&self) -> Heartbeat {
        let queued: u32 = self.outputs.links.iter().map(|link| link.dropped()).fold(0, u32::wrapping_add);
        Heartbeat {
            link_dropped: self.link_dropped.wrapping_add(queued),
            link_damaged: self.outputs.links.iter().map(|link| link.damaged()).fold(0, u32::wrapping_add),
            device_errors: self.vitals.device_errors.wrapping_add(self.led_errors),
            audio_overruns: self.vitals.audio_overruns,
            latency_median_us: self.latencies.percentile_us(50),
            latency_p99_us: self.latencies.percentile_us(99),
            worst_latency_us: self.latencies.worst_us(),
            ..self.judge.counters()
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
