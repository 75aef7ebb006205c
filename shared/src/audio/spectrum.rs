//! From a frame of samples to the power of its frequencies: Hann window, real FFT, squared magnitude.

use super::{CHROMA_FFT, MEL_FFT};
use core::f64::consts::TAU;
use microfft::Complex32;

/// Frequencies of the spectrum behind mel and MFCC, `k · 15.625 Hz`.
pub const MEL_BINS: usize = MEL_FFT / 2 + 1;

/// Frequencies of the spectrum behind chroma, `k · 7.8125 Hz`.
pub const CHROMA_FFT_BINS: usize = CHROMA_FFT / 2 + 1;

/// `0.5 − 0.5·cos(2πn / N)`: the periodic Hann window.
pub(super) fn fill_hann(window: &mut [f32]) {
    let step = TAU / window.len() as f64;
    for (n, value) in window.iter_mut().enumerate() {
        *value = (0.5 - 0.5 * libm::cos(step * n as f64)) as f32;
    }
}

/// Power of a 1024-sample frame.
///
/// * `frame`, `hann`: `[MEL_FFT]`
/// * `scratch`: overwritten
/// * `power`: receives `|X[k]|²`
pub(super) fn mel_power(frame: &[f32], hann: &[f32], scratch: &mut [f32; MEL_FFT], power: &mut [f32; MEL_BINS]) {
    apply(frame, hann, scratch);
    unpack(microfft::real::rfft_1024(scratch), power);
}

/// Power of a 2048-sample frame; otherwise as [`mel_power`].
pub(super) fn chroma_power(
    frame: &[f32],
    hann: &[f32],
    scratch: &mut [f32; CHROMA_FFT],
    power: &mut [f32; CHROMA_FFT_BINS],
) {
    apply(frame, hann, scratch);
    unpack(microfft::real::rfft_2048(scratch), power);
}

fn apply(frame: &[f32], hann: &[f32], windowed: &mut [f32]) {
    for ((target, sample), weight) in windowed.iter_mut().zip(frame).zip(hann) {
        *target = sample * weight;
    }
}

/// The FFT keeps the real value at half the sample rate in the imaginary part of the first.
fn unpack(spectrum: &[Complex32], power: &mut [f32]) {
    for (target, value) in power.iter_mut().zip(spectrum) {
        *target = value.re * value.re + value.im * value.im;
    }
    let packed = spectrum[0];
    power[0] = packed.re * packed.re;
    power[spectrum.len()] = packed.im * packed.im;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_on_a_bin_shows_there_and_beside_it() {
        let mut hann = [0.0; MEL_FFT];
        fill_hann(&mut hann);
        let mut frame = [0.0; MEL_FFT];
        for (n, sample) in frame.iter_mut().enumerate() {
            *sample = libm::cos(TAU * 64.0 * n as f64 / MEL_FFT as f64) as f32;
        }
        let mut power = [0.0; MEL_BINS];
        mel_power(&frame, &hann, &mut [0.0; MEL_FFT], &mut power);
        // The window's mean is 1/2, its first neighbour −1/4; a cosine gives half of each to either side.
        let peak = MEL_FFT as f32 / 4.0;
        assert!((power[64] / (peak * peak) - 1.0).abs() < 1e-5);
        assert!((power[63] / (peak * peak / 4.0) - 1.0).abs() < 1e-5);
        assert!(power[32] < 1e-6);
    }

    #[test]
    fn constant_and_alternating_signals_lie_at_the_two_ends() {
        let hann = [1.0; CHROMA_FFT];
        let mut power = [0.0; CHROMA_FFT_BINS];
        chroma_power(&[1.0; CHROMA_FFT], &hann, &mut [0.0; CHROMA_FFT], &mut power);
        let whole = (CHROMA_FFT * CHROMA_FFT) as f32;
        assert_eq!((power[0], power[1], power[CHROMA_FFT_BINS - 1]), (whole, 0.0, 0.0));

        let alternating: [f32; CHROMA_FFT] = core::array::from_fn(|n| if n.is_multiple_of(2) { 1.0 } else { -1.0 });
        chroma_power(&alternating, &hann, &mut [0.0; CHROMA_FFT], &mut power);
        assert_eq!((power[0], power[CHROMA_FFT_BINS - 1]), (0.0, whole));
    }
}
