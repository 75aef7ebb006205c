//! From folders to a list of labelled files: labels are folder names, or stand in RAVDESS file names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;

use super::ravdess::{Channel, RavdessName};
use super::{DatasetError, Part};

/// What kind of file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// PNG and JPEG.
    Picture,
    /// WAV and FLAC.
    Sound,
}

impl Medium {
    /// By the file's extension; `None` for what is neither picture nor sound.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "png" | "jpg" | "jpeg" => Some(Self::Picture),
            "wav" | "wave" | "flac" => Some(Self::Sound),
            _ => None,
        }
    }
}

/// A file with its label.
#[derive(Clone, Debug)]
pub struct LabelledFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Path below the data set's folder.
    pub id: String,
    /// Its label.
    pub emotion: Emotion,
    /// The actor, where a RAVDESS name tells it.
    pub speaker: Option<u16>,
    /// The part it stands in.
    pub part: Part,
}

/// Labelled files of one medium, and what lies between them.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// In the order of their paths.
    pub files: Vec<LabelledFile>,
    /// Files that are neither picture nor sound, with a line that says so.
    pub foreign: Vec<(PathBuf, String)>,
    /// Labels that are no emotion, and how many files carry them.
    pub unknown_labels: BTreeMap<String, usize>,
}

/// How deep folders are searched: ends the walk where links run in a circle.
const MAX_DEPTH: usize = 8;

/// What a song of RAVDESS is counted as: this is about speech.
const SONG_LABEL: &str = "song";

impl Listing {
    /// Adds the files of every `<label>/` folder of `dir`; other files of `dir` itself carry no label and are passed over.
    pub(super) fn add_labelled(
        &mut self,
        root: &Path,
        dir: &Path,
        part: Part,
        medium: Medium,
    ) -> Result<(), DatasetError> {
        for label_dir in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
            let label = file_name(&label_dir);
            let emotion = Emotion::from_name(&label);
            for path in files_below(&label_dir)? {
                match (emotion, self.keep(&path, medium)) {
                    (_, false) => {}
                    (None, true) => *self.unknown_labels.entry(label.clone()).or_default() += 1,
                    (Some(emotion), true) => {
                        let speaker = RavdessName::parse(&path).map(|name| name.actor);
                        self.files.push(LabelledFile { id: id(root, &path), path, emotion, speaker, part });
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds the RAVDESS files below `dir`, spoken ones only.
    pub(super) fn add_ravdess(&mut self, dir: &Path) -> Result<(), DatasetError> {
        for path in files_below(dir)? {
            if !self.keep(&path, Medium::Sound) {
                continue;
            }
            match RavdessName::parse(&path) {
                None => self.foreign.push((path, "its name is none of RAVDESS".to_owned())),
                Some(RavdessName { channel: Channel::Song, .. }) => {
                    *self.unknown_labels.entry(SONG_LABEL.to_owned()).or_default() += 1;
                }
                Some(name) => self.files.push(LabelledFile {
                    id: id(dir, &path),
                    path,
                    emotion: name.emotion,
                    speaker: Some(name.actor),
                    part: Part::Train,
                }),
            }
        }
        Ok(())
    }

    /// Whether a file is of the medium asked for; notes it when it is of none.
    fn keep(&mut self, path: &Path, medium: Medium) -> bool {
        let found = Medium::of(path);
        if found.is_none() {
            self.foreign.push((path.to_owned(), "neither a picture (png, jpg) nor a sound (wav, flac)".to_owned()));
        }
        found == Some(medium)
    }
}

/// What lies in a folder, sorted, without hidden files and those that file managers leave behind.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let of_io = |error| DatasetError::of_io(dir, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(of_io)? {
        let path = entry.map_err(of_io)?.path();
        let name = file_name(&path);
        if !name.starts_with('.') && !["Thumbs.db", "desktop.ini", "__MACOSX"].contains(&name.as_str()) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Every file below a folder, sorted by path.
fn files_below(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = Vec::new();
    let mut waiting = vec![(dir.to_owned(), 0)];
    while let Some((dir, depth)) = waiting.pop() {
        for path in entries(&dir)? {
            if !path.is_dir() {
                files.push(path);
            } else if depth < MAX_DEPTH {
                waiting.push((path, depth + 1));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Last component of a path, as text.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Path below the root, with `/` on every system.
fn id(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
