//! What a crowd saw in each picture of FER2013: the ten votes a picture of FER+ (Barsoum et al. 2016).
//!
//! FER2013's own labels and the crowd agree on about two thirds of the pictures; people who look at a face agree with the crowd.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;
use serde::{Deserialize, Serialize};

use super::{DatasetError, Unpacked};

/// Whose word counts for what a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// The label that the picture's folder or table row gives it.
    #[default]
    Fer2013,
    /// The crowd's votes.
    Ferplus,
}

impl Labels {
    /// Reads the votes where they count.
    ///
    /// * `named`: the table; where it is not named, the one that lies with the data
    pub(crate) fn table(self, named: Option<&Path>, data: &Unpacked) -> Result<Option<VoteTable>, DatasetError> {
        if self == Self::Fer2013 {
            return Ok(None);
        }
        let (text, path) =
            data.votes(named)?.ok_or_else(|| DatasetError::VotesMissing { path: data.from().to_owned() })?;
        VoteTable::parse(&text, &path).map(Some)
    }
}

/// The table that lies in a data set's folder, or in the one above.
pub(super) fn beside(data: &Path) -> Option<PathBuf> {
    let folders = [Some(data), data.parent()].into_iter().flatten();
    folders.map(|folder| folder.join(TABLE_NAME)).find(|path| path.is_file())
}

/// A table's text.
pub(super) fn read_table(path: &Path) -> Result<String, DatasetError> {
    fs::read_to_string(path).map_err(|error| DatasetError::of_io(path, error))
}

/// Where the votes are looked for.
const TABLE_NAME: &str = "ferplus_votes.csv";

/// Votes that count as an answer: half of the crowd of ten.
const QUORUM: u32 = 5;

/// Emotions by the names of the table's columns, in the order of [`Emotion::FACE`].
const COLUMNS: [&str; Emotion::FACE.len()] =
    ["neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"];

/// What the crowd said of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// For each emotion, in the order of [`Emotion::FACE`].
    pub emotions: [u32; Emotion::FACE.len()],
    /// For contempt, which is no emotion of this project.
    pub contempt: u32,
    /// For "I can't tell" and for "no face".
    pub undecided: u32,
}

impl Votes {
    /// What the crowd sees: the emotion with most votes, where it has at least half of all, no equal, and more than the undecided.
    pub fn majority(&self) -> Option<Emotion> {
        let (&most, place) = self.emotions.iter().zip(0..).max_by_key(|(votes, _)| **votes)?;
        let alone = self.emotions.iter().filter(|votes| **votes == most).count() == 1;
        let wins = alone && most >= QUORUM && most > self.contempt && most > self.undecided;
        wins.then(|| Emotion::FACE[place])
    }

    /// How the crowd's votes for emotions are spread, in the order of [`Emotion::FACE`], summing to one.
    ///
    /// Single votes are taken for slips, as FER+ does. `None` where less than half of the crowd saw an emotion.
    pub fn distribution(&self) -> Option<[f32; Emotion::FACE.len()]> {
        let kept = self.emotions.map(|votes| if votes > 1 { votes } else { 0 });
        let total: u32 = kept.iter().sum();
        let decided: u32 = self.emotions.iter().sum();
        (decided >= QUORUM && total > 0).then(|| kept.map(|votes| votes as f32 / total as f32))
    }

    /// Which part of [`Votes::distribution`] an emotion has; none where there is no distribution.
    pub fn share(&self, emotion: Emotion) -> f32 {
        self.distribution().zip(emotion.face_index()).map_or(0.0, |(spread, index)| spread[index])
    }
}

/// The votes on many pictures, by file name.
#[derive(Clone, Debug, Default)]
pub struct VoteTable {
    votes: HashMap<String, Votes>,
}

