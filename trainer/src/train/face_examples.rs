//! Pictures of faces as training sees them.

use super::Examples;
use super::data::Known;
use crate::augment::{Variation, picture};
use crate::dataset::split::Split;
use crate::dataset::{Picture, VoteTable, Votes};
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

/// Whose word counts for what a picture shows.
#[derive(Clone, Copy)]
pub enum Word<'a> {
    /// Its own label's.
    Label,
    /// The crowd's; pictures without votes are left out.
    Votes(&'a VoteTable),
    /// Its own label's for whoever chooses. To whoever learns, a label is one draw from what pictures are called that look so to the crowd: part of
    /// what is learned is how often they are called what.
    LabelAndVotes {
        /// The crowd's votes; pictures without any have their label alone.
        votes: &'a VoteTable,
        /// That part, of one.
        share: f32,
    },
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
    /// `None` where there is nothing to learn from.
    fn by(picture: &Picture, word: Word) -> Option<Self> {
        if let Word::Votes(table) = word {
            let votes = table.of(&picture.id)?;
            return Some(Self { spread: votes.distribution()?, emotion: votes.majority() });
        }
        let mut spread = [0.0; Emotion::FACE.len()];
        spread[picture.emotion.face_index()?] = 1.0;
        Some(Self { spread, emotion: Some(picture.emotion) })
    }
}

/// How often pictures are labelled what, for each emotion that the crowd sees in them: a row of parts of one.
struct UsualLabels([Spread; Emotion::FACE.len()]);

impl UsualLabels {
    /// * `pictures`: the crowd's votes and the label of each
    fn of(pictures: impl Iterator<Item = (Spread, Spread)>) -> Self {
        let mut rows = [Spread::default(); Emotion::FACE.len()];
        for (votes, label) in pictures {
            for (row, vote) in rows.iter_mut().zip(votes) {
                row.iter_mut().zip(label).for_each(|(sum, label)| *sum += vote * label);
            }
        }
        for row in &mut rows {
            let total: f32 = row.iter().sum();
            row.iter_mut().for_each(|part| *part /= total.max(f32::MIN_POSITIVE));
        }
        Self(rows)
    }

    /// How often a picture with such votes is labelled what.
    fn expected(&self, votes: Spread) -> Spread {
        let mut expected = Spread::default();
        for (row, vote) in self.0.iter().zip(votes) {
            expected.iter_mut().zip(row).for_each(|(sum, part)| *sum += vote * part);
        }
        expected
    }
}

impl FaceExamples {
    /// Sorts pictures by a split; classes are the emotions of [`Emotion::FACE`] that occur.
    ///
    /// * `known`: classes that a network has already; the pictures show no others
    pub fn new(pictures: Vec<Picture>, word: Word, split: &Split, known: Option<&Known>) -> Self {
        let total = pictures.len();
        let mut is_selection = vec![false; total];
        for &index in &split.selection {
            is_selection[index] = true;
        }
        let mut usable: Vec<(bool, Picture, Shown)> = pictures
            .into_par_iter()
            .zip(is_selection)
            .filter_map(|(picture, is_selection)| {
                let shown = Shown::by(&picture, word)?;
                picture::plain(&picture.luma.view(), &mut [0.0; FACE_INPUT]).ok()?;
                (!is_selection || shown.emotion.is_some()).then_some((is_selection, picture, shown))
            })
            .collect();
        let left_out = total - usable.len();
        if let Word::LabelAndVotes { votes, share } = word {
            blend(&mut usable, votes, share);
        }
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

/// Lets pictures to learn from show in part what others are labelled that look so to the crowd.
fn blend(pictures: &mut [(bool, Picture, Shown)], votes: &VoteTable, share: f32) {
    let votes_on = |picture: &Picture| votes.of(&picture.id).and_then(Votes::distribution);
    let training = pictures.iter().filter(|(is_selection, ..)| !is_selection);
    let usual = UsualLabels::of(training.filter_map(|(_, picture, shown)| Some((votes_on(picture)?, shown.spread))));
    for (_, picture, shown) in pictures.iter_mut().filter(|(is_selection, ..)| !is_selection) {
        let Some(votes) = votes_on(picture) else { continue };
        for (part, expected) in shown.spread.iter_mut().zip(usual.expected(votes)) {
            *part += share * (expected - *part);
        }
    }
}

fn write_plain(luma: &OwnedLuma, input: &mut [f32; FACE_INPUT]) {
    picture::plain(&luma.view(), input).expect("pictures without contrast were left out in new()");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_usually_labelled_as_others_that_look_so_to_the_crowd() {
        let only = |index: usize| core::array::from_fn(|other| f32::from(u8::from(other == index)));
        let mut half: Spread = only(0);
        (half[0], half[2]) = (0.5, 0.5);
        // Two that the crowd calls neutral, labelled neutral and sad; one called happy and labelled so; one between neutral and sad, labelled sad.
        let pictures = [(only(0), only(0)), (only(0), only(2)), (only(1), only(1)), (half, only(2))];
        let usual = UsualLabels::of(pictures.into_iter());
        assert_eq!(usual.expected(only(1)), only(1));
        assert_eq!(usual.expected(only(0))[..3], [0.4, 0.0, 0.6]);
        assert_eq!(usual.expected(half)[..3], [0.2, 0.0, 0.8]);
        assert_eq!(usual.expected(only(5)), Spread::default(), "nobody saw that");
    }
}
