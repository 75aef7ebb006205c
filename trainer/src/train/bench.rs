//! How fast a recipe trains here: the training loop itself, on made-up data of the real shapes.

use super::face_examples::FaceExamples;
use super::feature_cache::FeatureCache;
use super::learner::learn;
use super::speech_examples::SpeechExamples;
use super::step::Learner;
use super::stopwatch::Stopwatch;
use super::{Examples, Recipe};
use crate::augment::Variation;
use crate::dataset::split::Split;
use crate::dataset::{Clip, Part, Picture};
use crate::network::Architecture;
use burn::tensor::Device;
use indicatif::ProgressBar;
use moodbox_shared::audio::{SAMPLE_RATE, SpeechInputKind};
use moodbox_shared::media::image_file::OwnedLuma;
use moodbox_shared::model::Task;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::atomic::AtomicBool;

/// Pictures that are made up; every one is used again and again.
const PICTURES: usize = 256;

/// Clips that are made up, as long as those of RAVDESS.
const CLIPS: usize = 16;
const CLIP_SECONDS: f32 = 3.7;

/// Batches before the time counts: memory is asked for, kernels are chosen.
const WARM_UP_BATCHES: usize = 3;

/// Trains on this many batches; returns where the time went, waiting for the device after each phase.
///
/// * `devices`: at least one
pub fn time_training(
    task: Task,
    architecture: &Architecture,
    recipe: &Recipe,
    speech_input: SpeechInputKind,
    devices: &[Device],
    batches: usize,
) -> Stopwatch {
    match task {
        Task::Face => time(&faces(), architecture, recipe, devices, batches),
        Task::Speech => time(&voices(speech_input, recipe), architecture, recipe, devices, batches),
    }
}

fn time<E: Examples>(
    examples: &E,
    architecture: &Architecture,
    recipe: &Recipe,
    devices: &[Device],
    batches: usize,
) -> Stopwatch {
    let mut learner = Learner::new(architecture, recipe, devices);
    let mut pass = |batches: usize| {
        let repeated = Repeated { examples, len: batches * recipe.batch };
        let mut stopwatch = Stopwatch::start(true);
        learn(&mut learner, &repeated, recipe, 1, &mut stopwatch, &AtomicBool::new(false), &ProgressBar::hidden());
        stopwatch
    };
    pass(WARM_UP_BATCHES);
    pass(batches)
}

/// The same examples over and over.
struct Repeated<'a, E> {
    examples: &'a E,
    len: usize,
}

impl<E: Examples> Examples for Repeated<'_, E> {
    fn input_shape(&self) -> [usize; 3] {
        self.examples.input_shape()
    }

    fn classes(&self) -> usize {
        self.examples.classes()
    }

    fn training_len(&self) -> usize {
        self.len
    }

    fn shares(&self) -> &[f32] {
        self.examples.shares()
    }

    fn shown(&self) -> &[bool] {
        self.examples.shown()
    }

    fn training_example(
        &self,
        index: usize,
        variation: Option<&Variation>,
        rng: &mut StdRng,
        input: &mut [f32],
        target: &mut [f32],
    ) {
        self.examples.training_example(index % self.examples.training_len(), variation, rng, input, target);
    }

    fn selection_len(&self) -> usize {
        self.examples.selection_len()
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        self.examples.selection_example(index, input)
    }
}

/// Noise in the size of FER2013's pictures, of every emotion that a face has.
fn faces() -> FaceExamples {
    use crate::dataset::fer2013::{EMOTION_CODES, SIDE};
    let mut rng = StdRng::seed_from_u64(1);
    let pictures = (0..PICTURES).map(|index| Picture {
        id: index.to_string(),
        emotion: EMOTION_CODES[index % EMOTION_CODES.len()],
        part: Part::Train,
        luma: OwnedLuma::new(SIDE, SIDE, (0..SIDE * SIDE).map(|_| rng.random()).collect()).expect("as many as it has"),
        content_hash: index as u64,
    });
    FaceExamples::new(pictures.collect(), None, &Split::from_fn(PICTURES, |_| false), None)
}

/// Noise as long as RAVDESS's clips, of every emotion that a voice has.
fn voices(kind: SpeechInputKind, recipe: &Recipe) -> SpeechExamples {
    use moodbox_shared::Emotion;
    let mut rng = StdRng::seed_from_u64(1);
    let clips: Vec<Clip> = (0..CLIPS)
        .map(|index| Clip {
            id: index.to_string(),
            emotion: Emotion::ALL[index % Emotion::ALL.len()],
            speaker: None,
            samples: (0..(CLIP_SECONDS * SAMPLE_RATE as f32) as usize).map(|_| rng.random_range(-9000..9000)).collect(),
            content_hash: index as u64,
        })
        .collect();
    let split = Split::from_fn(CLIPS, |_| false);
    SpeechExamples::new(kind, &clips, &split, recipe.augment, recipe.seed, None, &FeatureCache::none())
}
