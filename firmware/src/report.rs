//! Packets as people and programs like to read them: a line of text, or a JSON object a line.

use crate::sample::Labels;
use crate::serial::{Link, LinkError};
use moodbox_shared::Emotion;
use moodbox_shared::decision::EventPhase;
use moodbox_shared::link::{Capabilities, FaceBox, Faults, Hello, Message, Packet, Status};
use moodbox_shared::vision::{FaceFlaws, FaceQuality};
use serde::{Serialize, Serializer};
use std::io::{self, Write};

/// One packet as JSON: `type`, `sequence`, `time_ms`, then the message's own fields.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    sequence: u32,
    time_ms: u64,
    #[serde(flatten)]
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intended: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Hello {
        protocol: u16,
        software: &'a str,
        face_model: Option<String>,
        speech_model: Option<String>,
        capabilities: Vec<&'static str>,
    },
    Decision {
        verdict: &'static str,
        confidence: f32,
        fused: Option<Named<'a>>,
        face: Option<Named<'a>>,
        speech: Option<Named<'a>>,
        face_box: Option<&'a FaceBox>,
        face_quality: Option<Quality>,
    },
    Event {
        phase: &'static str,
        verdict: &'static str,
        began_ms: u64,
        duration_ms: u64,
        peak_confidence: f32,
    },
    Heartbeat(&'a moodbox_shared::link::Heartbeat),
    Status {
        camera: &'static str,
        microphone: &'static str,
        faults: Vec<&'static str>,
        paused: bool,
        host_speaking: bool,
        leds_muted: bool,
        brightness_percent: u8,
    },
    Pong {
        token: u32,
    },
}

/// How well a face can be seen.
#[derive(Serialize)]
struct Quality {
    flaws: Words,
    brightness: u8,
    contrast: u8,
    sharpness: f32,
    width_pixels: u16,
}

impl Quality {
    fn new(quality: FaceQuality) -> Self {
        let FaceQuality { flaws, brightness, contrast, sharpness, width_pixels } = quality;
        Self { flaws: Words(flaws), brightness, contrast, sharpness, width_pixels }
    }
}

/// Flaws by their words.
struct Words(FaceFlaws);

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.words())
    }
}

/// Probabilities by the names of their emotions, in order.
struct Named<'a>(&'a [Emotion], &'a [f32]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|emotion| emotion.name()).zip(self.1))
    }
}

/// Writes a packet as one JSON object and a line feed; `intended` is added to a decision where it is known.
pub fn write_json(out: &mut impl Write, packet: &Packet, intended: Option<Emotion>) -> io::Result<()> {
    let (r#type, fields) = match &packet.message {
        Message::Hello(hello) => ("hello", hello_fields(hello)),
        Message::Decision(report) => (
            "decision",
            Fields::Decision {
                verdict: report.verdict.name(),
                confidence: report.confidence,
                fused: report.fused.as_ref().map(|shares| Named(&Emotion::ALL, shares)),
                face: report.face.as_ref().map(|shares| Named(&Emotion::FACE, shares)),
                speech: report.speech.as_ref().map(|shares| Named(&Emotion::ALL, shares)),
                face_box: report.face_box.as_ref(),
                face_quality: report.face_quality.map(Quality::new),
            },
        ),
        Message::Event(event) => (
            "event",
            Fields::Event {
                phase: phase_name(event.phase),
                verdict: event.verdict.name(),
                began_ms: event.began_ms,
                duration_ms: event.duration_ms,
                peak_confidence: event.peak_confidence,
            },
        ),
        Message::Heartbeat(heartbeat) => ("heartbeat", Fields::Heartbeat(heartbeat)),
        Message::Status(status) => ("status", status_fields(status)),
        Message::Pong(token) => ("pong", Fields::Pong { token: *token }),
    };
    let intended = intended.filter(|_| matches!(packet.message, Message::Decision(_))).map(Emotion::name);
    let line = Line { r#type, sequence: packet.sequence, time_ms: packet.time_ms, fields, intended };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

fn status_fields(status: &Status) -> Fields<'static> {
    Fields::Status {
        camera: status.camera.name(),
        microphone: status.microphone.name(),
        faults: fault_names(status.faults).collect(),
        paused: status.is_paused,
        host_speaking: status.is_host_speaking,
        leds_muted: status.are_leds_muted,
        brightness_percent: status.brightness_percent,
    }
}

fn fault_names(faults: Faults) -> impl Iterator<Item = &'static str> {
    Faults::NAMES.into_iter().filter(move |(known, _)| faults.contains(*known)).map(|(_, name)| name)
}

