//! Where sound comes from: a trait, and one file for each kind of microphone.
//!
//! A microphone does not come back to life by itself: after an error it is dropped, and a [`MicrophoneOpener`] is asked for a new one.

#[cfg(feature = "alsa")]
pub mod alsa;
mod faulty;
pub mod replay;
pub mod watch;

pub use faulty::{FaultyMicrophone, faulty_opener};
pub use watch::SoundWatch;

use crate::clock::RealClock;
use crate::config::MicrophoneSource;
use moodbox_shared::link::Capabilities;
use moodbox_shared::media::AudioFileError;
use std::path::PathBuf;
use thiserror::Error;

/// Something that gives 16 kHz mono samples.
pub trait Microphone: Send {
    /// When to ask for the next samples, in microseconds since the start; `None` when there are no more. A device is asked at once, 0, and
    /// lets the caller wait.
    fn due_us(&self) -> Option<u64>;

    /// What has been heard since the last call. A device waits for it, a tenth of a second at most, and gives `None` where it has to be
    /// asked again. After an error a device is dropped and opened again; a file may be asked for what follows at [`Microphone::due_us`].
    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError>;

    /// How often sound was lost since the opening because nobody took it in time.
    fn overruns(&self) -> u32 {
        0
    }
}

/// Samples and their time.
#[derive(Clone, Copy, Debug)]
pub struct Period<'a> {
    /// When the last of them was there, in microseconds since the start.
    pub time_us: u64,
    /// 16 kHz mono.
    pub samples: &'a [i16],
}

/// Why there is no sound.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MicrophoneError {
    /// The file can't be used.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: AudioFileError,
    },
    /// The device does not answer, or not any more.
    #[error("microphone {device}: {reason}")]
    Device {
        /// As it was asked for.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// This binary can't open such a device.
    #[error("microphone {device} needs a build with the feature `alsa`: cargo build --features alsa")]
    NotBuiltIn {
        /// As it was asked for.
        device: String,
    },
}

/// Opens a microphone, again and again: whoever drops one after an error asks for the next here. A device that is away fails, and may be
/// asked for later.
pub type MicrophoneOpener = Box<dyn FnMut() -> Result<Box<dyn Microphone>, MicrophoneError> + Send>;

/// How to open what was asked for, and how long it will be heard in microseconds, 0 where the sound has no end; `None` for no microphone.
///
/// A file is read at once, so that a path that leads nowhere is an error here, and so is a device that this binary can't open at all. A
/// device is first opened when the opener is called; `clock` dates its sound.
#[cfg_attr(not(feature = "alsa"), allow(unused_variables, reason = "files bring their own time"))]
pub fn opener(source: &MicrophoneSource, clock: RealClock) -> Result<Option<(MicrophoneOpener, u64)>, MicrophoneError> {
    match source {
        MicrophoneSource::None => Ok(None),
        MicrophoneSource::File(path) => {
            let path = path.clone();
            let microphone = replay::ReplayMicrophone::open(&path)?;
            let duration_us = microphone.duration_us();
            let mut opened = Some(microphone);
            let open: MicrophoneOpener = Box::new(move || {
                Ok(Box::new(opened.take().map_or_else(|| replay::ReplayMicrophone::open(&path), Ok)?))
            });
            Ok(Some((open, duration_us)))
        }
        #[cfg(feature = "alsa")]
        MicrophoneSource::Device(device) => {
            let device = device.clone();
            Ok(Some((Box::new(move || Ok(Box::new(alsa::AlsaMicrophone::open(&device, clock)?))), 0)))
        }
        #[cfg(not(feature = "alsa"))]
        MicrophoneSource::Device(device) => Err(MicrophoneError::NotBuiltIn { device: device.clone() }),
    }
}

/// What a microphone adds to the capabilities of the box.
pub fn capabilities(source: &MicrophoneSource) -> Capabilities {
    match source {
        MicrophoneSource::None => Capabilities::default(),
        MicrophoneSource::File(_) => Capabilities::MICROPHONE.union(Capabilities::REPLAY),
        MicrophoneSource::Device(_) => Capabilities::MICROPHONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::audio::HOP;

    /// A WAV file of 16 kHz mono.
    fn wav(samples: &[i16]) -> Vec<u8> {
        let length = samples.len() as u32 * 2;
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + length).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend([16_000u32, 32_000].map(u32::to_le_bytes).concat());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(length.to_le_bytes());
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_file_is_played_anew_each_time_it_is_opened() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("sound.wav");
        std::fs::write(&path, wav(&[77; 2 * HOP])).unwrap();
        let source = MicrophoneSource::File(path.clone());
        let (mut open, duration_us) = opener(&source, RealClock::start()).unwrap().unwrap();
        assert_eq!(duration_us, 32_000);
        for _ in 0..2 {
            let mut microphone = open().unwrap();
            assert_eq!(microphone.next_period().unwrap().unwrap().samples, [77; HOP]);
            assert_eq!(microphone.overruns(), 0);
        }
        std::fs::remove_file(&path).unwrap();
        assert!(open().is_err(), "it may be gone later");
        assert!(opener(&source, RealClock::start()).is_err(), "but not from the beginning");
    }

    #[test]
    fn a_device_is_asked_for_only_when_it_is_opened() {
        let opener = opener(&MicrophoneSource::Device("hw:CARD=nobody".into()), RealClock::start());
        if cfg!(feature = "alsa") {
            assert!(opener.unwrap().unwrap().0().is_err());
        } else {
            assert!(matches!(opener, Err(MicrophoneError::NotBuiltIn { .. })));
        }
    }
}
