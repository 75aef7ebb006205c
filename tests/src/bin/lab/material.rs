//! What the box is shown: the pictures of the built-in sample, and of FER2013 where present, as raw frames for the camera and as a film
//! for the replay.

use anyhow::{Context, Result, ensure};
use crc::{CRC_32_ISO_HDLC, Crc};
use moodbox_shared::Emotion;
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::media::{OwnedLuma, read_luma};
use moodbox_shared::vision::TrackerSettings;
use moodbox_tests::scene::{Portrait, Setting};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Columns and rows of a frame: small, because emulation is slow.
pub const FRAME_SIZE: (usize, usize) = (160, 120);

/// The camera's format: the cheapest that the box knows, and takes first.
pub const FRAME_FORMAT: &str = "GREY";

/// The picture of nobody between two others.
pub const EMPTY: &str = "empty";

/// Side of a FER2013 picture within the frame, in pixels.
const FACE_SIDE: f32 = 70.0;

/// FER2013 pictures that are shown: the first of each of these classes that the detector is sure of.
const FER2013_CLASSES: [&str; 4] = ["happy", "neutral", "sad", "surprise"];

/// Side of the patch in the upper left corner that differs between the two frames of a picture.
const BLINK_SIDE: usize = 8;

/// A scene before the camera.
///
/// Its two frames differ in a corner and are given in turn: a camera whose frames are all the same is frozen, and is not believed.
pub struct Picture {
    /// Names its files.
    pub name: String,
    frames: [OwnedLuma; 2],
}

impl Picture {
    fn new(name: String, frame: &OwnedLuma) -> Result<Self> {
        ensure!((frame.width(), frame.height()) == FRAME_SIZE, "{name} is no frame of {FRAME_SIZE:?} pixels");
        let blink = |grey: u8| {
            let mut pixels = frame.pixels().to_vec();
            pixels.chunks_mut(FRAME_SIZE.0).take(BLINK_SIDE).for_each(|row| row[..BLINK_SIDE].fill(grey));
            OwnedLuma::new(FRAME_SIZE.0, FRAME_SIZE.1, pixels)
        };
        Ok(Self { name, frames: [blink(100)?, blink(108)?] })
    }

    /// CRC-32 of each frame's luma, as the box's trace names frames.
    pub fn checksums(&self) -> [String; 2] {
        let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC);
        self.frames.each_ref().map(|frame| format!("{:08x}", crc.checksum(frame.pixels())))
    }

    /// Luma of frame `index` of a film.
    pub fn frame(&self, index: usize) -> &[u8] {
        self.frames[index % 2].pixels()
    }
}

/// All pictures.
pub struct Pictures {
    /// Of nobody.
    pub empty: Picture,
    /// Of somebody, in the order in which they are shown.
    pub faces: Vec<Picture>,
}

impl Pictures {
    /// The sample's, and those of FER2013 if `data` holds them and `with_fer2013` asks for them.
    pub fn read(models: &Path, data: &Path, with_fer2013: bool) -> Result<Self> {
        let mut faces = Vec::new();
        let mut detector = FaceDetector::new()?;
        for emotion in Emotion::FACE {
            let path = models.join(format!("sample/face_{emotion}.png"));
            let picture = read_luma(&path).with_context(|| path.display().to_string())?;
            let picture = Picture::new(emotion.name().to_owned(), &closer(&picture)?)?;
            // A face that is first seen faintly is followed from the second look on: one frame, two answers.
            if picture.frames.iter().all(|frame| is_clear(&mut detector, frame, 1.0)) {
                faces.push(picture);
            } else {
                println!("-- picture {emotion}: not shown, the detector is not sure of it in frames as small as these");
            }
        }
        let fer2013 = data.join("fer2013/validation");
        if with_fer2013 && fer2013.is_dir() {
            for class in FER2013_CLASSES {
                faces.push(clear_face(&fer2013.join(class), format!("fer2013_{class}"))?);
            }
        }
        Ok(Self { empty: Picture::new(EMPTY.to_owned(), &nobody()?)?, faces })
    }

    /// Every picture with a name.
    pub fn all(&self) -> impl Iterator<Item = &Picture> {
        self.faces.iter().chain([&self.empty])
    }

    /// Writes each picture as `NAME.raw`: its frames, one behind the other, as the guest's screen takes them.
    pub fn write_raw(&self, folder: &Path) -> Result<()> {
        for picture in self.all() {
            fs::write(folder.join(format!("{}.raw", picture.name)), [picture.frame(0), picture.frame(1)].concat())?;
        }
        Ok(())
    }
}

/// The middle of a frame of the sample, three quarters of its width and height, in a frame as small as these.
fn closer(picture: &OwnedLuma) -> Result<OwnedLuma> {
    let (width, height) = (picture.width() * 3 / 4, picture.height() * 3 / 4);
    let view = picture.view();
    let left = (picture.width() - width) / 2;
    let rows = (picture.height() - height) / 2..(picture.height() + height) / 2;
    let pixels = rows.flat_map(|y| view.row(y)[left..left + width].iter().copied()).collect();
    Ok(OwnedLuma::new(width, height, pixels)?.shrunk_to(FRAME_SIZE.0 * FRAME_SIZE.1)?)
}

/// A room without anybody: dark enough for a face's place to look different at once.
fn nobody() -> Result<OwnedLuma> {
    let (width, height) = FRAME_SIZE;
    let pixels = (0..width * height).map(|index| 40 + (index / width / 4) as u8).collect();
    Ok(OwnedLuma::new(width, height, pixels)?)
}

/// The first picture of a folder whose face the detector is sure of, set into a frame.
fn clear_face(folder: &Path, name: String) -> Result<Picture> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let mut detector = FaceDetector::new()?;
    for path in paths {
        let picture = read_luma(&path).with_context(|| path.display().to_string())?;
        let centre = (FRAME_SIZE.0 as f32 / 2.0, FRAME_SIZE.1 as f32 / 2.0);
        let setting = Setting {
            size: FRAME_SIZE,
            side: FACE_SIDE,
            centre,
            roll_degrees: 0.0,
            contrast: 1.0,
            brightness: 0.0,
            seed: 1,
        };
        let frame = Portrait::new(&picture).frame(&setting);
        if is_clear(&mut detector, &frame, 2.0) {
            return Picture::new(name, &frame);
        }
    }
    anyhow::bail!("{} holds no face that the detector is sure of", folder.display())
}

/// Whether the detector finds one face, so many times as plain as it has to be.
fn is_clear(detector: &mut FaceDetector, frame: &OwnedLuma, times: f32) -> bool {
    let sure_score = TrackerSettings::default().sure_score;
    matches!(&detector.look(&frame.view())[..], [face] if face.score >= times * sure_score)
}

/// Writes a film of luma as Y4M.
pub fn write_film<'a>(path: &Path, frames_per_second: u32, frames: impl Iterator<Item = &'a [u8]>) -> Result<()> {
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    writeln!(file, "YUV4MPEG2 W{} H{} F{frames_per_second}:1 Cmono", FRAME_SIZE.0, FRAME_SIZE.1)?;
    for frame in frames {
        file.write_all(b"FRAME\n")?;
        file.write_all(frame)?;
    }
    Ok(file.flush()?)
}
