//! What the link promises, held against golden bytes and against whatever a line may bring.

extern crate std;

mod any;
mod golden;
mod samples;

use super::*;
use crate::link::{HostMessage, HostPacket, HostReader, Message};
use any::{any_host_packet, any_packet};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Debug;
use std::vec::Vec;

fn frame(packet: &impl Serialize) -> Vec<u8> {
    encode(packet, &mut [0; MAX_FRAME_BYTES]).expect("every packet fits").to_vec()
}

/// All that a new reader makes of a line.
fn read<P: DeserializeOwned>(line: &[u8]) -> Vec<Result<P, FrameError>> {
    let mut reader = LinkReader::new();
    line.iter().filter_map(|&byte| reader.push(byte)).collect()
}

/// The packets among it.
fn packets<P: DeserializeOwned>(line: &[u8]) -> Vec<P> {
    read(line).into_iter().filter_map(Result::ok).collect()
}

fn assert_flips_are_noticed<P: Serialize + DeserializeOwned + PartialEq + Debug>(packet: &P) {
    let good = frame(packet);
    for bit in 8..(good.len() - 1) * 8 {
        let mut line = good.clone();
        line[bit / 8] ^= 1 << (bit % 8);
        line.extend(&good);
        let found = read::<P>(&line);
        assert!(found[0].is_err(), "bit {bit}: {found:?}");
        assert_eq!(found.last().unwrap().as_ref(), Ok(packet), "bit {bit}");
    }
}

#[test]
fn a_flipped_bit_is_noticed_and_the_next_packet_read() {
    assert_flips_are_noticed(&Packet { sequence: 1, time_ms: 2, message: Message::Event(samples::event()) });
    assert_flips_are_noticed(&HostPacket { sequence: 1, message: HostMessage::PausePrivacy(true) });
}

/// A frame of any body, undamaged.
fn frame_of(body: &[u8]) -> Vec<u8> {
    let payload = [body, &CRC.checksum(body).to_le_bytes()].concat();
    let mut coded = [0; MAX_FRAME_BYTES];
    let length = cobs::try_encode(&payload, &mut coded).unwrap();
    coded[..=length].to_vec()
}

#[test]
fn a_message_of_a_newer_protocol_is_reported_and_skipped() {
    // Sequence 0, time 0, a message that does not exist.
    assert_eq!(read::<Packet>(&frame_of(&[0, 0, 200])), [Err(FrameError::Unknown)]);
    assert_eq!(read::<HostPacket>(&frame_of(&[0, 200])), [Err(FrameError::Unknown)]);
}

#[test]
fn a_host_that_says_neither_yes_nor_no_is_not_understood() {
    assert_eq!(read::<HostPacket>(&frame_of(&[0, 3, 2])), [Err(FrameError::Unknown)]);
}

#[test]
fn a_line_without_an_end_fills_no_memory() {
    let mut reader = HostReader::new();
    assert!((0..100_000).all(|_| reader.push(0xff).is_none()));
    let ended = reader.push(0);
    assert!(matches!(ended, Some(Err(FrameError::TooLong | FrameError::Malformed))), "{ended:?}");
}

/// Whatever a line may bring; small numbers more often than chance would, since they are the joints of COBS.
fn any_garbage() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![any::<u8>(), 0u8..4, Just(0xff)], 0..300)
}

/// A line with garbage before, between and inside of frames, of which some are whole.
fn any_line<P: Serialize + Debug + Clone>(
    packet: impl Strategy<Value = P>,
) -> impl Strategy<Value = (Vec<u8>, Vec<P>)> {
    let part = (any_garbage(), packet, proptest::option::of((any_garbage(), any::<proptest::sample::Index>())));
    vec(part, 1..6).prop_map(|parts| {
        let (mut line, mut whole) = (Vec::new(), Vec::new());
        for (garbage, packet, inside) in parts {
            line.extend(garbage);
            let mut bytes = frame(&packet);
            match inside {
                Some((garbage, place)) if !garbage.is_empty() => {
                    let place = 1 + place.index(bytes.len() - 1);
                    bytes.splice(place..place, garbage);
                }
                _ => whole.push(packet),
            }
            line.extend(bytes);
        }
        (line, whole)
    })
}

/// Whether all of `wanted` stands in `found`, in order.
fn is_among<P: PartialEq>(wanted: &[P], found: &[P]) -> bool {
    let mut found = found.iter();
    wanted.iter().all(|wanted| found.any(|found| found == wanted))
}

proptest! {
    #[test]
    fn what_the_box_says_is_read(said in vec(any_packet(), 1..8)) {
        let line: Vec<u8> = said.iter().flat_map(frame).collect();
        prop_assert_eq!(read(&line), said.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn what_a_host_says_is_read(said in vec(any_host_packet(), 1..8)) {
        let line: Vec<u8> = said.iter().flat_map(frame).collect();
        prop_assert_eq!(read(&line), said.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn garbage_hides_no_whole_packet_of_the_box((line, whole) in any_line(any_packet())) {
        prop_assert!(is_among(&whole, &packets(&line)));
    }

    #[test]
    fn garbage_hides_no_whole_packet_of_a_host((line, whole) in any_line(any_host_packet())) {
        prop_assert!(is_among(&whole, &packets(&line)));
    }

    #[test]
    fn random_bytes_never_panic(line in vec(any_garbage(), 0..8)) {
        let line = line.concat();
        read::<Packet>(&line);
        read::<HostPacket>(&line);
    }

    #[test]
    fn a_random_body_in_an_undamaged_frame_never_panics(body in vec(any::<u8>(), 0..150)) {
        read::<Packet>(&frame_of(&body));
        read::<HostPacket>(&frame_of(&body));
    }

    #[test]
    fn a_reader_that_joins_in_the_middle_loses_one_frame_at_most(said in vec(any_packet(), 2..5), cut in 0usize..200) {
        let first = frame(&said[0]).len();
        let line: Vec<u8> = said.iter().flat_map(frame).collect();
        prop_assert!(packets(&line[cut.min(first)..]).ends_with(&said[1..]));
    }
}
