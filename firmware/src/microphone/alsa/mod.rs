//! A microphone of the system, through ALSA, in whatever format, rate and number of channels it has.
//!
//! ALSA's own conversion is switched off where there is a choice: what a device gives is brought to 16 kHz mono by the resampler that
//! files go through too.

mod negotiate;

pub use negotiate::{READABLE_FORMATS, USUAL_RATES_HZ};

use super::{Microphone, MicrophoneError, Period};
use crate::clock::{Clock, RealClock};
use ::alsa::pcm::PCM;
use ::alsa::{Direction, Output};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};
use moodbox_shared::media::{PcmSample, StreamResampler};
use negotiate::{BUFFERS_PER_SECOND, Layout, Terms, negotiate};

/// How long a turn waits for sound, in milliseconds.
const TURN_MS: u32 = 100;

/// How long a device may go without sound, in microseconds: it gives some every 32 ms, or it has stopped.
const PATIENCE_US: u64 = 1_000_000;

/// Sound that is taken from the driver at once: 50 ms, more than comes at a time.
const READS_PER_SECOND: u32 = 20;

/// Numbers of errors on Linux: interrupted, nothing there yet, and the two ways in which sound gets lost, overrun and suspended.
const EINTR: i32 = 4;
const EAGAIN: i32 = 11;
const EPIPE: i32 = 32;
const ESTRPIPE: i32 = 86;

/// Numbers of errors on Linux on which something can be done.
const ENOENT: i32 = 2;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;

/// A microphone that runs, by its ALSA name.
pub struct AlsaMicrophone {
    name: String,
    clock: RealClock,
    pcm: PCM,
    channels: usize,
    /// Sound as the device gives it, byte by byte and sample by sample.
    bytes: Vec<u8>,
    interleaved: Interleaved,
    resampler: StreamResampler,
    /// What the last turn found, 16 kHz mono.
    samples: Vec<i16>,
    /// When there was sound last, or the device was started.
    heard_us: u64,
    overruns: u32,
}

/// Room for samples as the device gives them.
enum Interleaved {
    S16(Vec<i16>),
    S32(Vec<i32>),
    Float(Vec<f32>),
}

impl AlsaMicrophone {
    /// Opens the device and starts it. `clock` dates the sound.
    pub fn open(name: &str, clock: RealClock) -> Result<Self, MicrophoneError> {
        quieten();
        let refused = |reason: String| MicrophoneError::Device { device: name.to_owned(), reason };
        let failed = |error| refused(remedy(&error));
        if name.contains('\0') {
            return Err(refused("it is no name of a device: `moodbox devices` lists them".to_owned()));
        }
        let pcm = PCM::new(name, Direction::Capture, true).map_err(failed)?;
        let Terms { layout, rate_hz, channels } =
            negotiate(&pcm).map_err(failed)?.ok_or_else(|| refused(UNREADABLE.to_owned()))?;
        let resampler = StreamResampler::new(rate_hz, channels).map_err(|error| refused(error.to_string()))?;
        let length = (rate_hz / READS_PER_SECOND) as usize * usize::from(channels);
        let interleaved = match layout {
            Layout::S16 => Interleaved::S16(vec![0; length]),
            Layout::S32 => Interleaved::S32(vec![0; length]),
            Layout::Float => Interleaved::Float(vec![0.0; length]),
        };
        pcm.start().map_err(failed)?;
        Ok(Self {
            name: name.to_owned(),
            clock,
            pcm,
            channels: usize::from(channels),
            bytes: vec![0; length * layout.sample_bytes()],
            interleaved,
            resampler,
            samples: Vec::with_capacity(SAMPLE_RATE / BUFFERS_PER_SECOND as usize),
            heard_us: clock.now_us(),
            overruns: 0,
        })
    }

