//! Clips of voices as training sees them: rows of features, cut into windows.

use super::Examples;
use super::data::Known;
use super::examples::{shares, shown, spread};
use super::feature_cache::FeatureCache;
use crate::augment::{Variation, speech};
use crate::dataset::Clip;
use crate::dataset::split::Split;
use crate::features::rows_of_clips;
use moodbox_shared::Emotion;
use moodbox_shared::audio::mfcc::Dct;
use moodbox_shared::audio::speech_input::{average, scale_average};
use moodbox_shared::audio::{
    FEATURES, FeatureRow, SpeechInputKind, SpeechStatistics, SpeechWindow, WINDOW_ROWS, row_count, window_starts,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

/// Clips with their classes, some to learn from and some to choose by.
pub struct SpeechExamples {
    kind: SpeechInputKind,
    classes: Vec<Emotion>,
    statistics: SpeechStatistics,
    /// Makes MFCC of varied mel bands.
    dct: Dct,
    /// The rows of each clip as it is, then of its variants.
    training: Vec<(Vec<Vec<FeatureRow>>, usize)>,
    selection: Vec<SelectionClip>,
    /// Clip and window of each selection input.
    selection_windows: Vec<(usize, usize)>,
    shares: Vec<f32>,
    shown: Vec<bool>,
    /// Clips left out because they are too short for a single row.
    pub left_out: usize,
}

/// A clip to choose by.
#[derive(Debug, PartialEq)]
pub struct SelectionClip {
    /// As the data set names it.
    pub id: String,
    /// Its features, oldest first.
    pub rows: Vec<FeatureRow>,
    /// What is heard in it.
    pub class: usize,
}

impl SpeechExamples {
    /// Computes the features of all clips of a split, and of their variants if `augment` says so, or finds them in the cache.
    ///
    /// * `known`: classes and scaling that a network has already; the clips show no other classes
    pub fn new(
        kind: SpeechInputKind,
        clips: &[Clip],
        split: &Split,
        augment: bool,
        seed: u64,
        known: Option<&Known>,
        cache: &FeatureCache,
    ) -> Self {
        let used = || split.train.iter().chain(&split.selection).map(|&index| &clips[index]);
        let classes: Vec<Emotion> = match known {
            Some(known) => known.classes.clone(),
            None => Emotion::ALL.into_iter().filter(|emotion| used().any(|clip| clip.emotion == *emotion)).collect(),
        };
        let class = |clip: &Clip| classes.iter().position(|emotion| *emotion == clip.emotion).unwrap_or(0);
        let mut training: Vec<(Vec<Vec<FeatureRow>>, usize)> = split
            .train
            .par_iter()
            .map(|&index| (rows_with_variants(kind, &clips[index], augment, seed, cache), class(&clips[index])))
            .collect();
        let mut selection: Vec<SelectionClip> = split
            .selection
            .par_iter()
            .map(|&index| {
                let clip = &clips[index];
                let rows = rows_of_variants(kind, clip, vec![Variant::AsIs], seed, cache).remove(0);
                SelectionClip { id: clip.id.clone(), rows, class: class(clip) }
            })
            .collect();
        let before = training.len() + selection.len();
        training.retain(|(variants, _)| !variants[0].is_empty());
        selection.retain(|clip| !clip.rows.is_empty());
        let left_out = before - training.len() - selection.len();
        let selection_windows = selection
            .iter()
            .enumerate()
            .flat_map(|(index, clip)| {
                let windows = if kind == SpeechInputKind::Map { window_starts(clip.rows.len()).count() } else { 1 };
                (0..windows).map(move |window| (index, window))
            })
            .collect();
        let statistics =
            known.and_then(|known| known.statistics.clone()).unwrap_or_else(|| statistics(kind, &training));
        let occurrences = || training.iter().map(|(_, class)| (*class, 1.0));
        let shares = shares(occurrences(), classes.len());
        let shown = shown(occurrences(), classes.len());
        let dct = Dct::new();
        Self { kind, classes, statistics, dct, training, selection, selection_windows, shares, shown, left_out }
    }

    /// The emotion of each class.
    pub fn class_names(&self) -> &[Emotion] {
        &self.classes
    }

    /// What scales the features: mean and deviation over the training clips.
    pub fn statistics(&self) -> &SpeechStatistics {
        &self.statistics
    }

    /// Clips to choose by.
    pub fn selection(&self) -> &[SelectionClip] {
        &self.selection
    }

    /// Clips to learn from by class.
    pub fn training_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for (_, class) in &self.training {
            counts[*class] += 1;
        }
        counts
    }

    /// Plain training inputs, height × width × channels, evenly spread over the data: what quantisation is calibrated on.
    pub fn calibration(&self, count: usize) -> Vec<Vec<f32>> {
        spread(self.training.len(), count)
            .map(|index| {
                let rows = &self.training[index].0[0];
                let mut input = vec![0.0; self.kind.input_len()];
                self.write(rows, rows.len(), &mut input);
                input
            })
            .collect()
    }

    /// Plain selection inputs, height × width × channels: of each clip its windows, with its class.
    pub fn selection_inputs(&self) -> Vec<(Vec<Vec<f32>>, usize)> {
        let mut clips: Vec<(Vec<Vec<f32>>, usize)> =
            self.selection.iter().map(|clip| (Vec::new(), clip.class)).collect();
        for (index, &(clip, _)) in self.selection_windows.iter().enumerate() {
            let mut input = vec![0.0; self.kind.input_len()];
            self.write_selection(index, &mut input);
            clips[clip].0.push(input);
        }
        clips
    }

    /// The input made of the rows before `end`, height × width × channels.
    fn write(&self, rows: &[FeatureRow], end: usize, input: &mut [f32]) {
        write_input(self.kind, rows, end, &self.statistics, input);
    }

    fn write_selection(&self, index: usize, input: &mut [f32]) -> usize {
        let (clip, window) = self.selection_windows[index];
        let SelectionClip { rows, class, .. } = &self.selection[clip];
        let start = window_starts(rows.len()).nth(window).unwrap_or(0);
        self.write(rows, (start + WINDOW_ROWS).min(rows.len()), input);
        *class
    }

    /// From height × width × channels to channels × height × width.
    fn channels_first(&self, plain: &[f32], input: &mut [f32]) {
        let [height, width, channels] = self.kind.input_shape();
        for (place, row) in plain.chunks_exact(channels).enumerate() {
            for (channel, &value) in row.iter().enumerate() {
                input[channel * height * width + place] = value;
            }
        }
    }
}

