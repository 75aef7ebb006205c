//! Which of the known data sets a path holds.

use std::fs;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;

use super::folder::{Listing, Medium, entries, file_name};
use super::ravdess::{RavdessName, is_actor_folder};
use super::{DatasetError, Pack, Part};

/// How a data set lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Kaggle's table of pictures.
    Fer2013Csv(PathBuf),
    /// `train|validation|test/<label>/*`.
    Parts {
        /// The data set's folder.
        root: PathBuf,
        /// Each part that is there, with its folder.
        parts: Vec<(Part, PathBuf)>,
    },
    /// `<label>/*`.
    Labelled(PathBuf),
    /// `Actor_NN/03-…`, below this folder.
    Ravdess(PathBuf),
    /// One file that holds any of these.
    Pack(Pack),
}

impl Layout {
    /// Looks at names only, never into a picture or sound.
    pub fn detect(path: &Path) -> Result<Self, DatasetError> {
        let metadata = fs::metadata(path).map_err(|error| DatasetError::of_io(path, error))?;
        if !metadata.is_dir() {
            if Pack::is_at(path) {
                return Pack::open(path).map(Self::Pack);
            }
            let is_table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
            return if is_table {
                Ok(Self::Fer2013Csv(path.to_owned()))
            } else {
                Err(DatasetError::NotADataset { path: path.to_owned() })
            };
        }
        let inside = entries(path)?;
        // The table under its own name, and as a later competition named it.
        for name in ["fer2013.csv", "icml_face_data.csv"] {
            if let Some(table) = inside.iter().find(|entry| file_name(entry).eq_ignore_ascii_case(name)) {
                return Ok(Self::Fer2013Csv(table.clone()));
            }
        }
        let folders: Vec<&PathBuf> = inside.iter().filter(|entry| entry.is_dir()).collect();
        let mut parts = Vec::new();
        for folder in &folders {
            if let Some(part) = part_of(&file_name(folder))
                && has_label_folder(folder)?
            {
                parts.push((part, (*folder).clone()));
            }
        }
        if !parts.is_empty() {
            parts.sort();
            return Ok(Self::Parts { root: path.to_owned(), parts });
        }
        if has_label_folder(path)? {
            return Ok(Self::Labelled(path.to_owned()));
        }
        if holds_ravdess(&inside)? {
            return Ok(Self::Ravdess(path.to_owned()));
        }
        Err(DatasetError::NoLabels { path: path.to_owned(), found: summary(&inside) })
    }

    /// Files of one part and medium with their labels.
    ///
    /// A data set without parts is all `Train`. Table and pack list no files: see [`super::fer2013::read_csv`] and [`Pack`].
    pub(super) fn list(&self, part: Part, medium: Medium) -> Result<Listing, DatasetError> {
        let mut listing = Listing::default();
        let whole = matches!(part, Part::All | Part::Train);
        match self {
            Self::Parts { root, parts } => {
                let wanted: Vec<_> = parts.iter().filter(|(found, _)| part == Part::All || *found == part).collect();
                if wanted.is_empty() {
                    return Err(self.no_part(root, part));
                }
                for (found, dir) in wanted {
                    listing.add_labelled(root, dir, *found, medium)?;
                }
            }
            Self::Labelled(dir) | Self::Ravdess(dir) if !whole => {
                return Err(self.no_part(dir, part));
            }
            Self::Labelled(dir) => listing.add_labelled(dir, dir, Part::Train, medium)?,
            Self::Ravdess(dir) if medium == Medium::Sound => listing.add_ravdess(dir)?,
            Self::Ravdess(_) | Self::Fer2013Csv(_) | Self::Pack(_) => {}
        }
        Ok(listing)
    }

