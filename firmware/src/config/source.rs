//! Where pictures, sound and the line come from and go to, and what runs the networks between.

use super::ConfigError;
use clap::{Args, value_parser};
use std::path::PathBuf;
use std::str::FromStr;

/// Where pictures come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraSource {
    /// Nowhere.
    #[default]
    None,
    /// A picture, a folder of pictures, or a video as Y4M or Motion JPEG.
    File(PathBuf),
    /// A camera of the system, as `/dev/video0`, or `auto` for the first one that is found.
    Device(String),
}

impl FromStr for CameraSource {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("v4l", device)) if !device.is_empty() => Ok(Self::Device(device.into())),
            _ => Err(ConfigError::Camera(text.into())),
        }
    }
}

/// Where sound comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneSource {
    /// Nowhere.
    #[default]
    None,
    /// A WAV or FLAC file.
    File(PathBuf),
    /// A microphone of the system, by its ALSA name, as `default`.
    Device(String),
}

impl FromStr for MicrophoneSource {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("alsa", device)) if !device.is_empty() => Ok(Self::Device(device.into())),
            _ => Err(ConfigError::Microphone(text.into())),
        }
    }
}

/// What runs the networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The box's own, which takes no memory while it runs.
    #[default]
    Int8,
    /// tract, for networks as ONNX.
    Tract,
}

impl FromStr for Engine {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "int8" => Ok(Self::Int8),
            "tract" => Ok(Self::Tract),
            _ => Err(ConfigError::Engine(text.into())),
        }
    }
}

/// Columns and rows of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl FromStr for FrameSize {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let side = |text: &str| text.parse().ok().filter(|side| (16..=8_192).contains(side));
        text.split_once('x')
            .and_then(|(width, height)| Some(Self { width: side(width)?, height: side(height)? }))
            .ok_or_else(|| ConfigError::Size(text.into()))
    }
}

/// How far a picture is turned, clockwise, to stand upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// It stands upright.
    #[default]
    None,
    /// By a quarter.
    Quarter,
    /// It stands on its head.
    Half,
    /// By three quarters.
    ThreeQuarters,
}

impl FromStr for Rotation {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "0" => Ok(Self::None),
            "90" => Ok(Self::Quarter),
            "180" => Ok(Self::Half),
            "270" => Ok(Self::ThreeQuarters),
            _ => Err(ConfigError::Rotation(text.into())),
        }
    }
}

/// A camera, and how its pictures are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraSettings {
    /// Where pictures come from.
    pub source: CameraSource,
    /// Size that is asked for; a device may give another.
    pub size: FrameSize,
    /// Frames a second that are asked for; a device may give fewer.
    pub rate_hz: u32,
    /// How far the picture is turned.
    pub rotation: Rotation,
    /// Whether left and right are swapped, after the rotation.
    pub is_mirrored: bool,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self {
            source: CameraSource::None,
            size: FrameSize { width: 640, height: 480 },
            rate_hz: 30,
            rotation: Rotation::None,
            is_mirrored: false,
        }
    }
}

/// Bits a second of a serial line, unless something else is said.
pub(super) const BAUD: u32 = 115_200;

/// A serial line.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SerialSettings {
    /// A serial line, pseudo-terminal or file.
    #[arg(long = "serial", value_name = "PATH")]
    pub path: PathBuf,
    /// Bits a second of the line.
    #[arg(long, value_name = "BAUD", default_value_t = BAUD, value_parser = value_parser!(u32).range(1_200..=4_000_000))]
    pub baud: u32,
}

impl SerialSettings {
    /// The line at `path` with the usual baud rate.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), baud: BAUD }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_as_the_manual_says() {
        assert_eq!("file:a:b.png".parse(), Ok(CameraSource::File("a:b.png".into())));
        assert_eq!("v4l:/dev/video0".parse(), Ok(CameraSource::Device("/dev/video0".into())));
        assert_eq!("none".parse(), Ok(MicrophoneSource::None));
        assert_eq!("alsa:plughw:1,0".parse(), Ok(MicrophoneSource::Device("plughw:1,0".into())));
        assert_eq!("320x240".parse(), Ok(FrameSize { width: 320, height: 240 }));
        assert_eq!("270".parse(), Ok(Rotation::ThreeQuarters));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!("webcam".parse::<CameraSource>(), Err(ConfigError::Camera("webcam".into())));
        assert_eq!("file:".parse::<MicrophoneSource>(), Err(ConfigError::Microphone("file:".into())));
        for size in ["640", "0x480", "640x", "99999x480"] {
            assert_eq!(size.parse::<FrameSize>(), Err(ConfigError::Size(size.into())));
        }
        assert_eq!("45".parse::<Rotation>(), Err(ConfigError::Rotation("45".into())));
    }
}
