//! From the arrival of a frame or of sound to the LEDs and the bytes on the link, nothing is allocated: counted, not read.
//!
//! ```text
//! cargo test -p moodbox-tests --test no_heap -- --nocapture
//! ```

#[path = "no_heap/material.rs"]
mod material;

use material::{Material, SIZE};
use moodbox::camera::{Camera, CameraError, Frame};
use moodbox::clock::VirtualClock;
use moodbox::face_detector::{FaceDetector, FaceFinder};
use moodbox::indicator::terminal::TerminalLeds;
use moodbox::indicator::{Indicator, Scene};
use moodbox::microphone::replay::ReplayMicrophone;
use moodbox::models;
use moodbox::runtime::live::Controls;
use moodbox::runtime::replay::Replay;
use moodbox::runtime::{Announcer, Outputs, Sights, Watcher, hello};
use moodbox::sample::Labels;
use moodbox::serial::{Link, LinkError};
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::link::{Capabilities, DecisionReport, Heartbeat, MAX_FRAME_BYTES, Message, Packet, Status, encode};
use moodbox_shared::media::MjpegDecoder;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::nn::Isa;
use moodbox_shared::pipeline::{FaceSense, Judge, Pipeline, PipelineSettings, Sighting, SpeechSense};
use moodbox_shared::vision::{DetectedFace, Faces, LumaImage};
use moodbox_tests::counting_allocator::{CountingAllocator, allocated_bytes, allocations};
use moodbox_tests::{models_dir, on_a_large_stack};
use std::cell::Cell;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Steps of replay that are counted.
const STEPS: usize = 10_000;

/// Steps before them, in which the verdict has changed and every path been taken.
const WARM_UP_STEPS: usize = 100;

/// What has been asked of the heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Heap {
    calls: u64,
    allocations: u64,
    bytes: u64,
}

impl Heap {
    /// Runs `work`, and adds what it asks for.
    fn count<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = (allocations(), allocated_bytes());
        let result = work();
        self.calls += 1;
        self.allocations += allocations() - before.0;
        self.bytes += allocated_bytes() - before.1;
        result
    }

    /// A line for people.
    fn print(&self, name: &str) {
        let each = |total: u64| total as f64 / self.calls.max(1) as f64;
        let (allocations, bytes) = (each(self.allocations), each(self.bytes));
        println!("{name}: {} calls, {allocations:.1} allocations and {bytes:.0} bytes a call", self.calls);
    }
}

/// The detector, and what it asks of the heap.
struct CountedDetector<'a> {
    detector: FaceDetector,
    heap: &'a Cell<Heap>,
}

impl FaceFinder for CountedDetector<'_> {
    fn look(&mut self, image: &LumaImage<'_>) -> Faces {
        let mut heap = self.heap.get();
        let faces = heap.count(|| self.detector.look(image));
        self.heap.set(heap);
        faces
    }
}

/// A shipped network, prepared as the box does it.
fn shipped(task: Task) -> &'static Model<'static> {
    models::open_for_good(task, Some(&models_dir().join(format!("{task}.moodnet"))), Isa::best()).expect("it loads")
}

/// The detector looks at every tenth frame; the speech network runs six times as often as in a box, so that it has runs to count.
fn pipeline<'m>(face: &'m Model<'m>, speech: &'m Model<'m>, luma: &'m mut [u8]) -> Box<Pipeline<'m>> {
    let mut settings = PipelineSettings { isa: Isa::best(), ..PipelineSettings::default() };
    settings.face.detect_every_frames = 10;
    settings.speech.run_every_hops = 5;
    Box::new(Pipeline::new(Some(face), Some(speech), &settings, luma).expect("each in its place"))
}

/// What was counted, and that something happened meanwhile.
struct Proof {
    inner_loop: Heap,
    detector: Heap,
    counters: Heartbeat,
    verdicts: HashSet<Verdict>,
    cut_off: usize,
}

/// Every stage of the inner loop with what it writes to.
struct Stages<'m> {
    pipeline: Box<Pipeline<'m>>,
    detector: FaceDetector,
    plain: TerminalLeds<std::io::Sink>,
    live: TerminalLeds<std::io::Sink>,
    sequence: u32,
    bytes_sent: usize,
    leds_lit: usize,
}