impl Examples for SpeechExamples {
    fn input_shape(&self) -> [usize; 3] {
        let [height, width, channels] = self.kind.input_shape();
        [channels, height, width]
    }

    fn classes(&self) -> usize {
        self.classes.len()
    }

    fn training_len(&self) -> usize {
        self.training.len()
    }

    fn shares(&self) -> &[f32] {
        &self.shares
    }

    fn shown(&self) -> &[bool] {
        &self.shown
    }

    fn training_example(
        &self,
        index: usize,
        variation: Option<&Variation>,
        rng: &mut StdRng,
        input: &mut [f32],
        target: &mut [f32],
    ) {
        let (variants, class) = &self.training[index];
        let mut plain = vec![0.0; self.kind.input_len()];
        match variation {
            Some(variation) if self.kind == SpeechInputKind::Map => {
                let rows = &variants[rng.random_range(0..variants.len())];
                let shortest = rows.len().min(WINDOW_ROWS.min(rows.len() * 17 / 20 + 1));
                let end = rng.random_range(shortest..=rows.len());
                let varied = variation.voice.apply(&rows[..end], &self.dct, rng);
                self.write(&varied, varied.len(), &mut plain);
                if variation.voice.masks {
                    speech::hide_parts(&mut plain, rng);
                }
            }
            Some(_) => {
                let rows = &variants[rng.random_range(0..variants.len())];
                self.write(rows, rows.len(), &mut plain);
            }
            None => self.write(&variants[0], variants[0].len(), &mut plain),
        }
        self.channels_first(&plain, input);
        target[*class] += 1.0;
    }

    fn selection_len(&self) -> usize {
        self.selection_windows.len()
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        let mut plain = vec![0.0; self.kind.input_len()];
        let class = self.write_selection(index, &mut plain);
        self.channels_first(&plain, input);
        class
    }

