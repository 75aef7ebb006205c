//! Data sets as their publishers ship them: labelled pictures and clips come out, with everything that could not be read beside them.
//!
//! A path is looked at once ([`Layout::detect`]), its files are listed with their labels, then read in parallel by the readers that the
//! box uses too. What can't be read is reported and left out; it never ends a run. Order is that of the file names, on every machine.

mod archive;
mod clips;
mod content;
mod error;
pub mod fer2013;
pub mod folder;
mod layout;
mod left_out;
pub mod pack;
mod pictures;
pub mod ravdess;
pub mod split;
#[cfg(test)]
mod tests;
mod votes;

use std::collections::HashSet;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use clips::{Clip, ClipSet, read_clips, read_clips_of, read_training_clips_beside, speakers};
pub use content::content_hash;
pub use error::DatasetError;
pub use layout::Layout;
pub use left_out::LeftOut;
pub use pack::Pack;
pub use pictures::{Picture, PictureSet, read_pictures, read_training_beside};
pub use votes::{Labels, VoteTable, Votes};

pub(crate) use archive::Unpacked;
pub(crate) use clips::find_clips;
pub(crate) use pictures::{find_pictures, read_pictures_of};

use folder::{LabelledFile, Listing};

/// A part of a data set, as its publisher cut it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What networks learn from (`train/`, `Usage` Training). A data set without parts counts as this.
    Train,
    /// Read once, at the end (`validation/`, `Usage` PublicTest).
    Validation,
    /// The final test (`test/`, `Usage` PrivateTest).
    Test,
    /// Everything that is there.
    All,
}

impl Part {
    /// The three parts that data sets are cut into.
    pub const EACH: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// As it stands in messages and folder names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::All => "all",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Everything that `read` made of the listing's files, in their order, and why it failed on the others.
fn read_in_parallel<T: Send>(
    listing: &Listing,
    read: impl Fn(&LabelledFile) -> Result<T, String> + Sync,
) -> (Vec<T>, Vec<(PathBuf, String)>) {
    let results: Vec<Result<T, String>> = listing.files.par_iter().map(&read).collect();
    let mut items = Vec::with_capacity(results.len());
    let mut unreadable = listing.foreign.clone();
    for (file, result) in listing.files.iter().zip(results) {
        match result {
            Ok(item) => items.push(item),
            Err(reason) => unreadable.push((file.path.clone(), reason)),
        }
    }
    unreadable.sort();
    (items, unreadable)
}

fn count_duplicates(hashes: impl Iterator<Item = u64>) -> usize {
    let mut seen = HashSet::new();
    hashes.filter(|&hash| !seen.insert(hash)).count()
}
