//! What the box is asked to use, as it is written on the command line and in its configuration file.

mod leds;
mod options;
mod settings;
mod source;
mod values;

pub use leds::{GpioChip, LedLayout, LedPins, LedSettings, LedSink, PinDriver, RgbPins};
pub use options::{FileError, Options};
pub use settings::{Settings, SettingsError};
pub use source::{CameraSettings, CameraSource, Engine, FrameSize, MicrophoneSource, Rotation, SerialSettings};
pub use values::{Bounded, Cpus};

use thiserror::Error;

/// An option that can't be understood; the message names what is possible.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No such camera.
    #[error(
        "`{0}` is no camera: file:PATH (a picture, a folder of pictures, a video as Y4M or Motion JPEG), v4l:DEVICE, v4l:auto or none"
    )]
    Camera(String),
    /// No such microphone.
    #[error("`{0}` is no microphone: file:PATH (WAV or FLAC), alsa:DEVICE or none")]
    Microphone(String),
    /// No such LEDs.
    #[error(
        "`{0}` are no LEDs: terminal, rppal:PINS, gpiocdev:CHIP:PINS or none, with PINS as eight numbers (one LED an emotion) or \
         rgb=RED,GREEN,BLUE, and CHIP as /dev/gpiochip0 or auto"
    )]
    Leds(String),
    /// No such engine.
    #[error("`{0}` is no engine: int8 for .moodnet files, or tract for .onnx files")]
    Engine(String),
    /// No such size.
    #[error("`{0}` is no size of a picture: WIDTHxHEIGHT, as 640x480")]
    Size(String),
    /// No such rotation.
    #[error("`{0}` is no rotation: 0, 90, 180 or 270 degrees, clockwise")]
    Rotation(String),
    /// No such processors.
    #[error("`{0}` are no processors: numbers and ranges, as 0,2-3")]
    Cpus(String),
    /// Not a number, or too small or large.
    #[error("{text} is not a number from {min} to {max}")]
    Number {
        /// As it was given.
        text: String,
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
}
