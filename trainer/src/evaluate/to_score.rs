//! What a network is scored on: data that it has not learned from, and labels that it knows.

use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;

use crate::dataset::split::{RAVDESS_FOLDS, drop_seen};
use crate::dataset::{self, Clip, DatasetError, Labels, Layout, LeftOut, Part, Picture, Unpacked, Votes};

/// What of a data set is scored, and by whose word.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Wanted {
    /// Part of a data set that has parts [default: validation, or test where there is none]
    #[arg(long)]
    pub part: Option<Part>,
    /// The clips of these actors only
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    pub actors: Vec<u16>,
    /// One of the published speaker-independent folds of RAVDESS only
    #[arg(long, value_name = "1-4", value_parser = clap::value_parser!(u8).range(1..=RAVDESS_FOLDS.len() as i64), conflicts_with = "actors")]
    pub fold: Option<u8>,
    /// Whose word counts for what a picture shows
    #[arg(long, value_enum, default_value_t = Labels::Fer2013)]
    pub labels: Labels,
    /// The crowd's votes [default: ferplus_votes.csv in the data set's folder]
    #[arg(long, value_name = "CSV")]
    pub votes: Option<PathBuf>,
}

impl Wanted {
    /// The actors asked for; empty for all.
    pub fn actors(&self) -> &[u16] {
        match self.fold {
            Some(fold) => RAVDESS_FOLDS[usize::from(fold) - 1],
            None => &self.actors,
        }
    }

    /// The part asked for, or the one that a data set of this layout is scored on.
    pub(crate) fn part_of(&self, data: &Unpacked) -> Result<Part, DatasetError> {
        self.part.map_or_else(|| Ok(Layout::detect(data.path())?.part_to_score()), Ok)
    }
}

/// Pictures to score, and what was left out; single files that can't be read are named on standard error.
///
/// * `known`: labels of the network
/// * `whose`, `votes`: whose word counts, and the crowd's where it does not lie with the data
/// * `keep_seen`: whether those that also stand in the train part beside them stay
pub(crate) fn pictures_to_score(
    data: &Unpacked,
    part: Part,
    known: &[Emotion],
    whose: Labels,
    votes: Option<&Path>,
    keep_seen: bool,
) -> Result<(Vec<Picture>, LeftOut), DatasetError> {
    let mut set = dataset::read_pictures_of(data, part)?;
    report_unreadable(&set.unreadable);
    let mut left_out = LeftOut {
        unknown_labels: std::mem::take(&mut set.unknown_labels),
        unreadable: set.unreadable.len(),
        ..LeftOut::default()
    };
    if let Some(table) = whose.table(votes, data)? {
        let before = set.pictures.len();
        set.pictures.retain_mut(|picture| {
            let majority = table.of(&picture.id).and_then(Votes::majority);
            picture.emotion = majority.unwrap_or(picture.emotion);
            majority.is_some()
        });
        left_out.without_majority = before - set.pictures.len();
    }
    keep_known(&mut set.pictures, known, &mut left_out, |picture: &Picture| picture.emotion);
    if !keep_seen && let Some(training) = dataset::read_training_beside(data.path(), part)? {
        left_out.seen_in_training = drop_seen(&mut set.pictures, &training.pictures, |picture| picture.content_hash);
    }
    Ok((set.pictures, left_out))
}

/// Clips to score, and what was left out; single files that can't be read are named on standard error.
///
/// * `known`: labels of the network
/// * `actors`: whose clips; empty for everybody's
pub fn clips_to_score(
    data: &Path,
    part: Part,
    known: &[Emotion],
    actors: &[u16],
) -> Result<(Vec<Clip>, LeftOut), DatasetError> {
    let mut set = dataset::read_clips_of(data, part)?;
    report_unreadable(&set.unreadable);
    let mut left_out = LeftOut {
        unknown_labels: std::mem::take(&mut set.unknown_labels),
        unreadable: set.unreadable.len(),
        ..LeftOut::default()
    };
    if !actors.is_empty() {
        let before = set.clips.len();
        set.clips.retain(|clip| clip.speaker.is_some_and(|speaker| actors.contains(&speaker)));
        left_out.other_actors = before - set.clips.len();
    }
    keep_known(&mut set.clips, known, &mut left_out, |clip: &Clip| clip.emotion);
    if let Some(training) = dataset::read_training_clips_beside(data, part)? {
        left_out.seen_in_training = drop_seen(&mut set.clips, &training.clips, |clip| clip.content_hash);
    }
    Ok((set.clips, left_out))
}

/// Takes out what carries a label that the model does not have, and counts it.
fn keep_known<T>(items: &mut Vec<T>, labels: &[Emotion], left_out: &mut LeftOut, emotion: impl Fn(&T) -> Emotion) {
    items.retain(|item| {
        let emotion = emotion(item);
        let known = labels.contains(&emotion);
        if !known {
            *left_out.unknown_labels.entry(emotion.name().to_owned()).or_default() += 1;
        }
        known
    });
}

fn report_unreadable(unreadable: &[(PathBuf, String)]) {
    for (path, reason) in unreadable {
        eprintln!("left out: {}: {reason}", Path::new(path).display());
    }
}
