//! `moodbox-trainer crossvalidate`: how well a recipe does on speakers that it has not heard.
//!
//! For each published fold of RAVDESS, and each seed, a network is trained without the fold's speakers, made an int8 model, and scored on them as
//! the box would run it, beside the float network that it was. All other speakers are learned from, and the last epoch counts. What was finished before
//! an interruption is not done again.

mod table;

use self::table::{Score, table};
use crate::dataset::Labels;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::evaluate::{EvaluateArgs, EvaluateError, ModelFile, Wanted, evaluate};
use crate::judge::{JudgedNetwork, TestData, test_voices};
use crate::network::Preset;
use crate::quantize_command::{self, CALIBRATION_INPUTS, QuantizeArgs, QuantizeCommandError};
use crate::report::{self, ReportError, print_line};
use crate::temperature::best_temperature;
use crate::train::data::DataError;
use crate::train::run_folder::{RunFolder, RunFolderError};
use crate::train_command::{self, Selection, TaskName, TrainArgs, TrainCommandError, Training};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// What has folds of speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Crossvalidated {
    /// Emotions in voices.
    Speech,
}

/// Trains and scores a network for each fold and seed.
#[derive(Clone, Debug, clap::Args)]
pub struct CrossvalidateArgs {
    /// What to learn
    pub task: Crossvalidated,
    /// RAVDESS
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where the runs, their models and the table are kept
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many networks a fold, each from a seed of its own
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: u64,
    /// How many more networks a fold, trained first: their mean teaches the others, beside the labels
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100))]
    pub teachers: u64,
    /// Which network
    #[arg(long, value_enum, default_value_t = Preset::COMPACT)]
    pub preset: Preset,
    /// Epochs in which each network's weights get used to rounding
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    pub finetune: usize,
    /// How
    #[command(flatten)]
    pub training: Training,
}

/// Why there is no table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CrossvalidateError {
    /// A network was not trained.
    #[error("{}: {source}", run.display())]
    Train {
        /// Its run.
        run: PathBuf,
        /// Why.
        source: TrainCommandError,
    },
    /// A network was not quantised.
    #[error("{}: {source}", run.display())]
    Quantize {
        /// Its run.
        run: PathBuf,
        /// Why.
        source: QuantizeCommandError,
    },
    /// The speakers left out can't be heard.
    #[error("{}: {source}", run.display())]
    Judge {
        /// The run that left them out.
        run: PathBuf,
        /// Why.
        source: JudgeError,
    },
    /// A model was not scored.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The table was not written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Why the speakers left out can't be heard.
#[derive(Debug, Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum JudgeError {
    /// The run is not to be used.
    Folder(#[from] RunFolderError),
    /// The data is not to be used.
    Data(#[from] DataError),
    /// The model is not to be used.
    Model(#[from] EvaluateError),
}

impl CrossvalidateArgs {
    /// Seeds of the networks that are scored; the first seeds are their teachers'.
    fn scored(&self) -> RangeInclusive<u64> {
        self.teachers + 1..=self.teachers + self.seeds
    }

    /// The runs from which a fold's networks learn, trained now if they have not been.
    fn teachers_of(&self, fold: u8, interrupted: &AtomicBool) -> Result<Vec<PathBuf>, CrossvalidateError> {
        let teacher = |seed| {
            let run = self.out.join(format!("fold{fold}-seed{seed}"));
            learn(self, fold, seed, &run, Vec::new(), interrupted)?;
            Ok(run)
        };
        (1..=self.teachers).map(teacher).collect()
    }
}

/// Runs the command.
pub fn run(args: &CrossvalidateArgs) -> Result<(), CrossvalidateError> {
    let interrupted = train_command::on_interruption();
    let mut scores = Vec::new();
    for seed in args.scored() {
        for fold in 1..=RAVDESS_FOLDS.len() as u8 {
            let score = one(args, fold, seed, &interrupted)?;
            print_line(format_args!(
                "fold {fold}, seed {seed}: {:.1} % of {} clips",
                100.0 * score.accuracy,
                score.clips
            ));
            scores.push(score);
        }
    }
    let table = table(args, &scores);
    report::write_markdown(&args.out.join("crossvalidation.md"), &table)?;
    print_line(table.trim_end());
    Ok(())
}

fn one(args: &CrossvalidateArgs, fold: u8, seed: u64, interrupted: &AtomicBool) -> Result<Score, CrossvalidateError> {
    let taught = if args.teachers == 0 { "" } else { "-taught" };
    let run = args.out.join(format!("fold{fold}-seed{seed}{taught}"));
    let model = run.join("speech.moodnet");
    let teachers = args.teachers_of(fold, interrupted)?;
    learn(args, fold, seed, &run, teachers, interrupted)?;
    if !model.is_file() {
        quantize(args, &run, &model)?;
    }
    let scored = EvaluateArgs {
        model: Some(model.clone()),
        run: None,
        data: args.data.clone(),
        json: false,
        wanted: Wanted { fold: Some(fold), ..Wanted::default() },
        keep_seen: false,
    };
    let int8 = evaluate(&scored)?;
    let float = evaluate(&EvaluateArgs { model: None, run: Some(run.clone()), ..scored })?;
    let temperature = temperature(&run, &model).map_err(|source| CrossvalidateError::Judge { run, source })?;
    Ok(Score::of(fold, seed, &int8, &float, temperature))
}

/// The temperature that suits a model best on the speakers that its run left out.
fn temperature(run: &Path, model: &Path) -> Result<f32, JudgeError> {
    let description = RunFolder::open(run)?.description()?;
    let file = ModelFile::read(model)?;
    let model = file.model()?;
    let TestData::Judged(heard) = test_voices(&description, &JudgedNetwork::Int8(&model))? else { return Ok(1.0) };
    let (logits, classes) = heard.logits_and_classes(model.labels());
    Ok(best_temperature(&logits, &classes))
}

/// Trains a network without a fold's speakers, if that has not been done.
fn learn(
    args: &CrossvalidateArgs,
    fold: u8,
    seed: u64,
    run: &Path,
    teachers: Vec<PathBuf>,
    interrupted: &AtomicBool,
) -> Result<(), CrossvalidateError> {
    let train = TrainArgs {
        task: TaskName::Speech,
        data: args.data.clone(),
        out: run.to_owned(),
        init: None,
        preset: args.preset,
        seed,
        fold: Some(fold),
        selection: Some(Selection::None),
        stratified: false,
        speaker_independent: false,
        labels: Labels::Fer2013,
        votes: None,
        teachers,
        resume: false,
        training: args.training.clone(),
    };
    train_command::train_unless_done(&train, interrupted)
        .map_err(|source| CrossvalidateError::Train { run: run.to_owned(), source })
}

/// Writes the int8 model of a run.
fn quantize(args: &CrossvalidateArgs, run: &Path, model: &Path) -> Result<(), CrossvalidateError> {
    let quantize = QuantizeArgs {
        run: run.to_owned(),
        out: model.to_owned(),
        data: None,
        calibration: CALIBRATION_INPUTS,
        parameters: None,
        temperature: None,
        finetune: args.finetune,
        device: args.training.devices.first().cloned().unwrap_or_default(),
        cache: args.training.cache.clone(),
    };
    quantize_command::run(&quantize).map_err(|source| CrossvalidateError::Quantize { run: run.to_owned(), source })
}
