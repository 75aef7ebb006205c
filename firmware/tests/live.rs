//! The live box against everything that may happen to its senses: each on a thread of its own, with devices that fail on purpose.

#[path = "live/stage.rs"]
mod stage;
mod support;

use moodbox::config::{LedLayout, LedSettings, LedSink, PinDriver};
use moodbox::indicator::pin_leds::PinLeds;
use moodbox::indicator::pins::{RecordingPins, Wiring};
use moodbox::indicator::{IndicatorError, returning::Returning};
use moodbox::microphone::MicrophoneError;
use moodbox::runtime::RunError;
use moodbox_shared::decision::Verdict;
use moodbox_shared::link::{Faults, HostMessage, Message, SenseState};
use stage::{Counted, FACE, Open, Stage, TestCamera, TestMicrophone, VOICE, cameras, microphones, unplugged};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn deaf() -> MicrophoneError {
    MicrophoneError::Device { device: "test".into(), reason: "unplugged".into() }
}

#[test]
fn camera_absent_then_plugged_in() {
    let camera = cameras(|asked| if asked < 2 { Err(unplugged()) } else { Ok(TestCamera::good()) });
    let mut states = Vec::new();
    let run = Stage::new(Some(camera), None).play_until(|decision, host| {
        states.push(host.status().camera);
        decision.verdict == FACE
    });
    states.dedup();
    assert!(
        states.ends_with(&[SenseState::Lost]) || states.ends_with(&[SenseState::Lost, SenseState::Working]),
        "{states:?}"
    );
    assert_eq!(run.result.unwrap().device_errors, 2);
    assert_eq!(run.told, ["camera test: unplugged", "camera: it works again"]);
}

#[test]
fn camera_unplugged_then_back() {
    let camera = cameras(|_| {
        Ok(TestCamera::new(|shown, pixels| {
            pixels[0] = shown as u8;
            if shown == 10 { Err(unplugged()) } else { Ok(()) }
        }))
    });
    let mut verdicts = Vec::new();
    let run = Stage::new(Some(camera), Some(microphones(|_| Err(deaf())))).play_until(|decision, host| {
        verdicts.push(decision.verdict);
        host.count(|message| matches!(message, Message::Status(status) if status.camera == SenseState::Lost)) > 1
            && decision.verdict == FACE
    });
    assert!(verdicts.contains(&FACE), "{verdicts:?}");
    assert!(run.told.iter().any(|line| line == "camera: it works again"), "{:?}", run.told);
}

#[test]
fn a_frozen_camera_is_not_believed_and_is_opened_anew() {
    let camera = cameras(|asked| {
        // The first one gives the same picture over and over, a second of it with each frame; the next one lives.
        let frozen = TestCamera { step_us: 1_000_000, ..TestCamera::new(|_, _| Ok(())) };
        Ok(if asked == 0 { frozen } else { TestCamera::good() })
    });
    let (mut was_seen, mut was_frozen) = (false, false);
    Stage::new(Some(camera), None).play_until(|decision, host| {
        was_seen |= decision.face.is_some();
        if host.status().camera == SenseState::Frozen {
            was_frozen |= decision.face.is_none();
        }
        was_seen && was_frozen
    });
}

#[test]
fn a_covered_camera_is_called_dark_and_works_again_when_it_sees() {
    let camera = cameras(|_| {
        let dark = |shown: u64, pixels: &mut Vec<u8>| {
            let is_covered = (20..120).contains(&shown);
            pixels
                .iter_mut()
                .enumerate()
                .for_each(|(index, pixel)| *pixel = if is_covered { 16 } else { (index % 120) as u8 });
            pixels[0] = shown as u8 % 16;
            Ok(())
        };
        Ok(TestCamera { step_us: 50_000, ..TestCamera::new(dark) })
    });
    let mut states = Vec::new();
    Stage::new(Some(camera), None).play_until(|_, host| {
        states.push(host.status().camera);
        states.dedup();
        states.ends_with(&[SenseState::Working, SenseState::Dark, SenseState::Working])
    });
}

