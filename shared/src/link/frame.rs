//! Packets as bytes on a line, and back: `00 · COBS(postcard(packet) · CRC-32) · 00`, for the box's [`Packet`] and the host's
//! [`HostPacket`](super::HostPacket) alike.
//!
//! COBS leaves zeros to the ends of frames, so a reader that has lost its way finds it at the next zero. A frame brings a zero along
//! at both ends: garbage before it does not take it down.

use super::Packet;
use cobs::{DecodeResult, DecoderState};
use core::marker::PhantomData;
use crc::{CRC_32_ISO_HDLC, Crc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The CRC of Ethernet and zip, of the postcard bytes, sent little-endian.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Bytes of the CRC.
const CRC_BYTES: usize = 4;

/// Longest packet with its CRC, before COBS.
const MAX_PAYLOAD_BYTES: usize = 160;

/// Longest frame, both zeros included; COBS adds one byte to each 254.
pub const MAX_FRAME_BYTES: usize = MAX_PAYLOAD_BYTES + 3;

/// A packet that does not fit a frame; none that this crate can build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a packet does not fit a frame of {MAX_FRAME_BYTES} bytes")]
pub struct EncodeError;

/// Writes `packet` as one frame into `buffer` and returns the frame.
pub fn encode<'a, P: Serialize>(packet: &P, buffer: &'a mut [u8; MAX_FRAME_BYTES]) -> Result<&'a [u8], EncodeError> {
    let mut payload = [0; MAX_PAYLOAD_BYTES];
    let body =
        postcard::to_slice(packet, &mut payload[..MAX_PAYLOAD_BYTES - CRC_BYTES]).map_err(|_| EncodeError)?.len();
    let checksum = CRC.checksum(&payload[..body]).to_le_bytes();
    payload[body..body + CRC_BYTES].copy_from_slice(&checksum);

    buffer[0] = 0;
    let coded =
        cobs::try_encode(&payload[..body + CRC_BYTES], &mut buffer[1..MAX_FRAME_BYTES - 1]).map_err(|_| EncodeError)?;
    buffer[coded + 1] = 0;
    Ok(&buffer[..coded + 2])
}

/// Why bytes between two zeros are no packet. The reader has already moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The zeros of COBS are not where they belong, or the frame is too short for its CRC.
    #[error("not a frame")]
    Malformed,
    /// Longer than any packet.
    #[error("more than {MAX_PAYLOAD_BYTES} bytes without an end")]
    TooLong,
    /// Damaged on the way.
    #[error("the checksum is {computed:08x}, the frame says {stated:08x}")]
    Checksum {
        /// Of what arrived.
        computed: u32,
        /// As it was sent.
        stated: u32,
    },
    /// Undamaged, but no packet of this protocol: the speaker may be newer.
    #[error("an unknown message: is the speaker's protocol newer than {}?", super::PROTOCOL_VERSION)]
    Unknown,
}

/// Takes bytes as they arrive and gives the packets among them: what the box says, or, as [`HostReader`](super::HostReader), what it
/// is told.
pub struct LinkReader<P = Packet> {
    state: DecoderState,
    payload: [u8; MAX_PAYLOAD_BYTES],
    length: usize,
    overlong: bool,
    packets: PhantomData<fn() -> P>,
}

impl<P: DeserializeOwned> Default for LinkReader<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: DeserializeOwned> LinkReader<P> {
    /// A reader at the start of a line, or anywhere else on it.
    pub const fn new() -> Self {
        Self {
            state: DecoderState::Idle,
            payload: [0; MAX_PAYLOAD_BYTES],
            length: 0,
            overlong: false,
            packets: PhantomData,
        }
    }

    /// Takes one byte; returns a packet, or what is wrong with it, where the byte ends one.
    pub fn push(&mut self, byte: u8) -> Option<Result<P, FrameError>> {
        match self.state.feed(byte) {
            Ok(DecodeResult::NoData) => None,
            Ok(DecodeResult::DataContinue(value)) => {
                match self.payload.get_mut(self.length) {
                    Some(slot) => *slot = value,
                    None => self.overlong = true,
                }
                self.length = (self.length + 1).min(MAX_PAYLOAD_BYTES);
                None
            }
            Ok(DecodeResult::DataComplete) => Some(self.finish()),
            Err(_) => {
                self.restart();
                Some(Err(FrameError::Malformed))
            }
        }
    }

    /// The frame is complete: checks and reads it.
    fn finish(&mut self) -> Result<P, FrameError> {
        let (length, overlong) = (self.length, self.overlong);
        self.restart();
        if overlong {
            return Err(FrameError::TooLong);
        }
        let (body, stated) = self.payload[..length].split_last_chunk::<CRC_BYTES>().ok_or(FrameError::Malformed)?;
        let (computed, stated) = (CRC.checksum(body), u32::from_le_bytes(*stated));
        if computed != stated {
            return Err(FrameError::Checksum { computed, stated });
        }
        match postcard::take_from_bytes(body) {
            Ok((packet, [])) => Ok(packet),
            _ => Err(FrameError::Unknown),
        }
    }

    fn restart(&mut self) {
        self.state = DecoderState::Idle;
        self.length = 0;
        self.overlong = false;
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
