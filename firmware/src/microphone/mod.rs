//! Where sound comes from: a trait, and one file for each kind of microphone.

#[cfg(feature = "alsa")]
pub mod alsa;
pub mod replay;

use crate::clock::RealClock;
use crate::config::MicrophoneSource;
use moodbox_shared::link::Capabilities;
use moodbox_shared::media::AudioFileError;
use std::path::PathBuf;
use thiserror::Error;

/// Something that gives 16 kHz mono samples.
pub trait Microphone: Send {
    /// When to ask for the next samples, in microseconds since the start; `None` when there are no more.
    fn due_us(&self) -> Option<u64>;

    /// What has been heard since the last call; `None` where a device has nothing yet. After an error the microphone may be asked again
    /// at [`Microphone::due_us`].
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

/// A microphone, and how long it will be heard.
pub struct Opened {
    /// The microphone.
    pub microphone: Box<dyn Microphone>,
    /// Length of a replayed sound in microseconds; 0 where the sound has no end.
    pub duration_us: u64,
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

/// Opens what was asked for, once; `None` for no microphone.
pub fn open(source: &MicrophoneSource, clock: RealClock) -> Result<Option<Opened>, MicrophoneError> {
    let Some((mut open, duration_us)) = opener(source, clock)? else { return Ok(None) };
    Ok(Some(Opened { microphone: open()?, duration_us }))
}

/// What a microphone adds to the capabilities of the box.
pub fn capabilities(source: &MicrophoneSource) -> Capabilities {
    match source {
        MicrophoneSource::None => Capabilities::default(),
        MicrophoneSource::File(_) => Capabilities::MICROPHONE.union(Capabilities::REPLAY),
        MicrophoneSource::Device(_) => Capabilities::MICROPHONE,
    }
}

/// A microphone that fails on purpose, for tests: loses the periods in a range of requests.
#[derive(Debug)]
pub struct FaultyMicrophone<M> {
    inner: M,
    asked: u64,
    fails_at: std::ops::Range<u64>,
}

impl<M: Microphone> FaultyMicrophone<M> {
    /// Passes `inner` on, but for the requests in `fails_at`, counted from 0.
    pub fn new(inner: M, fails_at: std::ops::Range<u64>) -> Self {
        Self { inner, asked: 0, fails_at }
    }
}

impl<M: Microphone> Microphone for FaultyMicrophone<M> {
    fn due_us(&self) -> Option<u64> {
        self.inner.due_us()
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        let request = self.asked;
        self.asked += 1;
        let period = self.inner.next_period();
        if self.fails_at.contains(&request) {
            return Err(MicrophoneError::Device { device: "faulty".into(), reason: "unplugged on purpose".into() });
        }
        period
    }
}
