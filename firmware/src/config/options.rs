//! The options of `moodbox run`: one struct that is both the command line and the configuration file, so that every option has a key of
//! the same name.

use super::values::{Bounded, Cpus};
use super::{CameraSource, Engine, FrameSize, LedSink, MicrophoneSource, Rotation};
use clap::Args;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What a box is told, on the command line or in a file; what is said nowhere has the default of [`Settings`](super::Settings).
#[derive(Args, Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// Where pictures come from: file:PATH (a picture, a folder of pictures, a video as Y4M or Motion JPEG), v4l:DEVICE, v4l:auto or none [default: none].
    #[arg(long, value_name = "CAMERA")]
    pub camera: Option<CameraSource>,
    /// Size that is asked of the camera [default: 640x480].
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    pub camera_size: Option<FrameSize>,
    /// Frames a second that are asked of the camera [default: 30].
    #[arg(long, value_name = "HZ")]
    pub camera_rate: Option<Bounded<1, 120>>,
    /// How far the picture is turned clockwise to stand upright: 0, 90, 180 or 270 degrees [default: 0].
    #[arg(long, value_name = "DEGREES")]
    pub camera_rotate: Option<Rotation>,
    /// Swaps left and right.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub camera_mirror: Option<bool>,
    /// Where sound comes from: file:PATH (WAV or FLAC), alsa:DEVICE or none [default: none].
    #[arg(long, value_name = "MICROPHONE")]
    pub microphone: Option<MicrophoneSource>,
    /// The face network, instead of the embedded one: a .moodnet file, or with --engine tract an .onnx file.
    #[arg(long, value_name = "FILE")]
    pub face_model: Option<PathBuf>,
    /// The speech network, instead of the embedded one: a .moodnet file, or with --engine tract an .onnx file.
    #[arg(long, value_name = "FILE")]
    pub speech_model: Option<PathBuf>,
    /// What runs networks: int8, the box's own engine for .moodnet files, which takes no memory while it runs, or tract, which runs .onnx files and allocates on every run [default: int8].
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
    /// Looks for faces in one frame of N, and between them only where something has changed; the network reads every frame [default: 5].
    #[arg(long, value_name = "N")]
    pub detect_every: Option<Bounded<1, 1_000_000>>,
    /// What shows the decision: terminal, rppal:PINS, gpiocdev:CHIP:PINS or none; PINS are eight numbers, one LED an emotion, or rgb=RED,GREEN,BLUE [default: terminal, none with --json].
    #[arg(long, value_name = "LEDS")]
    pub leds: Option<LedSink>,
    /// Pin of the status LED, on the same chip as the others.
    #[arg(long, value_name = "PIN")]
    pub status_led: Option<Bounded<0, 255>>,
    /// The LEDs are lit by a low level.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub leds_active_low: Option<bool>,
    /// Brightness of the LEDs in percent [default: 100].
    #[arg(long, value_name = "PERCENT")]
    pub brightness: Option<Bounded<0, 100>>,
    /// A serial line, pseudo-terminal or file that takes the link's packets.
    #[arg(long, value_name = "PATH")]
    pub serial: Option<PathBuf>,
    /// Bits a second of the serial line [default: 115200].
    #[arg(long, value_name = "BAUD")]
    pub baud: Option<Bounded<1_200, 4_000_000>>,
    /// Prints the link's packets as JSON, one object a line.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub json: Option<bool>,
    /// Keeps what was shown and when, never what was seen or heard, in this SQLite file.
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// How long the history keeps it, in days [default: 30].
    #[arg(long, value_name = "DAYS")]
    pub history_days: Option<Bounded<1, 3_650>>,
    /// Plays files at the pace at which they were recorded.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub realtime: Option<bool>,
    /// Notes checksums, face box and posteriors of each frame in this file, a JSON object a line, to compare runs with.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Real-time priority of the threads that listen and decide; needs the right to it.
    #[arg(long, value_name = "PRIORITY")]
    pub realtime_priority: Option<Bounded<1, 99>>,
    /// Keeps all memory out of the swap; needs the right to it.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub lock_memory: Option<bool>,
    /// Processors that the box may use, as 2,3 or 1-3.
    #[arg(long, value_name = "CPUS")]
    pub cpu_affinity: Option<Cpus>,
    /// Held while a box with devices runs, so that no second one takes them away [default: /run/moodbox/lock, or moodbox.lock in the folder for temporary files].
    #[arg(long, value_name = "FILE")]
    pub lock_file: Option<PathBuf>,
}

