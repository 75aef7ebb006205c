//! A data set as one compact file, to be trained on elsewhere: pictures as 8-bit luma, clips as 16 kHz mono, number by number what the data
//! set's own files were read as.
//!
//! The file is a zip. Its first entry, `moodbox-pack.json`, says what each picture and clip is; `pictures/0`, `clips/0` and so on hold some of
//! them each, in that order, as differences from what their neighbours let expect; `votes.csv` is the crowd's table where there was one.

mod residual;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::OwnedLuma;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{Clip, DatasetError, Layout, Part, Picture, Unpacked, content, find_clips, find_pictures};

/// The file's first entry, by which it is known.
const INDEX_NAME: &str = "moodbox-pack.json";

const VOTES_NAME: &str = "votes.csv";

/// Of what this trainer writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// Bytes before compression that an entry is filled up to: several a processor, and enough for the compressor to learn from.
const BLOCK_BYTES: usize = 1 << 20;

/// Bytes that one entry may unpack to: no picture or clip of a data set is as large.
const MAX_BLOCK_BYTES: u64 = 1 << 30;

/// What goes into a pack.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// How the data set lay on the disk, in words.
    pub layout: String,
    /// The parts that it was cut into; empty if it was one whole.
    pub parts: Vec<Part>,
    /// In the order of their ids.
    pub pictures: Vec<Picture>,
    /// In the order of their ids, each with its part.
    pub clips: Vec<(Part, Clip)>,
    /// The table of the crowd's votes.
    pub votes: Option<String>,
}

/// What could not go into a pack.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Files that can't be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Labels that are no emotion, and how many files carry them.
    pub unknown_labels: BTreeMap<String, usize>,
}

impl LeftOut {
    fn add(&mut self, unreadable: Vec<(PathBuf, String)>, unknown_labels: BTreeMap<String, usize>) {
        self.unreadable.extend(unreadable);
        // A file that is neither picture nor sound is met when either is looked for.
        self.unreadable.sort();
        self.unreadable.dedup();
        for (label, count) in unknown_labels {
            *self.unknown_labels.entry(label).or_default() += count;
        }
    }
}

