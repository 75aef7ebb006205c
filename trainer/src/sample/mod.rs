//! `moodbox-trainer sample`: what the demo shows and plays, without any real person in it.
//!
//! Out come, for each emotion, the mean of training faces (by the crowd's votes: of those on which it agrees) with its expression exaggerated,
//! set into a camera's frame, and a synthetic voice; `sample.json` lists them with their labels. Exaggeration and voices are tuned until the
//! shipped networks mostly take them as they are meant: the sample shows that the chain works, and says nothing about how often it is right.

mod faces;
mod voice;
mod wav;

use std::fs;
use std::path::PathBuf;

use moodbox_shared::Emotion;
use moodbox_shared::media::face_detector::{DetectorError, FaceDetector};
use serde::Serialize;
use thiserror::Error;

use crate::dataset::{DatasetError, Labels, Part, Unpacked};
use crate::evaluate::pictures_to_score;
use crate::report::{ReportError, print_line, write_file, write_png};

pub use faces::{FRAME_HEIGHT, FRAME_WIDTH, MeanFaces};
pub use voice::{Manner, speak};
pub use wav::wav_bytes;

/// Share of the crowd's votes, single ones not counted, that a picture's emotion has at least where a mean is to show it: expressions that half of
/// the crowd sees average out.
const CLEAR: f32 = 0.8;

/// Make the demo's sample: mean faces of a data set and synthetic speech
#[derive(Clone, Debug, clap::Args)]
pub struct SampleArgs {
    /// Labelled pictures, cut to the face as FER2013's are; the train part is read
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Whose word counts for what a picture shows
    #[arg(long, value_enum, default_value_t = Labels::Fer2013)]
    pub labels: Labels,
    /// The crowd's votes [default: ferplus_votes.csv in the data set's folder]
    #[arg(long, value_name = "CSV")]
    pub votes: Option<PathBuf>,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Why there is no sample.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The pictures can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A face's emotion has no pictures.
    #[error("there are no pictures of the label '{0}'")]
    NoPictures(Emotion),
    /// There is no detector.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// A file can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// One item of `sample.json`; files lie beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleItem {
    /// File name of the frame.
    pub picture: String,
    /// File name of the sound.
    pub sound: String,
    /// What is meant.
    pub label: &'static str,
}

/// Runs the command.
pub fn run(args: &SampleArgs) -> Result<(), SampleError> {
    let (data, votes) = (Unpacked::open(&args.data)?, args.votes.as_deref());
    let (mut pictures, _) = pictures_to_score(&data, Part::Train, &Emotion::FACE, args.labels, votes, true)?;
    if let Some(table) = args.labels.table(votes, &data)? {
        pictures.retain(|picture| table.of(&picture.id).is_some_and(|votes| votes.share(picture.emotion) >= CLEAR));
    }
    let faces = MeanFaces::of(&pictures).map_err(SampleError::NoPictures)?;
    let mut detector = FaceDetector::new()?;
    let mut files = Vec::new();
    let mut items = Vec::new();
    for emotion in Emotion::FACE {
        let item = SampleItem {
            picture: format!("face_{emotion}.png"),
            sound: format!("speech_{emotion}.wav"),
            label: emotion.name(),
        };
        files.push((item.picture.clone(), Content::Picture(faces.frame(emotion, &mut detector))));
        files.push((item.sound.clone(), Content::Sound(speak(Manner::of(emotion)))));
        items.push(item);
    }

    let failed = |source| ReportError::Write { path: args.out.clone(), source };
    fs::create_dir_all(&args.out).map_err(failed)?;
    for (name, content) in files {
        let path = args.out.join(name);
        match content {
            Content::Picture(picture) => write_png(&path, &picture.into())?,
            Content::Sound(samples) => write_file(&path, &wav_bytes(&samples))?,
        }
    }
    // Last, so that the list never names what is not there.
    let list = serde_json::to_string_pretty(&items).expect("names only: always representable");
    write_file(&args.out.join("sample.json"), format!("{list}\n").as_bytes())?;
    print_line(format_args!("{} faces and voices in {}", items.len(), args.out.display()));
    Ok(())
}

enum Content {
    Picture(image::GrayImage),
    Sound(Vec<i16>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;
    use std::path::Path;

    fn write_faces(dir: &Path, emotions: &[Emotion]) {
        for (index, emotion) in emotions.iter().enumerate() {
            let folder = dir.join(emotion.name());
            fs::create_dir_all(&folder).unwrap();
            let pixel = |x: u32, y: u32| image::Luma([(x * 3 + y + 10 * index as u32) as u8]);
            image::GrayImage::from_fn(48, 48, pixel).save(folder.join("a.png")).unwrap();
        }
    }

    #[test]
    fn the_list_names_files_that_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let args = SampleArgs {
            data: dir.path().join("data"),
            out: dir.path().join("out/sample"),
            labels: Labels::Fer2013,
            votes: None,
        };
        write_faces(&args.data, &Emotion::FACE);
        run(&args).unwrap();
        let list: serde_json::Value = serde_json::from_slice(&fs::read(args.out.join("sample.json")).unwrap()).unwrap();
        assert_eq!(list.as_array().unwrap().len(), Emotion::FACE.len());
        for (item, emotion) in list.as_array().unwrap().iter().zip(Emotion::FACE) {
            assert_eq!(item["label"], emotion.name());
            let file = |key: &str| args.out.join(item[key].as_str().unwrap());
            let picture = moodbox_shared::media::read_luma(&file("picture")).unwrap();
            assert_eq!((picture.width(), picture.height()), (FRAME_WIDTH as usize, FRAME_HEIGHT as usize));
            assert!(moodbox_shared::media::read_speech(&file("sound")).unwrap().len() > 32_000);
        }
        let bytes: u64 = fs::read_dir(&args.out).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes < 1_500_000, "{bytes} bytes are too many for a repository");
    }

    #[test]
    fn without_pictures_of_an_emotion_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let args = SampleArgs {
            data: dir.path().join("data"),
            out: dir.path().join("out"),
            labels: Labels::Fer2013,
            votes: None,
        };
        write_faces(&args.data, &[Emotion::Happy, Emotion::Neutral]);
        assert!(matches!(run(&args), Err(SampleError::NoPictures(Emotion::Sad))));
        assert!(!args.out.exists());
    }

    #[test]
    #[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
    fn the_detector_finds_the_mean_face_of_every_emotion() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/fer2013");
        let set = dataset::read_pictures(&data, Part::Train).unwrap();
        let faces = MeanFaces::of(&set.pictures).unwrap();
        let mut detector = FaceDetector::new().unwrap();
        for emotion in Emotion::FACE {
            let frame = faces.frame(emotion, &mut detector);
            let (width, height) = (FRAME_WIDTH as usize, FRAME_HEIGHT as usize);
            let image = moodbox_shared::vision::LumaImage::new(width, height, width, &frame).unwrap();
            let faces = detector.look(&image);
            let square = faces.first().unwrap_or_else(|| panic!("{emotion} is not found")).crop();
            let centre = [square.x + square.side / 2.0, square.y + square.side / 2.0];
            assert!((centre[0] - 320.0).abs() < 40.0 && (centre[1] - 240.0).abs() < 40.0, "{emotion}: {square:?}");
            assert!((180.0..300.0).contains(&square.side), "{emotion}: {square:?}");
        }
    }
}