#[test]
fn a_camera_with_frames_of_the_wrong_size_is_told_of_once_and_counted() {
    let camera = cameras(|_| {
        Ok(TestCamera::new(|shown, pixels| {
            pixels.truncate(100);
            if shown > 20 { Err(unplugged()) } else { Ok(()) }
        }))
    });
    let run = Stage::new(Some(camera), None).play_until(|_, host| host.status().camera == SenseState::Lost);
    assert!(run.result.unwrap().device_errors >= 20);
    assert_eq!(run.told.len(), 2, "the frames once, the loss once: {:?}", run.told);
    assert!(run.told[0].contains("makes no sense"), "{:?}", run.told);
}

#[test]
fn microphone_absent_then_plugged_in() {
    let microphone = microphones(|asked| if asked < 2 { Err(deaf()) } else { Ok(TestMicrophone::speaking()) });
    let run = Stage::new(Some(cameras(|_| Ok(TestCamera::good()))), Some(microphone))
        .play_until(|decision, host| decision.speech.is_some() && host.status().microphone == SenseState::Working);
    assert_eq!(run.told, ["microphone test: unplugged", "microphone: it works again"]);
}

#[test]
fn a_muted_microphone_is_called_silent_and_one_too_loud_clipping() {
    for (level, expected) in [(0, SenseState::Silent), (i16::MAX, SenseState::Clipping)] {
        let microphone = microphones(move |_| {
            Ok(TestMicrophone::new(move |_, samples| {
                samples.clear();
                samples.resize(16_000, level);
                Ok(())
            }))
        });
        Stage::new(None, Some(microphone)).play_until(|_, host| host.status().microphone == expected);
    }
}

#[test]
fn sound_that_was_lost_is_counted() {
    let microphone = microphones(|_| Ok(TestMicrophone::speaking()));
    let lossy: moodbox::microphone::MicrophoneOpener = {
        let mut open = microphone;
        Box::new(move || Ok(Box::new(Losing(open()?, 0))))
    };
    let mut decisions = 0;
    let run = Stage::new(None, Some(lossy)).play_until(|_, _| {
        decisions += 1;
        decisions > 10
    });
    assert!(run.result.unwrap().audio_overruns > 3);
}

/// Loses a piece of sound with each that it gives.
struct Losing(Box<dyn moodbox::microphone::Microphone>, u32);

impl moodbox::microphone::Microphone for Losing {
    fn due_us(&self) -> Option<u64> {
        self.0.due_us()
    }

    fn next_period(&mut self) -> Result<Option<moodbox::microphone::Period<'_>>, MicrophoneError> {
        self.1 += 1;
        self.0.next_period()
    }

    fn overruns(&self) -> u32 {
        self.1
    }
}

#[test]
fn a_camera_that_hangs_in_its_driver_delays_neither_sound_nor_decisions_nor_the_end() {
    let camera = cameras(|_| {
        Ok(TestCamera::new(|shown, pixels| {
            pixels[0] = shown as u8;
            if shown == 5 {
                std::thread::sleep(Duration::from_secs(30));
            }
            Ok(())
        }))
    });
    let stage = Stage::new(Some(camera), Some(microphones(|_| Ok(TestMicrophone::speaking()))));
    let (mut was_seen, mut heard, mut stopped) = (false, 0, None);
    stage
        .play_until(|decision, _| {
            was_seen |= decision.face.is_some();
            heard += usize::from(was_seen && decision.face.is_none() && decision.verdict == VOICE);
            stopped = Some(Instant::now());
            heard > 20
        })
        .result
        .unwrap();
    assert!(stopped.unwrap().elapsed() < Duration::from_secs(1), "a thread that hangs is left behind");
}

#[test]
fn privacy_closes_both_devices_and_opens_them_again() {
    let open = Open::default();
    let (of_camera, of_microphone) = (Arc::clone(&open), Arc::clone(&open));
    let camera = cameras(move |_| Ok(TestCamera { _open: Counted::new(&of_camera), ..TestCamera::good() }));
    let microphone =
        microphones(move |_| Ok(TestMicrophone { _open: Counted::new(&of_microphone), ..TestMicrophone::speaking() }));
    let mut act = 0;
    Stage::new(Some(camera), Some(microphone)).play_until(|decision, host| {
        let status = host.status();
        act = match act {
            0 if decision.face.is_some() && open.load(Ordering::SeqCst) == 2 => {
                host.say(HostMessage::PausePrivacy(true));
                1
            }
            1 if status.camera == SenseState::Paused && status.microphone == SenseState::Paused => {
                assert!(status.is_paused);
                2
            }
            2 if decision.verdict == Verdict::Nobody => {
                assert_eq!(open.load(Ordering::SeqCst), 0, "really closed");
                host.say(HostMessage::PausePrivacy(false));
                3
            }
            3 if decision.verdict != Verdict::Nobody => {
                assert!(!host.status().is_paused);
                4
            }
            same => same,
        };
        act == 4
    });
}

