//! The whole loop on played streams: what it says, that it always says the same, and that it survives what is unplugged.

mod support;

use moodbox::camera::{Camera, CameraError, FaultyCamera, Frame, replay::StillCamera};
use moodbox::clock::VirtualClock;
use moodbox::face_detector::FixedFaces;
use moodbox::indicator::{FaultyIndicator, Indicator, RecordingIndicator};
use moodbox::microphone::{FaultyMicrophone, Microphone, replay::ReplayMicrophone};
use moodbox::runtime::live::Controls;
use moodbox::runtime::replay::Replay;
use moodbox::runtime::{Announcer, Outputs, Sights, Watcher, hello};
use moodbox::serial::{FaultyLink, Link, RecordingLink};
use moodbox_shared::Emotion;
use moodbox_shared::decision::{EventPhase, Verdict};
use moodbox_shared::link::{Capabilities, Heartbeat, Message, Packet, SenseState, Status};
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::nn::Isa;
use moodbox_shared::pipeline::{FaceSense, Judge, PipelineSettings, SpeechSense};
use moodbox_shared::vision::{DetectedFace, PixelFormat, RawFrame};
use std::cell::RefCell;
use std::error::Error;
use std::sync::Arc;

const FACE: DetectedFace = DetectedFace { x: 20.0, y: 10.0, width: 60.0, height: 60.0, score: 9.0 };

/// A picture with some contrast.
fn gradient() -> OwnedLuma {
    OwnedLuma::new(120, 90, (0..120 * 90).map(|index| (index % 120) as u8).collect()).unwrap()
}

struct Told {
    heartbeat: Heartbeat,
    packets: Vec<Packet>,
    warnings: Vec<String>,
}

/// Runs a box whose face network always sees the same emotion.
fn run_box(
    emotion: Emotion,
    camera: impl Camera,
    microphone: Option<Box<dyn Microphone>>,
    indicator: &mut dyn Indicator,
    more_links: Vec<Box<dyn Link>>,
) -> Told {
    let face = support::one_track_mind(Task::Face, emotion);
    let speech = support::one_track_mind(Task::Speech, emotion);
    let (face, speech) = (Model::load(&face).unwrap(), Model::load(&speech).unwrap());
    let settings = PipelineSettings::default();
    let mut line = RecordingLink::default();
    let warnings = RefCell::new(Vec::new());
    let warn = |error: &dyn Error| warnings.borrow_mut().push(error.to_string());
    let mut links: Vec<Box<dyn Link + '_>> = vec![Box::new(&mut line)];
    for link in more_links {
        links.push(link);
    }
    let sights = Sights {
        sense: Box::new(FaceSense::new(&face, settings.face, Isa::default()).unwrap()),
        luma: vec![0; 120 * 90],
        trace: None,
    };
    let watcher = Watcher::new(sights, Box::new(FixedFaces([FACE].into_iter().collect())));
    let listener = || Box::new(SpeechSense::new(&speech, settings.speech, Isa::default()).unwrap());
    let outputs = Outputs { indicator: Box::new(indicator), links, warn: Box::new(warn) };
    let hello = hello(Some(face.description()), Some(speech.description()), Capabilities::CAMERA);
    let judge = Judge::new(Some(face.description()), Some(speech.description()), settings.decision, settings.memory);
    let mut replay = Replay {
        sight: Some((Box::new(camera), watcher)),
        hearing: microphone.map(|microphone| (microphone, listener())),
        announcer: Announcer::start(judge, outputs, hello, Status::default()).unwrap(),
        controls: Arc::new(Controls::default()),
        clock: Box::new(VirtualClock::default()),
        warn: Box::new(warn),
    };
    let heartbeat = replay.run(|_| {}).unwrap();
    drop(replay);
    let warnings = warnings.into_inner();
    Told { heartbeat, packets: line.packets, warnings }
}

/// How the camera was doing, as often as it was told.
fn camera_states(packets: &[Packet]) -> Vec<SenseState> {
    let state = |packet: &Packet| match &packet.message {
        Message::Status(status) => Some(status.camera),
        _ => None,
    };
    packets.iter().filter_map(state).collect()
}

fn verdicts(packets: &[Packet]) -> Vec<Verdict> {
    let verdict = |packet: &Packet| match &packet.message {
        Message::Decision(report) => Some(report.verdict),
        _ => None,
    };
    packets.iter().filter_map(verdict).collect()
}

#[test]
fn a_face_is_seen_shown_and_told() {
    let mut leds = RecordingIndicator::default();
    let told = run_box(Emotion::Happy, StillCamera::new(gradient(), 60), None, &mut leds, vec![]);

    assert!(matches!(told.packets[0].message, Message::Hello(_)), "hello comes first");
    let sequences: Vec<u32> = told.packets.iter().map(|packet| packet.sequence).collect();
    assert_eq!(sequences, (0..told.packets.len() as u32).collect::<Vec<_>>());
    assert_eq!(verdicts(&told.packets), [Verdict::Emotion(Emotion::Happy); 60]);
    assert_eq!(leds.shown.len(), 60);

    let events: Vec<_> = told
        .packets
        .iter()
        .filter_map(|packet| match &packet.message {
            Message::Event(event) => Some((event.phase, event.verdict, event.duration_ms)),
            _ => None,
        })
        .collect();
    let happy = Verdict::Emotion(Emotion::Happy);
    assert_eq!(events, [(EventPhase::Begin, happy, 0), (EventPhase::End, happy, 1_966)]);
    let expected = Heartbeat { frames: 60, frames_with_face: 60, face_runs: 60, decisions: 60, ..Heartbeat::default() };
    assert_eq!(told.heartbeat, expected);
}

