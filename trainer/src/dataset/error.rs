//! Why a data set can't be read at all.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Part;

/// Nothing can be read here, and what to do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// No such path.
    #[error("{} does not exist", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// The path is there, but can't be opened or listed.
    #[error("{} can't be read: {source}", path.display())]
    Unreachable {
        /// What was asked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder in which nothing tells a label.
    #[error(
        "{} holds no labels: neither fer2013.csv, nor train|validation|test/<emotion>/, nor Actor_NN/, nor <emotion>/ (found: {found})",
        path.display()
    )]
    NoLabels {
        /// The folder.
        path: PathBuf,
        /// What lies in it.
        found: String,
    },
    /// A file that is no data set.
    #[error("{} is no data set: a folder, a fer2013.csv, a zip of either or a pack is", path.display())]
    NotADataset {
        /// The file.
        path: PathBuf,
    },
    /// A zip that can't be unpacked.
    #[error("{} can't be unpacked ({source}): is there room in the temporary folder? else download it again", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A pack that can't be read.
    #[error("{} is a damaged pack ({reason}): copy it again, or make it anew with `moodbox-trainer pack`", path.display())]
    Pack {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A pack of another trainer.
    #[error("{} is a pack of format {found}, and this trainer reads format {known}: make it anew with this trainer", path.display())]
    PackFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format read here.
        known: u32,
    },
    /// The data set was cut into parts, and this one is not there.
    #[error("{} has no part '{part}', only: {found}", path.display())]
    NoPart {
        /// The data set.
        path: PathBuf,
        /// The part asked for.
        part: Part,
        /// The parts that are there.
        found: String,
    },
    /// Labels are there, but no file that could be used.
    #[error("{} ({part}) holds no readable {kind}{first_reason}", path.display())]
    NothingReadable {
        /// The data set.
        path: PathBuf,
        /// The part asked for.
        part: Part,
        /// `picture` or `clip`.
        kind: &'static str,
        /// Empty, or ` (N files failed, the first: …)`.
        first_reason: String,
    },
    /// A table without the columns that it should have.
    #[error("{}: the first line lacks the column '{column}'", path.display())]
    NoColumn {
        /// The table.
        path: PathBuf,
        /// What is missing.
        column: &'static str,
    },
    /// A line of a table of votes that holds something else.
    #[error("{}, line {line}: a number of votes is missing or unreadable: copy the table again", path.display())]
    NoVotes {
        /// The table.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The votes are asked for, and nobody knows where they are.
    #[error("no votes on the pictures of {}: name the table with --votes (FER+ publishes one)", path.display())]
    VotesMissing {
        /// The data set.
        path: PathBuf,
    },
}

impl DatasetError {
    pub(super) fn of_io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path: path.to_owned() },
            _ => Self::Unreachable { path: path.to_owned(), source },
        }
    }

    /// * `found`: the parts that are there; none in a data set without parts
    pub(super) fn no_part(path: &Path, part: Part, found: &[Part]) -> Self {
        let names: Vec<&str> = found.iter().map(|part| part.name()).collect();
        let found = if names.is_empty() { "one whole (use it without a part)".to_owned() } else { names.join(", ") };
        Self::NoPart { path: path.to_owned(), part, found }
    }

    pub(crate) fn nothing_readable(
        path: &Path,
        part: Part,
        kind: &'static str,
        unreadable: &[(PathBuf, String)],
    ) -> Self {
        let first_reason = match unreadable.first() {
            None => String::new(),
            Some((file, reason)) => {
                format!(" ({} files failed, the first: {}: {reason})", unreadable.len(), file.display())
            }
        };
        Self::NothingReadable { path: path.to_owned(), part, kind, first_reason }
    }
}
