//! The command: data in, figures out.

use std::path::PathBuf;

use moodbox_shared::model::{Model, Task};
use moodbox_shared::vision::CropSquare;
use moodbox_shared::{Emotion, FacePosteriors};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    ClipPosteriors, EvaluateError, FaceClassifier, FloatNetwork, ModelFile, Scores, SpeechClassifier, Wanted,
    clips_to_score, face_in_label_order, pictures_to_score, speech_in_label_order,
};
use crate::dataset::{Clip, LeftOut, Part, Picture, Unpacked};
use crate::report::print_line;

/// Score a model file, or the float network of a training run, on labelled pictures or clips
#[derive(Clone, Debug, clap::Args)]
pub struct EvaluateArgs {
    /// The .moodnet file
    #[arg(long, value_name = "FILE", required_unless_present = "run")]
    pub model: Option<PathBuf>,
    /// The training run whose float network is to be scored instead
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    pub run: Option<PathBuf>,
    /// FER2013 (csv or folders), RAVDESS, or any <label>/* folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print JSON on standard output; remarks go to standard error
    #[arg(long)]
    pub json: bool,
    /// What of it
    #[command(flatten)]
    pub wanted: Wanted,
    /// Keep pictures of validation and test that also stand in the train part beside them
    #[arg(long)]
    pub keep_seen: bool,
}

/// Figures, what they are of, and what is not in them.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Faces or voices.
    pub task: &'static str,
    /// CRC-32 of the model file, as the box shows it; a float network has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_crc32: Option<String>,
    /// The part scored.
    pub part: &'static str,
    /// Of pictures, or of whole clips.
    #[serde(flatten)]
    pub scores: Scores,
    /// Of every window of half a second's step by itself; clips only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Scores>,
    /// What was not scored.
    pub left_out: LeftOut,
    /// Pictures without contrast, scored as undecided: the box would see nothing in them either.
    pub without_contrast: usize,
}

/// What names emotions: the int8 network of a model file, or the float network of a run.
trait Scored {
    fn task(&self) -> Task;
    fn labels(&self) -> &[Emotion];
    /// `None` where a picture has no contrast.
    fn faces(&self, pictures: &[Picture]) -> Vec<Option<FacePosteriors>>;
    /// `None` where a clip is too short.
    fn clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>>;
}

impl Scored for Model<'_> {
    fn task(&self) -> Task {
        self.task()
    }

    fn labels(&self) -> &[Emotion] {
        self.labels()
    }

    fn faces(&self, pictures: &[Picture]) -> Vec<Option<FacePosteriors>> {
        let classify = |classifier: &mut Option<FaceClassifier<'_>>, picture: &Picture| {
            let view = picture.luma.view();
            classifier.as_mut()?.classify(&view, CropSquare::whole(&view)).ok()
        };
        pictures.par_iter().map_init(|| FaceClassifier::new(self), classify).collect()
    }

    fn clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        let classify =
            |classifier: &mut Option<SpeechClassifier<'_>>, clip: &Clip| classifier.as_mut()?.classify(&clip.samples);
        clips.par_iter().map_init(|| SpeechClassifier::new(self), classify).collect()
    }
}

impl Scored for FloatNetwork {
    fn task(&self) -> Task {
        self.task()
    }

    fn labels(&self) -> &[Emotion] {
        self.labels()
    }

    fn faces(&self, pictures: &[Picture]) -> Vec<Option<FacePosteriors>> {
        self.faces(pictures)
    }

    fn clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        self.clips(clips)
    }
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), EvaluateError> {
    let evaluation = evaluate(args)?;
    if args.json {
        print_line(serde_json::to_string_pretty(&evaluation).expect("figures and names: always representable"));
        return Ok(());
    }
    let what = if evaluation.windows.is_some() { "clips" } else { "pictures" };
    let network = match &evaluation.model_crc32 {
        Some(crc32) => format!("model {crc32}"),
        None => "float network".to_owned(),
    };
    print_line(format_args!("{} {what} ({}), {network}", evaluation.scores.samples, evaluation.part));
    print_line(&evaluation.scores);
    if let Some(windows) = &evaluation.windows {
        print_line(format_args!(
            "by window: accuracy {:.1} % of {}, unweighted average recall {:.1} %",
            100.0 * windows.accuracy,
            windows.samples,
            100.0 * windows.unweighted_average_recall
        ));
    }
    Ok(())
}

