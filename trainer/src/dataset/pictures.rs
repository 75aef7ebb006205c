//! Labelled pictures, read into memory as luma.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::{self, OwnedLuma};

use super::folder::{LabelledFile, Listing, Medium};
use super::{DatasetError, Layout, Part, Unpacked, content, count_duplicates, fer2013, read_in_parallel};

/// A labelled picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Path within the data set, or `fer0000000.png` for row 0 of a `fer2013.csv`: the name that FER+ gives it.
    pub id: String,
    /// Its label.
    pub emotion: Emotion,
    /// The part it belongs to; `Train` in a data set without parts.
    pub part: Part,
    /// Its pixels.
    pub luma: OwnedLuma,
    /// Of size and pixels: equal for equal pictures, whatever file they come from.
    pub content_hash: u64,
}

/// Pictures, and what was left out on the way to them.
#[derive(Clone, Debug, Default)]
pub struct PictureSet {
    /// In the order of their ids.
    pub pictures: Vec<Picture>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Labels that are no emotion known here, and how many files carry them.
    pub unknown_labels: BTreeMap<String, usize>,
    /// Pictures whose content stands in the set before them; they stay in the set.
    pub duplicates: usize,
}

/// Reads the pictures of one part of a data set.
///
/// * `dir`: FER2013 (`fer2013.csv` or the folder that holds it; `train|validation|test/<emotion>/*`), or any `<label>/*` folder; a zip or a pack of any, too
/// * `part`: a data set without parts is all `Train`
///
/// Fails where there is no data set, no such part, or nothing readable in it; single files that can't be read are listed in the result.
pub fn read_pictures(dir: &Path, part: Part) -> Result<PictureSet, DatasetError> {
    read_pictures_of(&Unpacked::open(dir)?, part)
}

/// [`read_pictures`] of what is unpacked already.
pub(crate) fn read_pictures_of(data: &Unpacked, part: Part) -> Result<PictureSet, DatasetError> {
    let set = find_pictures(&Layout::detect(data.path())?, part)?;
    if set.pictures.is_empty() {
        return Err(DatasetError::nothing_readable(data.from(), part, "picture", &set.unreadable));
    }
    Ok(set)
}

/// [`read_pictures`] where it is no failure that there are none.
pub(crate) fn find_pictures(layout: &Layout, part: Part) -> Result<PictureSet, DatasetError> {
    let mut set = match layout {
        Layout::Fer2013Csv(csv) => fer2013::read_csv(csv, part)?,
        Layout::Pack(pack) => PictureSet { pictures: pack.pictures(part)?, ..PictureSet::default() },
        _ => read_picture_files(layout.list(part, Medium::Picture)?),
    };
    set.duplicates = count_duplicates(set.pictures.iter().map(|picture| picture.content_hash));
    Ok(set)
}

/// Reads the training pictures that lie beside a part which is held out: those that a network may have seen.
///
/// * `dir`, `part`: as given to [`read_pictures`]; also a folder `validation` or `test` with a folder `train` beside it
///
/// `None` where `part` is not held out, or no training pictures are there.
pub fn read_training_beside(dir: &Path, part: Part) -> Result<Option<PictureSet>, DatasetError> {
    let unpacked = Unpacked::open(dir)?;
    let Some(training) = Layout::detect(unpacked.path())?.training_beside(part)? else { return Ok(None) };
    match read_pictures(&training, Part::Train) {
        Ok(set) => Ok(Some(set)),
        Err(DatasetError::NothingReadable { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_picture_files(listing: Listing) -> PictureSet {
    let read = |file: &LabelledFile| {
        let luma = image_file::read_luma(&file.path).map_err(|error| error.to_string())?;
        let content_hash = content::of_picture(&luma);
        Ok(Picture { id: file.id.clone(), emotion: file.emotion, part: file.part, luma, content_hash })
    };
    let (pictures, unreadable) = read_in_parallel(&listing, read);
    PictureSet { pictures, unreadable, unknown_labels: listing.unknown_labels, duplicates: 0 }
}