impl VoteTable {
    /// Reads a table with the columns `file` (or `Image name`, as FER+ publishes it), the emotions, `contempt`, `unknown` and `NF`.
    ///
    /// Lines without a file name are passed over, as FER+ has some for pictures that it took out.
    ///
    /// * `path`: where it lay, for messages
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, DatasetError> {
        let mut lines = text.lines().zip(1..);
        let header: Vec<&str> = lines.next().map_or("", |(line, _)| line).split(',').map(str::trim).collect();
        let find = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let require = |column| find(column).ok_or(DatasetError::NoColumn { path: path.to_owned(), column });
        let name_column = find("file").map_or_else(|| require("Image name"), Ok)?;
        let mut columns = [0; COLUMNS.len()];
        for (column, name) in columns.iter_mut().zip(COLUMNS) {
            *column = require(name)?;
        }
        let (contempt, unknown, no_face) = (require("contempt")?, require("unknown")?, require("NF")?);

        let mut votes = HashMap::new();
        for (line, number) in lines {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let Some(name) = fields.get(name_column).filter(|name| !name.is_empty()) else { continue };
            let count = |column: usize| {
                let field = fields.get(column).and_then(|field| field.parse().ok());
                field.ok_or(DatasetError::NoVotes { path: path.to_owned(), line: number })
            };
            let mut emotions = [0; COLUMNS.len()];
            for (votes, column) in emotions.iter_mut().zip(columns) {
                *votes = count(column)?;
            }
            let undecided = count(unknown)? + count(no_face)?;
            votes.insert((*name).to_owned(), Votes { emotions, contempt: count(contempt)?, undecided });
        }
        Ok(Self { votes })
    }

    /// The votes on the picture of this id: what stands after its last `/` is its name in the table.
    pub fn of(&self, id: &str) -> Option<&Votes> {
        self.votes.get(id.rsplit('/').next()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(emotions: [u32; 7], contempt: u32, undecided: u32) -> Votes {
        Votes { emotions, contempt, undecided }
    }

    #[test]
    fn a_majority_is_half_of_all_and_alone() {
        assert_eq!(votes([1, 7, 0, 0, 0, 0, 0], 0, 2).majority(), Some(Emotion::Happy));
        assert_eq!(votes([5, 5, 0, 0, 0, 0, 0], 0, 0).majority(), None, "a tie");
        assert_eq!(votes([4, 3, 3, 0, 0, 0, 0], 0, 0).majority(), None, "under half");
        assert_eq!(votes([5, 0, 0, 0, 0, 0, 0], 0, 5).majority(), None, "as many can't tell");
    }

    #[test]
    fn a_distribution_forgets_single_votes_and_sums_to_one() {
        let spread = votes([0, 0, 6, 2, 1, 0, 0], 0, 1).distribution().unwrap();
        assert_eq!(spread, [0.0, 0.0, 0.75, 0.25, 0.0, 0.0, 0.0]);
        assert_eq!(votes([1, 1, 1, 1, 1, 0, 0], 0, 5).distribution(), None);
        assert_eq!(votes([4, 0, 0, 0, 0, 0, 0], 0, 6).distribution(), None);
    }

    #[test]
    fn both_layouts_of_the_table_are_read() {
        let columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
        for (head, row) in [("file", "a.png"), ("Usage,Image name", "Training,a.png")] {
            let text = format!("{head},{columns}\n{row},4,0,1,1,3,2,0,0,1,0\n{}1,1\n", row.replace("a.png", ","));
            let table = VoteTable::parse(&text, Path::new("votes.csv")).unwrap();
            assert_eq!(table.of("train/angry/a.png"), Some(&votes([4, 0, 1, 3, 0, 2, 1], 0, 1)));
            assert_eq!(table.of("b.png"), None);
        }
    }

    #[test]
    fn a_table_that_is_none_is_refused_with_the_place() {
        let refused = |text: &str| VoteTable::parse(text, Path::new("votes.csv")).unwrap_err().to_string();
        assert!(refused("file,neutral\n").contains("'happiness'"));
        let columns = "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
        let error = refused(&format!("{columns}\na.png,x,0,0,0,0,0,0,0,0,0\n"));
        assert!(error.contains("votes.csv") && error.contains("line 2"), "{error}");
    }
}
