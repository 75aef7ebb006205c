//! A microphone of the system, through ALSA, in whatever format, rate and number of channels it has.
//!
//! ALSA's own conversion is switched off where there is a choice: what a device gives is brought to 16 kHz mono by the resampler that
//! files go through too.

use super::{Microphone, MicrophoneError, Period};
use crate::clock::{Clock, RealClock};
use ::alsa::pcm::{Access, Format, Frames, HwParams, IoFormat, PCM};
use ::alsa::{Direction, ValueOr};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};
use moodbox_shared::media::{PcmSample, StreamResampler};

/// From one look to the next: two hops, in microseconds.
const POLL_US: u64 = 2 * HOP as u64 * 1_000_000 / SAMPLE_RATE as u64;

/// Sound that the driver keeps for us: half a second.
const BUFFERS_PER_SECOND: u32 = 2;

/// Sound that is taken from the driver at once: 50 ms, more than from one look to the next.
const READS_PER_SECOND: u32 = 20;

/// How long a device that failed is left alone, in microseconds.
const BACK_OFF_US: u64 = 1_000_000;

/// Most channels that are mixed; a device that claims more has a mistaken driver.
const MAX_CHANNELS: u32 = 64;

/// Nothing there yet, on Linux.
const EAGAIN: i32 = 11;

/// A microphone by its ALSA name.
pub struct AlsaMicrophone {
    name: String,
    clock: RealClock,
    device: Option<Device>,
    due_us: u64,
}

impl AlsaMicrophone {
    /// Opens the device and starts it. `clock` dates the sound.
    pub fn open(name: &str, clock: RealClock) -> Result<Self, MicrophoneError> {
        let device = Device::start(name)?;
        Ok(Self { name: name.to_owned(), clock, device: Some(device), due_us: 0 })
    }
}

impl Microphone for AlsaMicrophone {
    fn due_us(&self) -> Option<u64> {
        Some(self.due_us)
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        let now_us = self.clock.now_us();
        self.due_us = now_us + POLL_US;
        if self.device.is_none() {
            let device = Device::start(&self.name).inspect_err(|_| self.due_us = now_us + BACK_OFF_US)?;
            self.device = Some(device);
        }
        if let Some(device) = &mut self.device
            && let Err(error) = device.capture()
        {
            if !device.is_running() {
                self.device = None;
                self.due_us = now_us + BACK_OFF_US;
            }
            return Err(device_error(&self.name, &error));
        }
        let samples = self.device.as_ref().map_or(&[][..], |device| &device.samples);
        Ok((!samples.is_empty()).then_some(Period { time_us: now_us, samples }))
    }
}

/// A device that runs, with what its sound needs on the way.
struct Device {
    pcm: PCM,
    interleaved: Interleaved,
    channels: usize,
    resampler: StreamResampler,
    /// What the last look found, 16 kHz mono.
    samples: Vec<i16>,
}

/// Sound as the device gives it.
enum Interleaved {
    S16(Vec<i16>),
    S32(Vec<i32>),
    Float(Vec<f32>),
}

impl Device {
    fn start(name: &str) -> Result<Self, MicrophoneError> {
        let refused = |error| device_error(name, &error);
        let pcm = PCM::new(name, Direction::Capture, true).map_err(refused)?;
        let (format, rate_hz, channels) = negotiate(&pcm).map_err(refused)?;
        let channel_count = u16::try_from(channels).unwrap_or(u16::MAX);
        let resampler = StreamResampler::new(rate_hz, channel_count)
            .map_err(|error| MicrophoneError::Device { device: name.to_owned(), reason: error.to_string() })?;
        let length = (rate_hz / READS_PER_SECOND * channels) as usize;
        let interleaved = match format {
            Format::S16LE | Format::S16BE => Interleaved::S16(vec![0; length]),
            Format::S32LE | Format::S32BE => Interleaved::S32(vec![0; length]),
            _ => Interleaved::Float(vec![0.0; length]),
        };
        pcm.start().map_err(refused)?;
        let samples = Vec::with_capacity(SAMPLE_RATE / BUFFERS_PER_SECOND as usize);
        Ok(Self { pcm, interleaved, channels: channels as usize, resampler, samples })
    }

