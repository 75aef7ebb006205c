//! Labelled clips, read into memory as 16 kHz mono.

use std::collections::BTreeMap;
use std::path::PathBuf;

use moodbox_shared::Emotion;

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
        let mut speakers: Vec<u16> = self.clips.iter().filter_map(|clip| clip.speaker).collect();
        speakers.sort_unstable();
        speakers.dedup();
        speakers
    }
}