    /// Waits for sound and takes what there is; what an overrun has lost is counted.
    fn capture(&mut self) -> Result<(), ::alsa::Error> {
        let captured = match self.pcm.wait(Some(TURN_MS)) {
            Ok(true) => self.read(),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        match captured {
            Err(error) if matches!(error.errno(), EPIPE | ESTRPIPE) => {
                self.overruns = self.overruns.wrapping_add(1);
                // What comes next does not continue what came before.
                self.resampler.clear();
                self.pcm.try_recover(error, true)?;
                self.pcm.start()?;
                self.heard_us = self.clock.now_us();
                Ok(())
            }
            Err(error) if matches!(error.errno(), EAGAIN | EINTR) => Ok(()),
            captured => captured,
        }
    }

    /// Reads until the device has nothing more, or `samples` is full.
    fn read(&mut self) -> Result<(), ::alsa::Error> {
        // Made anew each time, it costs nothing; one for samples would ask ALSA for the format, and allocate.
        let io = self.pcm.io_bytes();
        let longest = SAMPLE_RATE / READS_PER_SECOND as usize + HOP;
        while self.samples.len() + longest <= self.samples.capacity() {
            let length = match io.readi(&mut self.bytes)? {
                0 => return Ok(()),
                moments => moments * self.channels,
            };
            let (bytes, resampler, samples) = (&self.bytes, &mut self.resampler, &mut self.samples);
            match &mut self.interleaved {
                Interleaved::S16(room) => take(bytes, &mut room[..length], i16::from_ne_bytes, resampler, samples),
                Interleaved::S32(room) => take(bytes, &mut room[..length], i32::from_ne_bytes, resampler, samples),
                Interleaved::Float(room) => take(bytes, &mut room[..length], f32::from_ne_bytes, resampler, samples),
            }
        }
        Ok(())
    }
}

impl Microphone for AlsaMicrophone {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_period(&mut self) -> Result<Option<Period<'_>>, MicrophoneError> {
        self.samples.clear();
        let captured = self.capture();
        let failed = |reason| MicrophoneError::Device { device: self.name.clone(), reason };
        captured.map_err(|error| failed(remedy(&error)))?;
        let time_us = self.clock.now_us();
        if !self.samples.is_empty() {
            self.heard_us = time_us;
            return Ok(Some(Period { time_us, samples: &self.samples }));
        }
        if time_us.saturating_sub(self.heard_us) < PATIENCE_US {
            return Ok(None);
        }
        Err(failed("it has stopped and gives no sound: plug it in anew".to_owned()))
    }

    fn overruns(&self) -> u32 {
        self.overruns
    }
}

/// Makes samples of bytes, and 16 kHz mono of those.
fn take<S: PcmSample, const N: usize>(
    bytes: &[u8],
    room: &mut [S],
    sample_of: impl Fn([u8; N]) -> S,
    resampler: &mut StreamResampler,
    samples: &mut Vec<i16>,
) {
    for (sample, &bytes) in room.iter_mut().zip(bytes.as_chunks().0) {
        *sample = sample_of(bytes);
    }
    resampler.push(room, |piece| samples.extend_from_slice(piece));
}

/// What is said of a device of 8 or packed 24 bits, which is left to ALSA's own conversion.
const UNREADABLE: &str =
    "it gives neither S16, S32 nor float: let ALSA convert it, by plughw: in its name instead of hw:";

/// Keeps ALSA from telling each missing device on the standard error output, again and again: the error says it.
pub fn quieten() {
    // Takes effect for this thread; what is told is kept until the next call and dropped then.
    let _ = Output::local_error_handler();
}

/// What went wrong, and what can be done.
pub fn remedy(error: &::alsa::Error) -> String {
    match error.errno() {
        EACCES => "it may not be opened: add the user to the group `audio`".to_owned(),
        EBUSY => "it is busy: another program holds it".to_owned(),
        ENOENT | ENODEV => "it is not there: is it plugged in? `moodbox devices` lists what is".to_owned(),
        _ => error.to_string(),
    }
}