fn hello_fields(hello: &Hello) -> Fields<'_> {
    let hash = |crc: Option<u32>| crc.map(|crc| format!("{crc:08x}"));
    Fields::Hello {
        protocol: hello.protocol,
        software: &hello.software,
        face_model: hash(hello.face_model),
        speech_model: hash(hello.speech_model),
        capabilities: capability_names(hello.capabilities).collect(),
    }
}

fn capability_names(capabilities: Capabilities) -> impl Iterator<Item = &'static str> {
    Capabilities::NAMES.into_iter().filter(move |(known, _)| capabilities.contains(*known)).map(|(_, name)| name)
}

const fn phase_name(phase: EventPhase) -> &'static str {
    match phase {
        EventPhase::Begin => "begin",
        EventPhase::End => "end",
    }
}

/// Writes a packet as a line for people.
pub fn write_text(out: &mut impl Write, packet: &Packet) -> io::Result<()> {
    write!(out, "{:>6} {:>9.3} s  ", packet.sequence, packet.time_ms as f64 / 1e3)?;
    match &packet.message {
        Message::Hello(hello) => {
            write!(out, "hello      moodbox {}, protocol {}:", hello.software, hello.protocol)?;
            for name in capability_names(hello.capabilities) {
                write!(out, " {name}")?;
            }
            writeln!(out)
        }
        Message::Decision(report) => {
            write!(out, "decision   {:<9} {:.2}", report.verdict, report.confidence)?;
            if let Some((emotion, share)) = report.face.as_ref().and_then(|shares| best(&Emotion::FACE, shares)) {
                write!(out, "  face: {emotion} {share:.2}")?;
            }
            if let Some((emotion, share)) = report.speech.as_ref().and_then(|shares| best(&Emotion::ALL, shares)) {
                write!(out, "  voice: {emotion} {share:.2}")?;
            }
            if let Some(word) = report.face_quality.and_then(|quality| quality.flaws.words().next()) {
                write!(out, "  ({word})")?;
            }
            writeln!(out)
        }
        Message::Event(event) => {
            write!(out, "event      {} {}s", event.verdict, phase_name(event.phase))?;
            match event.phase {
                EventPhase::Begin => writeln!(out),
                EventPhase::End => writeln!(
                    out,
                    " after {:.1} s, at most {:.2}",
                    event.duration_ms as f64 / 1e3,
                    event.peak_confidence
                ),
            }
        }
        Message::Heartbeat(heartbeat) => writeln!(
            out,
            "heartbeat  {} frames, {} with a face, {} hops, {} with speech, {} decisions, {} dropped, {} damaged, {} device errors",
            heartbeat.frames,
            heartbeat.frames_with_face,
            heartbeat.hops,
            heartbeat.hops_with_speech,
            heartbeat.decisions,
            heartbeat.link_dropped,
            heartbeat.link_damaged,
            heartbeat.device_errors,
        ),
        Message::Status(status) => {
            write!(out, "status     camera {}, microphone {}", status.camera.name(), status.microphone.name())?;
            fault_names(status.faults).try_for_each(|fault| write!(out, ", {fault} failing"))?;
            let modes = [
                (status.is_paused, "paused"),
                (status.is_host_speaking, "host speaking"),
                (status.are_leds_muted, "LEDs muted"),
            ];
            modes.iter().filter(|mode| mode.0).try_for_each(|mode| write!(out, ", {}", mode.1))?;
            writeln!(out, ", brightness {} %", status.brightness_percent)
        }
        Message::Pong(token) => writeln!(out, "pong       {token}"),
    }
}

