//! Options with their defaults filled in, and checked against each other.

use super::{
    CameraSettings, CameraSource, Cpus, Engine, LedSettings, LedSink, MicrophoneSource, Options, SerialSettings,
    source::BAUD,
};
use moodbox_shared::nn::Isa;
use moodbox_shared::pipeline::PipelineSettings;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How long the history keeps what it knows.
const HISTORY_DAYS: u32 = 30;

/// Options that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Nothing to watch or listen with.
    #[error("neither camera nor microphone: give --camera, --microphone or both, or --config FILE with them")]
    NoSense,
    /// The status LED is one of the others.
    #[error("the status LED's pin {0} is taken by another LED: give it one of its own")]
    PinTwice(u8),
    /// A status LED without others.
    #[error("a status LED needs to know who drives its pin: give --leds rppal:PINS or gpiocdev:CHIP:PINS")]
    StatusAlone,
}

/// Everything that a run is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The camera, and how its pictures are taken.
    pub camera: CameraSettings,
    /// Where sound comes from.
    pub microphone: MicrophoneSource,
    /// The face network, where it is not the embedded one.
    pub face_model: Option<PathBuf>,
    /// The speech network, where it is not the embedded one.
    pub speech_model: Option<PathBuf>,
    /// What runs them.
    pub engine: Engine,
    /// How it watches, listens and decides.
    pub pipeline: PipelineSettings,
    /// What shows the decision.
    pub leds: LedSettings,
    /// Brightness of the LEDs at the start.
    pub brightness_percent: u8,
    /// The serial line, if any.
    pub serial: Option<SerialSettings>,
    /// Whether packets are printed.
    pub is_json: bool,
    /// Where what was shown is kept, and for how long.
    pub history: Option<(PathBuf, Duration)>,
    /// Whether files are played at the pace at which they were recorded.
    pub is_realtime: bool,
    /// Where frames are noted.
    pub trace: Option<PathBuf>,
    /// Real-time priority of the threads that must not be late.
    pub realtime_priority: Option<u8>,
    /// Whether memory is kept out of the swap.
    pub is_memory_locked: bool,
    /// Processors that the box may use.
    pub cpu_affinity: Option<Cpus>,
    /// Held while the box runs on devices.
    pub lock_file: Option<PathBuf>,
}

impl Settings {
    /// Fills in the defaults.
    pub fn new(options: Options) -> Result<Self, SettingsError> {
        let is_json = options.json.unwrap_or(false);
        let sink = options.leds.unwrap_or(if is_json { LedSink::None } else { LedSink::Terminal });
        // The type holds no larger number.
        let status_pin = options.status_led.map(|pin| pin.get() as u8);
        let default = CameraSettings::default();
        let mut pipeline = PipelineSettings { isa: Isa::best(), ..PipelineSettings::default() };
        if let Some(every) = options.detect_every {
            pipeline.face.detect_every_frames = every.get();
        }
        let settings = Self {
            camera: CameraSettings {
                source: options.camera.unwrap_or_default(),
                size: options.camera_size.unwrap_or(default.size),
                rate_hz: options.camera_rate.map_or(default.rate_hz, super::Bounded::get),
                rotation: options.camera_rotate.unwrap_or(default.rotation),
                is_mirrored: options.camera_mirror.unwrap_or(default.is_mirrored),
            },
            microphone: options.microphone.unwrap_or_default(),
            face_model: options.face_model,
            speech_model: options.speech_model,
            engine: options.engine.unwrap_or_default(),
            pipeline,
            leds: LedSettings { sink, status_pin, is_active_low: options.leds_active_low.unwrap_or(false) },
            brightness_percent: options.brightness.map_or(100, |percent| percent.get() as u8),
            serial: options
                .serial
                .map(|path| SerialSettings { path, baud: options.baud.map_or(BAUD, super::Bounded::get) }),
            is_json,
            history: options.history.map(|path| {
                let days = options.history_days.map_or(HISTORY_DAYS, super::Bounded::get);
                (path, Duration::from_secs(u64::from(days) * 86_400))
            }),
            is_realtime: options.realtime.unwrap_or(false),
            trace: options.trace,
            realtime_priority: options.realtime_priority.map(|priority| priority.get() as u8),
            is_memory_locked: options.lock_memory.unwrap_or(false),
            cpu_affinity: options.cpu_affinity,
            lock_file: options.lock_file,
        };
        settings.check_status_led()?;
        Ok(settings)
    }

    /// Whether there is anything to watch or listen with.
    pub fn check_senses(&self) -> Result<(), SettingsError> {
        let has_none = self.camera.source == CameraSource::None && self.microphone == MicrophoneSource::None;
        if has_none { Err(SettingsError::NoSense) } else { Ok(()) }
    }

    /// The networks that are not the embedded ones.
    pub fn model_paths(&self) -> impl Iterator<Item = &Path> {
        [&self.face_model, &self.speech_model].into_iter().flatten().map(PathBuf::as_path)
    }

    /// Whether a device is watched or listened with.
    pub fn has_devices(&self) -> bool {
        matches!(self.camera.source, CameraSource::Device(_)) || matches!(self.microphone, MicrophoneSource::Device(_))
    }

    fn check_status_led(&self) -> Result<(), SettingsError> {
        let Some(status_pin) = self.leds.status_pin else { return Ok(()) };
        match &self.leds.sink {
            LedSink::Pins { layout, .. } if layout.pins().contains(&status_pin) => {
                Err(SettingsError::PinTwice(status_pin))
            }
            LedSink::Pins { .. } => Ok(()),
            LedSink::None | LedSink::Terminal => Err(SettingsError::StatusAlone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_led_has_a_pin_of_its_own() {
        let with = |leds: &str, pin: &str| {
            let (leds, status_led) = (leds.parse().ok(), pin.parse().ok());
            Settings::new(Options { leds, status_led, ..Options::default() }).map(|settings| settings.leds.status_pin)
        };
        assert_eq!(with("rppal:rgb=1,2,3", "4"), Ok(Some(4)));
        assert_eq!(with("rppal:rgb=1,2,3", "2"), Err(SettingsError::PinTwice(2)));
        assert_eq!(with("terminal", "4"), Err(SettingsError::StatusAlone));
    }

    #[test]
    fn nothing_said_is_nothing_done() {
        let settings = Settings::new(Options::default()).unwrap();
        assert_eq!(settings.check_senses(), Err(SettingsError::NoSense));
        assert_eq!((settings.leds.sink, settings.serial, settings.history), (LedSink::Terminal, None, None));
    }
}