    fn selection_group(&self, index: usize) -> usize {
        self.selection_windows[index].0
    }
}

/// What is learned from in place of a clip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Variant {
    /// The clip itself.
    AsIs,
    /// Faster or slower.
    Speed(f32),
    /// In noise, by the place of its loudness in [`speech::SNR_DB`].
    Noise(usize),
}

impl Variant {
    /// Every variant, the clip as it is first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let speeds = speech::SPEEDS.into_iter().map(Self::Speed);
        [Self::AsIs].into_iter().chain(speeds).chain((0..speech::SNR_DB.len()).map(Self::Noise))
    }

    /// The sound.
    ///
    /// * `seed`: of the noise, the clip's own
    pub(super) fn samples(self, samples: &[i16], seed: u64) -> Vec<i16> {
        match self {
            Self::AsIs => samples.to_vec(),
            Self::Speed(speed) => speech::at_speed(samples, speed),
            Self::Noise(place) => {
                let mut rng = StdRng::seed_from_u64(seed);
                // One generator makes the noises one after the other.
                let noisy =
                    speech::SNR_DB[..=place].iter().map(|&snr_db| speech::with_noise(samples, snr_db, &mut rng));
                noisy.last().unwrap_or_default()
            }
        }
    }

    /// The name of its rows in the cache.
    fn name(self, kind: SpeechInputKind, clip: &Clip, seed: u64) -> String {
        let variant = match self {
            Self::AsIs => "as-is".to_owned(),
            Self::Speed(speed) => format!("speed-{speed}"),
            Self::Noise(place) => format!("noise-{}-{seed:016x}", speech::SNR_DB[place]),
        };
        let kind = if kind == SpeechInputKind::Average { "own-" } else { "" };
        format!("{:016x}-{}-{kind}{variant}", clip.content_hash, clip.samples.len())
    }
}

/// The rows of a clip as it is, then of its variants.
fn rows_with_variants(
    kind: SpeechInputKind,
    clip: &Clip,
    augment: bool,
    seed: u64,
    cache: &FeatureCache,
) -> Vec<Vec<FeatureRow>> {
    let variants = if augment { Variant::all().collect() } else { vec![Variant::AsIs] };
    let mut rows = rows_of_variants(kind, clip, variants, seed, cache);
    let first = rows.remove(0);
    rows.retain(|rows| !rows.is_empty());
    rows.insert(0, first);
    rows
}

/// The rows of these variants of a clip, computed where the cache does not have them.
fn rows_of_variants(
    kind: SpeechInputKind,
    clip: &Clip,
    variants: Vec<Variant>,
    seed: u64,
    cache: &FeatureCache,
) -> Vec<Vec<FeatureRow>> {
    let seed = seed ^ clip.content_hash;
    let names: Vec<String> = variants.iter().map(|variant| variant.name(kind, clip, seed)).collect();
    let mut found: Vec<Option<Vec<FeatureRow>>> = names.iter().map(|name| cache.load(name)).collect();
    let missing: Vec<usize> = (0..variants.len()).filter(|&place| found[place].is_none()).collect();
    let sounds: Vec<Vec<i16>> = missing.iter().map(|&place| variants[place].samples(&clip.samples, seed)).collect();
    for ((&place, sound), rows) in missing.iter().zip(&sounds).zip(rows_of_clips(&sounds)) {
        let rows = rows_for(kind, rows, sound);
        cache.store(&names[place], &rows);
        found[place] = Some(rows);
    }
    found.into_iter().flatten().collect()
}

/// What a network reads of a clip's rows: an average is one of the clip's own, without the room sound put in front of short clips.
pub fn rows_for(kind: SpeechInputKind, mut rows: Vec<FeatureRow>, samples: &[i16]) -> Vec<FeatureRow> {
    if kind == SpeechInputKind::Average {
        rows.drain(..rows.len().saturating_sub(row_count(samples.len())));
    }
    rows
}