fn best(emotions: &[Emotion], shares: &[f32]) -> Option<(Emotion, f32)> {
    emotions.iter().copied().zip(shares.iter().copied()).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Prints every packet as JSON.
pub struct JsonLink<W> {
    out: W,
    labels: Labels,
}

impl<W: Write> JsonLink<W> {
    /// Writes to `out`; `labels` says what is really shown, where that is known.
    pub fn new(out: W, labels: Labels) -> Self {
        Self { out, labels }
    }
}

impl<W: Write> Link for JsonLink<W> {
    fn send(&mut self, packet: &Packet, _: &[u8]) -> Result<(), LinkError> {
        write_json(&mut self.out, packet, self.labels.at(packet.time_ms))?;
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::decision::Verdict;
    use moodbox_shared::link::{DecisionReport, Heartbeat};

    fn json(message: Message, intended: Option<Emotion>) -> String {
        let mut line = Vec::new();
        write_json(&mut line, &Packet { sequence: 3, time_ms: 1_500, message }, intended).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_decision_names_its_emotions() {
        let report = DecisionReport {
            verdict: Verdict::Emotion(Emotion::Sad),
            confidence: 0.75,
            fused: None,
            face: Some([0.25, 0.0, 0.75, 0.0, 0.0, 0.0, 0.0]),
            speech: None,
            face_box: Some(FaceBox { x: 1, y: 2, width: 3, height: 4 }),
            face_quality: Some(FaceQuality {
                flaws: FaceFlaws::TOO_SMALL,
                brightness: 90,
                contrast: 40,
                sharpness: 0.5,
                width_pixels: 3,
            }),
        };
        let expected = concat!(
            r#"{"type":"decision","sequence":3,"time_ms":1500,"verdict":"sad","confidence":0.75,"fused":null,"#,
            r#""face":{"neutral":0.25,"happy":0.0,"sad":0.75,"angry":0.0,"fearful":0.0,"disgust":0.0,"surprised":0.0},"#,
            r#""speech":null,"face_box":{"x":1,"y":2,"width":3,"height":4},"#,
            r#""face_quality":{"flaws":["small"],"brightness":90,"contrast":40,"sharpness":0.5,"width_pixels":3}"#,
        );
        assert_eq!(json(Message::Decision(report), None), format!("{expected}}}\n"));
        let labelled = json(Message::Decision(report), Some(Emotion::Sad));
        assert_eq!(labelled, format!("{expected},\"intended\":\"sad\"}}\n"));
        let mut text = Vec::new();
        let packet = Packet { sequence: 3, time_ms: 1_500, message: Message::Decision(report) };
        write_text(&mut text, &packet).unwrap();
        let line = "     3     1.500 s  decision   sad       0.75  face: sad 0.75  (small)\n";
        assert_eq!(String::from_utf8(text).unwrap(), line);
    }

    #[test]
    fn the_other_messages_have_their_type_and_fields() {
        let heartbeat = json(Message::Heartbeat(Heartbeat { frames: 9, ..Heartbeat::default() }), Some(Emotion::Sad));
        assert!(heartbeat.starts_with(r#"{"type":"heartbeat","sequence":3,"time_ms":1500,"frames":9,"#), "{heartbeat}");
        assert!(!heartbeat.contains("intended"));
        let hello = json(
            Message::Hello(Hello {
                protocol: 0,
                software: "0.1.0".try_into().unwrap(),
                face_model: Some(0xab),
                speech_model: None,
                capabilities: Capabilities::CAMERA.union(Capabilities::REPLAY),
            }),
            None,
        );
        assert!(hello.contains(r#""face_model":"000000ab","speech_model":null,"capabilities":["camera","replay"]"#));
    }
}
