//! Mel bands: how much power lies in 128 overlapping triangles that are narrow at low and wide at high frequencies.

use super::spectrum::MEL_BINS;
use super::{MEL_BANDS, MEL_FFT, POWER_FLOOR, SAMPLE_RATE};

/// Weights that are applied at once.
const BLOCK: usize = 4;

/// Each bin lies in two triangles at most, and each triangle is filled up to whole blocks.
const MAX_BLOCKS: usize = 2 * MEL_BINS / BLOCK + MEL_BANDS;

/// The filter bank, without its zeros but for those that fill up blocks.
///
/// Slaney's scale (linear below 1 kHz, logarithmic above) and area normalisation, from 0 Hz to half the sample rate: librosa's
/// `filters.mel(htk=False, norm="slaney")` (McFee et al. 2015, after Slaney's Auditory Toolbox).
pub struct MelFilters {
    /// The first bin of each band.
    first_bin: [u16; MEL_BANDS],
    /// Where each band's blocks end; they begin where the band before ends.
    end: [u16; MEL_BANDS],
    blocks: [[f32; BLOCK]; MAX_BLOCKS],
}

impl MelFilters {
    pub(super) const EMPTY: Self =
        Self { first_bin: [0; MEL_BANDS], end: [0; MEL_BANDS], blocks: [[0.0; BLOCK]; MAX_BLOCKS] };

    pub(super) fn fill(&mut self) {
        let mut start = 0;
        for band in 0..MEL_BANDS {
            let place = band as f64;
            let (low, centre, high) = (band_hz(place - 1.0), band_hz(place), band_hz(place + 1.0));
            let norm = 2.0 / (high - low);
            let weight = |bin: usize| {
                let frequency = bin as f64 * SAMPLE_RATE as f64 / MEL_FFT as f64;
                norm * ((frequency - low) / (centre - low)).min((high - frequency) / (high - centre))
            };
            let heard = |bin: &usize| weight(*bin) > 0.0;
            let first = (0..MEL_BINS).find(heard).unwrap_or(0);
            let last = (0..MEL_BINS).rfind(heard).unwrap_or(0);
            let blocks = (last + 1 - first).div_ceil(BLOCK);
            // Whole blocks must fit into the spectrum.
            let first = first.min(MEL_BINS - blocks * BLOCK);
            let weights = self.blocks[start..][..blocks].as_flattened_mut();
            for (bin, target) in (first..).zip(weights) {
                *target = weight(bin).max(0.0) as f32;
            }
            start += blocks;
            self.first_bin[band] = first as u16;
            self.end[band] = start as u16;
        }
    }

    /// Power in each band.
    ///
    /// * `power`: `|X[k]|²` for `k = 0..=MEL_FFT / 2`
    /// * `bands`: receives `Σ weight · power`
    pub fn apply(&self, power: &[f32; MEL_BINS], bands: &mut [f32; MEL_BANDS]) {
        let mut start = 0;
        for ((band, &first), &end) in bands.iter_mut().zip(&self.first_bin).zip(&self.end) {
            let end = usize::from(end);
            let powers = power[usize::from(first)..].as_chunks::<BLOCK>().0;
            let mut lanes = [0.0; BLOCK];
            for (weights, powers) in self.blocks[start..end].iter().zip(powers) {
                for ((lane, weight), power) in lanes.iter_mut().zip(weights).zip(powers) {
                    *lane += weight * power;
                }
            }
            *band = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
            start = end;
        }
    }
}

/// `10·log10`, floor [`POWER_FLOOR`]; no floor relative to the loudest, which a stream doesn't know.
///
/// Off by 7e-6 dB at most. There is neither a branch nor a call in it, so a loop over bands becomes vector instructions; every machine gets
/// the same bits. `power` is finite; what is not a number counts as silence.
#[inline]
pub fn to_decibels(power: f32) -> f32 {
    let bits = power.max(POWER_FLOOR).to_bits();
    // power = 2^exponent · mantissa, with the mantissa between √½ and √2.
    let exponent = bits.wrapping_sub(SQRT_HALF_BITS).cast_signed() >> MANTISSA_BITS;
    let mantissa = f32::from_bits(bits.wrapping_sub((exponent << MANTISSA_BITS).cast_unsigned()));
    // ln(mantissa) = 2·artanh(s), by the series of artanh: s is 0.172 at most.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let tail = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    let octaves = exponent as f32;
    octaves * OCTAVE_DB_HIGH + (octaves * OCTAVE_DB_LOW + (ARTANH_DB * s + ARTANH_DB * s * tail))
}

