//! Variations of a voice, made of the rows of its features: another throat, another tempo, another room, microphone and noise.
//!
//! They are drawn afresh each time an example is learned from. Mel bands are varied and MFCC computed from them again; chroma only follows the
//! tempo, for a throat changes no note (the variants of [`super::speech`], made from samples, change those).

use super::normal;
use moodbox_shared::audio::mel::{band_at, band_hz};
use moodbox_shared::audio::mfcc::Dct;
use moodbox_shared::audio::{FeatureRow, HOP, MEL_BANDS, POWER_FLOOR, SAMPLE_RATE, WINDOW_ROWS};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How far a voice is varied.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceVariation {
    /// Change of the vocal tract's length, in parts, at the most (VTLP, Jaitly and Hinton 2013).
    pub tract: f32,
    /// Change of the tempo, in parts, at the most.
    pub tempo: f32,
    /// Deviation of each of the waves that room and microphone lay over the spectrum, in dB.
    pub colour_db: f32,
    /// Probability that the room answers.
    pub echo: f64,
    /// Probability of noise.
    pub noise: f64,
    /// Its signal-to-noise ratio in dB, at the least.
    pub least_snr_db: f32,
    /// Whether parts of the finished input are hidden ([`super::speech::hide_parts`]).
    pub masks: bool,
}

impl VoiceVariation {
    /// Changes no row.
    pub const MASKS_ALONE: Self =
        Self { tract: 0.0, tempo: 0.0, colour_db: 0.0, echo: 0.0, noise: 0.0, least_snr_db: 5.0, masks: true };

    /// What people, rooms and microphones do.
    pub const USUAL: Self =
        Self { tract: 0.12, tempo: 0.12, colour_db: 2.0, echo: 0.25, noise: 0.4, least_snr_db: 5.0, masks: false };

    /// Whether rows are changed at all.
    fn changes_rows(&self) -> bool {
        self.tract > 0.0 || self.tempo > 0.0 || self.colour_db > 0.0 || self.echo > 0.0 || self.noise > 0.0
    }

    /// The last rows of a clip, as many as a window can need, varied at random.
    ///
    /// * `rows`: oldest first
    pub fn apply(&self, rows: &[FeatureRow], dct: &Dct, rng: &mut impl Rng) -> Vec<FeatureRow> {
        if !self.changes_rows() {
            return rows.to_vec();
        }
        let tempo = 1.0 + rng.random_range(-1.0..=1.0) * self.tempo;
        let needed = ((WINDOW_ROWS as f32 * tempo).ceil() as usize + 1).min(rows.len());
        let mut varied = at_tempo(&rows[rows.len() - needed..], tempo);
        let tract = Warp::new(1.0 + rng.random_range(-1.0..=1.0) * self.tract);
        let colour = waves(self.colour_db, rng);
        let echo = rng.random_bool(self.echo).then(|| Echo::random(rng));
        let noise = rng.random_bool(self.noise).then(|| {
            let snr_db = rng.random_range(self.least_snr_db..=self.least_snr_db + NOISE_RANGE_DB);
            (snr_db, waves(NOISE_COLOUR_DB, rng))
        });

        let mut powers: Vec<[f32; MEL_BANDS]> = varied.iter().map(|row| tract.apply(row.mel_db())).collect();
        for power in powers.as_flattened_mut() {
            *power = from_decibels(*power);
        }
        if let Some(echo) = echo {
            echo.apply(&mut powers);
        }
        for row in &mut powers {
            row.iter_mut().zip(&colour).for_each(|(power, gain_db)| *power *= from_decibels(*gain_db));
        }
        if let Some((snr_db, colour)) = noise {
            add_noise(&mut powers, snr_db, &colour, rng);
        }
        for (row, powers) in varied.iter_mut().zip(&powers) {
            let (mfcc, rest) = row.0.split_at_mut(FeatureRow::CHROMA_START);
            let mel_db = &mut rest[FeatureRow::MEL_START - FeatureRow::CHROMA_START..];
            for (decibels, power) in mel_db.iter_mut().zip(powers) {
                *decibels = 10.0 * power.max(POWER_FLOOR).log10();
            }
            dct.apply(mel_db, mfcc);
        }
        varied
    }
}

/// From the least signal-to-noise ratio to the highest.
const NOISE_RANGE_DB: f32 = 30.0;

/// Deviation of each of the waves in the spectrum of noise.
const NOISE_COLOUR_DB: f32 = 6.0;

fn from_decibels(decibels: f32) -> f32 {
    (decibels * (core::f32::consts::LN_10 / 10.0)).exp()
}

