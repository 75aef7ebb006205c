//! Chroma: how the power is shared among the twelve pitch classes, whatever the octave.

use super::spectrum::CHROMA_FFT_BINS;
use super::{CHROMA_BINS, CHROMA_FFT, SAMPLE_RATE};

/// A4, the pitch that the classes are counted from.
const A4_HZ: f64 = 440.0;

/// Octave that weighs most, counted from A0, and how fast the others lose weight (standard deviation in octaves).
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// Bins that are weighed at once.
const BLOCK: usize = 16;

/// Blocks of a spectrum, which are all its bins but the last.
const BLOCKS: usize = CHROMA_FFT_BINS / BLOCK;

const _: () = assert!(BLOCKS <= u64::BITS as usize);

/// Share of a bin's largest weight under which a weight is too small for an `f32` to notice.
const NEGLIGIBLE: f64 = 1.0 / (1u32 << f32::MANTISSA_DIGITS) as f64;

/// The filter bank: a Gaussian of pitch distance around each class, weighted by octave.
///
/// librosa's `filters.chroma(tuning=0)` (McFee et al. 2015, after Ellis 2007).
pub struct ChromaFilters {
    /// `[class][bin]`, all but the last bin.
    weights: [[f32; BLOCK * BLOCKS]; CHROMA_BINS],
    /// Bit `b` of a class tells whether it hears anything in block `b`. About half of the blocks lie between its pitches.
    heard: [u64; CHROMA_BINS],
    /// Weights of the bin at half the sample rate.
    last: [f32; CHROMA_BINS],
}

impl ChromaFilters {
    pub(super) const EMPTY: Self =
        Self { weights: [[0.0; BLOCK * BLOCKS]; CHROMA_BINS], heard: [0; CHROMA_BINS], last: [0.0; CHROMA_BINS] };

    pub(super) fn fill(&mut self) {
        for bin in 0..BLOCK * BLOCKS {
            let weights = weights(bin);
            let largest = weights.iter().copied().fold(0.0, f64::max);
            for (class, weight) in weights.into_iter().enumerate() {
                self.weights[class][bin] = weight as f32;
                self.heard[class] |= u64::from(weight > NEGLIGIBLE * largest) << (bin / BLOCK);
            }
        }
        self.last = weights(BLOCK * BLOCKS).map(|weight| weight as f32);
    }

    /// Share of each pitch class, the loudest being 1; all zero where there is no power at all.
    ///
    /// * `power`: `|X[k]|²` for `k = 0..=CHROMA_FFT / 2`
    /// * `chroma`: receives `[CHROMA_BINS]`, from C
    pub fn apply(&self, power: &[f32; CHROMA_FFT_BINS], chroma: &mut [f32]) {
        let (blocks, last) = power.as_chunks::<BLOCK>();
        let mut sums = [0.0f32; CHROMA_BINS];
        for (((sum, weights), &heard), last_weight) in
            sums.iter_mut().zip(&self.weights).zip(&self.heard).zip(&self.last)
        {
            let weights = weights.as_chunks::<BLOCK>().0;
            let mut lanes = [0.0f32; BLOCK];
            let mut heard = heard;
            while heard != 0 {
                let block = heard.trailing_zeros() as usize;
                for ((lane, weight), power) in lanes.iter_mut().zip(&weights[block]).zip(&blocks[block]) {
                    *lane += weight * power;
                }
                heard &= heard - 1;
            }
            *sum = lanes.iter().sum::<f32>() + last_weight * last[0];
        }
        let loudest = sums.iter().copied().fold(0.0, f32::max);
        let scale = if loudest < f32::MIN_POSITIVE { 1.0 } else { 1.0 / loudest };
        for (target, sum) in chroma.iter_mut().zip(sums) {
            *target = sum * scale;
        }
    }
}

/// What a bin adds to each class.
fn weights(bin: usize) -> [f64; CHROMA_BINS] {
    const CLASSES: f64 = CHROMA_BINS as f64;
    const HALF: f64 = CLASSES / 2.0;
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
    bump.map(|value| value / norm * octave_weight)
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