/// A pack, of which only the index has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    path: PathBuf,
    index: Index,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    format: u32,
    layout: String,
    parts: Vec<Part>,
    /// One list for each entry `pictures/N`.
    pictures: Vec<Vec<PictureEntry>>,
    /// One list for each entry `clips/N`.
    clips: Vec<Vec<ClipEntry>>,
    votes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PictureEntry {
    id: String,
    emotion: Emotion,
    part: Part,
    width: u32,
    height: u32,
    content_hash: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ClipEntry {
    id: String,
    emotion: Emotion,
    part: Part,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    speaker: Option<u16>,
    samples: u32,
    content_hash: u64,
}

/// What an entry of the index says about the bytes that belong to it.
trait Packed: Sync {
    type Item: Send;
    fn part(&self) -> Part;
    fn bytes(&self) -> u64;
    /// `None` where the bytes are not what was packed.
    fn unpack(&self, bytes: &[u8]) -> Option<Self::Item>;
}

impl Packed for PictureEntry {
    type Item = Picture;

    fn part(&self) -> Part {
        self.part
    }

    fn bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn unpack(&self, bytes: &[u8]) -> Option<Picture> {
        let pixels = residual::picture(bytes, self.width as usize);
        let luma = OwnedLuma::new(self.width as usize, self.height as usize, pixels).ok()?;
        let content_hash = content::of_picture(&luma);
        let Self { id, emotion, part, .. } = self.clone();
        (content_hash == self.content_hash).then_some(Picture { id, emotion, part, luma, content_hash })
    }
}

impl Packed for ClipEntry {
    type Item = Clip;

    fn part(&self) -> Part {
        self.part
    }

    fn bytes(&self) -> u64 {
        2 * u64::from(self.samples)
    }

    fn unpack(&self, bytes: &[u8]) -> Option<Clip> {
        let samples = residual::samples(bytes);
        let content_hash = content::of_samples(&samples);
        let Self { id, emotion, speaker, .. } = self.clone();
        (content_hash == self.content_hash).then_some(Clip { id, emotion, speaker, samples, content_hash })
    }
}

impl Pack {
    /// Whether a file is a pack, by its first bytes.
    pub fn is_at(path: &Path) -> bool {
        // A zip's first entry: 30 bytes of header, then its name.
        let mut start = [0; 30 + INDEX_NAME.len()];
        let read = path.is_file().then(|| File::open(path).and_then(|mut file| file.read_exact(&mut start)));
        matches!(read, Some(Ok(()))) && start.starts_with(b"PK\x03\x04") && start.ends_with(INDEX_NAME.as_bytes())
    }

    /// Reads the index.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let mut archive = archive(path)?;
        let damaged = |reason: String| DatasetError::Pack { path: path.to_owned(), reason };
        let text = entry(&mut archive, INDEX_NAME, MAX_BLOCK_BYTES).map_err(damaged)?;
        let format: Format = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if format.format != FORMAT {
            return Err(DatasetError::PackFormat { path: path.to_owned(), found: format.format, known: FORMAT });
        }
        let index = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        Ok(Self { path: path.to_owned(), index })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the data set lay on the disk, in words.
    pub fn layout(&self) -> &str {
        &self.index.layout
    }

    /// The parts that the data set was cut into; empty if it was one whole.
    pub fn parts(&self) -> &[Part] {
        &self.index.parts
    }

    /// The pictures of a part.
    pub(super) fn pictures(&self, part: Part) -> Result<Vec<Picture>, DatasetError> {
        self.unpack("pictures", &self.index.pictures, part)
    }

    /// The clips of a part.
    pub(super) fn clips(&self, part: Part) -> Result<Vec<Clip>, DatasetError> {
        self.unpack("clips", &self.index.clips, part)
    }

    /// The crowd's table of votes, if it was packed.
    pub fn votes(&self) -> Result<Option<String>, DatasetError> {
        if !self.index.votes {
            return Ok(None);
        }
        let bytes = entry(&mut archive(&self.path)?, VOTES_NAME, MAX_BLOCK_BYTES).map_err(|why| self.damaged(why))?;
        String::from_utf8(bytes).map(Some).map_err(|error| self.damaged(error.to_string()))
    }

    fn unpack<P: Packed>(&self, kind: &str, blocks: &[Vec<P>], part: Part) -> Result<Vec<P::Item>, DatasetError> {
        let parts = &self.index.parts;
        if part != Part::All && !parts.contains(&part) && !(parts.is_empty() && part == Part::Train) {
            return Err(DatasetError::no_part(&self.path, part, parts));
        }
        let wanted = |entry: &P| part == Part::All || entry.part() == part;
        let needed: Vec<usize> = (0..blocks.len()).filter(|&block| blocks[block].iter().any(wanted)).collect();
        let unpacked: Vec<Vec<P::Item>> = needed
            .into_par_iter()
            .map_init(
                || archive(&self.path),
                |archive, block| {
                    let Ok(archive) = archive else { return Err(self.damaged("it can't be opened again".to_owned())) };
                    let name = format!("{kind}/{block}");
                    let bytes: u64 = blocks[block].iter().map(P::bytes).fold(0, u64::saturating_add);
                    let data = entry(archive, &name, bytes).map_err(|why| self.damaged(why))?;
                    if data.len() as u64 != bytes {
                        return Err(self.damaged(format!("{name} is too short")));
                    }
                    let mut rest = &data[..];
                    let mut items = Vec::new();
                    for entry in &blocks[block] {
                        // All of them together are as long as the data.
                        let (bytes, behind) = rest.split_at(entry.bytes() as usize);
                        rest = behind;
                        if wanted(entry) {
                            let item = entry.unpack(bytes);
                            items.push(item.ok_or_else(|| self.damaged(format!("{name} is not what was packed")))?);
                        }
                    }
                    Ok(items)
                },
            )
            .collect::<Result<_, _>>()?;
        Ok(unpacked.into_iter().flatten().collect())
    }

    fn damaged(&self, reason: String) -> DatasetError {
        DatasetError::Pack { path: self.path.clone(), reason }
    }
}

/// The one field that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, DatasetError> {
    let file = File::open(path).map_err(|error| DatasetError::of_io(path, error))?;
    let damaged =
        |error: zip::result::ZipError| DatasetError::Pack { path: path.to_owned(), reason: error.to_string() };
    ZipArchive::new(BufReader::new(file)).map_err(damaged)
}

