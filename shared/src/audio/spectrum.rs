//! From a frame of samples to the power of its frequencies: Hann window, real FFT, squared magnitude.

use super::fft::RealFft;
use super::{CHROMA_FFT, MEL_FFT};
use core::f64::consts::TAU;

/// Frequencies of the spectrum behind mel and MFCC, `k · 15.625 Hz`.
pub const MEL_BINS: usize = MEL_FFT / 2 + 1;

/// Frequencies of the spectrum behind chroma, `k · 7.8125 Hz`.
pub const CHROMA_FFT_BINS: usize = CHROMA_FFT / 2 + 1;

/// Spectrum of the frames behind mel and MFCC.
pub(super) type MelSpectrum = Spectrum<{ MEL_FFT / 8 }, MEL_BINS>;

/// Spectrum of the frames behind chroma.
pub(super) type ChromaSpectrum = Spectrum<{ CHROMA_FFT / 8 }, CHROMA_FFT_BINS>;

/// Power spectrum of frames of `8 · EIGHTH` samples.
pub(super) struct Spectrum<const EIGHTH: usize, const BINS: usize> {
    hann: [[f32; EIGHTH]; 8],
    fft: RealFft<EIGHTH>,
    power: [f32; BINS],
}

impl<const EIGHTH: usize, const BINS: usize> Spectrum<EIGHTH, BINS> {
    pub(super) const EMPTY: Self = Self { hann: [[0.0; EIGHTH]; 8], fft: RealFft::EMPTY, power: [0.0; BINS] };

    pub(super) fn fill(&mut self) {
        fill_hann(self.hann.as_flattened_mut());
        self.fft.fill();
    }

    /// `|X[k]|²` of the first `8 · EIGHTH` samples of `frame`.
    pub(super) fn power(&mut self, frame: &[f32; CHROMA_FFT]) -> &[f32; BINS] {
        self.fft.power(&frame[..8 * EIGHTH], self.hann.as_flattened(), &mut self.power);
        &self.power
    }
}

/// `0.5 − 0.5·cos(2πn / N)`: the periodic Hann window.
fn fill_hann(window: &mut [f32]) {
    let step = TAU / window.len() as f64;
    for (n, value) in window.iter_mut().enumerate() {
        *value = (0.5 - 0.5 * libm::cos(step * n as f64)) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_on_a_bin_shows_there_and_beside_it() {
        let mut spectrum = MelSpectrum::EMPTY;
        spectrum.fill();
        let cosine = |n: usize| libm::cos(TAU * 64.0 * n as f64 / MEL_FFT as f64) as f32;
        let power = spectrum.power(&core::array::from_fn(cosine));
        // The window's mean is 1/2, its first neighbour −1/4; a cosine gives half of each to either side.
        let peak = MEL_FFT as f32 / 4.0;
        assert!((power[64] / (peak * peak) - 1.0).abs() < 1e-5);
        assert!((power[63] / (peak * peak / 4.0) - 1.0).abs() < 1e-5);
        assert!(power[32] < 1e-6);
    }
}