impl Stages<'_> {
    /// One frame with its sound, to the LEDs and to bytes on the link. Returns the decision and whether the frame was taken.
    fn step(&mut self, material: &Material, index: usize, detector_heap: &mut Heap) -> (Decision, bool) {
        let time_ms = index as u64 * 1_000 / 30;
        for piece in material.sound(index) {
            self.pipeline.on_audio(time_ms, piece);
        }
        let (frame, _) = material.frame(index);
        let detector = &mut self.detector;
        let taken = self
            .pipeline
            .on_frame(time_ms, &frame, |image| Sighting::Looked(detector_heap.count(|| detector.look(image))));
        let decision = self.pipeline.step(time_ms);
        let scene = Scene { time_ms, decision: &decision, status: &Status::default() };
        self.plain.show(&scene).expect("a sink takes everything");
        self.live.show(&scene).expect("a sink takes everything");
        self.leds_lit += usize::from(decision.verdict.emotion().is_some());
        self.send(time_ms, Message::Decision(DecisionReport::new(&decision, self.pipeline.face_box(time_ms))));
        for event in decision.events.iter() {
            self.send(time_ms, Message::Event(event.into()));
        }
        self.send(time_ms, Message::Heartbeat(self.pipeline.counters()));
        (decision, taken.is_ok())
    }

    fn send(&mut self, time_ms: u64, message: Message) {
        let mut buffer = [0; MAX_FRAME_BYTES];
        let packet = Packet { sequence: self.sequence, time_ms, message };
        self.bytes_sent += encode(&packet, &mut buffer).expect("every packet fits").len();
        self.sequence += 1;
    }
}

/// Replays `steps` steps after the warm-up; `smuggle` runs within the counted loop.
fn replay(steps: usize, mut smuggle: impl FnMut()) -> Proof {
    let material = Material::read();
    println!("replaying {}", material.source);
    let (face, speech) = (shipped(Task::Face), shipped(Task::Speech));
    let mut luma = vec![0; SIZE.0 * SIZE.1];
    let mut stages = Stages {
        pipeline: pipeline(face, speech, &mut luma),
        detector: FaceDetector::new().expect("embedded"),
        plain: TerminalLeds::new(std::io::sink(), false, Labels::default()),
        live: TerminalLeds::new(std::io::sink(), true, Labels::default()),
        sequence: 0,
        bytes_sent: 0,
        leds_lit: 0,
    };
    let (mut inner_loop, mut detector) = (Heap::default(), Heap::default());
    let (mut verdicts, mut cut_off) = (HashSet::new(), 0);
    for index in 0..WARM_UP_STEPS {
        stages.step(&material, index, &mut Heap::default());
    }
    for index in WARM_UP_STEPS..WARM_UP_STEPS + steps {
        let (decision, is_taken) = inner_loop.count(|| {
            smuggle();
            stages.step(&material, index, &mut detector)
        });
        assert_eq!(is_taken, material.frame(index).1, "frame {index}");
        cut_off += usize::from(!is_taken);
        verdicts.insert(decision.verdict);
    }
    assert!(stages.bytes_sent > 100 * steps && stages.leds_lit > steps / 4);
    inner_loop.allocations -= detector.allocations;
    inner_loop.bytes -= detector.bytes;
    Proof { inner_loop, detector, counters: stages.pipeline.counters(), verdicts, cut_off }
}

#[test]
fn ten_thousand_steps_of_the_inner_loop_allocate_nothing() {
    let proof = on_a_large_stack(|| replay(STEPS, || {}));
    proof.inner_loop.print("inner loop");
    proof.detector.print("face detector");
    println!("{:?}, verdicts {:?}, {} frames cut off", proof.counters, proof.verdicts, proof.cut_off);
    assert_eq!(proof.inner_loop, Heap { calls: STEPS as u64, allocations: 0, bytes: 0 });

    let Heartbeat { face_runs, speech_runs, hops, hops_with_speech, .. } = proof.counters;
    assert!(face_runs > 5_000 && speech_runs > 2_000, "{face_runs} and {speech_runs} runs of the networks");
    assert!((hops / 10..hops).contains(&hops_with_speech), "the gate was open in {hops_with_speech} of {hops} hops");
    assert!(proof.verdicts.len() >= 5 && proof.verdicts.contains(&Verdict::Unsure), "{:?}", proof.verdicts);
    assert!(proof.detector.calls >= STEPS as u64 / 10 && proof.detector.allocations > 0);
    assert_eq!(proof.cut_off, STEPS / 997);
}

#[test]
fn a_single_allocation_a_step_is_noticed() {
    let proof = on_a_large_stack(|| replay(50, || drop(black_box(Box::new([7u8; 24])))));
    assert_eq!(proof.inner_loop, Heap { calls: 50, allocations: 50, bytes: 50 * 24 });
}

#[test]
fn a_camera_that_sends_mjpeg_allocates_in_its_decoder_alone() {
    on_a_large_stack(decode_mjpeg);
}

