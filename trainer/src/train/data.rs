//! From a data set's folder to examples, cut as a run describes: once for training, again for quantisation.

use super::Examples;
use super::face_examples::FaceExamples;
use super::feature_cache::FeatureCache;
use super::run_folder::RunDescription;
use super::speech_examples::SpeechExamples;
use crate::dataset::split::{self, Split};
use crate::dataset::{self, DatasetError, Labels, LeftOut, Part, Unpacked};
use crate::network::preset::{NoNetwork, Preset};
use moodbox_shared::Emotion;
use moodbox_shared::audio::SpeechStatistics;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Part of the training data that chooses and is not learned from.
const SELECTION_FRACTION_FACE: f64 = 0.08;
const SELECTION_FRACTION_SPEAKERS: f64 = 0.14;
/// What the published system chose by.
const SELECTION_FRACTION_STRATIFIED: f64 = 0.2;

/// Why there is nothing to train on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data set can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The preset does not listen.
    #[error(transparent)]
    Preset(#[from] NoNetwork),
    /// Too few kinds to tell apart.
    #[error("{} shows {found} emotion(s): at least two are needed", path.display())]
    OneClass {
        /// The data set.
        path: PathBuf,
        /// Number of emotions.
        found: usize,
    },
    /// The data is not what the run was started with.
    #[error("the data is not what the run began with, {} as it was then (hash {expected}, now {found}): start a new run", path.display())]
    Changed {
        /// The data set that the run began with.
        path: PathBuf,
        /// Hash when the run began.
        expected: String,
        /// Hash now.
        found: String,
    },
}

/// What a network that is fine-tuned has learned already.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its classes, in the order of the logits.
    pub classes: Vec<Emotion>,
    /// What scales the features of sound.
    pub statistics: Option<SpeechStatistics>,
}

/// Which data is learned from, chosen by and left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Speakers left out whole.
    pub test_speakers: Vec<u16>,
    /// Speakers chosen by; found from the seed if empty.
    pub selection_speakers: Vec<u16>,
    /// Whether a fifth of each emotion chooses, whoever speaks it.
    pub stratified: bool,
    /// Seed of the cut.
    pub seed: u64,
    /// Whose word counts for what a picture shows.
    pub labels: Labels,
    /// The table of votes, where it does not lie with the data.
    pub votes: Option<PathBuf>,
    /// Whether all that is not left out is learned from, and nothing chooses.
    pub all_learned: bool,
    /// For fine-tuning.
    pub known: Option<Known>,
}

/// Examples of either kind, and how they were cut.
pub struct Loaded<E> {
    /// The examples.
    pub examples: E,
    /// The cut, in words.
    pub split: String,
    /// Speakers chosen by.
    pub selection_speakers: Vec<u16>,
    /// Hash over the content of all that was read.
    pub data_hash: String,
    /// What is neither learned from nor chosen by.
    pub left_out: LeftOut,
}

/// Reads pictures; a part of the training part chooses.
pub fn load_faces(data: &Path, cut: &Cut) -> Result<Loaded<FaceExamples>, DataError> {
    let unpacked = Unpacked::open(data)?;
    let mut set = dataset::read_pictures_of(&unpacked, Part::Train)?;
    keep_known(&mut set.pictures, cut.known.as_ref(), |picture| picture.emotion);
    report_left_out(&set.unreadable, &set.unknown_labels);
    let (unreadable, unknown_labels) = (set.unreadable.len(), set.unknown_labels);
    let data_hash = combined_hash(set.pictures.iter().map(|picture| picture.content_hash));
    let (split, rule) = if cut.all_learned {
        (everything(set.pictures.len()), "nothing chooses")
    } else if cut.stratified {
        let labels: Vec<Emotion> = set.pictures.iter().map(|picture| picture.emotion).collect();
        (split::stratified(&labels, SELECTION_FRACTION_STRATIFIED, cut.seed), "stratified")
    } else {
        (split::by_hash(&set.pictures, SELECTION_FRACTION_FACE, cut.seed), "by content hash")
    };
    let votes = cut.labels.table(cut.votes.as_deref(), &unpacked)?;
    let examples = FaceExamples::new(set.pictures, votes.as_ref(), &split, cut.known.as_ref());
    check_classes(data, &examples)?;
    if examples.left_out > 0 {
        println!("{} pictures without contrast, or of no face's emotion, are left out", examples.left_out);
    }
    let labels = match cut.labels {
        Labels::Fer2013 => "",
        Labels::Ferplus => " by the crowd's votes",
    };
    let split = format!(
        "{} pictures of train learned from{labels}, {} of train chosen by ({rule}); validation and test unseen",
        examples.training_len(),
        examples.selection_len(),
    );
    let left_out = LeftOut { unreadable, unknown_labels, nothing_to_learn: examples.left_out, ..LeftOut::default() };
    Ok(Loaded { examples, split, selection_speakers: Vec::new(), data_hash, left_out })
}

