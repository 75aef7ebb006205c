//! From any sample rate and any number of channels to the 16 kHz mono that the features want.
//!
//! Interleaved samples come in as a sound card has them, in pieces of any length; 16 kHz samples go out. [`to_16khz`] sends a whole clip
//! the same way, so a file and a microphone of the same rate give the same samples. The filter is rubato's windowed sinc, evaluated in
//! `f64`, so that processors whose last digits differ round to the same samples; what it does to a sound is measured in
//! `tests/reports/resampler.md`.

use super::audio_file::{AudioClip, AudioFileError, SAMPLE_RATES_HZ};
use super::mono::{MonoMixer, PcmSample};
use crate::audio::SAMPLE_RATE;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction, calculate_cutoff,
};
use std::vec;
use std::vec::Vec;
use thiserror::Error;

/// Filters that fit into a second, one behind the other: each is 20 ms long, and half of that is its delay.
const FILTERS_PER_SECOND: usize = 50;

/// Chunks a second in which sound is filtered: to wait for one, 4 ms, is the other part of the delay.
const CHUNKS_PER_SECOND: usize = 250;

/// Where the filter is 6 dB down when sound comes from higher rates. It then is flat to 7.4 kHz and shut from 7.9 kHz on, as the filter
/// was that made the 16 kHz clips which the speech network learned from.
const CUTOFF_HZ: f32 = 7_640.0;

/// A window whose side lobes lie 92 dB down.
const WINDOW: WindowFunction = WindowFunction::BlackmanHarris;

/// Phases that the filter is tabulated for, at most. A ratio of rates that needs no more is exact (44.1 kHz needs 160, 11.025 kHz 640).
const MAX_PHASES: usize = 640;

/// Phases where a ratio needs more; what lies between them is interpolated with a cubic.
const INTERPOLATED_PHASES: usize = 128;

/// Sound that can't be brought to 16 kHz mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// A sample rate that can't be.
    #[error("a sample rate of {0} Hz is not possible: 1000 Hz to 768 kHz are")]
    SampleRate(u32),
    /// Sound of no channels.
    #[error("sound without a channel is not possible: choose at least one")]
    NoChannels,
}

/// Brings sound to 16 kHz mono while it arrives.
///
/// Sample `n` of what comes out sounded `n / 16000` s after the first that came in: the filter's delay is taken out of the numbering, and
/// remains as the time that a sample takes to come out, 14 ms. However the input is cut into pieces, the output
/// is the same, bit for bit. Nothing allocates after the start. Sound that is at 16 kHz already is only mixed and rounded.
pub struct StreamResampler {
    rate_hz: usize,
    mixer: MonoMixer,
    /// `None` at 16 kHz.
    filter: Option<Filter>,
    /// Mixed samples that wait for their chunk to be complete; the first `filled` count.
    chunk: Vec<f64>,
    filled: usize,
    rounded: Vec<i16>,
    /// Mixed samples taken in since the start.
    received: u64,
    /// Samples handed out since the start.
    emitted: u64,
}

/// The sinc filter with what aligns it.
struct Filter {
    resampler: Async<f64>,
    output: Vec<f64>,
    alignment: Alignment,
    /// Samples still to be dropped before one counts.
    to_drop: usize,
}

impl StreamResampler {
    /// A resampler for `channels` interleaved channels at `rate_hz`.
    pub fn new(rate_hz: u32, channels: u16) -> Result<Self, ResampleError> {
        if !SAMPLE_RATES_HZ.contains(&rate_hz) {
            return Err(ResampleError::SampleRate(rate_hz));
        }
        if channels == 0 {
            return Err(ResampleError::NoChannels);
        }
        let rate_hz = rate_hz as usize;
        let chunk_samples = rate_hz / CHUNKS_PER_SECOND;
        let filter = match rate_hz {
            SAMPLE_RATE => None,
            _ => Some(Filter::new(rate_hz, chunk_samples).ok_or(ResampleError::SampleRate(rate_hz as u32))?),
        };
        let output_samples = filter.as_ref().map_or(chunk_samples, |filter| filter.output.len());
        let mut resampler = Self {
            rate_hz,
            mixer: MonoMixer::new(channels),
            filter,
            chunk: vec![0.0; chunk_samples],
            filled: 0,
            rounded: vec![0; output_samples],
            received: 0,
            emitted: 0,
        };
        resampler.clear();
        Ok(resampler)
    }

