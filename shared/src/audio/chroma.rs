//! Chroma: how the power is shared among the twelve pitch classes, whatever the octave.

use super::spectrum::CHROMA_FFT_BINS;
use super::{CHROMA_BINS, CHROMA_FFT, SAMPLE_RATE};

/// A4, the pitch that the classes are counted from.
const A4_HZ: f64 = 440.0;

/// Octave that weighs most, counted from A0, and how fast the others lose weight (standard deviation in octaves).
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// The filter bank, `[bin][class]`: a Gaussian of pitch distance around each class, weighted by octave.
///
/// librosa's `filters.chroma(tuning=0)` (McFee et al. 2015, after Ellis 2007).
pub struct ChromaFilters([[f32; CHROMA_BINS]; CHROMA_FFT_BINS]);

impl ChromaFilters {
    pub(super) const EMPTY: Self = Self([[0.0; CHROMA_BINS]; CHROMA_FFT_BINS]);

    pub(super) fn fill(&mut self) {
        const CLASSES: f64 = CHROMA_BINS as f64;
        const HALF: f64 = CLASSES / 2.0;
        for (bin, weights) in self.0.iter_mut().enumerate() {
            let position = semitones(bin);
            let width = (semitones(bin + 1) - position).max(1.0);
            let octave = (position / CLASSES - CENTRE_OCTAVE) / OCTAVE_WIDTH;
            let octave_weight = libm::exp(-0.5 * octave * octave);

            // Classes are counted from A there and from C here.
            let bump: [f64; CHROMA_BINS] = core::array::from_fn(|class| {
                let from_a = ((class + 3) % CHROMA_BINS) as f64;
                let distance = libm::fmod(position - from_a + HALF + 10.0 * CLASSES, CLASSES) - HALF;
                let bumps = 2.0 * distance / width;
                libm::exp(-0.5 * bumps * bumps)
            });
            let norm = libm::sqrt(bump.iter().map(|value| value * value).sum());
            *weights = bump.map(|value| (value / norm * octave_weight) as f32);
        }
    }

    /// Share of each pitch class, the loudest being 1; all zero where there is no power at all.
    ///
    /// * `power`: `|X[k]|²` for `k = 0..=CHROMA_FFT / 2`
    /// * `chroma`: receives `[CHROMA_BINS]`, from C
    pub fn apply(&self, power: &[f32; CHROMA_FFT_BINS], chroma: &mut [f32]) {
        let mut sums = [0.0f32; CHROMA_BINS];
        for (weights, &power) in self.0.iter().zip(power) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * power;
            }
        }
        let loudest = sums.iter().copied().fold(0.0, f32::max);
        let scale = if loudest < f32::MIN_POSITIVE { 1.0 } else { 1.0 / loudest };
        for (target, sum) in chroma.iter_mut().zip(sums) {
            *target = sum * scale;
        }
    }
}

/// Semitones above A0; a constant has no pitch and is put one and a half octaves below the first bin.
fn semitones(bin: usize) -> f64 {
    if bin == 0 {
        return semitones(1) - 1.5 * CHROMA_BINS as f64;
    }
    let frequency = bin as f64 * SAMPLE_RATE as f64 / CHROMA_FFT as f64;
    CHROMA_BINS as f64 * libm::log2(frequency / (A4_HZ / 16.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chroma_of(power: &[f32; CHROMA_FFT_BINS]) -> [f32; CHROMA_BINS] {
        let mut filters = ChromaFilters::EMPTY;
        filters.fill();
        let mut chroma = [9.0; CHROMA_BINS];
        filters.apply(power, &mut chroma);
        chroma
    }

    #[test]
    fn power_near_440_hz_is_an_a() {
        let mut power = [0.0; CHROMA_FFT_BINS];
        power[56] = 1e-3;
        let chroma = chroma_of(&power);
        assert_eq!(chroma[9], 1.0);
        assert!(chroma.iter().enumerate().all(|(class, &value)| class == 9 || value < 0.5));
    }

    #[test]
    fn silence_has_no_pitch() {
        assert_eq!(chroma_of(&[0.0; CHROMA_FFT_BINS]), [0.0; CHROMA_BINS]);
    }
}
