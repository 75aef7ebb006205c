//! `moodbox-trainer crossvalidate`: how well a recipe does on speakers that it has not heard.
//!
//! For each published fold of RAVDESS, and each seed, a network is trained without the fold's speakers, made an int8 model, and scored on them as
//! the box would run it, beside the float network that it was. All other speakers are learned from, and the last epoch counts. What was finished before an interruption is not done again.

use crate::dataset::Labels;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::evaluate::{EvaluateArgs, EvaluateError, Evaluation, ModelFile, Wanted, evaluate};
use crate::judge::{JudgedNetwork, TestData, test_voices};
use crate::network::Preset;
use crate::quantize_command::{self, CALIBRATION_INPUTS, QuantizeArgs, QuantizeCommandError};
use crate::report::{self, ReportError, mean_and_deviation, print_line};
use crate::temperature::best_temperature;
use crate::train::data::DataError;
use crate::train::device;
use crate::train::feature_cache::CacheArgs;
use crate::train::run_folder::{RunFolder, RunFolderError};
use crate::train_command::{self, Selection, TaskName, TrainArgs, TrainCommandError};
use moodbox_shared::Emotion;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
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
    /// Passes over the data [default: the preset's]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Examples a step [default: the preset's]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Epochs in which each network's weights get used to rounding
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    pub finetune: usize,
    /// Another value for a part of the recipe, as run.json names it
    #[arg(long, value_name = "PART=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: see the features of this build; several share every batch
    #[arg(long = "device", visible_alias = "devices", value_name = "NAME,…", value_delimiter = ',', default_values = device::AVAILABLE.first())]
    pub devices: Vec<String>,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
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

/// One network's figures on the speakers that it has not heard.
#[derive(Clone, Debug, PartialEq)]
struct Score {
    /// From 1.
    fold: u8,
    seed: u64,
    clips: usize,
    /// Share of clips.
    accuracy: f64,
    /// Mean over the emotions.
    recall: f64,
    /// Recall of the emotion that is missed most.
    least_recall: f64,
    /// Share of windows.
    window_accuracy: f64,
    /// Share of clips that the network in floating point gets right.
    float_accuracy: f64,
    /// Under which the posteriors of these speakers' windows are the truest.
    temperature: f64,
    /// Of each emotion: clips told right, and clips.
    by_emotion: BTreeMap<Emotion, (usize, usize)>,
}

impl Score {
    fn of(fold: u8, seed: u64, evaluation: &Evaluation, float: &Evaluation, temperature: f32) -> Self {
        let scores = &evaluation.scores;
        let by_emotion = scores.classes.iter().zip(&scores.confusion).enumerate();
        Self {
            fold,
            seed,
            clips: scores.samples,
            accuracy: scores.accuracy,
            recall: scores.unweighted_average_recall,
            least_recall: scores.per_class.iter().map(|class| class.recall).fold(1.0, f64::min),
            window_accuracy: evaluation.windows.as_ref().map_or(f64::NAN, |windows| windows.accuracy),
            float_accuracy: float.scores.accuracy,
            temperature: f64::from(temperature),
            by_emotion: by_emotion.map(|(class, (&emotion, row))| (emotion, (row[class], row.iter().sum()))).collect(),
        }
    }
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
    report::write_file(&args.out.join("crossvalidation.md"), table.as_bytes())?;
    print_line(table.trim_end());
    Ok(())
}

fn one(args: &CrossvalidateArgs, fold: u8, seed: u64, interrupted: &AtomicBool) -> Result<Score, CrossvalidateError> {
    let taught = if args.teachers == 0 { "" } else { "-taught" };
    let run = args.out.join(format!("fold{fold}-seed{seed}{taught}"));
    let model = run.join("speech.moodnet");
    if !model.is_file() {
        let teachers = args.teachers_of(fold, interrupted)?;
        learn(args, fold, seed, &run, teachers, interrupted)?;
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
    let untrained = |source| CrossvalidateError::Train { run: run.to_owned(), source };
    if run.is_dir() && is_finished(run).map_err(|error| untrained(error.into()))? {
        return Ok(());
    }
    let train = TrainArgs {
        task: TaskName::Speech,
        data: args.data.clone(),
        out: run.to_owned(),
        init: None,
        preset: args.preset,
        epochs: args.epochs,
        batch: args.batch,
        seed,
        devices: args.devices.clone(),
        fold: Some(fold),
        selection: Some(Selection::None),
        stratified: false,
        speaker_independent: false,
        labels: Labels::Fer2013,
        votes: None,
        teachers,
        set: args.set.clone(),
        resume: run.is_dir(),
        cache: args.cache.clone(),
    };
    train_command::train(&train, interrupted).map_err(untrained)
}

fn is_finished(run: &Path) -> Result<bool, RunFolderError> {
    Ok(RunFolder::open(run)?.progress()?.finished)
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
        device: args.devices.first().cloned().unwrap_or_default(),
        cache: args.cache.clone(),
    };
    quantize_command::run(&quantize).map_err(|source| CrossvalidateError::Quantize { run: run.to_owned(), source })
}

