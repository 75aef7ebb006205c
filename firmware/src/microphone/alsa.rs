//! A microphone of the system, through ALSA. A `plughw:` or `default` device converts to 16 kHz mono by itself.

use super::{Microphone, MicrophoneError, Period};
use crate::clock::{Clock, RealClock};
use ::alsa::pcm::{Access, Format, HwParams, PCM};
use ::alsa::{Direction, ValueOr};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};

/// Samples that the driver keeps for us: half a second.
const BUFFER_SAMPLES: i64 = SAMPLE_RATE as i64 / 2;

/// From one look to the next: two hops, in microseconds.
const POLL_US: u64 = 2 * HOP as u64 * 1_000_000 / SAMPLE_RATE as u64;

/// How long a device that failed is left alone, in microseconds.
const BACK_OFF_US: u64 = 1_000_000;

/// A microphone by its ALSA name.
pub struct AlsaMicrophone {
    name: String,
    clock: RealClock,
    pcm: Option<PCM>,
    samples: Vec<i16>,
    due_us: u64,
}

impl AlsaMicrophone {
    /// Opens the device and starts it. `clock` dates the sound.
    pub fn open(name: &str, clock: RealClock) -> Result<Self, MicrophoneError> {
        let pcm = start(name).map_err(|error| device_error(name, &error))?;
        Ok(Self { name: name.to_owned(), clock, pcm: Some(pcm), samples: vec![0; BUFFER_SAMPLES as usize], due_us: 0 })
    }

    /// Reads what is there, without waiting; 0 where there is nothing.
    fn capture(&mut self) -> Result<usize, ::alsa::Error> {
        let pcm = match &self.pcm {
            Some(pcm) => pcm,
            None => self.pcm.insert(start(&self.name)?),
        };
        match pcm.io_i16()?.readi(&mut self.samples) {
            Ok(count) => Ok(count),
            Err(error) if error.errno() == EAGAIN => Ok(0),
            // An overrun: what was lost is lost, the rest goes on.
            Err(error) => {
                pcm.try_recover(error, true)?;
                pcm.start()?;
                Err(error)
            }
        }
    }
}

/// Nothing there yet, on Linux.
const EAGAIN: i32 = 11;

fn start(name: &str) -> Result<PCM, ::alsa::Error> {
    let pcm = PCM::new(name, Direction::Capture, true)?;
    {
        let parameters = HwParams::any(&pcm)?;
        parameters.set_rate_resample(true)?;
        parameters.set_access(Access::RWInterleaved)?;
        parameters.set_format(Format::s16())?;
        parameters.set_channels(1)?;
        parameters.set_rate(SAMPLE_RATE as u32, ValueOr::Nearest)?;
        parameters.set_buffer_size_near(BUFFER_SAMPLES)?;
        pcm.hw_params(&parameters)?;
    }
    pcm.start()?;
    Ok(pcm)
}

impl Microphone for AlsaMicrophone {
    fn due_us(&self) -> Option<u64> {
        Some(self.due_us)
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        let result = self.capture();
        let now_us = self.clock.now_us();
        self.due_us = now_us + POLL_US;
        match result {
            Ok(0) => Ok(None),
            Ok(count) => Ok(Some(Period { time_us: now_us, samples: &self.samples[..count] })),
            Err(error) => {
                if self.pcm.as_ref().is_none_or(|pcm| pcm.state() != ::alsa::pcm::State::Running) {
                    self.pcm = None;
                    self.due_us = now_us + BACK_OFF_US;
                }
                Err(device_error(&self.name, &error))
            }
        }
    }
}

fn device_error(name: &str, error: &::alsa::Error) -> MicrophoneError {
    MicrophoneError::Device { device: name.to_owned(), reason: error.to_string() }
}
