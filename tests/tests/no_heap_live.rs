//! The whole running box, every thread of it, asks for no memory once it has started: camera, microphone, decisions, LEDs and serial line.
//! The face detector is counted apart, and the history is not there.
//!
//! ```text
//! cargo test -p moodbox-tests --test no_heap_live -- --nocapture
//! ```

#[path = "no_heap/material.rs"]
#[allow(dead_code, reason = "the test of the single loop uses more of it")]
mod material;

use material::{Material, SIZE};
use moodbox::camera::{Camera, CameraError, Frame};
use moodbox::clock::RealClock;
use moodbox::config::{LedLayout, LedSettings, LedSink, PinDriver, SerialSettings};
use moodbox::face_detector::{FaceDetector, FaceFinder};
use moodbox::indicator::IndicatorError;
use moodbox::indicator::pin_leds::PinLeds;
use moodbox::indicator::pins::{Pins, Wiring};
use moodbox::microphone::{Microphone, MicrophoneError, Period};
use moodbox::models;
use moodbox::runtime::live::{Controls, Hearing, Live, Sight};
use moodbox::runtime::{Announcer, Outputs, Sights, hello};
use moodbox::serial::QueuedLink;
use moodbox_shared::audio::HOP;
use moodbox_shared::link::{Capabilities, LinkReader, Message, Packet, Status};
use moodbox_shared::model::{Model, Task};
use moodbox_shared::nn::Isa;
use moodbox_shared::pipeline::{FaceSense, Judge, PipelineSettings, SpeechSense};
use moodbox_shared::vision::{Faces, LumaImage};
use moodbox_tests::counting_allocator::{CountingAllocator, apart, process_allocations, process_allocations_apart};
use moodbox_tests::models_dir;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Decisions before the count begins: every path has been taken.
const WARM_UP: u32 = 100;

/// Decisions that are counted.
const COUNTED: u32 = 600;

struct PacedFrames {
    material: Arc<Material>,
    shown: usize,
}

impl Camera for PacedFrames {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        std::thread::sleep(Duration::from_millis(15));
        self.shown += 1;
        Ok(Some(Frame { time_us: self.shown as u64 * 15_000, raw: self.material.frame(self.shown).0 }))
    }
}

struct PacedSound {
    sound: Vec<i16>,
    heard: usize,
}

impl Microphone for PacedSound {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        std::thread::sleep(Duration::from_millis(16));
        let start = self.heard % (self.sound.len() - HOP);
        self.heard += HOP;
        Ok(Some(Period { time_us: 0, samples: &self.sound[start..start + HOP] }))
    }
}

struct DetectorApart(FaceDetector);

impl FaceFinder for DetectorApart {
    fn look(&mut self, image: &LumaImage<'_>) -> Faces {
        apart(|| self.0.look(image))
    }
}

struct CountedPins(Arc<AtomicU64>);

impl Pins for CountedPins {
    fn write(&mut self, _: u16) -> Result<(), IndicatorError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A pseudo-terminal: the end of a host, and the path of the box's.
fn line() -> (File, PathBuf) {
    let host = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&host).expect("granted");
    unlockpt(&host).expect("unlocked");
    let name = ptsname(&host, Vec::new()).expect("its name");
    (host.into(), PathBuf::from(std::ffi::OsString::from_vec(name.into_bytes())))
}

/// A shipped network, prepared as the box does it.
fn shipped(task: Task) -> &'static Model<'static> {
    models::open_for_good(task, Some(&models_dir().join(format!("{task}.moodnet"))), Isa::best()).expect("it loads")
}

#[test]
fn the_whole_running_box_asks_for_no_memory() {
    let material = Arc::new(Material::read());
    let (face, speech) = (shipped(Task::Face), shipped(Task::Speech));
    let mut settings = PipelineSettings { isa: Isa::best(), ..PipelineSettings::default() };
    settings.speech.run_every_hops = 5;
    let (mut host, path) = line();
    let decisions_told = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&decisions_told);
    std::thread::spawn(move || {
        let (mut reader, mut buffer) = (LinkReader::<Packet>::new(), [0; 512]);
        while let Ok(count @ 1..) = host.read(&mut buffer) {
            for packet in buffer[..count].iter().filter_map(|&byte| reader.push(byte)).flatten() {
                told.fetch_add(u64::from(matches!(packet.message, Message::Decision(_))), Ordering::Relaxed);
            }
        }
    });

    let layout = LedLayout::PerEmotion([17, 27, 22, 5, 6, 13, 19, 26]);
    let sink = LedSink::Pins { driver: PinDriver::Rppal, layout };
    let wiring = Wiring::new(&LedSettings { sink, status_pin: Some(21), is_active_low: false });
    let pin_writes = Arc::new(AtomicU64::new(0));
    let pins = Box::new(CountedPins(Arc::clone(&pin_writes)));
    let leds = PinLeds::start(pins, layout, wiring.expect("good pins").expect("pins")).expect("a thread");
    let serial = SerialSettings { path, baud: 115_200 };
    let outputs = Outputs {
        indicator: Box::new(leds),
        links: vec![Box::new(QueuedLink::start(serial, None).expect("a thread"))],
        warn: Box::new(|error| panic!("{error}")),
    };
    let judge = Judge::new(Some(face.description()), Some(speech.description()), settings.decision, settings.memory);
    let status = Status { brightness_percent: 60, ..Status::default() };
    let hello = hello(Some(face.description()), Some(speech.description()), Capabilities::CAMERA);
    let controls = Arc::new(Controls::default());
    let sound = material.seconds(20);
    let frames = Arc::clone(&material);
    let live = Live {
        sight: Some(Sight {
            opener: Box::new(move || Ok(Box::new(PacedFrames { material: Arc::clone(&frames), shown: 0 }))),
            is_device: true,
            sights: Sights {
                sense: Box::new(FaceSense::new(face, settings.face, settings.isa).expect("a face model")),
                luma: vec![0; SIZE.0 * SIZE.1],
                trace: None,
            },
            detector: Box::new(|| Ok(Box::new(DetectorApart(FaceDetector::new()?)))),
        }),
        hearing: Some(Hearing {
            opener: Box::new(move || Ok(Box::new(PacedSound { sound: sound.clone(), heard: 0 }))),
            is_device: true,
            sense: Box::new(SpeechSense::new(speech, settings.speech, settings.isa).expect("a speech model")),
        }),
        announcer: Announcer::start(judge, outputs, hello, status).expect("every packet fits"),
        controls: Arc::clone(&controls),
        clock: RealClock::start(),
        tell: Arc::new(|_| {}),
        hurry: Arc::new(|| {}),
    };
    let (mut decisions, mut before, mut after) = (0, (0, 0), (0, 0));
    let heartbeat = live
        .run(|_| {
            decisions += 1;
            if decisions == WARM_UP {
                before = (process_allocations(), process_allocations_apart());
            } else if decisions == WARM_UP + COUNTED {
                after = (process_allocations(), process_allocations_apart());
                controls.stop();
            }
        })
        .expect("it runs");
    println!("{heartbeat:?}");
    println!("{COUNTED} decisions: {} allocations, {} of the face detector", after.0 - before.0, after.1 - before.1);
    assert_eq!(after.0 - before.0, 0);
    assert!(after.1 > before.1, "the detector was at work");
    assert!(heartbeat.face_runs > 200 && heartbeat.speech_runs > 5 && heartbeat.hops > 300, "{heartbeat:?}");
    assert!(decisions_told.load(Ordering::Relaxed) > u64::from(COUNTED) && pin_writes.load(Ordering::Relaxed) > 100);
}
