//! A stage for live boxes: devices that do as the test says, and a record of everything that the box told.

use crate::support;
use moodbox::camera::{Camera, CameraError, CameraOpener, Frame};
use moodbox::clock::RealClock;
use moodbox::face_detector::FixedFaces;
use moodbox::indicator::{Indicator, NoIndicator};
use moodbox::microphone::{Microphone, MicrophoneError, MicrophoneOpener, Period};
use moodbox::runtime::live::{Controls, Hearing, Live, Sight};
use moodbox::runtime::{Announcer, Outputs, RunError, Sights, hello};
use moodbox::serial::{Link, LinkError};
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::link::{Capabilities, Heartbeat, HostMessage, Message, Packet, Status};
use moodbox_shared::model::{Model, Task};
use moodbox_shared::pipeline::{FaceSense, Judge, PipelineSettings, SpeechSense};
use moodbox_shared::vision::{DetectedFace, PixelFormat, RawFrame};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the face network sees in everything.
pub const FACE: Verdict = Verdict::Emotion(Emotion::Happy);

/// What the speech network hears in everything.
pub const VOICE: Verdict = Verdict::Emotion(Emotion::Sad);

/// More decisions than any test needs: half a minute of them.
const PATIENCE: usize = 1_000;

const SIZE: (usize, usize) = (120, 90);

/// Changes what a device gives, or fails; told how much it has given before.
pub type Script<T, E> = Box<dyn FnMut(u64, &mut Vec<T>) -> Result<(), E> + Send>;

/// How many devices are open.
pub type Open = Arc<AtomicUsize>;

/// Counts a device for as long as it is open.
pub struct Counted(Open);

