//! `moodbox-trainer crossvalidate`: how well a recipe does on speakers that it has not heard.
//!
//! For each published fold of RAVDESS, and each seed, a network is trained without the fold's speakers, made an int8 model, and scored on them as
//! the box would run it. What was finished before an interruption is not done again.

use crate::dataset::Labels;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::evaluate::{EvaluateArgs, EvaluateError, Evaluation, evaluate};
use crate::network::Preset;
use crate::quantize_command::{self, CALIBRATION_INPUTS, QuantizeArgs, QuantizeCommandError};
use crate::report::{self, ReportError, mean_and_deviation, print_line};
use crate::train::device;
use crate::train_command::{self, TaskName, TrainArgs, TrainCommandError};
use std::fmt::Write;
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
    /// Which network
    #[arg(long, value_enum, default_value_t = Preset::COMPACT)]
    pub preset: Preset,
    /// Passes over the data [default: the preset's]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Examples a step [default: the preset's]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Where to compute: see the features of this build
    #[arg(long, value_name = "NAME", default_value = device::AVAILABLE.first().copied().unwrap_or("none"))]
    pub device: String,
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
    /// A model was not scored.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The table was not written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// One network's figures on the speakers that it has not heard.
#[derive(Clone, Copy, Debug, PartialEq)]
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
}

impl Score {
    fn of(fold: u8, seed: u64, evaluation: &Evaluation) -> Self {
        let scores = &evaluation.scores;
        Self {
            fold,
            seed,
            clips: scores.samples,
            accuracy: scores.accuracy,
            recall: scores.unweighted_average_recall,
            least_recall: scores.per_class.iter().map(|class| class.recall).fold(1.0, f64::min),
            window_accuracy: evaluation.windows.as_ref().map_or(f64::NAN, |windows| windows.accuracy),
        }
    }
}

/// Runs the command.
pub fn run(args: &CrossvalidateArgs) -> Result<(), CrossvalidateError> {
    let interrupted = train_command::on_interruption();
    let mut scores = Vec::new();
    for seed in 1..=args.seeds {
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
    let run = args.out.join(format!("fold{fold}-seed{seed}"));
    let model = run.join("speech.moodnet");
    if !model.is_file() {
        make(args, fold, seed, &run, &model, interrupted)?;
    }
    let evaluation = evaluate(&EvaluateArgs {
        model: Some(model),
        run: None,
        data: args.data.clone(),
        json: false,
        part: None,
        actors: Vec::new(),
        fold: Some(fold),
        labels: Labels::Fer2013,
        votes: None,
        keep_seen: false,
    })?;
    Ok(Score::of(fold, seed, &evaluation))
}

/// Trains a network without a fold's speakers and writes its int8 model.
fn make(
    args: &CrossvalidateArgs,
    fold: u8,
    seed: u64,
    run: &Path,
    model: &Path,
    interrupted: &AtomicBool,
) -> Result<(), CrossvalidateError> {
    let train = TrainArgs {
        task: TaskName::Speech,
        data: args.data.clone(),
        out: run.to_owned(),
        init: None,
        preset: args.preset,
        epochs: args.epochs,
        batch: args.batch,
        seed,
        device: args.device.clone(),
        fold: Some(fold),
        stratified: false,
        // The published preset chooses by a fifth of each emotion, which would flatter it here.
        speaker_independent: true,
        labels: Labels::Fer2013,
        votes: None,
        resume: run.is_dir(),
    };
    train_command::train(&train, interrupted)
        .map_err(|source| CrossvalidateError::Train { run: run.to_owned(), source })?;
    let quantize =
        QuantizeArgs { run: run.to_owned(), out: model.to_owned(), data: None, calibration: CALIBRATION_INPUTS };
    quantize_command::run(&quantize).map_err(|source| CrossvalidateError::Quantize { run: run.to_owned(), source })
}

/// Every network's figures, and their mean.
fn table(args: &CrossvalidateArgs, scores: &[Score]) -> String {
    let mut text = format!(
        "# {} folds of speakers, {} seeds, preset `{}`\n\n\
         Each network was trained and chosen without the speakers of its fold, and scored on them as int8 on the box's engine. A clip is judged by the\n\
         mean log-posterior of its windows.\n\n\
         | fold | seed | clips | accuracy | mean recall | least recall | accuracy by window |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        RAVDESS_FOLDS.len(),
        args.seeds,
        args.preset.name(),
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    for score in scores {
        let Score { fold, seed, clips, accuracy, recall, least_recall, window_accuracy } = *score;
        let shares = [accuracy, recall, least_recall, window_accuracy].map(percent).join(" | ");
        let _ = writeln!(text, "| {fold} | {seed} | {clips} | {shares} |");
    }
    let of_seeds: Vec<f64> = (1..=args.seeds).map(|seed| clip_accuracy(scores, seed)).collect();
    let (mean, deviation) = mean_and_deviation(&of_seeds);
    let _ = writeln!(
        text,
        "\nAll clips of all folds: {:.1} ± {:.1} % right (mean and standard deviation over the seeds).",
        100.0 * mean,
        100.0 * deviation
    );
    text
}

/// Share of all folds' clips that a seed's networks got right.
fn clip_accuracy(scores: &[Score], seed: u64) -> f64 {
    let of_seed = || scores.iter().filter(|score| score.seed == seed);
    let clips: usize = of_seed().map(|score| score.clips).sum();
    of_seed().map(|score| score.accuracy * score.clips as f64).sum::<f64>() / clips as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(fold: u8, seed: u64, clips: usize, accuracy: f64) -> Score {
        Score { fold, seed, clips, accuracy, recall: 0.5, least_recall: 0.25, window_accuracy: 0.4 }
    }

    fn args(seeds: u64) -> CrossvalidateArgs {
        CrossvalidateArgs {
            task: Crossvalidated::Speech,
            data: PathBuf::new(),
            out: PathBuf::new(),
            seeds,
            preset: Preset::COMPACT,
            epochs: None,
            batch: None,
            device: String::new(),
        }
    }

    #[test]
    fn folds_count_by_their_clips_and_seeds_alike() {
        let scores = [score(1, 1, 300, 0.6), score(2, 1, 100, 0.8), score(1, 2, 300, 0.7), score(2, 2, 100, 0.7)];
        assert!((clip_accuracy(&scores, 1) - 0.65).abs() < 1e-9);
        let text = table(&args(2), &scores);
        assert!(text.contains("| 2 | 1 | 100 | 80.0 % | 50.0 % | 25.0 % | 40.0 % |"), "{text}");
        assert!(text.contains("67.5 ± 3.5 %"), "{text}");
    }
}