    fn is_running(&self) -> bool {
        self.pcm.state() == ::alsa::pcm::State::Running
    }

    /// Reads what is there into `samples`, without waiting.
    fn capture(&mut self) -> Result<(), ::alsa::Error> {
        self.samples.clear();
        let (resampler, samples) = (&mut self.resampler, &mut self.samples);
        let read = match &mut self.interleaved {
            Interleaved::S16(buffer) => read(&self.pcm, buffer, self.channels, resampler, samples),
            Interleaved::S32(buffer) => read(&self.pcm, buffer, self.channels, resampler, samples),
            Interleaved::Float(buffer) => read(&self.pcm, buffer, self.channels, resampler, samples),
        };
        if let Err(error) = read {
            // An overrun: what was lost is lost, the rest goes on.
            self.resampler.clear();
            self.pcm.try_recover(error, true)?;
            self.pcm.start()?;
            return Err(error);
        }
        Ok(())
    }
}

/// Reads until the device has nothing more, or `samples` is full.
fn read<S: IoFormat + PcmSample>(
    pcm: &PCM,
    buffer: &mut [S],
    channels: usize,
    resampler: &mut StreamResampler,
    samples: &mut Vec<i16>,
) -> Result<(), ::alsa::Error> {
    let io = pcm.io_checked::<S>()?;
    let longest = SAMPLE_RATE / READS_PER_SECOND as usize + HOP;
    while samples.len() + longest <= samples.capacity() {
        match io.readi(buffer) {
            Ok(0) => break,
            Ok(frames) => resampler.push(&buffer[..frames * channels], |piece| samples.extend_from_slice(piece)),
            Err(error) if error.errno() == EAGAIN => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sets the device up as near to 16 kHz mono as it goes by itself: format, samples a second, channels.
fn negotiate(pcm: &PCM) -> Result<(Format, u32, u32), ::alsa::Error> {
    let parameters = HwParams::any(pcm)?;
    // Not every kind of device can be asked; those that can't don't convert.
    let _ = parameters.set_rate_resample(false);
    parameters.set_access(Access::RWInterleaved)?;
    let formats = [Format::s16(), Format::s32(), Format::float()];
    let format = formats.into_iter().find(|&format| parameters.test_format(format).is_ok());
    parameters.set_format(format.unwrap_or(Format::s16()))?;
    let channels = parameters.set_channels_near(1)?.min(MAX_CHANNELS);
    parameters.set_channels(channels)?;
    let rate_hz = nearest_rate(&parameters)?;
    parameters.set_buffer_size_near(Frames::from(rate_hz / BUFFERS_PER_SECOND))?;
    pcm.hw_params(&parameters)?;
    Ok((parameters.get_format()?, rate_hz, channels))
}

/// 16 kHz, else the lowest usual rate above it, which loses nothing, else whatever is nearest.
fn nearest_rate(parameters: &HwParams<'_>) -> Result<u32, ::alsa::Error> {
    let usual = [SAMPLE_RATE as u32, 32_000, 48_000, 96_000, 192_000, 22_050, 44_100];
    match usual.into_iter().find(|&rate_hz| parameters.test_rate(rate_hz).is_ok()) {
        Some(rate_hz) => parameters.set_rate(rate_hz, ValueOr::Nearest).map(|()| rate_hz),
        None => parameters.set_rate_near(SAMPLE_RATE as u32, ValueOr::Nearest),
    }
}

fn device_error(name: &str, error: &::alsa::Error) -> MicrophoneError {
    MicrophoneError::Device { device: name.to_owned(), reason: error.to_string() }
}
