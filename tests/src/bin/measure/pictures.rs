//! FER2013's pictures with their labels, read as the trainer reads them.

use anyhow::{Context, ensure};
use moodbox_shared::Emotion;
use moodbox_shared::media::{OwnedLuma, read_luma};
use rayon::prelude::*;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use moodbox_tests::scene::{PICTURE_SIDE, Random};

/// A picture and what is on it.
pub struct Labelled {
    /// 48×48 pixels.
    pub picture: OwnedLuma,
    /// What FER2013 calls it.
    pub emotion: Emotion,
}

/// `count` pictures of the training split, drawn by `seed`; all where there are fewer.
pub fn of_training(data: &Path, count: usize, seed: u64) -> anyhow::Result<Vec<Labelled>> {
    let mut paths = paths(data, "train")?;
    let mut random = Random::new(seed);
    for place in 0..count.min(paths.len()) {
        let other = place + random.below(paths.len() - place);
        paths.swap(place, other);
    }
    paths.truncate(count);
    read(&paths)
}

/// The validation split without the pictures that also stand in the training split.
pub fn of_validation(data: &Path) -> anyhow::Result<Vec<Labelled>> {
    let known: HashSet<Vec<u8>> =
        read(&paths(data, "train")?)?.into_iter().map(|known| known.picture.pixels().to_vec()).collect();
    let mut pictures = read(&paths(data, "validation")?)?;
    pictures.retain(|labelled| !known.contains(labelled.picture.pixels()));
    Ok(pictures)
}

/// Every file of a split, in the order of folders and names.
fn paths(data: &Path, part: &str) -> anyhow::Result<Vec<(PathBuf, Emotion)>> {
    let folder = data.join("fer2013").join(part);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let class = entry?;
        let name = class.file_name();
        let emotion = name.to_str().and_then(Emotion::from_name).with_context(|| format!("{name:?} is no emotion"))?;
        for file in fs::read_dir(class.path())? {
            paths.push((file?.path(), emotion));
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(paths: &[(PathBuf, Emotion)]) -> anyhow::Result<Vec<Labelled>> {
    let read = |(path, emotion): &(PathBuf, Emotion)| {
        let picture = read_luma(path).with_context(|| path.display().to_string())?;
        ensure!(
            picture.width() == PICTURE_SIDE && picture.height() == PICTURE_SIDE,
            "{} is no FER2013 picture",
            path.display()
        );
        Ok(Labelled { picture, emotion: *emotion })
    };
    paths.par_iter().map(read).collect()
}
