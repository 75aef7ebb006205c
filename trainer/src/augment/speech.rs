//! Variations of a voice: faster and slower, in noise, with parts of the map hidden.

use super::normal;
use moodbox_shared::audio::{CHROMA_BINS, FEATURES, MEL_BANDS, MFCC_COUNT, SAMPLE_RATE, WINDOW_ROWS};
use moodbox_shared::media::audio_file::AudioClip;
use moodbox_shared::media::resample;
use rand::{Rng, RngExt};

/// Speeds of the variants beside the original; pitch goes with them.
pub const SPEEDS: [f32; 4] = [0.88, 0.94, 1.06, 1.12];

/// Signal-to-noise ratios of the noisy variants, in dB.
pub const SNR_DB: [f32; 2] = [20.0, 10.0];

/// The clip played faster (above one) or slower, its pitch with it.
pub fn at_speed(samples: &[i16], speed: f32) -> Vec<i16> {
    let clip = AudioClip {
        sample_rate_hz: (SAMPLE_RATE as f32 * speed).round() as u32,
        samples: samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect(),
    };
    // Rates this close to 16 kHz can be resampled; were one refused, the clip itself is a variation too.
    resample::to_16khz(&clip).unwrap_or_else(|_| samples.to_vec())
}

/// The clip in noise of a random colour between white and pink.
pub fn with_noise(samples: &[i16], snr_db: f32, rng: &mut impl Rng) -> Vec<i16> {
    let power = |samples: &[f32]| samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32;
    let voice: Vec<f32> = samples.iter().map(|&sample| f32::from(sample)).collect();
    let colour = rng.random_range(0.0..0.97);
    let mut last = 0.0;
    let noise: Vec<f32> = voice
        .iter()
        .map(|_| {
            last = colour * last + normal(rng);
            last
        })
        .collect();
    let gain = (power(&voice) / power(&noise).max(1e-9) / 10f32.powf(snr_db / 10.0)).sqrt();
    voice
        .iter()
        .zip(&noise)
        .map(|(voice, noise)| (voice + gain * noise).round().clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

/// Hides stretches of time and of frequency behind zeros, the mean of the scaled features (SpecAugment, Park et al. 2019).
///
/// * `map`: `[WINDOW_ROWS, FEATURES]`, scaled
pub fn hide_parts(map: &mut [f32], rng: &mut impl Rng) {
    for _ in 0..2 {
        let rows = rng.random_range(0..=28);
        let first = rng.random_range(0..=WINDOW_ROWS - rows);
        map[first * FEATURES..(first + rows) * FEATURES].fill(0.0);
    }
    let mel_start = MFCC_COUNT + CHROMA_BINS;
    for (start, len, widest) in [(mel_start, MEL_BANDS, 20), (mel_start, MEL_BANDS, 20), (0, MFCC_COUNT, 6)] {
        let width = rng.random_range(0..=widest);
        let first = start + rng.random_range(0..=len - width);
        for row in map.chunks_exact_mut(FEATURES) {
            row[first..first + width].fill(0.0);
        }
    }
    if rng.random_bool(0.1) {
        for row in map.chunks_exact_mut(FEATURES) {
            row[MFCC_COUNT..mel_start].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn noise_stands_where_it_was_asked_to() {
        let mut rng = StdRng::seed_from_u64(5);
        let voice: Vec<i16> = (0..16_000).map(|i| ((i as f32 * 0.1).sin() * 8_000.0) as i16).collect();
        let noisy = with_noise(&voice, 10.0, &mut rng);
        let power = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>();
        let signal = power(&mut voice.iter().map(|&x| f32::from(x)));
        let noise = power(&mut voice.iter().zip(&noisy).map(|(&a, &b)| f32::from(b) - f32::from(a)));
        assert!((10.0 * (signal / noise).log10() - 10.0).abs() < 0.2);
    }

    #[test]
    fn faster_is_shorter() {
        let voice = vec![0i16; 16_000];
        let len = at_speed(&voice, 1.12).len();
        assert!((14_200..14_350).contains(&len), "{len}");
    }
}
