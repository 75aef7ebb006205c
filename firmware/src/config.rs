//! What the box is asked to use, as it is written on the command line.

use moodbox_shared::Emotion;
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// An option that can't be understood; the message names what is possible.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No such camera.
    #[error(
        "`{0}` is no camera: file:PATH (a picture, a folder of pictures, a video as Y4M or Motion JPEG), v4l:DEVICE or none"
    )]
    Camera(String),
    /// No such microphone.
    #[error("`{0}` is no microphone: file:PATH (WAV or FLAC), alsa:DEVICE or none")]
    Microphone(String),
    /// No such LEDs.
    #[error("`{0}` are no LEDs: terminal, rppal:PINS, gpiocdev:CHIP:PINS (eight pins, comma between) or none")]
    Leds(String),
}

/// Where pictures come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CameraSource {
    /// Nowhere.
    #[default]
    None,
    /// A picture, a folder of pictures, or a video as Y4M or Motion JPEG.
    File(PathBuf),
    /// A camera of the system, as `/dev/video0`.
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

/// Pin numbers of the LEDs, one an emotion, in the order of [`Emotion::ALL`].
pub type LedPins = [u8; Emotion::ALL.len()];

/// What shows the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedSink {
    /// Nothing.
    None,
    /// Coloured text.
    Terminal,
    /// The pins of a Raspberry Pi, by their BCM numbers.
    Rppal(LedPins),
    /// The lines of a GPIO chip.
    Gpiocdev {
        /// The chip, as `/dev/gpiochip0`.
        chip: String,
        /// Offsets of its lines.
        pins: LedPins,
    },
}

impl FromStr for LedSink {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::Leds(text.into());
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            None if text == "terminal" => Ok(Self::Terminal),
            Some(("rppal", pins)) => Ok(Self::Rppal(parse_pins(pins).ok_or_else(refused)?)),
            Some(("gpiocdev", rest)) => {
                let (chip, pins) = rest.rsplit_once(':').ok_or_else(refused)?;
                Ok(Self::Gpiocdev { chip: chip.into(), pins: parse_pins(pins).ok_or_else(refused)? })
            }
            _ => Err(refused()),
        }
    }
}

fn parse_pins(text: &str) -> Option<LedPins> {
    let pins: Vec<u8> = text.split(',').map(|pin| pin.trim().parse().ok()).collect::<Option<_>>()?;
    pins.try_into().ok()
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
        assert_eq!("terminal".parse(), Ok(LedSink::Terminal));
        let pins = [17, 27, 22, 5, 6, 13, 19, 26];
        assert_eq!("rppal:17,27,22,5,6,13,19,26".parse(), Ok(LedSink::Rppal(pins)));
        let chip = LedSink::Gpiocdev { chip: "/dev/gpiochip0".into(), pins };
        assert_eq!("gpiocdev:/dev/gpiochip0:17,27,22,5,6,13,19,26".parse(), Ok(chip));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!("webcam".parse::<CameraSource>(), Err(ConfigError::Camera("webcam".into())));
        assert_eq!("file:".parse::<MicrophoneSource>(), Err(ConfigError::Microphone("file:".into())));
        assert_eq!("rppal:1,2".parse::<LedSink>(), Err(ConfigError::Leds("rppal:1,2".into())));
    }
}
