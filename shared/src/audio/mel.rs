//! Mel bands: how much power lies in 128 overlapping triangles that are narrow at low and wide at high frequencies.

use super::spectrum::MEL_BINS;
use super::{MEL_BANDS, MEL_FFT, POWER_FLOOR, SAMPLE_RATE};

/// Each bin lies in two triangles at most.
const MAX_WEIGHTS: usize = 2 * MEL_BINS;

/// The filter bank, without its zeros.
///
/// Slaney's scale (linear below 1 kHz, logarithmic above) and area normalisation, from 0 Hz to half the sample rate: librosa's
/// `filters.mel(htk=False, norm="slaney")` (McFee et al. 2015, after Slaney's Auditory Toolbox).
pub struct MelFilters {
    /// The first bin of each band.
    first_bin: [u16; MEL_BANDS],
    /// Where each band's weights end; they begin where the band before ends.
    end: [u16; MEL_BANDS],
    weights: [f32; MAX_WEIGHTS],
}

impl MelFilters {
    pub(super) const EMPTY: Self = Self { first_bin: [0; MEL_BANDS], end: [0; MEL_BANDS], weights: [0.0; MAX_WEIGHTS] };

    pub(super) fn fill(&mut self) {
        let top = hz_to_mel(SAMPLE_RATE as f64 / 2.0);
        let edge = |index: usize| mel_to_hz(top * index as f64 / (MEL_BANDS + 1) as f64);
        let mut used = 0;
        for band in 0..MEL_BANDS {
            let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
            let norm = 2.0 / (high - low);
            let mut first = None;
            for bin in 0..MEL_BINS {
                let frequency = bin as f64 * SAMPLE_RATE as f64 / MEL_FFT as f64;
                let weight = ((frequency - low) / (centre - low)).min((high - frequency) / (high - centre));
                if weight > 0.0 {
                    first.get_or_insert(bin);
                    self.weights[used] = (weight * norm) as f32;
                    used += 1;
                }
            }
            self.first_bin[band] = first.unwrap_or(0) as u16;
            self.end[band] = used as u16;
        }
    }

    /// Power in each band.
    ///
    /// * `power`: `|X[k]|²` for `k = 0..=MEL_FFT / 2`
    /// * `bands`: receives `Σ weight · power`
    pub fn apply(&self, power: &[f32; MEL_BINS], bands: &mut [f32; MEL_BANDS]) {
        let mut start = 0;
        for ((band, &first), &end) in bands.iter_mut().zip(&self.first_bin).zip(&self.end) {
            let weights = &self.weights[start..usize::from(end)];
            *band = weights.iter().zip(&power[usize::from(first)..]).map(|(weight, power)| weight * power).sum();
            start = usize::from(end);
        }
    }
}

/// `10·log10`, floor [`POWER_FLOOR`]; no floor relative to the loudest, which a stream doesn't know.
pub fn to_decibels(power: f32) -> f32 {
    10.0 * libm::log10f(power.max(POWER_FLOOR))
}

const HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / HZ_PER_MEL;

/// A factor of 6.4 in frequency is 27 mel.
fn mel_step() -> f64 {
    libm::log(6.4) / 27.0
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
    fn every_band_hears_something() {
        let mut filters = MelFilters::EMPTY;
        filters.fill();
        let mut bands = [0.0; MEL_BANDS];
        filters.apply(&[1.0; MEL_BINS], &mut bands);
        // Area normalisation: each triangle holds about one over the 15.625 Hz between bins.
        assert!(bands.iter().all(|&band| (0.7..1.3).contains(&(band * 15.625))), "{bands:?}");
    }

    #[test]
    fn silence_is_minus_100_decibels() {
        assert_eq!(to_decibels(0.0), -100.0);
        assert_eq!(to_decibels(f32::NAN), -100.0);
        assert_eq!(to_decibels(1.0), 0.0);
    }
}