/// Every network's figures, and their mean.
fn table(args: &CrossvalidateArgs, scores: &[Score]) -> String {
    let taught = match args.teachers {
        0 => String::new(),
        teachers => format!(
            " Beside the labels, it learned from {teachers} networks that were trained in the same way on the same speakers, without teachers."
        ),
    };
    let mut text = format!(
        "# {} folds of speakers, {} seeds, preset `{}`\n\n\
         Each network was trained without the speakers of its fold, on all others, up to the last epoch, and scored on them as int8 on the box's\n\
         engine. A clip is judged by the mean log-posterior of its windows.{}\n\n\
         | fold | seed | clips | accuracy | in floating point | mean recall | least recall | accuracy by window |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        RAVDESS_FOLDS.len(),
        args.seeds,
        args.preset.name(),
        taught,
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    for score in scores {
        let Score { fold, seed, clips, .. } = *score;
        let shares = [score.accuracy, score.float_accuracy, score.recall, score.least_recall, score.window_accuracy];
        let shares = shares.map(percent).join(" | ");
        let _ = writeln!(text, "| {fold} | {seed} | {clips} | {shares} |");
    }
    let over_seeds = |share: &dyn Fn(u64) -> f64| {
        let (mean, deviation) = mean_and_deviation(&args.scored().map(share).collect::<Vec<_>>());
        format!("{:.1} ± {:.1} %", 100.0 * mean, 100.0 * deviation)
    };
    let _ = writeln!(
        text,
        "\nMean and standard deviation over the seeds: all clips of all folds {}, mean of the folds {}; in floating point {} and {}.",
        over_seeds(&|seed| clip_accuracy(scores, seed, |score| score.accuracy)),
        over_seeds(&|seed| fold_mean(scores, seed, |score| score.accuracy)),
        over_seeds(&|seed| clip_accuracy(scores, seed, |score| score.float_accuracy)),
        over_seeds(&|seed| fold_mean(scores, seed, |score| score.float_accuracy)),
    );
    let temperatures: Vec<f64> = scores.iter().map(|score| score.temperature).collect();
    let (temperature, spread) = mean_and_deviation(&temperatures);
    let _ = writeln!(
        text,
        "Temperature under which posteriors of unheard speakers are the truest: {temperature:.2} ± {spread:.2} over the networks.\n",
    );
    text.push_str("| emotion | clips | recall |\n| --- | --- | --- |\n");
    let emotions: BTreeSet<Emotion> = scores.iter().flat_map(|score| score.by_emotion.keys().copied()).collect();
    for emotion in emotions {
        let of_seed = |seed: u64| {
            let found =
                scores.iter().filter(|score| score.seed == seed).filter_map(|score| score.by_emotion.get(&emotion));
            found.fold((0, 0), |sum, found| (sum.0 + found.0, sum.1 + found.1))
        };
        let recall = over_seeds(&|seed| of_seed(seed).0 as f64 / of_seed(seed).1 as f64);
        let _ = writeln!(text, "| {} | {} | {recall} |", emotion.name(), of_seed(args.teachers + 1).1);
    }
    text
}

/// Share of all folds' clips that a seed's networks got right.
fn clip_accuracy(scores: &[Score], seed: u64, accuracy: fn(&Score) -> f64) -> f64 {
    let of_seed = || scores.iter().filter(|score| score.seed == seed);
    let clips: usize = of_seed().map(|score| score.clips).sum();
    of_seed().map(|score| accuracy(score) * score.clips as f64).sum::<f64>() / clips as f64
}

/// Mean over the folds of the share that a seed's networks got right.
fn fold_mean(scores: &[Score], seed: u64, accuracy: fn(&Score) -> f64) -> f64 {
    let of_seed: Vec<f64> = scores.iter().filter(|score| score.seed == seed).map(accuracy).collect();
    of_seed.iter().sum::<f64>() / of_seed.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(fold: u8, seed: u64, clips: usize, accuracy: f64) -> Score {
        let by_emotion = BTreeMap::from([(Emotion::Sad, (clips / 4, clips / 2))]);
        let (recall, least_recall, window_accuracy, temperature) = (0.5, 0.25, 0.4, 1.5);
        Score {
            fold,
            seed,
            clips,
            accuracy,
            recall,
            least_recall,
            window_accuracy,
            float_accuracy: accuracy,
            temperature,
            by_emotion,
        }
    }

    fn args(seeds: u64) -> CrossvalidateArgs {
        CrossvalidateArgs {
            task: Crossvalidated::Speech,
            data: PathBuf::new(),
            out: PathBuf::new(),
            seeds,
            teachers: 0,
            preset: Preset::COMPACT,
            epochs: None,
            batch: None,
            finetune: 0,
            set: Vec::new(),
            devices: Vec::new(),
            cache: CacheArgs::default(),
        }
    }

    #[test]
    fn folds_count_by_their_clips_and_seeds_alike() {
        let scores = [score(1, 1, 300, 0.6), score(2, 1, 100, 0.8), score(1, 2, 300, 0.7), score(2, 2, 100, 0.7)];
        assert!((clip_accuracy(&scores, 1, |score| score.accuracy) - 0.65).abs() < 1e-9);
        let text = table(&args(2), &scores);
        assert!(text.contains("| 2 | 1 | 100 | 80.0 % | 80.0 % | 50.0 % | 25.0 % | 40.0 % |"), "{text}");
        assert!(text.contains("all clips of all folds 67.5 ± 3.5 %, mean of the folds 70.0 ± 0.0 %"), "{text}");
        assert!(text.contains("| sad | 200 | 50.0 ± 0.0 % |") && text.contains("1.50 ± 0.00"), "{text}");
    }
}