const MANTISSA_BITS: u32 = f32::MANTISSA_DIGITS - 1;
const SQRT_HALF_BITS: u32 = core::f32::consts::FRAC_1_SQRT_2.to_bits();

/// `10·log10(2)` in two parts, the first with so few digits that its products with exponents are exact.
const OCTAVE_DB_HIGH: f32 = 3.0097656;
const OCTAVE_DB_LOW: f32 = (10.0 * core::f64::consts::LOG10_2 - OCTAVE_DB_HIGH as f64) as f32;

/// Decibels of `2·artanh`, which is a natural logarithm.
const ARTANH_DB: f32 = (20.0 * core::f64::consts::LOG10_E) as f32;

const HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / HZ_PER_MEL;

/// A factor of 6.4 in frequency is 27 mel.
fn mel_step() -> f64 {
    libm::log(6.4) / 27.0
}

/// Where the middle of a band lies, in Hz; between two bands, where that of a band in between would.
///
/// Each triangle begins in the middle of the band before (the first at 0 Hz, as if there were a band −1) and ends in that of the next.
pub fn band_hz(band: f64) -> f64 {
    mel_to_hz(band_width() * (band + 1.0))
}

/// The band whose middle lies at a frequency, [`band_hz`] the other way.
pub fn band_at(hz: f64) -> f64 {
    hz_to_mel(hz) / band_width() - 1.0
}

/// From the middle of one band to the next, in mel.
fn band_width() -> f64 {
    hz_to_mel(SAMPLE_RATE as f64 / 2.0) / (MEL_BANDS + 1) as f64
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ { hz / HZ_PER_MEL } else { LOG_FROM_MEL + libm::log(hz / LOG_FROM_HZ) / mel_step() }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL { mel * HZ_PER_MEL } else { LOG_FROM_HZ * libm::exp(mel_step() * (mel - LOG_FROM_MEL)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_its_own_inverse() {
        for hz in [0.0, 440.0, 999.9, 1000.0, 1000.1, 8000.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-9, "{hz}");
        }
    }

    #[test]
    fn bands_lie_between_0_hz_and_half_the_sample_rate() {
        assert_eq!(band_hz(-1.0), 0.0);
        assert!((band_hz(MEL_BANDS as f64) - SAMPLE_RATE as f64 / 2.0).abs() < 1e-9);
        for band in [0.0, 17.25, 127.0] {
            assert!((band_at(band_hz(band)) - band).abs() < 1e-9);
        }
    }

    #[test]
    fn every_band_hears_something() {
        let mut filters = MelFilters::EMPTY;
        filters.fill();
        let mut bands = [0.0; MEL_BANDS];
        filters.apply(&[1.0; MEL_BINS], &mut bands);
        // Area normalisation: each triangle holds about one over the 15.625 Hz between bins.
        assert!(bands.iter().all(|&band| (0.7..1.3).contains(&(band * 15.625))), "{bands:?}");
    }

    #[test]
    fn decibels_are_right_to_the_last_digits_of_the_largest() {
        for bits in (POWER_FLOOR.to_bits()..1e8f32.to_bits()).step_by(331) {
            let power = f32::from_bits(bits);
            let exact = 10.0 * libm::log10(f64::from(power));
            assert!((f64::from(to_decibels(power)) - exact).abs() < 7e-6, "{power}");
        }
    }

    #[test]
    fn silence_is_minus_100_decibels() {
        assert_eq!(to_decibels(0.0), -100.0);
        assert_eq!(to_decibels(f32::NAN), -100.0);
        assert_eq!(to_decibels(1.0), 0.0);
    }
}
