//! One message of each kind, with values that tell the fields apart.

use crate::Emotion;
use crate::decision::{EventPhase, Verdict};
use crate::link::{Capabilities, DecisionReport, EventReport, FaceBox, Faults, Heartbeat, Hello, SenseState, Status};
use crate::vision::{FaceFlaws, FaceQuality};

pub fn hello() -> Hello {
    Hello {
        protocol: 0,
        software: "0.1.0".try_into().unwrap(),
        face_model: Some(0x1234_5678),
        speech_model: None,
        capabilities: Capabilities::CAMERA.union(Capabilities::LEDS),
    }
}

pub fn decision() -> DecisionReport {
    DecisionReport {
        verdict: Verdict::Emotion(Emotion::Happy),
        confidence: 0.75,
        fused: Some([0.125, 0.0, 0.75, 0.125, 0.0, 0.0, 0.0, 0.0]),
        face: Some([0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0]),
        speech: None,
        face_box: Some(FaceBox { x: 200, y: 120, width: 240, height: 240 }),
        face_quality: Some(FaceQuality {
            flaws: FaceFlaws::TOO_BLURRED,
            brightness: 101,
            contrast: 40,
            sharpness: 0.03125,
            width_pixels: 240,
        }),
    }
}

pub fn event() -> EventReport {
    EventReport {
        phase: EventPhase::End,
        verdict: Verdict::Unsure,
        began_ms: 1_000,
        duration_ms: 500,
        peak_confidence: 0.5,
    }
}

pub fn heartbeat() -> Heartbeat {
    Heartbeat {
        frames: 300,
        frames_with_face: 290,
        face_runs: 290,
        hops: 625,
        hops_with_speech: 100,
        speech_runs: 7,
        decisions: 300,
        link_dropped: 0,
        link_damaged: 3,
        device_errors: 1,
        audio_overruns: 2,
        latency_median_us: 3_000,
        latency_p99_us: 4_000,
        worst_latency_us: 4_200,
        temperature_centi_celsius: Some(4_850),
    }
}

pub fn status() -> Status {
    Status {
        camera: SenseState::Working,
        microphone: SenseState::Lost,
        faults: Faults::LEDS,
        is_paused: false,
        is_host_speaking: true,
        are_leds_muted: false,
        brightness_percent: 40,
    }
}