/// Rows as if spoken faster (above one) or slower, linear between neighbours; the last stays the last.
fn at_tempo(rows: &[FeatureRow], tempo: f32) -> Vec<FeatureRow> {
    let Some(last) = rows.len().checked_sub(1) else {
        return Vec::new();
    };
    let count = (last as f32 / tempo) as usize + 1;
    (0..count)
        .rev()
        .map(|from_end| {
            let place = (last as f32 - from_end as f32 * tempo).max(0.0);
            let (before, part) = (place as usize, place.fract());
            let after = (before + 1).min(last);
            FeatureRow(core::array::from_fn(|k| rows[before].0[k] + part * (rows[after].0[k] - rows[before].0[k])))
        })
        .collect()
}

/// Where each band of a throat of another length is found in the one that spoke.
struct Warp {
    /// The band below, and how far toward the next.
    places: [(usize, f32); MEL_BANDS],
}

impl Warp {
    /// Resonances move by this factor up to here, and less above so that half the sample rate stays where it is.
    const TOP_HZ: f64 = 4800.0;

    /// * `factor`: above one, resonances lie lower: a longer throat
    fn new(factor: f32) -> Self {
        let factor = f64::from(factor);
        let nyquist = SAMPLE_RATE as f64 / 2.0;
        let bend = Self::TOP_HZ * factor.min(1.0) / factor;
        let source = |hz: f64| {
            if hz <= bend {
                hz * factor
            } else {
                nyquist - (nyquist - bend * factor) / (nyquist - bend) * (nyquist - hz)
            }
        };
        let last = (MEL_BANDS - 1) as f64;
        let place = |band: usize| band_at(source(band_hz(band as f64))).clamp(0.0, last);
        Self { places: core::array::from_fn(|band| (place(band) as usize, place(band).fract() as f32)) }
    }

    fn apply(&self, mel_db: &[f32]) -> [f32; MEL_BANDS] {
        self.places.map(|(below, part)| {
            let above = (below + 1).min(MEL_BANDS - 1);
            mel_db[below] + part * (mel_db[above] - mel_db[below])
        })
    }
}

/// A smooth random curve over the bands, in dB: four cosine waves, the first a tilt.
fn waves(deviation_db: f32, rng: &mut impl Rng) -> [f32; MEL_BANDS] {
    let heights: [f32; 4] = core::array::from_fn(|_| deviation_db * normal(rng));
    core::array::from_fn(|band| {
        let place = core::f32::consts::PI * (band as f32 + 0.5) / MEL_BANDS as f32;
        heights.iter().zip(1u8..).map(|(height, wave)| height * (f32::from(wave) * place).cos()).sum()
    })
}

/// The diffuse answer of a room: power that decays evenly in dB (Polack 1993).
struct Echo {
    /// What is left of the power after a hop.
    decay: f32,
    /// Power of the answer, in parts of the direct sound's.
    level: f32,
}

impl Echo {
    fn random(rng: &mut impl Rng) -> Self {
        // Living rooms to stairwells; the answer is as loud as the voice at the most.
        let reverberation_s = rng.random_range(0.2..=1.0);
        let hop_s = HOP as f32 / SAMPLE_RATE as f32;
        Self {
            decay: from_decibels(-60.0 * hop_s / reverberation_s),
            level: from_decibels(rng.random_range(-15.0..=0.0)),
        }
    }

    fn apply(&self, powers: &mut [[f32; MEL_BANDS]]) {
        let mut answer = [0.0f32; MEL_BANDS];
        for row in powers {
            for (power, answer) in row.iter_mut().zip(&mut answer) {
                let direct = *power;
                *power += self.level * *answer;
                *answer = self.decay * *answer + (1.0 - self.decay) * direct;
            }
        }
    }
}