/// Scores a network; says on standard error what is left out.
pub fn evaluate(args: &EvaluateArgs) -> Result<Evaluation, EvaluateError> {
    if let Some(run) = &args.run {
        return score(&FloatNetwork::open(run)?, args);
    }
    let file = ModelFile::read(args.model.as_deref().ok_or(EvaluateError::Nothing)?)?;
    let model = file.model()?;
    let evaluation = score(&model, args)?;
    Ok(Evaluation { model_crc32: Some(format!("{:08x}", model.crc32())), ..evaluation })
}

fn score(network: &impl Scored, args: &EvaluateArgs) -> Result<Evaluation, EvaluateError> {
    let data = Unpacked::open(&args.data)?;
    let part = args.wanted.part_of(&data)?;
    let evaluation = match network.task() {
        Task::Face => evaluate_faces(network, args, &data, part)?,
        Task::Speech => evaluate_speech(network, args, &data, part)?,
    };
    let left_out = evaluation.left_out.to_string();
    if evaluation.scores.samples == 0 {
        return Err(EvaluateError::NothingLeft { path: args.data.clone(), left_out });
    }
    if left_out != LeftOut::default().to_string() {
        eprintln!("left out: {left_out}");
    }
    if evaluation.without_contrast > 0 {
        eprintln!("{} pictures without contrast are scored as undecided", evaluation.without_contrast);
    }
    Ok(evaluation)
}

fn evaluate_faces(
    network: &impl Scored,
    args: &EvaluateArgs,
    data: &Unpacked,
    part: Part,
) -> Result<Evaluation, EvaluateError> {
    if !args.wanted.actors().is_empty() {
        return Err(EvaluateError::ActorsOfPictures);
    }
    let wanted = &args.wanted;
    let (pictures, left_out) =
        pictures_to_score(data, part, network.labels(), wanted.labels, wanted.votes.as_deref(), args.keep_seen)?;
    let posteriors = network.faces(&pictures);
    let without_contrast = posteriors.iter().filter(|posteriors| posteriors.is_none()).count();
    let in_order: Vec<Vec<f32>> = posteriors
        .into_iter()
        .map(|posteriors| face_in_label_order(network.labels(), &posteriors.unwrap_or_else(FacePosteriors::uniform)))
        .collect();
    let pairs = pictures.iter().zip(&in_order).map(|(picture, posteriors)| (picture.emotion, &posteriors[..]));
    let scores = Scores::new(network.labels(), pairs);
    Ok(Evaluation { windows: None, without_contrast, ..describe(network, part, scores, left_out) })
}

fn evaluate_speech(
    network: &impl Scored,
    args: &EvaluateArgs,
    data: &Unpacked,
    part: Part,
) -> Result<Evaluation, EvaluateError> {
    let (found, mut left_out) = clips_to_score(data.path(), part, network.labels(), args.wanted.actors())?;
    let posteriors = network.clips(&found);
    left_out.too_short = posteriors.iter().filter(|posteriors| posteriors.is_none()).count();
    let mut clips = Vec::new();
    let mut windows = Vec::new();
    for (clip, posteriors) in found.iter().zip(posteriors) {
        let Some(posteriors) = posteriors else { continue };
        clips.push((clip.emotion, speech_in_label_order(network.labels(), &posteriors.clip)));
        for window in &posteriors.windows {
            windows.push((clip.emotion, speech_in_label_order(network.labels(), window)));
        }
    }
    let score = |pairs: &[(Emotion, Vec<f32>)]| {
        Scores::new(network.labels(), pairs.iter().map(|(label, posteriors)| (*label, &posteriors[..])))
    };
    Ok(Evaluation { windows: Some(score(&windows)), ..describe(network, part, score(&clips), left_out) })
}

fn describe(network: &impl Scored, part: Part, scores: Scores, left_out: LeftOut) -> Evaluation {
    let task = match network.task() {
        Task::Face => "face",
        Task::Speech => "speech",
    };
    Evaluation { task, model_crc32: None, part: part.name(), scores, windows: None, left_out, without_contrast: 0 }
}
