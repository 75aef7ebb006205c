//! `moodbox-trainer ablate`: what each part of a recipe is worth.
//!
//! The recipe is trained as it is, then with one change at a time: without each of its parts, or with one that it leaves out. Figures are
//! those of the selection data at the last epoch, so that what is decided by them is decided without the test data. What was finished before an
//! interruption is not done again.

use crate::dataset::Labels;
use crate::network::Preset;
use crate::report::{self, EpochRecord, ReportError, print_line};
use crate::report_command::ABLATION_FILE;
use crate::train::run_folder::{RunFolder, RunFolderError};
use crate::train_command::{self, TaskName, TrainArgs, TrainCommandError, Training};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// One change to a recipe, and what makes it.
struct Change {
    name: &'static str,
    settings: &'static [&'static str],
}

/// Changes to the recipe for faces.
const FACE: &[Change] = &[
    Change { name: "without all variations", settings: &["augment=false"] },
    Change {
        name: "without jitter of the crop",
        settings: &["variation.picture.shift=0", "variation.picture.scale=0"],
    },
    Change { name: "without tilt", settings: &["variation.picture.tilt_degrees=0"] },
    Change { name: "without brightness", settings: &["variation.picture.gamma_octaves=0"] },
    Change { name: "without cut-out", settings: &["variation.picture.cutout=0"] },
    Change { name: "without weight for rare classes", settings: &["balance=0"] },
    Change { name: "without label smoothing", settings: &["label_smoothing=0"] },
    Change { name: "without averaged weights", settings: &["average_decay=0"] },
    Change { name: "without cosine schedule", settings: &["cosine=false"] },
];

/// Changes to the recipe for voices.
const SPEECH: &[Change] = &[
    Change { name: "without all variations", settings: &["augment=false"] },
    Change { name: "without vocal tract length", settings: &["variation.voice.tract=0"] },
    Change { name: "without tempo", settings: &["variation.voice.tempo=0"] },
    Change { name: "without colour of room and microphone", settings: &["variation.voice.colour_db=0"] },
    Change { name: "without echo", settings: &["variation.voice.echo=0"] },
    Change { name: "without noise", settings: &["variation.voice.noise=0"] },
    Change { name: "with masks", settings: &["variation.voice.masks=true"] },
    Change { name: "without mix-up", settings: &["mixup=false"] },
    Change { name: "without label smoothing", settings: &["label_smoothing=0"] },
    Change { name: "without averaged weights", settings: &["average_decay=0"] },
    Change { name: "without cosine schedule", settings: &["cosine=false"] },
];

/// Trains a recipe as it is and with one change at a time.
#[derive(Clone, Debug, clap::Args)]
pub struct AblateArgs {
    /// What to learn
    pub task: TaskName,
    /// The data set
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where the runs and the table are kept
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Published RAVDESS folds to leave out, one network each
    #[arg(long, value_delimiter = ',', default_value = "4", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub folds: Vec<u8>,
    /// Seed of weights, order, variation and split
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Whose word counts for what a picture shows
    #[arg(long, value_enum, default_value_t = Labels::Fer2013)]
    pub labels: Labels,
    /// The crowd's votes [default: ferplus_votes.csv in the data set's folder]
    #[arg(long, value_name = "CSV")]
    pub votes: Option<PathBuf>,
    /// How
    #[command(flatten)]
    pub training: Training,
}

/// Why there is no table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AblateError {
    /// A network was not trained.
    #[error("{}: {source}", run.display())]
    Train {
        /// Its run.
        run: PathBuf,
        /// Why.
        source: TrainCommandError,
    },
    /// A run can't be read.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The table was not written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// How networks of one recipe did, on average over the folds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    train_accuracy: f64,
    selection_loss: f64,
    selection_accuracy: f64,
}

impl Figures {
    fn of(epochs: &[EpochRecord]) -> Self {
        let mean = |of: fn(&EpochRecord) -> f32| {
            epochs.iter().map(|epoch| f64::from(of(epoch))).sum::<f64>() / epochs.len() as f64
        };
        Self {
            train_accuracy: mean(|epoch| epoch.train_accuracy),
            selection_loss: mean(|epoch| epoch.selection_loss),
            selection_accuracy: mean(|epoch| epoch.selection_accuracy),
        }
    }
}

/// Runs the command.
pub fn run(args: &AblateArgs) -> Result<(), AblateError> {
    let interrupted = train_command::on_interruption();
    let changes = match args.task {
        TaskName::Face => FACE,
        TaskName::Speech => SPEECH,
    };
    let whole = Change { name: "the recipe", settings: &[] };
    let mut rows = Vec::new();
    for change in std::iter::once(&whole).chain(changes) {
        let figures = with(args, change, &interrupted)?;
        print_line(format_args!("{}: {:.1} %", change.name, 100.0 * figures.selection_accuracy));
        rows.push((change.name, figures));
    }
    let table = table(args, &rows);
    report::write_markdown(&args.out.join(ABLATION_FILE), &table)?;
    print_line(table.trim_end());
    Ok(())
}