#[test]
fn the_same_files_give_the_same_packets() {
    let run = || {
        let noise = (0..48_000).map(|index: i32| (index.wrapping_mul(7_919) % 2_000) as i16).collect();
        let microphone = Box::new(ReplayMicrophone::new(noise));
        let leds = &mut RecordingIndicator::default();
        run_box(Emotion::Sad, StillCamera::new(gradient(), 45), Some(microphone), leds, vec![])
    };
    let (first, second) = (run(), run());
    assert_eq!(first.packets, second.packets);
    assert_eq!(first.heartbeat.hops, 187);
    assert_eq!(first.packets.last().unwrap().time_ms, 3_000, "it ends with the longer stream");
}

#[test]
fn camera_unplugged_then_back() {
    let camera = FaultyCamera::new(StillCamera::new(gradient(), 180), 30..120);
    let microphone = Box::new(ReplayMicrophone::new(vec![0; 16_000 * 6]));
    let mut leds = RecordingIndicator::default();
    let told = run_box(Emotion::Angry, camera, Some(microphone), &mut leds, vec![]);

    let verdicts = verdicts(&told.packets);
    let angry = Verdict::Emotion(Emotion::Angry);
    assert_eq!((verdicts.first(), verdicts.last()), (Some(&angry), Some(&angry)));
    assert!(verdicts.contains(&Verdict::Nobody), "with the camera gone and silence, nobody is there");
    assert_eq!((told.heartbeat.device_errors, told.warnings.len()), (90, 1), "each error counts, one is told");
    assert!(told.warnings[0].contains("unplugged"));
    let mut states = camera_states(&told.packets);
    states.dedup();
    assert_eq!(states, [SenseState::Off, SenseState::Working, SenseState::Lost, SenseState::Working]);
}

#[test]
fn a_camera_that_stays_away_leaves_nobody_on_show_even_without_sound() {
    let camera = FaultyCamera::new(StillCamera::new(gradient(), 120), 30..120);
    let mut leds = RecordingIndicator::default();
    let told = run_box(Emotion::Angry, camera, None, &mut leds, vec![]);
    let verdicts = verdicts(&told.packets);
    assert_eq!(verdicts.first(), Some(&Verdict::Emotion(Emotion::Angry)));
    assert_eq!(verdicts.last(), Some(&Verdict::Nobody));
}

/// Shows frames of which every second one breaks off.
struct ShortFrames {
    pixels: Vec<u8>,
    frames: u64,
    shown: u64,
}

impl Camera for ShortFrames {
    fn due_us(&self) -> Option<u64> {
        (self.shown < self.frames).then_some(self.shown * 33_333)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let time_us = self.shown * 33_333;
        let (width, height) = (120, 90);
        let there = if self.shown.is_multiple_of(2) { width * height - 1 } else { width * height };
        self.shown += 1;
        let bytes = &self.pixels[..there];
        Ok(Some(Frame { time_us, raw: RawFrame { format: PixelFormat::Grey, width, height, stride: width, bytes } }))
    }
}

#[test]
fn frames_that_break_off_are_errors_and_the_good_ones_between_them_count() {
    let camera = ShortFrames { pixels: gradient().pixels().to_vec(), frames: 60, shown: 0 };
    let told = run_box(Emotion::Happy, camera, None, &mut RecordingIndicator::default(), vec![]);
    let verdicts = verdicts(&told.packets);
    assert_eq!(verdicts[0], Verdict::Nobody, "the first frame is broken: nothing has been seen yet");
    assert_eq!(
        verdicts[1..],
        [Verdict::Emotion(Emotion::Happy); 59],
        "a broken frame does not hide the face before it"
    );
    assert_eq!((told.heartbeat.device_errors, told.heartbeat.face_runs), (30, 30));
    assert!(told.warnings[0].contains("the frame holds 10799 bytes where its size needs 10800"), "{:?}", told.warnings);
}

#[test]
fn a_microphone_that_stumbles_does_not_stop_the_camera() {
    let microphone = FaultyMicrophone::new(ReplayMicrophone::new(vec![0; 16_000]), 5..15);
    let leds = &mut RecordingIndicator::default();
    let told = run_box(Emotion::Calm, StillCamera::new(gradient(), 30), Some(Box::new(microphone)), leds, vec![]);
    assert_eq!((told.heartbeat.frames, told.heartbeat.device_errors), (30, 10));
}

#[test]
fn dark_leds_and_a_dead_line_do_not_stop_the_box() {
    let leds = &mut FaultyIndicator;
    let told = run_box(Emotion::Happy, StillCamera::new(gradient(), 10), None, leds, vec![Box::new(FaultyLink)]);
    assert_eq!(verdicts(&told.packets).len(), 10);
    assert_eq!(told.heartbeat.device_errors, 10);
    assert_eq!(told.heartbeat.link_dropped, 15, "hello, two states, ten decisions, a beginning and an end");
    assert_eq!(told.warnings.len(), 2);
}
