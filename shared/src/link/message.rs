//! The messages of the link: plain data in the order in which it stands on the wire.

use crate::decision::{Decision, EmotionEvent, EventPhase, Verdict};
use crate::vision::FaceQuality;
use heapless::String;
use serde::{Deserialize, Serialize};

/// Version of everything in this file. Version 0 may change; from 1 on, variants are only appended.
pub const PROTOCOL_VERSION: u16 = 0;

/// One message with its place in the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Packet {
    /// Counts up by one a packet from 0, and wraps: a gap shows what was lost.
    pub sequence: u32,
    /// Monotonic time since the start, in milliseconds.
    pub time_ms: u64,
    /// What is said.
    pub message: Message,
}

/// What the box says.
///
/// `Hello` is by far the longest, and only once a connection: a packet lives on the stack for the length of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant)]
pub enum Message {
    /// First on every connection: who is speaking.
    Hello(Hello),
    /// What the box shows, and from what.
    Decision(DecisionReport),
    /// A verdict began or ended.
    Event(EventReport),
    /// Sign of life with counters.
    Heartbeat(Heartbeat),
}

/// Who is speaking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`] of the speaker.
    pub protocol: u16,
    /// Version of the runtime, as `0.1.0`.
    pub software: String<24>,
    /// CRC-32 of the face model's file; `None` without one.
    pub face_model: Option<u32>,
    /// CRC-32 of the speech model's file; `None` without one.
    pub speech_model: Option<u32>,
    /// What this box has.
    pub capabilities: Capabilities,
}

/// A set of what a box has, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// Sees faces.
    pub const CAMERA: Self = Self(1);
    /// Hears voices.
    pub const MICROPHONE: Self = Self(1 << 1);
    /// Shows its verdict by light.
    pub const LEDS: Self = Self(1 << 2);
    /// Plays files instead of watching devices.
    pub const REPLAY: Self = Self(1 << 3);

    /// The known capabilities by name, lowest bit first.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::CAMERA, "camera"), (Self::MICROPHONE, "microphone"), (Self::LEDS, "leds"), (Self::REPLAY, "replay")];

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Where the face is, in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceBox {
    /// Left edge.
    pub x: u16,
    /// Upper edge.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// One step's [`Decision`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionReport {
    /// What is shown.
    pub verdict: Verdict,
    /// Smoothed probability of the shown emotion, of the likeliest one while unsure; 0 where there is nobody.
    pub confidence: f32,
    /// Both streams together, smoothed, in the order of [`Emotion::ALL`](crate::Emotion::ALL).
    pub fused: Option<[f32; 8]>,
    /// The face by itself, in the order of [`Emotion::FACE`](crate::Emotion::FACE).
    pub face: Option<[f32; 7]>,
    /// The voice by itself, in the order of [`Emotion::ALL`](crate::Emotion::ALL).
    pub speech: Option<[f32; 8]>,
    /// Where the face is.
    pub face_box: Option<FaceBox>,
    /// How well the face can be seen.
    pub face_quality: Option<FaceQuality>,
}

impl DecisionReport {
    /// The report of `decision`, made on the face in `face_box`.
    pub fn new(decision: &Decision, face_box: Option<FaceBox>) -> Self {
        Self {
            verdict: decision.verdict,
            confidence: decision.confidence,
            fused: decision.fused.map(|posteriors| *posteriors.as_array()),
            face: decision.face.map(|posteriors| *posteriors.as_array()),
            speech: decision.speech.map(|posteriors| *posteriors.as_array()),
            face_box,
            face_quality: decision.face_quality,
        }
    }
}

/// A verdict that began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventReport {
    /// Whether it begins or ends here.
    pub phase: EventPhase,
    /// What is, or was, shown.
    pub verdict: Verdict,
    /// When it began, in milliseconds since the start.
    pub began_ms: u64,
    /// Until now, in milliseconds; 0 as it begins.
    pub duration_ms: u64,
    /// Highest confidence while it was shown.
    pub peak_confidence: f32,
}

impl From<EmotionEvent> for EventReport {
    fn from(event: EmotionEvent) -> Self {
        let EmotionEvent { phase, verdict, began_ms, duration_ms, peak_confidence } = event;
        Self { phase, verdict, began_ms, duration_ms, peak_confidence }
    }
}

/// Counters since the start, and how the box is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Frames that the camera gave.
    pub frames: u32,
    /// Frames in which a face was followed.
    pub frames_with_face: u32,
    /// Runs of the face network.
    pub face_runs: u32,
    /// Hops of sound, 16 ms each.
    pub hops: u32,
    /// Hops in which somebody spoke.
    pub hops_with_speech: u32,
    /// Runs of the speech network.
    pub speech_runs: u32,
    /// Decisions.
    pub decisions: u32,
    /// Packets that the line did not take.
    pub link_dropped: u32,
    /// Errors of devices that the box got over.
    pub device_errors: u32,
    /// Longest time from a frame's arrival to the light, in microseconds; 0 where time is only played.
    pub worst_latency_us: u32,
    /// Temperature of the processor in hundredths of a degree Celsius, where it is known.
    pub temperature_centi_celsius: Option<i16>,
}
