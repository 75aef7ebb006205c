//! Golden bytes of each message of both directions, made by an independent writer from `shared/LINK.md` alone. If one of these changes,
//! every reader and every host out there breaks: raise the protocol version.

use super::samples::*;
use super::{frame, read, std};
use crate::link::{
    Capabilities, DecisionReport, EventReport, FaceBox, Faults, Heartbeat, Hello, HostMessage, HostPacket, Message,
    Packet, SenseState, Status,
};
use crate::vision::{FaceFlaws, FaceQuality};
use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::string::String;

/// The page that others write their readers from.
const LINK_PAGE: &str = include_str!("../../../LINK.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
}

/// Written, read again, and found on the page.
fn assert_golden<P: Serialize + DeserializeOwned + PartialEq + Debug>(packet: P, bytes: &str) {
    let written = frame(&packet);
    assert_eq!(hex(&written), bytes, "{packet:?}");
    assert!(LINK_PAGE.contains(bytes), "LINK.md does not show {packet:?} as {bytes}");
    assert_eq!(read(&written), [Ok(packet)]);
}

#[test]
fn golden_bytes_of_what_the_box_says() {
    let golden = [
        (Message::Hello(hello()), "000103dc0b010d05302e312e3001f8acd1910106056a69819800"),
        (
            Message::Decision(decision()),
            "000701dc0b0102020104403f010101023e010101010103403f0101023e01010101010101010101010101010102010103803e0103403f01010101010101010101010101010101010101010d01c80178f001f001010265280101083df001fecc266300",
        ),
        (Message::Event(event()), "000b02dc0b020101e807f4030101063ffd789f3800"),
        (Message::Heartbeat(heartbeat()), "001103dc0b03ac02a202a202f1046407ac0211030102b817a01fe82001e44bdd3be89900"),
        (Message::Status(status()), "000804dc0b040203010201062874b5708000"),
        (Message::Pong(0x1234_5678), "000e05dc0b05f8acd19101109e094300"),
    ];
    for (sequence, (message, bytes)) in (0..).zip(golden) {
        assert_golden(Packet { sequence, time_ms: 1_500, message }, bytes);
    }
}

#[test]
fn golden_bytes_of_what_a_host_says() {
    let golden = [
        (HostMessage::Ping(0x1234_5678), "0001010af8acd1910195b6837100"),
        (HostMessage::AskHello, "000701012813c52f00"),
        (HostMessage::MuteLeds(true), "0008020201685ff4b900"),
        (HostMessage::PausePrivacy(true), "00080303011e042da100"),
        (HostMessage::SetBrightness(40), "0008040428301c91a900"),
        (HostMessage::HostSpeaks(1_500), "00090505dc0b5ebe0eaa00"),
    ];
    for (sequence, (message, bytes)) in (0..).zip(golden) {
        assert_golden(HostPacket { sequence, message }, bytes);
    }
}

#[test]
fn the_longest_packets_fit() {
    let longest = [
        Message::Hello(Hello {
            protocol: u16::MAX,
            software: "123456789012345678901234".try_into().unwrap(),
            face_model: Some(u32::MAX),
            speech_model: Some(u32::MAX),
            capabilities: Capabilities(u32::MAX),
        }),
        Message::Decision(DecisionReport {
            speech: Some([1.0; 8]),
            face_box: Some(FaceBox { x: u16::MAX, y: u16::MAX, width: u16::MAX, height: u16::MAX }),
            face_quality: Some(FaceQuality {
                flaws: FaceFlaws(u8::MAX),
                brightness: u8::MAX,
                contrast: u8::MAX,
                sharpness: f32::MAX,
                width_pixels: u16::MAX,
            }),
            ..decision()
        }),
        Message::Event(EventReport { began_ms: u64::MAX, duration_ms: u64::MAX, ..event() }),
        Message::Heartbeat(Heartbeat {
            frames: u32::MAX,
            frames_with_face: u32::MAX,
            face_runs: u32::MAX,
            hops: u32::MAX,
            hops_with_speech: u32::MAX,
            speech_runs: u32::MAX,
            decisions: u32::MAX,
            link_dropped: u32::MAX,
            link_damaged: u32::MAX,
            device_errors: u32::MAX,
            audio_overruns: u32::MAX,
            latency_median_us: u32::MAX,
            latency_p99_us: u32::MAX,
            worst_latency_us: u32::MAX,
            temperature_centi_celsius: Some(i16::MIN),
        }),
        Message::Status(Status { faults: Faults(u32::MAX), camera: SenseState::Clipping, ..status() }),
        Message::Pong(u32::MAX),
    ];
    for message in longest {
        frame(&Packet { sequence: u32::MAX, time_ms: u64::MAX, message });
    }
    let longest = [HostMessage::Ping(u32::MAX), HostMessage::HostSpeaks(u32::MAX)];
    for message in longest {
        frame(&HostPacket { sequence: u32::MAX, message });
    }
}