/// Reads clips and computes their features; some speakers are left out, some choose.
///
/// * `augment`: whether variants of the clips are made, which only training needs
/// * `cache`: where features are looked for before they are computed
pub fn load_speech(
    data: &Path,
    preset: Preset,
    cut: &Cut,
    augment: bool,
    cache: &FeatureCache,
) -> Result<Loaded<SpeechExamples>, DataError> {
    let kind = preset.speech_input_kind()?;
    let set = dataset::read_clips_of(data, Part::Train)?;
    report_left_out(&set.unreadable, &set.unknown_labels);
    let is_test = |speaker: Option<u16>| speaker.is_some_and(|speaker| cut.test_speakers.contains(&speaker));
    let data_hash = combined_hash(set.clips.iter().map(|clip| clip.content_hash));
    let all_clips = set.clips.len();
    let mut clips: Vec<_> = set.clips.into_iter().filter(|clip| !is_test(clip.speaker)).collect();
    let other_actors = all_clips - clips.len();
    keep_known(&mut clips, cut.known.as_ref(), |clip| clip.emotion);
    let speakers = dataset::speakers(&clips);

    let by_speaker = !cut.stratified && speakers.len() > 1 && !cut.all_learned;
    let selection_speakers = match (by_speaker, cut.selection_speakers.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => split::choose_speakers(&speakers, SELECTION_FRACTION_SPEAKERS, cut.seed),
        (true, false) => cut.selection_speakers.clone(),
    };
    let (split, rule) = if cut.all_learned {
        (everything(clips.len()), "nothing chooses".to_owned())
    } else if by_speaker {
        (split::by_speaker(&clips, &selection_speakers), format!("speakers {selection_speakers:?}"))
    } else {
        let labels: Vec<Emotion> = clips.iter().map(|clip| clip.emotion).collect();
        (split::stratified(&labels, SELECTION_FRACTION_STRATIFIED, cut.seed), "stratified".to_owned())
    };
    let examples = SpeechExamples::new(kind, &clips, &split, augment, cut.seed, cut.known.as_ref(), cache);
    check_classes(data, &examples)?;
    if examples.left_out > 0 {
        println!("{} clips shorter than {} samples are left out", examples.left_out, moodbox_shared::audio::CHROMA_FFT);
    }
    let unheard = LeftOut {
        unreadable: set.unreadable.len(),
        unknown_labels: set.unknown_labels,
        other_actors,
        too_short: examples.left_out,
        ..LeftOut::default()
    };
    let left_out = if cut.test_speakers.is_empty() {
        "nobody left out".to_owned()
    } else {
        format!("speakers {:?} left out", cut.test_speakers)
    };
    let split =
        format!("{} clips learned from, {} chosen by ({rule}); {left_out}", split.train.len(), split.selection.len());
    Ok(Loaded { examples, split, selection_speakers, data_hash, left_out: unheard })
}

impl RunDescription {
    /// The cut that the run was started with.
    pub fn cut(&self) -> Cut {
        Cut {
            test_speakers: self.test_speakers.clone(),
            selection_speakers: self.selection_speakers.clone(),
            stratified: self.stratified,
            seed: self.recipe.seed,
            labels: self.labels,
            votes: self.votes.clone(),
            all_learned: self.all_learned,
            known: self
                .base
                .as_ref()
                .map(|_| Known { classes: self.classes.clone(), statistics: self.speech_statistics() }),
        }
    }

    /// Refuses data that is not what the run was started with.
    pub fn check_data<E>(&self, loaded: &Loaded<E>) -> Result<(), DataError> {
        if loaded.data_hash == self.data_hash {
            return Ok(());
        }
        Err(DataError::Changed {
            path: self.data.clone(),
            expected: self.data_hash.clone(),
            found: loaded.data_hash.clone(),
        })
    }
}

fn check_classes(path: &Path, examples: &impl Examples) -> Result<(), DataError> {
    let found = examples.shown().iter().filter(|shown| **shown).count();
    if found < 2 {
        return Err(DataError::OneClass { path: path.to_owned(), found });
    }
    Ok(())
}

fn everything(len: usize) -> Split {
    Split::from_fn(len, |_| false)
}

/// Leaves out what shows an emotion that the network has no class for.
fn keep_known<T>(items: &mut Vec<T>, known: Option<&Known>, emotion: impl Fn(&T) -> Emotion) {
    let Some(known) = known else { return };
    let before = items.len();
    items.retain(|item| known.classes.contains(&emotion(item)));
    if items.len() < before {
        eprintln!("left out: {} files of emotions that the network to start from does not know", before - items.len());
    }
}

fn report_left_out(unreadable: &[(PathBuf, String)], unknown_labels: &std::collections::BTreeMap<String, usize>) {
    for (path, reason) in unreadable {
        eprintln!("left out: {}: {reason}", path.display());
    }
    for (label, count) in unknown_labels {
        eprintln!("left out: {count} files labelled '{label}', which is no emotion known here");
    }
}

/// A hash over the content of many, in any order.
fn combined_hash(hashes: impl Iterator<Item = u64>) -> String {
    let mut hashes: Vec<u64> = hashes.collect();
    hashes.sort_unstable();
    format!("{:016x}", dataset::content_hash(hashes.into_iter().flat_map(u64::to_le_bytes)))
}
