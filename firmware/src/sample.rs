//! The built-in sample: mean faces and synthetic speech, nobody's picture and nobody's voice, played as a camera and a microphone would
//! see and hear them.
//!
//! `models/sample/sample.json` lists its items, `[{"picture": "face_happy.png", "sound": "speech_happy.wav", "label": "happy"}, …]`; a
//! sound may be `null`; a picture is a whole frame. Each is shown for [`ITEM_MS`].

use crate::camera::replay::{FRAMES_PER_SECOND, frame_time_us};
use crate::camera::{Camera, CameraError, Frame};
use crate::embedded;
use moodbox_shared::Emotion;
use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::media::{AudioFileError, ImageFileError, OwnedLuma, read_luma_bytes, read_speech_bytes};
use serde::Deserialize;
use std::sync::Arc;
use thiserror::Error;

/// How long each item is shown, in milliseconds.
pub const ITEM_MS: u64 = 3_200;

/// Loudest noise in the pauses, of 32768: a quiet room, no digital silence.
const ROOM_NOISE: i16 = 12;

/// Why the sample can't be played.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// This build has none.
    #[error(
        "this build has no embedded sample: build with the feature `embedded-models` and with models/sample in place"
    )]
    Missing,
    /// The list of items makes no sense.
    #[error("models/sample/sample.json makes no sense: {0}")]
    List(#[from] serde_json::Error),
    /// An item's label is no emotion.
    #[error("models/sample/sample.json: `{0}` is no emotion")]
    Label(String),
    /// An item names a file that is not there.
    #[error("models/sample/{0} is missing")]
    File(String),
    /// A picture can't be read.
    #[error("cannot read models/sample/{name}: {source}")]
    Picture {
        /// Name of the file.
        name: String,
        /// What is wrong with it.
        source: ImageFileError,
    },
    /// A sound can't be read.
    #[error("cannot read models/sample/{name}: {source}")]
    Sound {
        /// Name of the file.
        name: String,
        /// What is wrong with it.
        source: AudioFileError,
    },
}

/// What stands in the list.
#[derive(Deserialize)]
struct Entry {
    picture: String,
    sound: Option<String>,
    label: String,
}

/// One item.
#[derive(Clone, Debug)]
pub struct Item {
    /// Name of the picture's file.
    pub name: String,
    /// What is meant.
    pub label: Emotion,
    /// A whole frame with the face in it.
    pub frame: OwnedLuma,
    /// 16 kHz mono, as long as the item is shown.
    pub samples: Vec<i16>,
    /// Whether somebody speaks in it.
    pub has_speech: bool,
}

/// All of it, in order.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The items.
    pub items: Arc<[Item]>,
}

impl Sample {
    /// Reads what the binary holds.
    pub fn embedded() -> Result<Self, SampleError> {
        let list = file("sample.json").map_err(|_| SampleError::Missing)?;
        let entries: Vec<Entry> = serde_json::from_slice(list)?;
        let items: Vec<Item> = entries.into_iter().map(Item::read).collect::<Result<_, _>>()?;
        Ok(Self { items: items.into() })
    }

    /// What is meant at any time.
    pub fn labels(&self) -> Labels {
        Labels { items: self.items.iter().map(|item| item.label).collect() }
    }

    /// All frames, one item after the other.
    pub fn camera(&self) -> SampleCamera {
        SampleCamera { items: self.items.clone(), shown: 0 }
    }

    /// All sound, one item after the other, 16 kHz mono.
    pub fn sound(&self) -> Vec<i16> {
        self.items.iter().flat_map(|item| &item.samples).copied().collect()
    }
}

impl Item {
    fn read(entry: Entry) -> Result<Self, SampleError> {
        let label = Emotion::from_name(&entry.label).ok_or(SampleError::Label(entry.label))?;
        let frame = read_luma_bytes(file(&entry.picture)?)
            .map_err(|source| SampleError::Picture { name: entry.picture.clone(), source })?;
        let speech = match &entry.sound {
            Some(name) => {
                read_speech_bytes(file(name)?).map_err(|source| SampleError::Sound { name: name.clone(), source })?
            }
            None => Vec::new(),
        };
        let has_speech = !speech.is_empty();
        Ok(Self { name: entry.picture, label, frame, samples: in_a_room(&speech), has_speech })
    }
}

fn file(name: &str) -> Result<&'static [u8], SampleError> {
    let found = embedded::SAMPLE.iter().find(|(known, _)| *known == name);
    found.map(|&(_, bytes)| bytes).ok_or_else(|| SampleError::File(name.to_owned()))
}

/// The speech with a quiet room around it, as long as an item is shown; longer speech is cut off.
fn in_a_room(speech: &[i16]) -> Vec<i16> {
    let length = (ITEM_MS as usize * SAMPLE_RATE) / 1_000;
    let mut state = 1u32;
    let mut samples: Vec<i16> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16 % (ROOM_NOISE + 1)
    })
    .take(length)
    .collect();
    let start = length.saturating_sub(speech.len()) / 2;
    for (sample, &spoken) in samples[start..].iter_mut().zip(speech) {
        *sample = sample.saturating_add(spoken);
    }
    samples
}

/// What is meant at any time, where that is known.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    items: Vec<Emotion>,
}

impl Labels {
    /// What is meant at `time_ms`, at the end what was meant last; `None` where nobody knows.
    pub fn at(&self, time_ms: u64) -> Option<Emotion> {
        let index = usize::try_from(time_ms / ITEM_MS).ok()?;
        self.items.get(index).or(self.items.last()).copied()
    }
}

/// Shows each item's frame for its time.
pub struct SampleCamera {
    items: Arc<[Item]>,
    shown: u64,
}

impl SampleCamera {
    fn time_us(&self) -> u64 {
        frame_time_us(self.shown, FRAMES_PER_SECOND, 1)
    }
}

impl Camera for SampleCamera {
    fn due_us(&self) -> Option<u64> {
        let time_us = self.time_us();
        (time_us < self.items.len() as u64 * ITEM_MS * 1_000).then_some(time_us)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let time_us = self.time_us();
        self.shown += 1;
        let Some(item) = self.items.get((time_us / 1_000 / ITEM_MS) as usize) else {
            return Ok(None);
        };
        Ok(Some(Frame { time_us, raw: item.frame.view().into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_quiet_but_not_dead() {
        let samples = in_a_room(&[]);
        assert_eq!(samples.len(), 51_200);
        assert!(samples.iter().all(|sample| sample.abs() <= ROOM_NOISE) && samples.iter().any(|&sample| sample != 0));
        assert_eq!(in_a_room(&[1_000; 100_000]).len(), 51_200);
    }

    #[test]
    fn labels_follow_the_items() {
        let labels = Labels { items: vec![Emotion::Sad, Emotion::Happy] };
        let at = [0, ITEM_MS - 1, ITEM_MS, 2 * ITEM_MS].map(|time_ms| labels.at(time_ms));
        assert_eq!(at, [Emotion::Sad, Emotion::Sad, Emotion::Happy, Emotion::Happy].map(Some));
        assert_eq!(Labels::default().at(0), None);
    }
}
