//! Clips of voices as training sees them: rows of features, cut into windows.

use super::Examples;
use super::data::Known;
use super::examples::{shares, shown, spread};
use crate::augment::speech;
use crate::dataset::Clip;
use crate::dataset::split::Split;
use crate::features::{clip_rows, rows_of_clips};
use moodbox_shared::Emotion;
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
    /// The rows of each clip as it is, then of its variants.
    training: Vec<(Vec<Vec<FeatureRow>>, usize)>,
    selection: Vec<(Vec<FeatureRow>, usize)>,
    /// Clip and window of each selection input.
    selection_windows: Vec<(usize, usize)>,
    shares: Vec<f32>,
    shown: Vec<bool>,
    /// Clips left out because they are too short for a single row.
    pub left_out: usize,
}

impl SpeechExamples {
    /// Computes the features of all clips of a split, and of their variants if `augment` says so.
    ///
    /// * `known`: classes and scaling that a network has already; the clips show no other classes
    pub fn new(
        kind: SpeechInputKind,
        clips: &[Clip],
        split: &Split,
        augment: bool,
        seed: u64,
        known: Option<&Known>,
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
            .map(|&index| (rows_with_variants(kind, &clips[index], augment, seed), class(&clips[index])))
            .collect();
        let mut selection: Vec<(Vec<FeatureRow>, usize)> = split
            .selection
            .par_iter()
            .map(|&index| {
                (rows_for(kind, clip_rows(&clips[index].samples), &clips[index].samples), class(&clips[index]))
            })
            .collect();
        let before = training.len() + selection.len();
        training.retain(|(variants, _)| !variants[0].is_empty());
        selection.retain(|(rows, _)| !rows.is_empty());
        let left_out = before - training.len() - selection.len();
        let selection_windows = selection
            .iter()
            .enumerate()
            .flat_map(|(clip, (rows, _))| {
                let windows = if kind == SpeechInputKind::Map { window_starts(rows.len()).count() } else { 1 };
                (0..windows).map(move |window| (clip, window))
            })
            .collect();
        let statistics =
            known.and_then(|known| known.statistics.clone()).unwrap_or_else(|| statistics(kind, &training));
        let occurrences = || training.iter().map(|(_, class)| (*class, 1.0));
        let shares = shares(occurrences(), classes.len());
        let shown = shown(occurrences(), classes.len());
        Self { kind, classes, statistics, training, selection, selection_windows, shares, shown, left_out }
    }

    /// The emotion of each class.
    pub fn class_names(&self) -> &[Emotion] {
        &self.classes
    }

    /// What scales the features: mean and deviation over the training clips.
    pub fn statistics(&self) -> &SpeechStatistics {
        &self.statistics
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
            self.selection.iter().map(|(_, class)| (Vec::new(), *class)).collect();
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
        let (rows, class) = &self.selection[clip];
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

    fn training_example(&self, index: usize, augment: bool, rng: &mut StdRng, input: &mut [f32], target: &mut [f32]) {
        let (variants, class) = &self.training[index];
        let variant = if augment { rng.random_range(0..variants.len()) } else { 0 };
        let rows = &variants[variant];
        let shortest = rows.len().min(WINDOW_ROWS.min(rows.len() * 17 / 20 + 1));
        let end = if augment { rng.random_range(shortest..=rows.len()) } else { rows.len() };
        let mut plain = vec![0.0; self.kind.input_len()];
        self.write(rows, end, &mut plain);
        if augment && self.kind == SpeechInputKind::Map {
            speech::hide_parts(&mut plain, rng);
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

/// The rows of a clip as it is, then of its variants.
fn rows_with_variants(kind: SpeechInputKind, clip: &Clip, augment: bool, seed: u64) -> Vec<Vec<FeatureRow>> {
    let mut variants = vec![clip.samples.clone()];
    if augment {
        let mut rng = StdRng::seed_from_u64(seed ^ clip.content_hash);
        variants.extend(speech::SPEEDS.iter().map(|&speed| speech::at_speed(&clip.samples, speed)));
        variants.extend(speech::SNR_DB.iter().map(|&snr_db| speech::with_noise(&clip.samples, snr_db, &mut rng)));
    }
    let rows = rows_of_clips(&variants);
    let mut rows: Vec<_> =
        rows.into_iter().zip(&variants).map(|(rows, samples)| rows_for(kind, rows, samples)).collect();
    let first = rows.remove(0);
    rows.retain(|rows| !rows.is_empty());
    rows.insert(0, first);
    rows
}

/// What a network reads of a clip's rows: an average is one of the clip's own, without the room sound put in front of short clips.
fn rows_for(kind: SpeechInputKind, mut rows: Vec<FeatureRow>, samples: &[i16]) -> Vec<FeatureRow> {
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
