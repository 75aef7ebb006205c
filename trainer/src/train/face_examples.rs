//! Pictures of faces as training sees them.

use super::Examples;
use super::data::Known;
use crate::augment::{Variation, picture};
use crate::dataset::split::Split;
use crate::dataset::{Picture, VoteTable};
use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::OwnedLuma;
use moodbox_shared::vision::{FACE_INPUT, FACE_SIDE};
use rand::rngs::StdRng;
use rayon::prelude::*;

/// Pictures with what they show, some to learn from and some to choose by.
pub struct FaceExamples {
    classes: Vec<Emotion>,
    /// Each with how much of each class it shows.
    training: Vec<(OwnedLuma, Vec<f32>)>,
    selection: Vec<SelectionPicture>,
    shares: Vec<f32>,
    shown: Vec<bool>,
    /// Pictures left out because they show no contrast, or nothing that a face has a name for.
    pub left_out: usize,
}

/// A picture to choose by.
pub struct SelectionPicture {
    /// As the data set names it.
    pub id: String,
    /// Its pixels.
    pub luma: OwnedLuma,
    /// What it shows.
    pub class: usize,
}

/// How much of each emotion of [`Emotion::FACE`] something shows.
type Spread = [f32; Emotion::FACE.len()];

/// What a picture shows.
struct Shown {
    /// To whoever learns from it.
    spread: Spread,
    /// To whoever chooses by it; `None` where people don't agree.
    emotion: Option<Emotion>,
}

impl Shown {
    /// By the votes where there are some, else by the picture's own label; `None` where that is nothing to learn from.
    fn by(picture: &Picture, votes: Option<&VoteTable>) -> Option<Self> {
        if let Some(table) = votes {
            let votes = table.of(&picture.id)?;
            return Some(Self { spread: votes.distribution()?, emotion: votes.majority() });
        }
        let mut spread = [0.0; Emotion::FACE.len()];
        spread[picture.emotion.face_index()?] = 1.0;
        Some(Self { spread, emotion: Some(picture.emotion) })
    }
}

impl FaceExamples {
    /// Sorts pictures by a split; classes are the emotions of [`Emotion::FACE`] that occur.
    ///
    /// * `votes`: whose word counts instead of the pictures' own labels; pictures without votes are left out
    /// * `known`: classes that a network has already; the pictures show no others
    pub fn new(pictures: Vec<Picture>, votes: Option<&VoteTable>, split: &Split, known: Option<&Known>) -> Self {
        let total = pictures.len();
        let mut is_selection = vec![false; total];
        for &index in &split.selection {
            is_selection[index] = true;
        }
        let usable: Vec<(bool, Picture, Shown)> = pictures
            .into_par_iter()
            .zip(is_selection)
            .filter_map(|(picture, is_selection)| {
                let shown = Shown::by(&picture, votes)?;
                picture::plain(&picture.luma.view(), &mut [0.0; FACE_INPUT]).ok()?;
                (!is_selection || shown.emotion.is_some()).then_some((is_selection, picture, shown))
            })
            .collect();
        let left_out = total - usable.len();
        let occurs = |index: usize| usable.iter().any(|(.., shown)| shown.spread[index] > 0.0);
        let kept: Vec<usize> = match known {
            Some(known) => known.classes.iter().filter_map(|emotion| emotion.face_index()).collect(),
            None => (0..Emotion::FACE.len()).filter(|&index| occurs(index)).collect(),
        };
        let classes: Vec<Emotion> = kept.iter().map(|&index| Emotion::FACE[index]).collect();

        let (mut training, mut selection) = (Vec::new(), Vec::new());
        for (is_selection, picture, shown) in usable {
            let Picture { id, luma, .. } = picture;
            if !is_selection {
                training.push((luma, kept.iter().map(|&index| shown.spread[index]).collect::<Vec<f32>>()));
            } else if let Some(class) = classes.iter().position(|emotion| Some(*emotion) == shown.emotion) {
                selection.push(SelectionPicture { id, luma, class });
            }
        }
        let occurrences = || training.iter().flat_map(|(_, spread)| spread.iter().copied().enumerate());
        let shares = super::examples::shares(occurrences(), classes.len());
        let shown = super::examples::shown(occurrences(), classes.len());
        Self { classes, training, selection, shares, shown, left_out }
    }

    /// The emotion of each class.
    pub fn class_names(&self) -> &[Emotion] {
        &self.classes
    }

    /// Pictures to choose by.
    pub fn selection(&self) -> &[SelectionPicture] {
        &self.selection
    }

    /// Pictures to learn from by class; one that shows several counts as what it shows most of.
    pub fn training_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for (_, spread) in &self.training {
            counts[super::batch::largest(spread)] += 1;
        }
        counts
    }

    /// Plain training inputs, height × width × channels, evenly spread over the data: what quantisation is calibrated on.
    pub fn calibration(&self, count: usize) -> Vec<Vec<f32>> {
        super::examples::spread(self.training.len(), count)
            .map(|index| {
                let mut input = [0.0; FACE_INPUT];
                write_plain(&self.training[index].0, &mut input);
                input.to_vec()
            })
            .collect()
    }

    /// Plain selection inputs, height × width × channels, with their classes.
    pub fn selection_inputs(&self) -> Vec<(Vec<f32>, usize)> {
        self.selection
            .par_iter()
            .map(|picture| {
                let mut input = [0.0; FACE_INPUT];
                write_plain(&picture.luma, &mut input);
                (input.to_vec(), picture.class)
            })
            .collect()
    }
}

impl Examples for FaceExamples {
    fn input_shape(&self) -> [usize; 3] {
        [1, FACE_SIDE, FACE_SIDE]
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
        let (luma, spread) = &self.training[index];
        let mut face = [0.0; FACE_INPUT];
        // A variation may show nothing but a flat corner of the picture; then the picture itself serves.
        let varied = variation.is_some_and(|varied| varied.picture.apply(&luma.view(), rng, &mut face).is_ok());
        if !varied {
            write_plain(luma, &mut face);
        }
        input.copy_from_slice(&face);
        for (target, part) in target.iter_mut().zip(spread) {
            *target += part;
        }
    }

    fn selection_len(&self) -> usize {
        self.selection.len()
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        let picture = &self.selection[index];
        let mut face = [0.0; FACE_INPUT];
        write_plain(&picture.luma, &mut face);
        input.copy_from_slice(&face);
        picture.class
    }
}

fn write_plain(luma: &OwnedLuma, input: &mut [f32; FACE_INPUT]) {
    picture::plain(&luma.view(), input).expect("pictures without contrast were left out in new()");
}
