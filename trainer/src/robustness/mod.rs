//! `moodbox-trainer robustness`: how accuracy falls as pictures and clips get worse.
//!
//! Each disturbance is applied to the pictures or samples themselves, before the box's own crop and features, at one strength after the other; what is
//! random in it comes from the content of each picture or clip, so that every model meets the same.

mod disturbance;

use self::disturbance::{ClipDisturbance, PictureDisturbance};
use crate::dataset::{Clip, DatasetError, LeftOut, Picture, Unpacked};
use crate::evaluate::{
    EvaluateError, FaceClassifier, ModelFile, Scores, SpeechClassifier, Wanted, clips_to_score, face_in_label_order,
    pictures_to_score, speech_in_label_order,
};
use crate::report::{self, ReportError, RobustnessCurve, RobustnessPoint, print_line};
use moodbox_shared::FacePosteriors;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::vision::LumaImage;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;
use std::path::PathBuf;
use thiserror::Error;

/// Measures how accuracy falls under disturbances.
#[derive(Clone, Debug, clap::Args)]
pub struct RobustnessArgs {
    /// The .moodnet file
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// FER2013, RAVDESS, or folders named by emotion
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Another .moodnet file, whose curves stand beside: a network that was trained without variations, say
    #[arg(long, value_name = "FILE")]
    pub beside: Option<PathBuf>,
    /// The curves to write, as JSON or, for a name that ends in .md, as a table; as robustness.json in a run's folder they become a part of its report
    #[arg(long, value_name = "FILE.json|FILE.md")]
    pub out: PathBuf,
    /// What of it
    #[command(flatten)]
    pub wanted: Wanted,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RobustnessError {
    /// The model is not to be used.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The data is not to be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// There is nothing to score.
    #[error("nothing of {} can be scored ({left_out}): name another part, fold or actors", path.display())]
    Nothing {
        /// The data set.
        path: PathBuf,
        /// What was left out.
        left_out: LeftOut,
    },
    /// The other model does something else.
    #[error("{} does not tell the same emotions apart as {}: name two models of one kind", beside.display(), model.display())]
    OtherKind {
        /// The model.
        model: PathBuf,
        /// The one that should stand beside it.
        beside: PathBuf,
    },
    /// The curves were not written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Runs the command.
pub fn run(args: &RobustnessArgs) -> Result<(), RobustnessError> {
    let file = ModelFile::read(&args.model)?;
    let model = file.model()?;
    let beside_file = args.beside.as_deref().map(ModelFile::read).transpose()?;
    let beside = beside_file.as_ref().map(ModelFile::model).transpose()?;
    if let (Some(other), Some(beside)) = (&beside, &args.beside)
        && (other.task(), other.labels()) != (model.task(), model.labels())
    {
        return Err(RobustnessError::OtherKind { model: args.model.clone(), beside: beside.clone() });
    }
    let data = Unpacked::open(&args.data)?;
    let part = args.wanted.part_of(&data)?;
    let nothing = |left_out| RobustnessError::Nothing { path: args.data.clone(), left_out };
    let beside = beside.as_ref();
    let curves: Vec<RobustnessCurve> = match model.task() {
        Task::Face if !args.wanted.actors().is_empty() => return Err(EvaluateError::ActorsOfPictures.into()),
        Task::Face => {
            let (whose, votes) = (args.wanted.labels, args.wanted.votes.as_deref());
            let (pictures, left_out) = pictures_to_score(&data, part, model.labels(), whose, votes, false)?;
            if pictures.is_empty() {
                return Err(nothing(left_out));
            }
            let point = |kind, level| {
                let accuracy = |model: &Model<'_>| accuracy_of_pictures(model, &pictures, kind, level);
                point(level, pictures.len(), accuracy, &model, beside)
            };
            PictureDisturbance::ALL.map(|kind| curve(kind.scale(), |level| point(kind, level))).into()
        }
        Task::Speech => {
            let (clips, left_out) = clips_to_score(data.path(), part, model.labels(), args.wanted.actors())?;
            if clips.is_empty() {
                return Err(nothing(left_out));
            }
            let point = |kind, level| {
                let accuracy = |model: &Model<'_>| accuracy_of_clips(model, &clips, kind, level);
                point(level, clips.len(), accuracy, &model, beside)
            };
            ClipDisturbance::ALL.map(|kind| curve(kind.scale(), |level| point(kind, level))).into()
        }
    };
    let table = report::robustness_table(&curves);
    let is_table = args.out.extension().is_some_and(|extension| extension == "md");
    if is_table {
        report::write_markdown(&args.out, &format!("# Accuracy under disturbances\n\n{table}"))?;
    } else {
        let json = serde_json::to_string_pretty(&curves).expect("figures and names: always representable");
        report::write_file(&args.out, format!("{json}\n").as_bytes())?;
    }
    print_line(table.trim_end());
    Ok(())
}

fn curve((disturbance, unit, levels): (&str, &str, &[f32]), point: impl Fn(f32) -> RobustnessPoint) -> RobustnessCurve {
    let points = levels.iter().map(|&level| point(level)).collect();
    RobustnessCurve { disturbance: disturbance.to_owned(), unit: unit.to_owned(), points }
}

fn point(
    level: f32,
    samples: usize,
    accuracy: impl Fn(&Model<'_>) -> f64,
    model: &Model<'_>,
    beside: Option<&Model<'_>>,
) -> RobustnessPoint {
    RobustnessPoint { level: f64::from(level), accuracy: accuracy(model), beside: beside.map(accuracy), samples }
}

fn accuracy_of_pictures(model: &Model<'_>, pictures: &[Picture], disturbance: PictureDisturbance, level: f32) -> f64 {
    let posteriors: Vec<Vec<f32>> = pictures
        .par_iter()
        .map_init(
            || FaceClassifier::new(model),
            |classifier, picture| {
                let mut rng = StdRng::seed_from_u64(picture.content_hash);
                let view = picture.luma.view();
                let (pixels, square) = disturbance.apply(&view, level, &mut rng);
                let disturbed = LumaImage::new(view.width(), view.height(), view.width(), &pixels);
                let seen = classifier
                    .as_mut()
                    .zip(disturbed.ok())
                    .and_then(|(classifier, image)| classifier.classify(&image, square).ok());
                face_in_label_order(model.labels(), &seen.unwrap_or_else(FacePosteriors::uniform))
            },
        )
        .collect();
    let truth = pictures.iter().map(|picture| picture.emotion);
    Scores::new(model.labels(), truth.zip(posteriors.iter().map(Vec::as_slice))).accuracy
}

fn accuracy_of_clips(model: &Model<'_>, clips: &[Clip], disturbance: ClipDisturbance, level: f32) -> f64 {
    let posteriors: Vec<Vec<f32>> = clips
        .par_iter()
        .map_init(
            || SpeechClassifier::new(model),
            |classifier, clip| {
                let mut rng = StdRng::seed_from_u64(clip.content_hash);
                let samples = disturbance.apply(&clip.samples, level, &mut rng);
                let heard = classifier.as_mut().and_then(|classifier| classifier.classify(&samples));
                let undecided = || vec![1.0 / model.labels().len() as f32; model.labels().len()];
                heard.map_or_else(undecided, |heard| speech_in_label_order(model.labels(), &heard.clip))
            },
        )
        .collect();
    let truth = clips.iter().map(|clip| clip.emotion);
    Scores::new(model.labels(), truth.zip(posteriors.iter().map(Vec::as_slice))).accuracy
}