    /// The parts that are there; none in a data set without parts, and in a table, which is not opened.
    pub fn parts(&self) -> Vec<Part> {
        match self {
            Self::Parts { parts, .. } => {
                let mut names: Vec<Part> = parts.iter().map(|(part, _)| *part).collect();
                names.dedup();
                names
            }
            Self::Pack(pack) => pack.parts().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The part that tells how good a network is: `Validation`, or `Test` where there is none; everything in a data set without parts.
    pub fn part_to_score(&self) -> Part {
        let parts = self.parts();
        match self {
            Self::Fer2013Csv(_) => Part::Validation,
            Self::Labelled(_) | Self::Ravdess(_) => Part::All,
            _ if parts.contains(&Part::Validation) => Part::Validation,
            _ if parts.contains(&Part::Test) => Part::Test,
            Self::Parts { .. } | Self::Pack(_) => Part::All,
        }
    }

    /// Where the training part lies that goes with another part: in the same data set, or in the folder beside `DIR/validation`.
    pub(super) fn training_beside(&self, part: Part) -> Result<Option<PathBuf>, DatasetError> {
        let is_held_out = |part| matches!(part, Part::Validation | Part::Test);
        match self {
            Self::Fer2013Csv(path) if is_held_out(part) => Ok(Some(path.clone())),
            Self::Pack(pack) if is_held_out(part) && pack.parts().contains(&Part::Train) => {
                Ok(Some(pack.path().to_owned()))
            }
            Self::Parts { root, parts } if is_held_out(part) && parts.iter().any(|(part, _)| *part == Part::Train) => {
                Ok(Some(root.clone()))
            }
            Self::Labelled(dir) => {
                let dir = dir.canonicalize().map_err(|error| DatasetError::of_io(dir, error))?;
                let Some(parent) = dir.parent().filter(|_| part_of(&file_name(&dir)).is_some_and(is_held_out)) else {
                    return Ok(None);
                };
                for folder in entries(parent)?.into_iter().filter(|entry| entry.is_dir()) {
                    if part_of(&file_name(&folder)) == Some(Part::Train) && has_label_folder(&folder)? {
                        return Ok(Some(folder));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn no_part(&self, path: &Path, part: Part) -> DatasetError {
        DatasetError::no_part(path, part, &self.parts())
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fer2013Csv(_) => f.write_str("FER2013 as one table"),
            Self::Parts { .. } => {
                let names: Vec<&str> = self.parts().into_iter().map(Part::name).collect();
                write!(f, "folders by label, in parts ({})", names.join(", "))
            }
            Self::Labelled(_) => f.write_str("folders by label"),
            Self::Ravdess(_) => f.write_str("RAVDESS"),
            Self::Pack(pack) => write!(f, "a pack of {}", pack.layout()),
        }
    }
}

/// The names in use for the parts of a data set.
pub(super) fn part_of(name: &str) -> Option<Part> {
    match name.trim().to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Part::Train),
        "validation" | "valid" | "val" | "publictest" => Some(Part::Validation),
        "test" | "testing" | "privatetest" => Some(Part::Test),
        _ => None,
    }
}

fn has_label_folder(dir: &Path) -> Result<bool, DatasetError> {
    Ok(entries(dir)?.iter().any(|entry| Emotion::from_name(&file_name(entry)).is_some() && entry.is_dir()))
}

/// Actors' folders or files here, or in every folder of it (`Audio_Speech_Actors_01-24/Actor_01`).
fn holds_ravdess(inside: &[PathBuf]) -> Result<bool, DatasetError> {
    let is_ravdess = |entry: &PathBuf| {
        if entry.is_dir() { is_actor_folder(entry) } else { RavdessName::parse(entry).is_some() }
    };
    if inside.iter().any(is_ravdess) {
        return Ok(true);
    }
    let mut folders = inside.iter().filter(|entry| entry.is_dir()).peekable();
    if folders.peek().is_none() {
        return Ok(false);
    }
    for folder in folders {
        if !entries(folder)?.iter().any(|entry| entry.is_dir() && is_actor_folder(entry)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A few names, for the message.
fn summary(inside: &[PathBuf]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = inside.iter().take(SHOWN).map(|path| file_name(path)).collect();
    if inside.len() > SHOWN {
        names.push(format!("… {} more", inside.len() - SHOWN));
    }
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
