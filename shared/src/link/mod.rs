//! What the box and whoever is wired to it say to each other.
//!
//! What comes in are decisions, events and counters; what goes out are [`Packet`]s as COBS frames with a CRC-32, written by
//! [`frame::encode`] and read by [`LinkReader`], which finds its way back after any garbage. The host's [`HostPacket`]s come the other
//! way in frames of the same kind. `shared/LINK.md` explains the wire.

pub mod frame;
pub mod host;
pub mod message;

pub use frame::{EncodeError, FrameError, LinkReader, MAX_FRAME_BYTES, encode};
pub use host::{HostMessage, HostPacket, HostReader};
pub use message::{
    Capabilities, DecisionReport, EventReport, FaceBox, Faults, Heartbeat, Hello, Message, PROTOCOL_VERSION, Packet,
    SenseState, Status,
};