fn with(args: &AblateArgs, change: &Change, interrupted: &AtomicBool) -> Result<Figures, AblateError> {
    let folder = args.out.join(change.name.replace(' ', "-"));
    let folds: &[u8] = if args.task == TaskName::Face { &[0] } else { &args.folds };
    let epochs = folds.iter().map(|&fold| {
        let run = folder.join(format!("fold{fold}"));
        last_epoch(args, change, fold, &run, interrupted)
    });
    Ok(Figures::of(&epochs.collect::<Result<Vec<_>, _>>()?))
}

/// The last epoch of a network that is trained now, if it has not been.
fn last_epoch(
    args: &AblateArgs,
    change: &Change,
    fold: u8,
    run: &Path,
    interrupted: &AtomicBool,
) -> Result<EpochRecord, AblateError> {
    let train = TrainArgs {
        task: args.task,
        data: args.data.clone(),
        out: run.to_owned(),
        preset: Preset::COMPACT,
        init: None,
        seed: args.seed,
        fold: Some(fold),
        selection: None,
        stratified: false,
        speaker_independent: true,
        labels: args.labels,
        votes: args.votes.clone(),
        teachers: Vec::new(),
        resume: false,
        training: Training {
            set: args
                .training
                .set
                .iter()
                .cloned()
                .chain(change.settings.iter().map(|&setting| setting.to_owned()))
                .collect(),
            ..args.training.clone()
        },
    };
    train_command::train_unless_done(&train, interrupted)
        .map_err(|source| AblateError::Train { run: run.to_owned(), source })?;
    let progress = RunFolder::open(run)?.progress()?;
    progress.history.last().copied().ok_or_else(|| RunFolderError::NoRun { path: run.to_owned() }.into())
}

fn table(args: &AblateArgs, rows: &[(&str, Figures)]) -> String {
    let (what, folds) = match args.task {
        TaskName::Face => ("face", String::new()),
        TaskName::Speech => ("speech", format!(", mean over folds {:?}", args.folds)),
    };
    let epochs =
        args.training.epochs.map_or_else(|| "the preset's epochs".to_owned(), |epochs| format!("{epochs} epochs"));
    let mut text = format!(
        "# What each part of the recipe for {what} is worth\n\n\
         Each network was trained by the recipe with one change: {epochs}, seed {}{folds}. Accuracy and loss are those of the selection data at the last\n\
         epoch; the test data was not looked at.\n\n\
         | change | accuracy while learning | selection accuracy | difference | selection loss | difference |\n\
         | --- | --- | --- | --- | --- | --- |\n",
        args.seed,
    );
    let whole = rows[0].1;
    for (name, figures) in rows {
        let _ = writeln!(
            text,
            "| {name} | {:.1} % | {:.1} % | {:+.1} | {:.3} | {:+.3} |",
            100.0 * figures.train_accuracy,
            100.0 * figures.selection_accuracy,
            100.0 * (figures.selection_accuracy - whole.selection_accuracy),
            figures.selection_loss,
            figures.selection_loss - whole.selection_loss,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_changes_its_recipe() {
        for (task, changes) in [(TaskName::Face, FACE), (TaskName::Speech, SPEECH)] {
            let whole = Preset::COMPACT.recipe(task.task()).unwrap();
            for change in changes {
                for setting in change.settings {
                    assert_ne!(whole.with(setting).unwrap(), whole, "{} changes nothing", change.name);
                }
            }
        }
    }

    #[test]
    fn a_part_is_worth_what_is_lost_without_it() {
        let figures =
            |selection_accuracy, selection_loss| Figures { train_accuracy: 0.7, selection_loss, selection_accuracy };
        let args = AblateArgs {
            task: TaskName::Face,
            data: PathBuf::new(),
            out: PathBuf::new(),
            folds: vec![4],
            seed: 1,
            labels: Labels::Ferplus,
            votes: None,
            training: Training { epochs: Some(15), ..Training::default() },
        };
        let text = table(&args, &[("the recipe", figures(0.8, 0.6)), ("without tilt", figures(0.785, 0.65))]);
        assert!(text.contains("| without tilt | 70.0 % | 78.5 % | -1.5 | 0.650 | +0.050 |"), "{text}");
        assert!(text.contains("15 epochs, seed 1."), "{text}");
    }
}
