//! Links for tests: one that remembers, one that loses everything.

use super::{Link, LinkError};
use moodbox_shared::link::Packet;
use std::io;

/// Keeps what it was given, for tests.
#[derive(Debug, Default)]
pub struct RecordingLink {
    /// Every packet so far.
    pub packets: Vec<Packet>,
}

impl Link for RecordingLink {
    fn send(&mut self, packet: &Packet, _: &[u8]) -> Result<(), LinkError> {
        self.packets.push(packet.clone());
        Ok(())
    }
}

/// Loses everything, for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultyLink;

impl Link for FaultyLink {
    fn send(&mut self, _: &Packet, _: &[u8]) -> Result<(), LinkError> {
        Err(io::Error::from(io::ErrorKind::BrokenPipe).into())
    }
}