/// Offset and scale of each feature over the last windows (or the averages) of the clips as they are.
fn statistics(kind: SpeechInputKind, training: &[(Vec<Vec<FeatureRow>>, usize)]) -> SpeechStatistics {
    let (mut sums, mut squares, mut count) = (vec![0.0f64; FEATURES], vec![0.0f64; FEATURES], 0.0);
    let mut input = vec![0.0; kind.input_len()];
    for (variants, _) in training {
        let rows = &variants[0];
        write_input(kind, rows, rows.len(), &SpeechStatistics::IDENTITY, &mut input);
        for row in input.chunks_exact(FEATURES) {
            for ((sum, square), &value) in sums.iter_mut().zip(&mut squares).zip(row) {
                *sum += f64::from(value);
                *square += f64::from(value) * f64::from(value);
            }
            count += 1.0;
        }
    }
    let mut statistics = SpeechStatistics::IDENTITY;
    if count > 0.0 {
        for (index, (sum, square)) in sums.into_iter().zip(squares).enumerate() {
            let mean = sum / count;
            let deviation = (square / count - mean * mean).max(0.0).sqrt();
            statistics.offset[index] = mean as f32;
            statistics.scale[index] = if deviation > 1e-6 { (1.0 / deviation) as f32 } else { 1.0 };
        }
    }
    statistics
}

fn write_input(
    kind: SpeechInputKind,
    rows: &[FeatureRow],
    end: usize,
    statistics: &SpeechStatistics,
    input: &mut [f32],
) {
    match kind {
        SpeechInputKind::Map => {
            let window = SpeechWindow::ending(&rows[..end]).expect("clips without rows were left out in new()");
            kind.scale(window, statistics, input);
        }
        SpeechInputKind::Average => scale_average(&average(rows), statistics, input),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn clips() -> Vec<Clip> {
        let clip = |number: u64| {
            let noise = |n: u64| (n.wrapping_mul(n + number).wrapping_mul(2_654_435_761) >> 18) as i16 / 4;
            let samples: Vec<i16> = (0..6000 + number * 30_000).map(noise).collect();
            let emotion = [Emotion::Happy, Emotion::Sad][number as usize % 2];
            Clip { id: number.to_string(), emotion, speaker: None, samples, content_hash: 77 * (number + 1) }
        };
        (0..4).map(clip).collect()
    }

    fn examples(kind: SpeechInputKind, cache: &FeatureCache) -> SpeechExamples {
        SpeechExamples::new(kind, &clips(), &Split::from_fn(4, |index| index == 3), true, 5, None, cache)
    }

    fn is_same(one: &SpeechExamples, other: &SpeechExamples) -> bool {
        one.training == other.training && one.selection == other.selection && one.statistics == other.statistics
    }

    #[test]
    fn cached_features_are_the_computed_ones_damaged_entries_or_not() {
        let place = tempfile::tempdir().unwrap();
        for kind in [SpeechInputKind::Map, SpeechInputKind::Average] {
            let computed = examples(kind, &FeatureCache::none());
            let cache = FeatureCache::at(place.path());
            assert!(is_same(&examples(kind, &cache), &computed), "when they are kept");
            assert!(is_same(&examples(kind, &cache), &computed), "when they are found");
        }
        let folder = fs::read_dir(place.path()).unwrap().next().unwrap().unwrap().path();
        let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        // Three clips with seven variants each and one as it is, for each kind of input.
        assert_eq!(entries.len(), 2 * (3 * 7 + 1));
        for entry in &entries {
            fs::write(entry, "damaged").unwrap();
        }
        let computed = examples(SpeechInputKind::Map, &FeatureCache::none());
        assert!(is_same(&examples(SpeechInputKind::Map, &FeatureCache::at(place.path())), &computed));
        let repaired = entries.iter().filter(|entry| fs::read(entry).unwrap().len() > 10).count();
        assert_eq!(repaired, 22);
    }

    #[test]
    fn each_variant_is_what_one_pass_over_all_of_them_makes() {
        let clip = &clips()[1];
        let mut rng = StdRng::seed_from_u64(9);
        for (place, &snr_db) in speech::SNR_DB.iter().enumerate() {
            let expected = speech::with_noise(&clip.samples, snr_db, &mut rng);
            assert_eq!(Variant::Noise(place).samples(&clip.samples, 9), expected);
        }
        assert_eq!(Variant::all().next(), Some(Variant::AsIs));
        assert_eq!(Variant::all().count(), 1 + speech::SPEEDS.len() + speech::SNR_DB.len());
    }
}