    /// Takes interleaved samples in, a moment's channels together or not, and hands what they complete to `on_samples`.
    pub fn push<S: PcmSample>(&mut self, interleaved: &[S], mut on_samples: impl FnMut(&[i16])) {
        for &sample in interleaved {
            if let Some(mono) = self.mixer.push(sample) {
                self.received += 1;
                self.take(mono, &mut on_samples);
            }
        }
        if self.filter.is_none() {
            self.emit(u64::MAX, &mut on_samples);
        }
    }

    /// The sound is over: hands out what still lies in the filter, and starts afresh.
    ///
    /// Altogether there is a sample for each 1/16000 s that began within the sound.
    pub fn finish(&mut self, mut on_samples: impl FnMut(&[i16])) {
        let (rate_hz, target_hz) = (self.rate_hz as u64, SAMPLE_RATE as u64);
        let expected = (self.received * target_hz).div_ceil(rate_hz);
        while self.emitted < expected {
            self.chunk[self.filled..].fill(0.0);
            self.filled = self.chunk.len();
            self.emit(expected - self.emitted, &mut on_samples);
        }
        self.clear();
    }

    /// Forgets all sound, as after an overrun: what comes next does not continue what came before.
    pub fn clear(&mut self) {
        self.mixer.clear();
        (self.filled, self.received, self.emitted) = (0, 0, 0);
        if let Some(filter) = &mut self.filter {
            filter.clear();
            for _ in 0..filter.alignment.lead {
                self.take(0.0, &mut |_| {});
            }
        }
    }

    fn take(&mut self, mono: f32, on_samples: &mut impl FnMut(&[i16])) {
        self.chunk[self.filled] = f64::from(mono);
        self.filled += 1;
        if self.filled == self.chunk.len() {
            self.emit(u64::MAX, on_samples);
        }
    }

    /// Filters the chunk, rounds and hands out, no more than `limit` samples.
    fn emit(&mut self, limit: u64, on_samples: &mut impl FnMut(&[i16])) {
        let samples = match &mut self.filter {
            Some(filter) => filter.convert(&self.chunk),
            None => &self.chunk[..self.filled],
        };
        self.filled = 0;
        let samples = &samples[..samples.len().min(usize::try_from(limit).unwrap_or(usize::MAX))];
        for (rounded, &sample) in self.rounded.iter_mut().zip(samples) {
            *rounded = to_i16(sample);
        }
        if !samples.is_empty() {
            self.emitted += samples.len() as u64;
            on_samples(&self.rounded[..samples.len()]);
        }
    }
}

impl Filter {
    fn new(rate_hz: usize, chunk_samples: usize) -> Option<Self> {
        let divisor = greatest_common_divisor(rate_hz, SAMPLE_RATE);
        let (step, phases) = (rate_hz / divisor, SAMPLE_RATE / divisor);
        let exact = phases <= MAX_PHASES;
        let tabulated = if exact { phases } else { INTERPOLATED_PHASES };
        let taps = taps(rate_hz);
        // From lower rates, the library chooses what the length allows.
        let cutoff = match rate_hz {
            ..SAMPLE_RATE => calculate_cutoff(taps, WINDOW),
            _ => CUTOFF_HZ / (SAMPLE_RATE as f32 / 2.0),
        };
        let parameters = SincInterpolationParameters::new(taps, WINDOW)
            .f_cutoff(cutoff)
            .oversampling_factor(tabulated)
            .interpolation(if exact { SincInterpolationType::Nearest } else { SincInterpolationType::Cubic });
        let ratio = SAMPLE_RATE as f64 / rate_hz as f64;
        let (fixed_ratio, channels) = (1.0, 1);
        let resampler =
            Async::new_sinc(ratio, fixed_ratio, &parameters, chunk_samples, channels, FixedAsync::Input).ok()?;
        let output = vec![0.0; resampler.output_frames_max()];
        let alignment = Alignment::find(step as f64 / phases as f64, taps, tabulated);
        Some(Self { resampler, output, alignment, to_drop: alignment.drop })
    }

