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
    /// What works and what does not, after each `Hello` and whenever it changes.
    Status(Status),
    /// The answer to [`HostMessage::Ping`](super::HostMessage::Ping), with its token.
    Pong(u32),
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
    /// Frames of the host that arrived damaged, or that the box does not know.
    pub link_damaged: u32,
    /// Errors of devices that the box got over.
    pub device_errors: u32,
    /// Pieces of sound that were lost because nobody took them in time.
    pub audio_overruns: u32,
    /// Median of the time from a frame's arrival to the light, in microseconds; 0 where time is only played.
    pub latency_median_us: u32,
    /// The time that one frame in a hundred exceeds.
    pub latency_p99_us: u32,
    /// The longest time.
    pub worst_latency_us: u32,
    /// Temperature of the processor in hundredths of a degree Celsius, where it is known.
    pub temperature_centi_celsius: Option<i16>,
}

/// How a sense is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SenseState {
    /// There is none.
    #[default]
    Off,
    /// It has given nothing yet.
    Starting,
    /// All is well.
    Working,
    /// The device is gone or does not answer; it is looked for.
    Lost,
    /// Closed, because the host asked for privacy.
    Paused,
    /// The camera gives the same picture over and over: it is not believed.
    Frozen,
    /// The camera sees nothing but black.
    Dark,
    /// The microphone gives no sound at all, not even noise.
    Silent,
    /// The microphone is driven too loud.
    Clipping,
}

impl SenseState {
    /// Every state, in the order of the wire.
    pub const ALL: [Self; 9] = [
        Self::Off,
        Self::Starting,
        Self::Working,
        Self::Lost,
        Self::Paused,
        Self::Frozen,
        Self::Dark,
        Self::Silent,
        Self::Clipping,
    ];

    /// Its name, as people and programs read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Lost => "lost",
            Self::Paused => "paused",
            Self::Frozen => "frozen",
            Self::Dark => "dark",
            Self::Silent => "silent",
            Self::Clipping => "clipping",
        }
    }

    /// Whether the sense should be of use and is not.
    pub const fn is_impaired(self) -> bool {
        matches!(self, Self::Lost | Self::Frozen | Self::Dark | Self::Silent)
    }
}

/// A set of what else does not work, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(pub u32);

impl Faults {
    /// The LEDs can't be driven.
    pub const LEDS: Self = Self(1);
    /// Nothing is kept in the history.
    pub const HISTORY: Self = Self(1 << 1);

    /// The known faults by name, lowest bit first.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::LEDS, "leds"), (Self::HISTORY, "history")];

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What works, and what the host has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How the camera is doing.
    pub camera: SenseState,
    /// How the microphone is doing.
    pub microphone: SenseState,
    /// What else does not work.
    pub faults: Faults,
    /// Whether the host has paused the senses for privacy.
    pub is_paused: bool,
    /// Whether the host speaks itself, and what is heard is not judged.
    pub is_host_speaking: bool,
    /// Whether the host has switched the emotion LEDs off.
    pub are_leds_muted: bool,
    /// Brightness of the LEDs.
    pub brightness_percent: u8,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            camera: SenseState::Off,
            microphone: SenseState::Off,
            faults: Faults::default(),
            is_paused: false,
            is_host_speaking: false,
            are_leds_muted: false,
            brightness_percent: 100,
        }
    }
}
