//! Pictures or clips with their truth and what a network said of them.

use moodbox_shared::Emotion;
use moodbox_shared::audio::FeatureRow;
use moodbox_shared::vision::FACE_INPUT;

use super::JudgedNetwork;
use crate::dataset::LeftOut;
use crate::evaluate::{Scores, most_likely};

/// A picture or clip, and what the network said of it.
#[derive(Clone, Debug)]
pub struct Item {
    /// As the data set names it.
    pub id: String,
    /// What it shows.
    pub truth: Emotion,
    /// Of the picture, or of each window of the clip.
    pub logits: Vec<Vec<f32>>,
    /// What the network saw or heard.
    pub seen: Seen,
}

/// What a network saw or heard.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The crop, `FACE_SIDE` by `FACE_SIDE`.
    Face(Box<[u8; FACE_INPUT]>),
    /// Rows of features, oldest first.
    Voice(Vec<FeatureRow>),
}

/// What a network answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The most likely emotion.
    pub emotion: Emotion,
    /// Its posterior.
    pub confidence: f32,
}

/// Data that a network was judged on.
#[derive(Clone, Debug, Default)]
pub struct JudgedPart {
    /// In the order of their ids.
    pub items: Vec<Item>,
    /// What of the part is not among them.
    pub left_out: LeftOut,
    /// Pictures without contrast, which count as undecided.
    pub without_contrast: usize,
}

/// The data that neither training nor selection saw.
#[derive(Clone, Debug)]
pub enum TestData {
    /// Judged.
    Judged(JudgedPart),
    /// There is none, and why.
    None(String),
}

impl JudgedPart {
    /// The figures under a temperature.
    pub fn scores(&self, network: &JudgedNetwork<'_>, temperature: f32) -> Scores {
        let answers: Vec<(Emotion, Vec<f32>)> =
            self.items.iter().map(|item| (item.truth, network.posteriors(&item.logits, temperature))).collect();
        Scores::new(network.labels(), answers.iter().map(|(truth, posteriors)| (*truth, &posteriors[..])))
    }

    /// The figures of every window by itself; `None` of pictures.
    pub fn window_scores(&self, network: &JudgedNetwork<'_>, temperature: f32) -> Option<Scores> {
        let is_clip = |item: &Item| matches!(item.seen, Seen::Voice(_));
        if !self.items.first().is_some_and(is_clip) {
            return None;
        }
        let windows = self.items.iter().flat_map(|item| item.logits.chunks(1).map(|window| (item.truth, window)));
        let answers: Vec<(Emotion, Vec<f32>)> =
            windows.map(|(truth, window)| (truth, network.posteriors(window, temperature))).collect();
        Some(Scores::new(network.labels(), answers.iter().map(|(truth, posteriors)| (*truth, &posteriors[..]))))
    }

    /// What the network answers to each item.
    pub fn answers(&self, network: &JudgedNetwork<'_>, temperature: f32) -> Vec<Answer> {
        let answer = |item: &Item| {
            let posteriors = network.posteriors(&item.logits, temperature);
            let best = most_likely(&posteriors).unwrap_or(0);
            Answer { emotion: network.labels()[best], confidence: posteriors[best] }
        };
        self.items.iter().map(answer).collect()
    }

    /// Every window's logits, and the class that it shows: what a temperature is fitted on.
    pub fn logits_and_classes(&self, labels: &[Emotion]) -> (Vec<Vec<f32>>, Vec<usize>) {
        let class = |truth: Emotion| labels.iter().position(|&label| label == truth);
        self.items
            .iter()
            .filter_map(|item| Some((item, class(item.truth)?)))
            .flat_map(|(item, class)| item.logits.iter().map(move |logits| (logits.clone(), class)))
            .unzip()
    }
}