/// A configuration file that can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("{}, line {line}: `{text}`: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Options {
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|(line, reason)| FileError::Line {
            path: path.to_owned(),
            line,
            text: text.lines().nth(line - 1).unwrap_or_default().trim().to_owned(),
            reason,
        })
    }

    /// Reads the text of a configuration file; an error has its line and its reason.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
            (line, error.message().lines().collect::<Vec<_>>().join(", "))
        })
    }

    /// These options, and those of `file` where these say nothing.
    pub fn over(self, file: Self) -> Self {
        Self {
            camera: self.camera.or(file.camera),
            camera_size: self.camera_size.or(file.camera_size),
            camera_rate: self.camera_rate.or(file.camera_rate),
            camera_rotate: self.camera_rotate.or(file.camera_rotate),
            camera_mirror: self.camera_mirror.or(file.camera_mirror),
            microphone: self.microphone.or(file.microphone),
            face_model: self.face_model.or(file.face_model),
            speech_model: self.speech_model.or(file.speech_model),
            engine: self.engine.or(file.engine),
            detect_every: self.detect_every.or(file.detect_every),
            leds: self.leds.or(file.leds),
            status_led: self.status_led.or(file.status_led),
            leds_active_low: self.leds_active_low.or(file.leds_active_low),
            brightness: self.brightness.or(file.brightness),
            serial: self.serial.or(file.serial),
            baud: self.baud.or(file.baud),
            json: self.json.or(file.json),
            history: self.history.or(file.history),
            history_days: self.history_days.or(file.history_days),
            realtime: self.realtime.or(file.realtime),
            trace: self.trace.or(file.trace),
            realtime_priority: self.realtime_priority.or(file.realtime_priority),
            lock_memory: self.lock_memory.or(file.lock_memory),
            cpu_affinity: self.cpu_affinity.or(file.cpu_affinity),
            lock_file: self.lock_file.or(file.lock_file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_stands_over_the_file() {
        let file = Options::parse("camera = \"v4l:auto\"\nbaud = 9600\ncamera-rotate = 90\njson = true").unwrap();
        let line = Options { camera: Some(CameraSource::None), json: Some(false), ..Options::default() };
        let both = line.over(file);
        assert_eq!((both.camera, both.json), (Some(CameraSource::None), Some(false)));
        assert_eq!((both.baud.map(Bounded::get), both.camera_rotate), (Some(9_600), Some(Rotation::Quarter)));
    }

    #[test]
    fn a_mistake_in_the_file_is_named_with_its_line() {
        let mistakes = [
            ("camera = \"none\"\ncamra = 1", 2, "unknown field `camra`"),
            ("\n\nleds = \"lamp\"", 3, "`lamp` are no LEDs"),
            ("baud = 12", 1, "12 is not a number from 1200 to 4000000"),
            ("baud = \"fast\"", 1, "expected"),
            ("camera-rotate = 45", 1, "`45` is no rotation"),
            ("engine = \"steam\"", 1, "`steam` is no engine"),
            ("cpu-affinity = \"7-3\"", 1, "`7-3` are no processors"),
            ("json", 1, ""),
        ];
        for (text, line, part) in mistakes {
            let (found, reason) = Options::parse(text).unwrap_err();
            assert!(found == line && reason.contains(part), "{text:?}: line {found}: {reason}");
            assert!(!reason.contains('\n'), "{reason}");
        }
    }
}