    fn clear(&mut self) {
        self.resampler.reset();
        self.to_drop = self.alignment.drop;
    }

    /// The chunk's share of 16 kHz samples.
    fn convert(&mut self, chunk: &[f64]) -> &[f64] {
        let capacity = self.output.len();
        let input = SequentialSlice::new(chunk, 1, chunk.len());
        let output = SequentialSlice::new_mut(&mut self.output, 1, capacity);
        let (Ok(input), Ok(mut output)) = (input, output) else {
            return &[];
        };
        let count = match self.resampler.process_into_buffer(&input, &mut output, None) {
            Ok((_, count)) => count,
            Err(_) => 0,
        };
        let dropped = self.to_drop.min(count);
        self.to_drop -= dropped;
        &self.output[dropped..count]
    }
}

/// Length of the filter in input samples; the library wants a multiple of 8.
fn taps(rate_hz: usize) -> usize {
    (rate_hz / FILTERS_PER_SECOND).next_multiple_of(8)
}

/// What makes the first sample that comes out sound when the first one came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alignment {
    /// Silent samples that are put in front.
    lead: usize,
    /// Samples that are taken away from the beginning of what comes out.
    drop: usize,
}

impl Alignment {
    /// * `step`: input samples from one output sample to the next
    /// * `taps`, `phases`: length and table of the filter
    ///
    /// Output sample `n` of the library has its middle at input sample `(n + 1) · step − taps / 2 + 1 / phases`. Silence can move that by
    /// whole samples only, so the `n` is taken that comes nearest to one: exactly, where the ratio of the rates is a table's.
    fn find(step: f64, taps: usize, phases: usize) -> Self {
        let half = (taps / 2) as f64;
        let lead = |number: usize| number as f64 * step - half + 1.0 / phases as f64;
        let off_grid = |number: usize| (lead(number) - libm::round(lead(number))).abs();
        let first = libm::ceil(half / step) as usize;
        let best = (first..first + MAX_PHASES).min_by(|&a, &b| off_grid(a).total_cmp(&off_grid(b))).unwrap_or(first);
        Self { lead: libm::round(lead(best)) as usize, drop: best - 1 }
    }
}

/// The clip at 16 kHz, as a microphone of its rate would have given it.
pub fn to_16khz(clip: &AudioClip) -> Result<Vec<i16>, AudioFileError> {
    let mut resampler =
        StreamResampler::new(clip.sample_rate_hz, 1).map_err(|_| AudioFileError::SampleRate(clip.sample_rate_hz))?;
    let seconds = clip.samples.len() as f64 / f64::from(clip.sample_rate_hz);
    let mut samples = Vec::with_capacity((seconds * SAMPLE_RATE as f64) as usize + 1);
    resampler.push(&clip.samples, |piece| samples.extend_from_slice(piece));
    resampler.finish(|piece| samples.extend_from_slice(piece));
    Ok(samples)
}

/// Rounds to the nearest step of 16 bits, clipping what lies beyond.
fn to_i16(sample: f64) -> i16 {
    libm::round(sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_ratios_are_aligned_exactly() {
        for rate_hz in [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000] {
            let filter = Filter::new(rate_hz, 100).unwrap();
            let (step, phases) = (rate_hz as f64 / 16_000.0, 16_000 / greatest_common_divisor(rate_hz, 16_000));
            let Alignment { lead, drop } = filter.alignment;
            let middle = (drop + 1) as f64 * step - taps(rate_hz) as f64 / 2.0 + 1.0 / phases as f64;
            assert!((middle - lead as f64).abs() < 1e-9, "{rate_hz} Hz: {middle} and {lead}");
        }
    }

    #[test]
    fn impossible_sound_is_refused() {
        assert_eq!(StreamResampler::new(999, 1).err(), Some(ResampleError::SampleRate(999)));
        assert_eq!(StreamResampler::new(48_000, 0).err(), Some(ResampleError::NoChannels));
        assert!(StreamResampler::new(1_000, 32).is_ok() && StreamResampler::new(768_000, 1).is_ok());
    }
}