fn decode_mjpeg() {
    let jpegs = Material::read().jpegs();
    let (face, speech) = (shipped(Task::Face), shipped(Task::Speech));
    let mut pipeline = pipeline(face, speech, &mut []);
    let (mut decoder, mut heap, mut beside) = (MjpegDecoder::default(), Heap::default(), Heap::default());
    for (index, jpeg) in jpegs.iter().cycle().take(200).enumerate() {
        let frame = heap.count(|| decoder.decode(jpeg)).expect("a whole JPEG");
        let time_ms = index as u64 * 1_000 / 30;
        let face = DetectedFace { x: 20.0, y: 20.0, width: 80.0, height: 80.0, score: 9.0 };
        beside.count(|| {
            let look = |_: &LumaImage<'_>| Sighting::Looked([face].into_iter().collect());
            pipeline.on_frame(time_ms, &frame, look).expect("a whole frame");
            pipeline.step(time_ms)
        });
    }
    heap.print("MJPEG decoder");
    assert_eq!(beside, Heap { calls: 200, allocations: 0, bytes: 0 });
    assert!(heap.allocations > 0 && pipeline.counters().face_runs >= 150);
}

/// The material as a camera.
struct ReplayedFrames<'a> {
    material: &'a Material,
    frames: usize,
    shown: usize,
}

impl Camera for ReplayedFrames<'_> {
    fn due_us(&self) -> Option<u64> {
        (self.shown < self.frames).then_some(self.shown as u64 * 1_000_000 / 30)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let time_us = self.shown as u64 * 1_000_000 / 30;
        self.shown += 1;
        Ok(Some(Frame { time_us, raw: self.material.frame(self.shown - 1).0 }))
    }
}

/// A line that counts what goes over it.
struct CountingLine<'a>(&'a Cell<usize>);

impl Link for CountingLine<'_> {
    fn send(&mut self, _: &Packet, frame: &[u8]) -> Result<(), LinkError> {
        self.0.set(self.0.get() + frame.len());
        Ok(())
    }
}

#[test]
fn the_loop_of_the_box_allocates_nothing_after_its_start() {
    on_a_large_stack(run_the_box);
}

fn run_the_box() {
    const SECONDS: usize = 60;
    let material = Material::read();
    let (face, speech) = (shipped(Task::Face), shipped(Task::Speech));
    let (detector_heap, bytes_sent) = (Cell::new(Heap::default()), Cell::new(0));
    let detector = CountedDetector { detector: FaceDetector::new().expect("embedded"), heap: &detector_heap };
    let mut settings = PipelineSettings { isa: Isa::best(), ..PipelineSettings::default() };
    settings.face.detect_every_frames = 10;
    settings.speech.run_every_hops = 5;
    let sights = Sights {
        sense: Box::new(FaceSense::new(face, settings.face, settings.isa).expect("a face model")),
        luma: vec![0; SIZE.0 * SIZE.1],
        trace: None,
    };
    let camera = ReplayedFrames { material: &material, frames: 30 * SECONDS, shown: 0 };
    let microphone = ReplayMicrophone::new(material.seconds(SECONDS));
    let listener = SpeechSense::new(speech, settings.speech, settings.isa).expect("a speech model");
    let outputs = Outputs {
        indicator: Box::new(TerminalLeds::new(std::io::sink(), true, Labels::default())),
        links: vec![Box::new(CountingLine(&bytes_sent))],
        warn: Box::new(|_| {}),
    };
    let judge = Judge::new(Some(face.description()), Some(speech.description()), settings.decision, settings.memory);
    let hello = hello(Some(face.description()), Some(speech.description()), Capabilities::CAMERA);
    let mut replay = Replay {
        sight: Some((Box::new(camera), Watcher::new(sights, Box::new(detector)))),
        hearing: Some((Box::new(microphone), Box::new(listener))),
        announcer: Announcer::start(judge, outputs, hello, Status::default()).expect("every packet fits"),
        controls: Arc::new(Controls::default()),
        clock: Box::new(VirtualClock::default()),
        warn: Box::new(|_| {}),
    };
    // It has started with its first decision.
    let started = Cell::new(None);
    let heartbeat = replay
        .run(|_| {
            if started.get().is_none() {
                started.set(Some((allocations(), detector_heap.get().allocations)));
            }
        })
        .expect("every packet fits");
    let (allocations_before, of_detector_before) = started.get().expect("it decides");
    let of_detector = detector_heap.get().allocations - of_detector_before;
    assert_eq!(allocations() - allocations_before - of_detector, 0, "beside the detector's {of_detector}");

    assert!(heartbeat.decisions as usize >= 30 * SECONDS - 10 && heartbeat.device_errors > 0, "{heartbeat:?}");
    assert!(heartbeat.face_runs > 900 && heartbeat.speech_runs > 50, "{heartbeat:?}");
    assert!(bytes_sent.get() > 100_000 && of_detector > 0);
}
