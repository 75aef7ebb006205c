//! From any sample rate to the 16 kHz that the features want.

use super::audio_file::{AudioClip, AudioFileError};
use crate::audio::SAMPLE_RATE;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};
use std::vec::Vec;

/// Frames that the resampler transforms at once, at least: the longer, the steeper its filter.
const BLOCK_FRAMES: usize = 2048;

/// The clip at 16 kHz; a clip that is at 16 kHz already is only rounded.
///
/// Computed in `f64`, so that processors whose last digits differ round to the same samples.
pub fn to_16khz(clip: &AudioClip) -> Result<Vec<i16>, AudioFileError> {
    if clip.sample_rate_hz as usize == SAMPLE_RATE {
        return Ok(clip.samples.iter().map(|&sample| to_i16(f64::from(sample))).collect());
    }
    let samples: Vec<f64> = clip.samples.iter().map(|&sample| f64::from(sample)).collect();
    let rate_hz = clip.sample_rate_hz as usize;
    let (sub_chunks, channels) = (1, 1);
    let mut resampler = Fft::<f64>::new_custom(
        rate_hz,
        SAMPLE_RATE,
        block_frames(rate_hz),
        sub_chunks,
        channels,
        WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .map_err(|_| AudioFileError::SampleRate(clip.sample_rate_hz))?;
    let input = SequentialSlice::new(&samples, 1, samples.len())
        .map_err(|_| AudioFileError::Damaged("its length is impossible"))?;
    let output = resampler
        .process_all(&input, samples.len(), None)
        .map_err(|_| AudioFileError::Damaged("it can't be resampled"))?;
    Ok(output.take_data().into_iter().map(to_i16).collect())
}

/// Rounds to the nearest step of 16 bits, clipping what lies beyond.
fn to_i16(sample: f64) -> i16 {
    libm::round(sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16
}

/// Frames to transform at once: a whole number of the shortest stretch that is whole at both rates.
///
/// An even one: the middle of an odd block lies between two samples, and the result would be half of one late.
fn block_frames(rate_hz: usize) -> usize {
    let pair = 2 * rate_hz / greatest_common_divisor(rate_hz, SAMPLE_RATE);
    BLOCK_FRAMES.div_ceil(pair) * pair
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
