//! Pictures and speech to replay, read before anything is counted: of the data sets where they lie beside the repository, else of the
//! sample that is built in.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize};
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma};
use moodbox::sample::Sample;
use moodbox_shared::media::{OwnedLuma, read_luma, read_speech};
use moodbox_shared::vision::{PixelFormat, RawFrame};
use moodbox_tests::data_dir;
use std::fs;
use std::path::{Path, PathBuf};

/// Columns and rows of a frame: small, so that the detector, which is not what is tested, takes little time.
pub const SIZE: (usize, usize) = (160, 120);

/// Frames for which each picture is shown.
const SHOWN_FRAMES: usize = 50;

/// One picture of this many is an empty room.
const EMPTY_EVERY: usize = 8;

/// Once in so many frames, one is cut off.
const CUT_OFF_EVERY: usize = 997;

/// What a camera and a microphone give, again and again.
pub struct Material {
    /// Where it is from.
    pub source: &'static str,
    /// YUYV, `SIZE`.
    frames: Vec<Vec<u8>>,
    /// 16 kHz mono.
    sound: Vec<i16>,
}

impl Material {
    /// Reads it.
    pub fn read() -> Self {
        if cfg!(moodbox_data) { Self::of_data_sets(&data_dir()) } else { Self::of_sample() }
    }

    fn of_data_sets(data: &Path) -> Self {
        let classes = files(&data.join("fer2013/train"));
        let pictures = (0..6).flat_map(|index| classes.iter().map(move |class| files(class)[index].clone()));
        let faces = pictures.map(|path| read_luma(&path).expect("a picture"));
        let clips = (0..24)
            .map(|index| files(&data.join(format!("ravdess/Actor_{:02}", 1 + index % 4)))[7 * index / 4].clone());
        let sound = clips.flat_map(|path| read_speech(&path).expect("a clip")).collect();
        Self { source: "FER2013 and RAVDESS", frames: frames(faces), sound }
    }

    fn of_sample() -> Self {
        let sample = Sample::embedded().expect("built in");
        let middle = |frame: &OwnedLuma| {
            let (left, top) = (frame.width() / 2 - 120, frame.height() / 2 - 120);
            let pixels = (0..240).flat_map(|row| frame.view().row(top + row)[left..][..240].to_vec()).collect();
            OwnedLuma::new(240, 240, pixels).expect("within the frame")
        };
        let faces = sample.items.iter().map(|item| middle(&item.frame));
        Self { source: "the built-in sample", frames: frames(faces), sound: sample.sound() }
    }

    /// Frame number `index`, and whether it is whole.
    pub fn frame(&self, index: usize) -> (RawFrame<'_>, bool) {
        let is_whole = !(index + 1).is_multiple_of(CUT_OFF_EVERY);
        let bytes = &self.frames[index / SHOWN_FRAMES % self.frames.len()][if is_whole { 0 } else { 1 }..];
        (RawFrame { format: PixelFormat::Yuyv, width: SIZE.0, height: SIZE.1, stride: 2 * SIZE.0, bytes }, is_whole)
    }

    /// Every frame once, as a camera compresses it.
    pub fn jpegs(&self) -> Vec<Vec<u8>> {
        let compress = |yuyv: &Vec<u8>| {
            let luma: Vec<u8> = yuyv.iter().copied().step_by(2).collect();
            let mut jpeg = Vec::new();
            let encoder = JpegEncoder::new(&mut jpeg);
            encoder.write_image(&luma, SIZE.0 as u32, SIZE.1 as u32, ExtendedColorType::L8).expect("a picture");
            jpeg
        };
        self.frames.iter().map(compress).collect()
    }

    /// The sound that comes with frame number `index`, at 30 a second, in one piece or, where it begins anew, in two.
    pub fn sound(&self, index: usize) -> [&[i16]; 2] {
        let (start, end) = (index * 16_000 / 30, (index + 1) * 16_000 / 30);
        let (start, length) = (start % self.sound.len(), end - start);
        let first = &self.sound[start..(start + length).min(self.sound.len())];
        [first, &self.sound[..length - first.len()]]
    }

    /// So many seconds of it.
    pub fn seconds(&self, seconds: usize) -> Vec<i16> {
        self.sound.iter().copied().cycle().take(16_000 * seconds).collect()
    }
}

/// A face a frame, now left, now right, and an empty room now and then.
fn frames(faces: impl Iterator<Item = OwnedLuma>) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for (index, face) in faces.enumerate() {
        let picture = GrayImage::from_raw(face.width() as u32, face.height() as u32, face.pixels().to_vec());
        let face = resize(&picture.expect("as many pixels as it says"), 96, 96, FilterType::Triangle);
        let mut room = GrayImage::from_pixel(SIZE.0 as u32, SIZE.1 as u32, Luma([110]));
        if (index + 1) % EMPTY_EVERY == 0 {
            frames.push(yuyv(&room));
        }
        overlay(&mut room, &face, if index % 2 == 0 { 8 } else { 56 }, 12);
        frames.push(yuyv(&room));
    }
    frames
}

fn yuyv(luma: &GrayImage) -> Vec<u8> {
    luma.as_raw().iter().flat_map(|&luma| [luma, 128]).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}