impl Counted {
    pub fn new(open: &Open) -> Option<Self> {
        open.fetch_add(1, Ordering::SeqCst);
        Some(Self(Arc::clone(open)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A camera that shows a gradient with a little noise, 50 frames a second, and does what its script says at each frame.
pub struct TestCamera {
    pub script: Script<u8, CameraError>,
    /// From a frame's time stamp to the next one's, in microseconds: a camera may claim that more time goes by than does.
    pub step_us: u64,
    pub pixels: Vec<u8>,
    pub shown: u64,
    pub _open: Option<Counted>,
}

impl TestCamera {
    pub fn new(script: impl FnMut(u64, &mut Vec<u8>) -> Result<(), CameraError> + Send + 'static) -> Self {
        let pixels = (0..SIZE.0 * SIZE.1).map(|index| (index % SIZE.0) as u8).collect();
        Self { script: Box::new(script), step_us: 20_000, pixels, shown: 0, _open: None }
    }

    /// One that works.
    pub fn good() -> Self {
        Self::new(|shown, pixels| {
            pixels[0] = shown as u8;
            Ok(())
        })
    }
}

impl Camera for TestCamera {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        std::thread::sleep(Duration::from_millis(20));
        (self.script)(self.shown, &mut self.pixels)?;
        let time_us = self.shown * self.step_us;
        self.shown += 1;
        let (width, height) = SIZE;
        let raw = RawFrame { format: PixelFormat::Grey, width, height, stride: width, bytes: &self.pixels };
        Ok(Some(Frame { time_us, raw }))
    }
}

pub fn unplugged() -> CameraError {
    CameraError::Device { device: "test".into(), reason: "unplugged".into() }
}

/// A microphone that gives what its script says, a period every 16 ms.
pub struct TestMicrophone {
    pub script: Script<i16, MicrophoneError>,
    pub samples: Vec<i16>,
    pub asked: u64,
    pub _open: Option<Counted>,
}

impl TestMicrophone {
    pub fn new(script: impl FnMut(u64, &mut Vec<i16>) -> Result<(), MicrophoneError> + Send + 'static) -> Self {
        Self { script: Box::new(script), samples: Vec::new(), asked: 0, _open: None }
    }

    /// Somebody speaks, in the ears of the gate: bursts of harmonics, a second of each quarter of one.
    pub fn speaking() -> Self {
        Self::new(|asked, samples| {
            samples.clear();
            samples.extend((0..1_024u64).map(|index| voice(asked * 1_024 + index)));
            Ok(())
        })
    }
}

/// A voice-like sound: 140 Hz with harmonics under a slow envelope, on a floor of noise.
pub fn voice(sample: u64) -> i16 {
    let time_s = sample as f32 / 16_000.0;
    let noise = ((sample.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as f32 / 65_536.0 - 0.5) * 60.0;
    let envelope = if time_s.fract() < 0.8 && time_s > 0.5 { (time_s * 25.0).sin().abs() } else { 0.0 };
    let harmonics: f32 = (1..20).map(|n| (time_s * 140.0 * std::f32::consts::TAU * n as f32).sin() / n as f32).sum();
    (noise + 6_000.0 * envelope * harmonics) as i16
}

impl Microphone for TestMicrophone {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        std::thread::sleep(Duration::from_millis(16));
        (self.script)(self.asked, &mut self.samples)?;
        self.asked += 1;
        Ok(Some(Period { time_us: 0, samples: &self.samples }))
    }
}

/// Opens a camera anew each time; the maker is told how often it has been asked.
pub fn cameras(mut make: impl FnMut(u64) -> Result<TestCamera, CameraError> + Send + 'static) -> CameraOpener {
    let mut asked = 0;
    Box::new(move || {
        asked += 1;
        Ok(Box::new(make(asked - 1)?))
    })
}

/// Opens a microphone anew each time.
pub fn microphones(
    mut make: impl FnMut(u64) -> Result<TestMicrophone, MicrophoneError> + Send + 'static,
) -> MicrophoneOpener {
    let mut asked = 0;
    Box::new(move || {
        asked += 1;
        Ok(Box::new(make(asked - 1)?))
    })
}

/// Everything that the box says, kept; and what a host says to it.
#[derive(Clone, Default)]
pub struct Host {
    pub heard: Arc<Mutex<Vec<Packet>>>,
    pub says: Arc<Mutex<VecDeque<HostMessage>>>,
}

impl Host {
    pub fn say(&self, message: HostMessage) {
        self.says.lock().unwrap().push_back(message);
    }

    /// The last status that was told.
    pub fn status(&self) -> Status {
        let status = |packet: &Packet| match &packet.message {
            Message::Status(status) => Some(*status),
            _ => None,
        };
        self.heard.lock().unwrap().iter().rev().find_map(status).expect("it is told at the start")
    }

    pub fn count(&self, is_meant: impl Fn(&Message) -> bool) -> usize {
        self.heard.lock().unwrap().iter().filter(|packet| is_meant(&packet.message)).count()
    }
}

impl Link for Host {
    fn send(&mut self, packet: &Packet, _: &[u8]) -> Result<(), LinkError> {
        self.heard.lock().unwrap().push(packet.clone());
        Ok(())
    }

    fn next_request(&mut self) -> Option<HostMessage> {
        self.says.lock().unwrap().pop_front()
    }
}

/// A box on the stage.
pub struct Stage {
    pub camera: Option<CameraOpener>,
    pub microphone: Option<MicrophoneOpener>,
    pub indicator: Box<dyn Indicator>,
    pub host: Host,
}

/// How a run went.
pub struct Run {
    pub result: Result<Heartbeat, RunError>,
    pub told: Vec<String>,
}

impl Stage {
    pub fn new(camera: Option<CameraOpener>, microphone: Option<MicrophoneOpener>) -> Self {
        Self { camera, microphone, indicator: Box::new(NoIndicator), host: Host::default() }
    }

    /// Runs until `is_done` says so of a decision, or the box ends by itself.
    ///
    /// Panics where that takes more decisions than any test should need.
    pub fn play_until(self, mut is_done: impl FnMut(&Decision, &Host) -> bool) -> Run {
        let leak = |task, verdict: Verdict| -> &'static Model<'static> {
            let file = support::one_track_mind(task, verdict.emotion().unwrap()).leak();
            Box::leak(Box::new(Model::load(file).unwrap()))
        };
        let (face, speech) = (leak(Task::Face, FACE), leak(Task::Speech, VOICE));
        let settings = PipelineSettings::default();
        let faces = [DetectedFace { x: 20.0, y: 10.0, width: 60.0, height: 60.0, score: 9.0 }];
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let controls = Arc::new(Controls::default());
        let outputs =
            Outputs { indicator: self.indicator, links: vec![Box::new(self.host.clone())], warn: Box::new(|_| {}) };
        let judge =
            Judge::new(Some(face.description()), Some(speech.description()), settings.decision, settings.memory);
        let hello = hello(Some(face.description()), Some(speech.description()), Capabilities::CAMERA);
        let live = Live {
            sight: self.camera.map(|opener| Sight {
                opener,
                is_device: true,
                sights: Sights {
                    sense: Box::new(FaceSense::new(face, settings.face, settings.isa).unwrap()),
                    luma: vec![0; SIZE.0 * SIZE.1],
                    trace: None,
                },
                detector: Box::new(move || Ok(Box::new(FixedFaces(faces.into_iter().collect())))),
            }),
            hearing: self.microphone.map(|opener| Hearing {
                opener,
                is_device: true,
                sense: Box::new(SpeechSense::new(speech, settings.speech, settings.isa).unwrap()),
            }),
            announcer: Announcer::start(judge, outputs, hello, Status::default()).unwrap(),
            controls: Arc::clone(&controls),
            clock: RealClock::start(),
            tell: Arc::new(move |what| teller.lock().unwrap().push(what.to_string())),
            hurry: Arc::new(|| {}),
        };
        let (mut decisions, mut is_over) = (0, false);
        let result = live.run(|decision| {
            decisions += 1;
            if !is_over && is_done(decision, &self.host) {
                is_over = true;
                controls.stop();
            }
            assert!(decisions < PATIENCE, "it never came: {:?}", self.host.status());
        });
        let told = std::mem::take(&mut *told.lock().unwrap());
        Run { result, told }
    }
}