/// An entry's bytes, `limit` at most; more of them are a reason to refuse.
fn entry(archive: &mut ZipArchive<BufReader<File>>, name: &str, limit: u64) -> Result<Vec<u8>, String> {
    let limit = limit.min(MAX_BLOCK_BYTES);
    let mut bytes = Vec::new();
    let entry = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
    entry.take(limit + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > limit { Err(format!("{name} is too long")) } else { Ok(bytes) }
}

impl Contents {
    /// Reads everything of a data set that can be read.
    ///
    /// * `votes`: the crowd's table; where it is not named, the one that lies with the data
    pub fn read(data: &Path, votes: Option<&Path>) -> Result<(Self, LeftOut), DatasetError> {
        let unpacked = Unpacked::open(data)?;
        let layout = Layout::detect(unpacked.path())?;
        let mut pictures = find_pictures(&layout, Part::All)?;
        let mut parts = layout.parts();
        if let Layout::Fer2013Csv(_) = layout {
            parts = Part::EACH.into_iter().filter(|part| pictures.pictures.iter().any(|p| p.part == *part)).collect();
        }
        let mut left_out = LeftOut { unreadable: pictures.unreadable, unknown_labels: pictures.unknown_labels };
        let mut clips = Vec::new();
        for part in if parts.is_empty() { vec![Part::Train] } else { parts.clone() } {
            let found = find_clips(&layout, part)?;
            left_out.add(found.unreadable, found.unknown_labels);
            clips.extend(found.clips.into_iter().map(|clip| (part, clip)));
        }
        if pictures.pictures.is_empty() && clips.is_empty() {
            return Err(DatasetError::nothing_readable(data, Part::All, "picture or clip", &left_out.unreadable));
        }
        let votes = unpacked.votes(votes)?.map(|(text, _)| text);
        let layout = match layout {
            Layout::Pack(pack) => pack.index.layout,
            layout => layout.to_string(),
        };
        let pictures = std::mem::take(&mut pictures.pictures);
        Ok((Self { layout, parts, pictures, clips, votes }, left_out))
    }

    /// The bytes of a pack.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let pictures = blocks(&self.pictures, |picture| picture.luma.pixels().len());
        let clips = blocks(&self.clips, |(_, clip)| 2 * clip.samples.len());
        let picture_entry = |picture: &Picture| PictureEntry {
            id: picture.id.clone(),
            emotion: picture.emotion,
            part: picture.part,
            width: picture.luma.width() as u32,
            height: picture.luma.height() as u32,
            content_hash: picture.content_hash,
        };
        let clip_entry = |(part, clip): &(Part, Clip)| ClipEntry {
            id: clip.id.clone(),
            emotion: clip.emotion,
            part: *part,
            speaker: clip.speaker,
            samples: clip.samples.len() as u32,
            content_hash: clip.content_hash,
        };
        let index = Index {
            format: FORMAT,
            layout: self.layout.clone(),
            parts: self.parts.clone(),
            pictures: pictures.iter().map(|block| block.iter().map(picture_entry).collect()).collect(),
            clips: clips.iter().map(|block| block.iter().map(clip_entry).collect()).collect(),
            votes: self.votes.is_some(),
        };
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut add = |name: &str, bytes: &[u8]| {
            archive.start_file(name, SimpleFileOptions::default().compression_level(Some(9)))?;
            archive.write_all(bytes)
        };
        add(INDEX_NAME, &serde_json::to_vec(&index)?)?;
        if let Some(votes) = &self.votes {
            add(VOTES_NAME, votes.as_bytes())?;
        }
        for (number, block) in pictures.iter().enumerate() {
            let mut bytes = Vec::with_capacity(2 * BLOCK_BYTES);
            block.iter().for_each(|picture| {
                residual::push_picture(picture.luma.pixels(), picture.luma.width(), &mut bytes);
            });
            add(&format!("pictures/{number}"), &bytes)?;
        }
        for (number, block) in clips.iter().enumerate() {
            let mut bytes = Vec::with_capacity(2 * BLOCK_BYTES);
            block.iter().for_each(|(_, clip)| residual::push_samples(&clip.samples, &mut bytes));
            add(&format!("clips/{number}"), &bytes)?;
        }
        Ok(archive.finish()?.into_inner())
    }
}

/// Cuts items into runs of about [`BLOCK_BYTES`].
fn blocks<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut blocks = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        filled += bytes(item);
        if filled >= BLOCK_BYTES || index + 1 == items.len() {
            blocks.push(&items[start..=index]);
            (start, filled) = (index + 1, 0);
        }
    }
    blocks
}