#[test]
fn what_the_host_says_itself_is_not_judged_and_its_turn_ends_by_itself() {
    let (mut act, mut deaf_for) = (0, 0);
    Stage::new(None, Some(microphones(|_| Ok(TestMicrophone::speaking())))).play_until(|decision, host| {
        act = match act {
            0 if decision.verdict == VOICE => {
                host.say(HostMessage::HostSpeaks(1_500));
                1
            }
            1 if host.status().is_host_speaking && decision.speech.is_none() => 2,
            2 if host.status().is_host_speaking => {
                assert!(decision.speech.is_none(), "its own voice is nobody's");
                deaf_for += 1;
                2
            }
            2 if deaf_for > 10 => 3,
            3 if decision.verdict == VOICE => 4,
            same => same,
        };
        act == 4
    });
}

#[test]
fn a_host_that_ends_its_turn_early_is_waited_for_no_longer() {
    let mut act = 0;
    Stage::new(None, Some(microphones(|_| Ok(TestMicrophone::speaking())))).play_until(|decision, host| {
        act = match act {
            0 if decision.verdict == VOICE => {
                host.say(HostMessage::HostSpeaks(600_000));
                1
            }
            1 if host.status().is_host_speaking && decision.speech.is_none() => {
                host.say(HostMessage::HostSpeaks(0));
                2
            }
            2 if !host.status().is_host_speaking && decision.verdict == VOICE => 3,
            same => same,
        };
        act == 3
    });
}

#[test]
fn a_ping_comes_back_and_the_lights_do_as_they_are_told() {
    let mut asked = false;
    Stage::new(Some(cameras(|_| Ok(TestCamera::good()))), None).play_until(|_, host| {
        if !std::mem::replace(&mut asked, true) {
            for message in [
                HostMessage::Ping(77),
                HostMessage::AskHello,
                HostMessage::MuteLeds(true),
                HostMessage::SetBrightness(200),
            ] {
                host.say(message);
            }
        }
        let status = host.status();
        host.count(|message| *message == Message::Pong(77)) == 1
            && host.count(|message| matches!(message, Message::Hello(_))) == 2
            && status.are_leds_muted
            && status.brightness_percent == 100
    });
}

#[test]
fn leds_that_are_denied_are_a_fault_and_the_box_goes_on() {
    let mut stage = Stage::new(Some(cameras(|_| Ok(TestCamera::good()))), None);
    let denied = || Err(IndicatorError::Denied { device: "/dev/gpiochip0".into() });
    stage.indicator = Box::new(Returning::start(Box::new(denied)).unwrap());
    let mut steps = 0;
    let run = stage.play_until(|decision, host| {
        steps += u32::from(decision.verdict == FACE && host.status().faults == Faults::LEDS);
        steps > 20
    });
    assert_eq!(run.result.unwrap().device_errors, 1, "asked once; in between they are away");
}

#[test]
fn a_mistake_in_a_thread_ends_the_box_in_order_with_its_leds_dark() {
    let layout = LedLayout::PerEmotion([17, 27, 22, 5, 6, 13, 19, 26]);
    let sink = LedSink::Pins { driver: PinDriver::Rppal, layout };
    let wiring = Wiring::new(&LedSettings { sink, status_pin: Some(21), is_active_low: false }).unwrap().unwrap();
    let (pins, recording) = RecordingPins::new(&wiring);
    let camera = cameras(|_| {
        Ok(TestCamera::new(|shown, pixels| {
            pixels[0] = shown as u8;
            if shown == 30 { panic!("a mistake on purpose") } else { Ok(()) }
        }))
    });
    let mut stage = Stage::new(Some(camera), None);
    stage.indicator = Box::new(PinLeds::start(Box::new(pins), layout, wiring).unwrap());
    let run = stage.play_until(|_, _| false);
    assert!(matches!(run.result, Err(RunError::Panicked { thread: "camera" })));
    let writes = recording.writes();
    assert!(writes.iter().any(|&levels| levels != 0), "they were lit: {writes:?}");
    assert_eq!(writes.last(), Some(&0), "and are dark");
}
