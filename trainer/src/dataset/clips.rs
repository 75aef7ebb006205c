//! Labelled clips, read into memory as 16 kHz mono.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;
use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::media;

use super::folder::{LabelledFile, Listing, Medium};
use super::{DatasetError, Layout, Part, Unpacked, content, count_duplicates, read_in_parallel};

/// A labelled sound.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Path within the data set.
    pub id: String,
    /// Its label.
    pub emotion: Emotion,
    /// The actor, where the file name tells it.
    pub speaker: Option<u16>,
    /// 16 kHz mono.
    pub samples: Vec<i16>,
    /// Of the samples: equal for equal sounds.
    pub content_hash: u64,
}

impl Clip {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / SAMPLE_RATE as f64
    }
}

/// Clips, and what was left out on the way to them.
#[derive(Clone, Debug, Default)]
pub struct ClipSet {
    /// In the order of their ids.
    pub clips: Vec<Clip>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Labels that are no emotion known here, and how many files carry them.
    pub unknown_labels: BTreeMap<String, usize>,
    /// Clips whose content stands in the set before them; they stay in the set.
    pub duplicates: usize,
}

impl ClipSet {
    /// Every speaker, ascending.
    pub fn speakers(&self) -> Vec<u16> {
        speakers(&self.clips)
    }
}

/// Every speaker of some clips, ascending.
pub fn speakers(clips: &[Clip]) -> Vec<u16> {
    let mut speakers: Vec<u16> = clips.iter().filter_map(|clip| clip.speaker).collect();
    speakers.sort_unstable();
    speakers.dedup();
    speakers
}

/// Reads all clips of a data set: RAVDESS (`Actor_NN/03-…`), or any `<label>/*` folder, with or without parts; a zip or a pack of it, too.
///
/// Fails where there is no data set or nothing readable in it; single files that can't be read are listed in the result.
pub fn read_clips(dir: &Path) -> Result<ClipSet, DatasetError> {
    read_clips_of(dir, Part::All)
}

/// [`read_clips`] of one part; a data set without parts is all `Train`.
pub fn read_clips_of(dir: &Path, part: Part) -> Result<ClipSet, DatasetError> {
    let unpacked = Unpacked::open(dir)?;
    let set = find_clips(&Layout::detect(unpacked.path())?, part)?;
    if set.clips.is_empty() {
        return Err(DatasetError::nothing_readable(dir, part, "clip", &set.unreadable));
    }
    Ok(set)
}

/// The training part that lies beside a part of a data set, if there is one: what must not be scored again.
pub fn read_training_clips_beside(dir: &Path, part: Part) -> Result<Option<ClipSet>, DatasetError> {
    let unpacked = Unpacked::open(dir)?;
    let Some(training) = Layout::detect(unpacked.path())?.training_beside(part)? else { return Ok(None) };
    find_clips(&Layout::detect(&training)?, Part::Train).map(Some)
}

/// [`read_clips_of`] where it is no failure that there are none.
pub(crate) fn find_clips(layout: &Layout, part: Part) -> Result<ClipSet, DatasetError> {
    let mut set = match layout {
        Layout::Pack(pack) => ClipSet { clips: pack.clips(part)?, ..ClipSet::default() },
        _ => read_clip_files(layout.list(part, Medium::Sound)?),
    };
    set.duplicates = count_duplicates(set.clips.iter().map(|clip| clip.content_hash));
    Ok(set)
}

fn read_clip_files(listing: Listing) -> ClipSet {
    let read = |file: &LabelledFile| {
        let samples = media::read_speech(&file.path).map_err(|error| error.to_string())?;
        let content_hash = content::of_samples(&samples);
        Ok(Clip { id: file.id.clone(), emotion: file.emotion, speaker: file.speaker, samples, content_hash })
    };
    let (clips, unreadable) = read_in_parallel(&listing, read);
    ClipSet { clips, unreadable, unknown_labels: listing.unknown_labels, duplicates: 0 }
}