/// Adds steady noise of a colour.
fn add_noise(powers: &mut [[f32; MEL_BANDS]], snr_db: f32, colour_db: &[f32; MEL_BANDS], rng: &mut impl Rng) {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    let voice = mean(powers.as_flattened());
    let spectrum = colour_db.map(from_decibels);
    let level = voice / mean(&spectrum) * from_decibels(-snr_db);
    for row in powers {
        for (power, noise) in row.iter_mut().zip(&spectrum) {
            // A band sums a few bins, each of which has the power of two squares of normal numbers.
            let fluctuation = -0.5 * ((1.0 - rng.random::<f32>()) * (1.0 - rng.random::<f32>())).ln();
            *power += level * noise * fluctuation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::audio::FEATURES;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// Rows with a resonance in one band, louder and louder, and MFCC that belong to it.
    fn voice(band: usize, count: usize) -> Vec<FeatureRow> {
        let dct = Dct::new();
        (0..count)
            .map(|t| {
                let mut row = FeatureRow([0.25; FEATURES]);
                let (mfcc, rest) = row.0.split_at_mut(FeatureRow::CHROMA_START);
                let mel_db = &mut rest[FeatureRow::MEL_START - FeatureRow::CHROMA_START..];
                for (index, value) in mel_db.iter_mut().enumerate() {
                    *value = -60.0 - 0.5 * index.abs_diff(band) as f32 + 0.05 * t as f32;
                }
                dct.apply(mel_db, mfcc);
                row
            })
            .collect()
    }

    fn vary(variation: VoiceVariation, rows: &[FeatureRow], seed: u64) -> Vec<FeatureRow> {
        variation.apply(rows, &Dct::new(), &mut StdRng::seed_from_u64(seed))
    }

    fn loudest(mel_db: &[f32]) -> usize {
        (0..MEL_BANDS).max_by(|&one, &other| mel_db[one].total_cmp(&mel_db[other])).unwrap()
    }

    #[test]
    fn a_throat_of_the_same_length_changes_nothing() {
        let mel_db: Vec<f32> = (0..MEL_BANDS).map(|band| (band as f32 * 0.3).sin()).collect();
        for (got, expected) in Warp::new(1.0).apply(&mel_db).iter().zip(&mel_db) {
            assert!((got - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn a_longer_throat_has_lower_resonances() {
        let rows = voice(60, 1);
        let moved = Warp::new(1.1).apply(rows[0].mel_db());
        let hz = |band: usize| band_hz(band as f64);
        let ratio = hz(60) / hz(loudest(&moved));
        assert!((ratio - 1.1).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn a_faster_voice_has_fewer_rows_and_ends_alike() {
        let rows = voice(60, 240);
        let fast = at_tempo(&rows, 1.2);
        assert_eq!(fast.len(), 200);
        assert_eq!(fast.last(), rows.last());
        assert!((fast[0].mel_db()[60] - rows[0].mel_db()[60]).abs() < 0.06);
        assert!(at_tempo(&rows, 1.0) == rows);
        assert!(at_tempo(&[], 1.0).is_empty());
    }

    #[test]
    fn enough_rows_are_left_for_a_window_at_any_tempo() {
        let rows = voice(60, 400);
        for seed in 0..20 {
            let varied = vary(VoiceVariation::USUAL, &rows, seed);
            assert!((WINDOW_ROWS..=WINDOW_ROWS + 2).contains(&varied.len()), "{}", varied.len());
        }
        assert_eq!(vary(VoiceVariation::USUAL, &rows[..1], 3).len(), 1);
    }

    #[test]
    fn mfcc_belong_to_the_mel_bands() {
        let rows = voice(60, 200);
        let varied = vary(VoiceVariation::USUAL, &rows, 7);
        assert_ne!(varied[10].mel_db(), rows[10].mel_db());
        let mut expected = [0.0; FeatureRow::CHROMA_START];
        Dct::new().apply(varied[10].mel_db(), &mut expected);
        assert_eq!(varied[10].mfcc(), expected);
        assert_eq!(varied[10].chroma(), rows[10].chroma());
    }

    #[test]
    fn noise_stands_where_it_was_asked_to() {
        let clean: Vec<[f32; MEL_BANDS]> = vec![[2.0; MEL_BANDS]; 300];
        let mut noisy = clean.clone();
        let mut rng = StdRng::seed_from_u64(2);
        let colour = waves(6.0, &mut rng);
        add_noise(&mut noisy, 10.0, &colour, &mut rng);
        let noise: f32 = noisy.as_flattened().iter().map(|power| power - 2.0).sum();
        let snr_db = 10.0 * (clean.as_flattened().iter().sum::<f32>() / noise).log10();
        assert!((snr_db - 10.0).abs() < 0.2, "{snr_db}");
    }

    #[test]
    fn a_room_answers_until_it_has_died_away() {
        let mut powers = vec![[0.0; MEL_BANDS]; 100];
        powers[0] = [1.0; MEL_BANDS];
        Echo { decay: from_decibels(-1.0), level: 1.0 }.apply(&mut powers);
        let answer: f32 = powers[1..].iter().map(|row| row[5]).sum();
        assert!((answer - 1.0).abs() < 1e-3, "the answer has the level's power, {answer}");
        assert!((powers[11][5] / powers[1][5] - 0.1).abs() < 1e-3, "10 dB less after ten hops");
    }

    #[test]
    fn the_same_seed_gives_the_same_variation() {
        let rows = voice(60, 200);
        assert!(vary(VoiceVariation::USUAL, &rows, 1) == vary(VoiceVariation::USUAL, &rows, 1));
        assert!(vary(VoiceVariation::USUAL, &rows, 1) != vary(VoiceVariation::USUAL, &rows, 2));
        assert!(vary(VoiceVariation::MASKS_ALONE, &rows, 1) == rows);
        assert_eq!(loudest(rows[0].mel_db()), 60);
    }
}
