//! Any packet of either direction.

use crate::decision::{EventPhase, Verdict};
use crate::link::{
    Capabilities, DecisionReport, EventReport, FaceBox, Faults, Heartbeat, Hello, HostMessage, HostPacket, Message,
    Packet, SenseState, Status,
};
use crate::vision::{FaceFlaws, FaceQuality};
use proptest::prelude::*;

fn any_verdict() -> impl Strategy<Value = Verdict> {
    (0..Verdict::ALL.len()).prop_map(|index| Verdict::ALL[index])
}

fn any_hello() -> impl Strategy<Value = Hello> {
    (any::<u16>(), "[ -~]{0,24}", any::<Option<u32>>(), any::<Option<u32>>(), any::<u32>()).prop_map(
        |(protocol, software, face_model, speech_model, capabilities)| Hello {
            protocol,
            software: software.as_str().try_into().unwrap(),
            face_model,
            speech_model,
            capabilities: Capabilities(capabilities),
        },
    )
}

fn any_decision() -> impl Strategy<Value = DecisionReport> {
    let share = || 0.0f32..=1.0;
    (
        any_verdict(),
        share(),
        proptest::option::of(proptest::array::uniform8(share())),
        proptest::option::of(proptest::array::uniform7(share())),
        proptest::option::of(proptest::array::uniform8(share())),
        any::<Option<(u16, u16, u16, u16)>>(),
        any_quality(),
    )
        .prop_map(|(verdict, confidence, fused, face, speech, face_box, face_quality)| DecisionReport {
            verdict,
            confidence,
            fused,
            face,
            speech,
            face_box: face_box.map(|(x, y, width, height)| FaceBox { x, y, width, height }),
            face_quality,
        })
}

fn any_quality() -> impl Strategy<Value = Option<FaceQuality>> {
    let quality = (any::<[u8; 3]>(), 0.0f32..30.0, any::<u16>());
    proptest::option::of(quality.prop_map(|([flaws, brightness, contrast], sharpness, width_pixels)| FaceQuality {
        flaws: FaceFlaws(flaws),
        brightness,
        contrast,
        sharpness,
        width_pixels,
    }))
}

fn any_event() -> impl Strategy<Value = EventReport> {
    (any::<bool>(), any_verdict(), any::<u64>(), any::<u64>(), 0.0f32..=1.0).prop_map(
        |(begins, verdict, began_ms, duration_ms, peak_confidence)| EventReport {
            phase: if begins { EventPhase::Begin } else { EventPhase::End },
            verdict,
            began_ms,
            duration_ms,
            peak_confidence,
        },
    )
}

fn any_heartbeat() -> impl Strategy<Value = Heartbeat> {
    (any::<[u32; 14]>(), any::<Option<i16>>()).prop_map(|(counters, temperature_centi_celsius)| {
        let [frames, frames_with_face, face_runs, hops, hops_with_speech, speech_runs, decisions, ..] = counters;
        let [.., link_dropped, link_damaged, device_errors, audio_overruns, _, _, _] = counters;
        let [.., latency_median_us, latency_p99_us, worst_latency_us] = counters;
        Heartbeat {
            frames,
            frames_with_face,
            face_runs,
            hops,
            hops_with_speech,
            speech_runs,
            decisions,
            link_dropped,
            link_damaged,
            device_errors,
            audio_overruns,
            latency_median_us,
            latency_p99_us,
            worst_latency_us,
            temperature_centi_celsius,
        }
    })
}

fn any_sense() -> impl Strategy<Value = SenseState> {
    use SenseState::*;
    proptest::sample::select(&[Off, Starting, Working, Lost, Paused, Frozen, Dark, Silent, Clipping][..])
}

fn any_status() -> impl Strategy<Value = Status> {
    (any_sense(), any_sense(), any::<u32>(), any::<[bool; 3]>(), any::<u8>()).prop_map(
        |(camera, microphone, faults, [is_paused, is_host_speaking, are_leds_muted], brightness_percent)| Status {
            camera,
            microphone,
            faults: Faults(faults),
            is_paused,
            is_host_speaking,
            are_leds_muted,
            brightness_percent,
        },
    )
}

/// What the box may say.
pub fn any_packet() -> impl Strategy<Value = Packet> {
    let message = prop_oneof![
        any_hello().prop_map(Message::Hello),
        any_decision().prop_map(Message::Decision),
        any_event().prop_map(Message::Event),
        any_heartbeat().prop_map(Message::Heartbeat),
        any_status().prop_map(Message::Status),
        any::<u32>().prop_map(Message::Pong),
    ];
    (any::<u32>(), any::<u64>(), message).prop_map(|(sequence, time_ms, message)| Packet { sequence, time_ms, message })
}

/// What a host may say.
pub fn any_host_packet() -> impl Strategy<Value = HostPacket> {
    let message = prop_oneof![
        any::<u32>().prop_map(HostMessage::Ping),
        Just(HostMessage::AskHello),
        any::<bool>().prop_map(HostMessage::MuteLeds),
        any::<bool>().prop_map(HostMessage::PausePrivacy),
        any::<u8>().prop_map(HostMessage::SetBrightness),
        any::<u32>().prop_map(HostMessage::HostSpeaks),
    ];
    (any::<u32>(), message).prop_map(|(sequence, message)| HostPacket { sequence, message })
}
