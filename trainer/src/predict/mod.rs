//! `moodbox-trainer predict`: what the networks say of single pictures and clips.

mod drawing;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use moodbox_shared::media::face_detector::{DetectorError, FaceDetector};
use moodbox_shared::media::{self, AudioFileError, ImageFileError};
use moodbox_shared::model::{Model, Task};
use moodbox_shared::vision::{CropSquare, NoPicture, most_prominent};
use thiserror::Error;

use crate::dataset::folder::Medium;
use crate::evaluate::{
    EvaluateError, FaceClassifier, ModelFile, SpeechClassifier, face_in_label_order, most_likely, speech_in_label_order,
};
use crate::report::{ReportError, print_line, write_png};

pub use drawing::{Answer, draw};

/// Print what the networks say of pictures and clips
#[derive(Clone, Debug, clap::Args)]
pub struct PredictArgs {
    /// Pictures (png, jpg) and clips (wav, flac)
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Network for pictures
    #[arg(long, value_name = "FILE", default_value = "models/face.moodnet")]
    pub face_model: PathBuf,
    /// Network for clips
    #[arg(long, value_name = "FILE", default_value = "models/speech.moodnet")]
    pub speech_model: PathBuf,
    /// Where each picture is written again, with the face's box, the crop and the result
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
}

/// Why there is no prediction.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PredictError {
    /// A model can't be used.
    #[error(transparent)]
    Model(#[from] EvaluateError),
    /// A model of the other kind.
    #[error("model {} is for {found}, not for {wanted}", path.display())]
    WrongTask {
        /// The file.
        path: PathBuf,
        /// What it is for.
        found: Task,
        /// What it was given for.
        wanted: Task,
    },
    /// By its name it is neither.
    #[error("{} is neither a picture (png, jpg) nor a sound (wav, flac)", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// A picture can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ImageFileError,
    },
    /// A picture that shows nothing.
    #[error("{}: {source}", path.display())]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// How little it shows.
        source: NoPicture,
    },
    /// A clip can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Clip {
        /// The file.
        path: PathBuf,
        /// Why.
        source: AudioFileError,
    },
    /// A clip without a single row of features.
    #[error("{} is shorter than 0.128 s: nothing can be heard in it", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
    },
    /// The detector can't be made.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// The drawn picture can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// A picture with sides up to this many pixels shows a face alone, as those of FER2013 do: no face is looked for in it.
const LONGEST_SIDE_OF_A_FACE: usize = 96;

/// Length of a bar that means certainty, in letters.
const BAR_LETTERS: f32 = 30.0;

/// Runs the command; ends with the first file that can't be used.
pub fn run(args: &PredictArgs) -> Result<(), PredictError> {
    let of_kind = |kind: Medium| args.files.iter().filter(move |path| Medium::of(path) == Some(kind));
    if let Some(path) = args.files.iter().find(|path| Medium::of(path).is_none()) {
        return Err(PredictError::UnknownKind { path: path.clone() });
    }
    if of_kind(Medium::Picture).next().is_some() {
        let file = ModelFile::read(&args.face_model)?;
        let model = file.model()?;
        predict_pictures(&model, args, of_kind(Medium::Picture))?;
    }
    if of_kind(Medium::Sound).next().is_some() {
        let file = ModelFile::read(&args.speech_model)?;
        let model = file.model()?;
        predict_clips(&model, args, of_kind(Medium::Sound))?;
    }
    Ok(())
}

fn predict_pictures<'a>(
    model: &Model<'_>,
    args: &PredictArgs,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<(), PredictError> {
    let mut classifier = FaceClassifier::new(model).ok_or_else(|| wrong_task(&args.face_model, model, Task::Face))?;
    let mut detector = FaceDetector::new()?;
    let mut names = HashSet::new();
    for path in files {
        let luma = media::read_luma(path).map_err(|source| PredictError::Picture { path: path.clone(), source })?;
        let picture = luma.view();
        let is_face = luma.width().max(luma.height()) <= LONGEST_SIDE_OF_A_FACE;
        let face = if is_face { None } else { most_prominent(&detector.look(&picture), &picture).copied() };
        let Some(square) = face.map(|face| face.crop()).or(is_face.then(|| CropSquare::whole(&picture))) else {
            print_line(format_args!("{}: no face found", path.display()));
            continue;
        };
        let posteriors = classifier
            .classify(&picture, square)
            .map_err(|source| PredictError::NoPicture { path: path.clone(), source })?;
        let answer = Answer { labels: model.labels(), posteriors: &face_in_label_order(model.labels(), &posteriors) };
        print(path, &answer);
        let drawn = args.out.join(drawn_name(path, &mut names));
        write_png(&drawn, &draw(&luma, face, square, classifier.crop(), &answer))?;
        print_line(format_args!("  drawn: {}", drawn.display()));
    }
    Ok(())
}

