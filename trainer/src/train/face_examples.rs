//! Pictures of faces as training sees them.

use super::Examples;
use crate::augment::picture::{self, PICTURE_VARIATION};
use crate::dataset::Picture;
use crate::dataset::split::Split;
use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::OwnedLuma;
use moodbox_shared::vision::{FACE_INPUT, FACE_SIDE};
use rand::rngs::StdRng;
use rayon::prelude::*;

/// Pictures with their classes, some to learn from and some to choose by.
pub struct FaceExamples {
    classes: Vec<Emotion>,
    training: Vec<(OwnedLuma, usize)>,
    selection: Vec<(OwnedLuma, usize)>,
    /// Pictures left out because they show no contrast, or a label that no face has.
    pub left_out: usize,
}

impl FaceExamples {
    /// Sorts pictures by a split; classes are the emotions of [`Emotion::FACE`] that occur.
    pub fn new(pictures: Vec<Picture>, split: &Split) -> Self {
        let classes: Vec<Emotion> = Emotion::FACE
            .into_iter()
            .filter(|emotion| pictures.iter().any(|picture| picture.emotion == *emotion))
            .collect();
        let mut is_selection = vec![false; pictures.len()];
        for &index in &split.selection {
            is_selection[index] = true;
        }
        let total = pictures.len();
        let usable: Vec<(bool, OwnedLuma, usize)> = pictures
            .into_par_iter()
            .zip(is_selection)
            .filter_map(|(picture, is_selection)| {
                let class = classes.iter().position(|emotion| *emotion == picture.emotion)?;
                picture::plain(&picture.luma.view(), &mut [0.0; FACE_INPUT]).ok()?;
                Some((is_selection, picture.luma, class))
            })
            .collect();
        let left_out = total - usable.len();
        let (selection, training): (Vec<_>, Vec<_>) = usable.into_iter().partition(|(is_selection, ..)| *is_selection);
        let strip = |pictures: Vec<(bool, OwnedLuma, usize)>| {
            pictures.into_iter().map(|(_, luma, class)| (luma, class)).collect()
        };
        Self { classes, training: strip(training), selection: strip(selection), left_out }
    }

    /// The emotion of each class.
    pub fn class_names(&self) -> &[Emotion] {
        &self.classes
    }

    /// How often each class stands in the training data, in parts of one.
    pub fn priors(&self) -> Vec<f32> {
        super::examples::priors(self.training.iter().map(|(_, class)| *class), self.classes.len())
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
            .map(|(luma, class)| {
                let mut input = [0.0; FACE_INPUT];
                write_plain(luma, &mut input);
                (input.to_vec(), *class)
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

    fn training_example(&self, index: usize, augment: bool, rng: &mut StdRng, input: &mut [f32]) -> usize {
        let (luma, class) = &self.training[index];
        let mut face = [0.0; FACE_INPUT];
        // A variation may show nothing but a flat corner of the picture; then the picture itself serves.
        if !augment || PICTURE_VARIATION.apply(&luma.view(), rng, &mut face).is_err() {
            write_plain(luma, &mut face);
        }
        input.copy_from_slice(&face);
        *class
    }

    fn selection_len(&self) -> usize {
        self.selection.len()
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        let (luma, class) = &self.selection[index];
        let mut face = [0.0; FACE_INPUT];
        write_plain(luma, &mut face);
        input.copy_from_slice(&face);
        *class
    }
}

fn write_plain(luma: &OwnedLuma, input: &mut [f32; FACE_INPUT]) {
    picture::plain(&luma.view(), input).expect("pictures without contrast were left out in new()");
}
