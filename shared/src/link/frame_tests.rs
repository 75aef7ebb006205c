//! What the link promises, held against golden bytes and against whatever a line may bring.

extern crate std;

use super::*;
use crate::Emotion;
use crate::decision::{EventPhase, Verdict};
use crate::link::{Capabilities, DecisionReport, EventReport, FaceBox, Heartbeat, Hello, Message};
use crate::vision::{FaceFlaws, FaceQuality};
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

fn frame(packet: &Packet) -> Vec<u8> {
    encode(packet, &mut [0; MAX_FRAME_BYTES]).expect("every packet fits").to_vec()
}

fn read(reader: &mut LinkReader, bytes: &[u8]) -> Vec<Result<Packet, FrameError>> {
    bytes.iter().filter_map(|&byte| reader.push(byte)).collect()
}

fn hello() -> Hello {
    Hello {
        protocol: 0,
        software: "0.1.0".try_into().unwrap(),
        face_model: Some(0x1234_5678),
        speech_model: None,
        capabilities: Capabilities::CAMERA.union(Capabilities::LEDS),
    }
}

fn decision() -> DecisionReport {
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

fn event() -> EventReport {
    EventReport {
        phase: EventPhase::End,
        verdict: Verdict::Unsure,
        began_ms: 1_000,
        duration_ms: 500,
        peak_confidence: 0.5,
    }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        frames: 300,
        frames_with_face: 290,
        face_runs: 290,
        hops: 625,
        hops_with_speech: 100,
        speech_runs: 7,
        decisions: 300,
        link_dropped: 0,
        device_errors: 1,
        audio_overruns: 2,
        latency_median_us: 3_000,
        latency_p99_us: 4_000,
        worst_latency_us: 4_200,
        temperature_centi_celsius: Some(4_850),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
}

/// The bytes of `shared/LINK.md`, made by an independent writer from that page alone. If one of these changes, every reader out there breaks: raise the protocol version.
#[test]
fn golden_bytes_of_each_message() {
    let golden = [
        (Message::Hello(hello()), "000103dc0b010d05302e312e3001f8acd1910106056a69819800"),
        (
            Message::Decision(decision()),
            "000701dc0b0102020104403f010101023e010101010103403f0101023e01010101010101010101010101010102010103803e0103403f01010101010101010101010101010101010101010d01c80178f001f001010265280101083df001fecc266300",
        ),
        (Message::Event(event()), "000b02dc0b020101e807f4030101063ffd789f3800"),
        (Message::Heartbeat(heartbeat()), "001103dc0b03ac02a202a202f1046407ac02100102b817a01fe82001e44ba2a530e800"),
    ];
    for (index, (message, bytes)) in golden.into_iter().enumerate() {
        let packet = Packet { sequence: index as u32, time_ms: 1_500, message };
        let written = frame(&packet);
        assert_eq!(hex(&written), bytes, "{packet:?}");
        assert_eq!(read(&mut LinkReader::new(), &written), [Ok(packet)]);
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
            device_errors: u32::MAX,
            audio_overruns: u32::MAX,
            latency_median_us: u32::MAX,
            latency_p99_us: u32::MAX,
            worst_latency_us: u32::MAX,
            temperature_centi_celsius: Some(i16::MIN),
        }),
    ];
    for message in longest {
        frame(&Packet { sequence: u32::MAX, time_ms: u64::MAX, message });
    }
}

#[test]
fn a_flipped_bit_is_noticed_and_the_next_packet_read() {
    let packet = Packet { sequence: 1, time_ms: 2, message: Message::Event(event()) };
    let good = frame(&packet);
    for bit in 8..(good.len() - 1) * 8 {
        let mut line = good.clone();
        line[bit / 8] ^= 1 << (bit % 8);
        line.extend(&good);
        let packets = read(&mut LinkReader::new(), &line);
        assert!(packets[0].is_err(), "bit {bit}: {packets:?}");
        assert_eq!(packets.last(), Some(&Ok(packet.clone())), "bit {bit}");
    }
}

#[test]
fn a_message_of_a_newer_protocol_is_reported_and_skipped() {
    let mut payload = [0; 16];
    payload[..3].copy_from_slice(&[0, 0, 200]); // sequence 0, time 0, a variant that does not exist
    let checksum = CRC.checksum(&payload[..3]).to_le_bytes();
    payload[3..7].copy_from_slice(&checksum);
    let mut line = [0; 16];
    let length = cobs::try_encode(&payload[..7], &mut line).unwrap();
    assert_eq!(read(&mut LinkReader::new(), &line[..=length]), [Err(FrameError::Unknown)]);
}

#[test]
fn a_line_without_an_end_fills_no_memory() {
    let mut reader = LinkReader::new();
    assert_eq!(read(&mut reader, &[0xff; 100_000]), []);
    let ended = read(&mut reader, &[0]);
    assert!(matches!(ended[..], [Err(FrameError::TooLong | FrameError::Malformed)]), "{ended:?}");
}

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
    (any::<[u32; 13]>(), any::<Option<i16>>()).prop_map(|(counters, temperature_centi_celsius)| {
        let [frames, frames_with_face, face_runs, hops, hops_with_speech, ..] = counters;
        let [.., speech_runs, decisions, link_dropped, device_errors, _, _, _, _] = counters;
        let [.., audio_overruns, latency_median_us, latency_p99_us, worst_latency_us] = counters;
        Heartbeat {
            frames,
            frames_with_face,
            face_runs,
            hops,
            hops_with_speech,
            speech_runs,
            decisions,
            link_dropped,
            device_errors,
            audio_overruns,
            latency_median_us,
            latency_p99_us,
            worst_latency_us,
            temperature_centi_celsius,
        }
    })
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let message = prop_oneof![
        any_hello().prop_map(Message::Hello),
        any_decision().prop_map(Message::Decision),
        any_event().prop_map(Message::Event),
        any_heartbeat().prop_map(Message::Heartbeat),
    ];
    (any::<u32>(), any::<u64>(), message).prop_map(|(sequence, time_ms, message)| Packet { sequence, time_ms, message })
}

proptest! {
    #[test]
    fn what_is_written_is_read(packets in proptest::collection::vec(any_packet(), 1..8)) {
        let line: Vec<u8> = packets.iter().flat_map(frame).collect();
        let read: Vec<Packet> = read(&mut LinkReader::new(), &line).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(read, packets);
    }

    #[test]
    fn garbage_between_frames_takes_no_packet_down(
        parts in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), any_packet()), 1..6)
    ) {
        let line: Vec<u8> = parts.iter().flat_map(|(garbage, packet)| [garbage.clone(), frame(packet)].concat()).collect();
        let read: Vec<Packet> = read(&mut LinkReader::new(), &line).into_iter().filter_map(Result::ok).collect();
        let sent: Vec<Packet> = parts.into_iter().map(|(_, packet)| packet).collect();
        prop_assert_eq!(read, sent);
    }

    #[test]
    fn random_bytes_never_panic(line in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..4], 0..2_000)) {
        read(&mut LinkReader::new(), &line);
    }

    #[test]
    fn a_reader_that_joins_in_the_middle_loses_one_frame_at_most(packets in proptest::collection::vec(any_packet(), 2..5), cut in 0usize..200) {
        let first = frame(&packets[0]).len();
        let line: Vec<u8> = packets.iter().flat_map(frame).collect();
        let read: Vec<Packet> = read(&mut LinkReader::new(), &line[cut.min(first)..]).into_iter().filter_map(Result::ok).collect();
        prop_assert!(read.ends_with(&packets[1..]));
    }
}