fn predict_clips<'a>(
    model: &Model<'_>,
    args: &PredictArgs,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<(), PredictError> {
    let mut classifier =
        SpeechClassifier::new(model).ok_or_else(|| wrong_task(&args.speech_model, model, Task::Speech))?;
    for path in files {
        let samples = media::read_speech(path).map_err(|source| PredictError::Clip { path: path.clone(), source })?;
        let found = classifier.classify(&samples).ok_or_else(|| PredictError::TooShort { path: path.clone() })?;
        let posteriors = speech_in_label_order(model.labels(), &found.clip);
        print(path, &Answer { labels: model.labels(), posteriors: &posteriors });
    }
    Ok(())
}

fn wrong_task(path: &Path, model: &Model<'_>, wanted: Task) -> PredictError {
    PredictError::WrongTask { path: path.to_owned(), found: model.task(), wanted }
}

fn print(path: &Path, answer: &Answer<'_>) {
    let best = most_likely(answer.posteriors).map_or("nothing", |index| answer.labels[index].name());
    print_line(format_args!("{}: {best}", path.display()));
    for (label, posterior) in answer.labels.iter().zip(answer.posteriors) {
        print_line(format_args!(
            "  {label:<10} {posterior:.3} {}",
            "#".repeat((posterior * BAR_LETTERS).round() as usize)
        ));
    }
}

/// `NAME-mood.png`, or with a number where pictures of several folders bear the same name.
fn drawn_name(path: &Path, taken: &mut HashSet<String>) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let numbered = (2..).map(|number| format!("{stem}-mood-{number}.png"));
    let name = std::iter::once(format!("{stem}-mood.png")).chain(numbered).find(|name| !taken.contains(name));
    let name = name.expect("there is always a next number");
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::test_models::{face_model, speech_model};
    use crate::sample::wav_bytes;
    use std::fs;

    fn args(dir: &Path, files: &[&str]) -> PredictArgs {
        let (face_file, speech_file) = (dir.join("face.moodnet"), dir.join("speech.moodnet"));
        fs::write(&face_file, face_model()).unwrap();
        fs::write(&speech_file, speech_model()).unwrap();
        PredictArgs {
            files: files.iter().map(|name| dir.join(name)).collect(),
            face_model: face_file,
            speech_model: speech_file,
            out: dir.to_owned(),
        }
    }

    #[test]
    fn pictures_are_drawn_and_clips_are_heard() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("more")).unwrap();
        for name in ["a.png", "more/a.png"] {
            let half = |x, _| image::Luma([if x < 24 { 200 } else { 20 }]);
            image::GrayImage::from_fn(48, 48, half).save(dir.path().join(name)).unwrap();
        }
        fs::write(dir.path().join("b.wav"), wav_bytes(&[1000; 20_000])).unwrap();
        run(&args(dir.path(), &["a.png", "b.wav", "more/a.png"])).unwrap();
        for name in ["a-mood.png", "a-mood-2.png"] {
            assert!(image::open(dir.path().join(name)).unwrap().width() > 300);
        }
    }

    #[test]
    fn each_file_that_cannot_be_used_has_its_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("text.png"), "text").unwrap();
        fs::write(dir.path().join("empty.wav"), "").unwrap();
        fs::write(dir.path().join("short.wav"), wav_bytes(&[1000; 100])).unwrap();
        image::GrayImage::from_pixel(48, 48, image::Luma([9])).save(dir.path().join("black.png")).unwrap();
        for name in ["text.png", "empty.wav", "short.wav", "black.png", "missing.png", "notes.txt"] {
            let error = run(&args(dir.path(), &[name])).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains('\n'), "{error}");
        }
        let mut swapped = args(dir.path(), &["short.wav"]);
        swapped.speech_model = swapped.face_model.clone();
        assert!(matches!(run(&swapped), Err(PredictError::WrongTask { .. })));
    }

    #[test]
    fn a_large_picture_without_a_face_has_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        image::GrayImage::from_fn(200, 200, |x, _| image::Luma([x as u8])).save(dir.path().join("wall.png")).unwrap();
        run(&args(dir.path(), &["wall.png"])).unwrap();
        assert!(!dir.path().join("wall-mood.png").exists());
    }
}
