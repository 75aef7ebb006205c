//! What a host says to the box: plain data in the order in which it stands on the wire.

use super::LinkReader;
use serde::{Deserialize, Serialize};

/// What listens to a host.
pub type HostReader = LinkReader<HostPacket>;

/// One message of the host with its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPacket {
    /// Counts up by one a packet from 0, and wraps.
    pub sequence: u32,
    /// What is said.
    pub message: HostMessage,
}

/// What the host asks for. The box answers with a [`Status`](super::Status) where that changes, and with a pong to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostMessage {
    /// Are you there? The token comes back.
    Ping(u32),
    /// Who are you? Hello and status come again.
    AskHello,
    /// Switches the emotion LEDs off, or on again; the status LED stays.
    MuteLeds(bool),
    /// Closes camera and microphone, or opens them again.
    PausePrivacy(bool),
    /// Brightness of the LEDs in percent; more than 100 counts as 100.
    SetBrightness(u8),
    /// The host itself speaks for so many milliseconds from now on: what is heard meanwhile is not judged. 0 ends it early; it ends by
    /// itself, should the host fall silent for good.
    HostSpeaks(u32),
}
