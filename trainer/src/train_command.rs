//! `moodbox-trainer train`: from a data set to a run folder.

use crate::dataset::Labels;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::network::preset::{NoNetwork, Preset};
use crate::train::base::{Base, BaseError};
use crate::train::data::{self, Cut, DataError, Loaded};
use crate::train::device::{self, DeviceError};
use crate::train::feature_cache::CacheArgs;
use crate::train::run_folder::{RunDescription, RunFolder, RunFolderError};
use crate::train::tuning;
use crate::train::{Examples, Recipe, RecipeError, TeacherError, TrainError, Trained, check_teachers, resume_or_start};
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::audio::SpeechStatistics;
use moodbox_shared::model::Task;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// What to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TaskName {
    /// Emotions in faces.
    Face,
    /// Emotions in voices.
    Speech,
}

/// What chooses between the epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Selection {
    /// A part of the data that is not learned from.
    Part,
    /// Nothing: all is learned from, and the last epoch is kept.
    None,
}

impl TaskName {
    pub(crate) const fn task(self) -> Task {
        match self {
            Self::Face => Task::Face,
            Self::Speech => Task::Speech,
        }
    }
}

/// Trains a network.
#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// What to learn
    pub task: TaskName,
    /// The data set: FER2013, RAVDESS, or folders named by emotion
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Start from a finished run, or from a model file, and get it used to --data: a few examples of the people in the room
    #[arg(long, value_name = "RUN|FILE.moodnet", conflicts_with_all = ["preset", "stratified", "speaker_independent"])]
    pub init: Option<PathBuf>,
    /// Where the run is kept: weights, history, curves
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which network
    #[arg(long, value_enum, default_value_t = Preset::COMPACT)]
    pub preset: Preset,
    /// Passes over the data [default: the preset's]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Examples a step [default: the preset's]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Seed of weights, order, variation and split
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to compute: see the features of this build; several share every batch
    #[arg(long = "device", visible_alias = "devices", value_name = "NAME,…", value_delimiter = ',', default_values = device::AVAILABLE.first())]
    pub devices: Vec<String>,
    /// Published RAVDESS fold (1 to 4) to leave out whole, 0 for none [default: 4; with --init 0]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=4))]
    pub fold: Option<u8>,
    /// What chooses between the epochs: a part of the data that is not learned from, or nothing, so that all is learned from and the last epoch is
    /// kept [default: part; with --init none]
    #[arg(long, value_enum, conflicts_with_all = ["stratified", "speaker_independent"])]
    pub selection: Option<Selection>,
    /// Choose by a fifth of each emotion, whoever shows it (published systems do; it flatters) [default for --preset paper]
    #[arg(long)]
    pub stratified: bool,
    /// Choose by speakers who are not learned from [default for the others]
    #[arg(long, conflicts_with = "stratified")]
    pub speaker_independent: bool,
    /// Whose word counts for what a picture shows
    #[arg(long, value_enum, default_value_t = Labels::Fer2013)]
    pub labels: Labels,
    /// The crowd's votes [default: ferplus_votes.csv in the data set's folder]
    #[arg(long, value_name = "CSV")]
    pub votes: Option<PathBuf>,
    /// Learn from a finished run as well, beside the labels; from the mean of several (see --set imitation)
    #[arg(long = "teacher", value_name = "RUN", conflicts_with = "init")]
    pub teachers: Vec<PathBuf>,
    /// Another value for a part of the recipe, as run.json names it: `--set mixup=false`, `--set variation.voice.tract=0`
    #[arg(long, value_name = "PART=VALUE")]
    pub set: Vec<String>,
    /// Go on from the last checkpoint in --out
    #[arg(long)]
    pub resume: bool,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Why no network was trained.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainCommandError {
    /// The data is not to be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The preset has no network for the task.
    #[error(transparent)]
    Preset(#[from] NoNetwork),
    /// Nothing to start from.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// No such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The run's folder is not to be used.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// It can't learn from a teacher.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The recipe can't be changed so.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// An option does not fit.
    #[error("{0}")]
    Option(String),
    /// Interrupted; the last checkpoint stands.
    #[error("interrupted after {epochs} epochs: go on with --resume")]
    Interrupted {
        /// Epochs that are kept.
        epochs: usize,
    },
}

/// Trains, or goes on training, until Ctrl-C.
pub fn run(args: &TrainArgs) -> Result<(), TrainCommandError> {
    train(args, &on_interruption())
}

/// What Ctrl-C sets; a program asks for it once.
pub(crate) fn on_interruption() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // A second handler can't be set; then Ctrl-C ends the process at once, and the last checkpoint still stands.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}

/// Trains, or goes on training, until that is set.
pub(crate) fn train(args: &TrainArgs, interrupted: &AtomicBool) -> Result<(), TrainCommandError> {
    let devices = device::by_names(&args.devices)?;
    let resumed = if args.resume { Some(resumable(args)?) } else { None };
    let cut = resumed.as_ref().map_or_else(|| cut(args), |(_, description)| description.cut());
    if let (Some(init), None) = (&args.init, &resumed) {
        return fine_tune(args, init, &devices, interrupted);
    }
    let (recipe, preset) = match &resumed {
        Some((_, description)) => (description.recipe.clone(), description.preset),
        None => (recipe(args, args.preset.recipe(args.task.task())?)?, args.preset),
    };
    match args.task {
        TaskName::Face => {
            let loaded = data::load_faces(&args.data, &cut)?;
            let (folder, description) = match resumed {
                Some(run) => run,
                None => start(args, &cut, recipe, Task::Face, &loaded, loaded.examples.class_names(), None)?,
            };
            description.check_data(&loaded)?;
            finish(&resume_or_start(&folder, &description, &loaded.examples, &devices, interrupted)?, args)
        }
        TaskName::Speech => {
            let loaded = data::load_speech(&args.data, preset, &cut, recipe.augment, &args.cache.open())?;
            let statistics = Some(loaded.examples.statistics());
            let (folder, description) = match resumed {
                Some(run) => run,
                None => start(args, &cut, recipe, Task::Speech, &loaded, loaded.examples.class_names(), statistics)?,
            };
            description.check_data(&loaded)?;
            finish(&resume_or_start(&folder, &description, &loaded.examples, &devices, interrupted)?, args)
        }
    }
}

/// The run in --out; options that would change it are refused.
fn resumable(args: &TrainArgs) -> Result<(RunFolder, RunDescription), TrainCommandError> {
    let folder = RunFolder::open(&args.out)?;
    let description = folder.description()?;
    let task = args.task.task();
    if description.task != task {
        let message = format!("{} is a run for '{}', not for '{task}'", args.out.display(), description.task);
        return Err(TrainCommandError::Option(message));
    }
    Ok((folder, description))
}

fn start<E: Examples>(
    args: &TrainArgs,
    cut: &Cut,
    recipe: Recipe,
    task: Task,
    loaded: &Loaded<E>,
    classes: &[Emotion],
    statistics: Option<&SpeechStatistics>,
) -> Result<(RunFolder, RunDescription), TrainCommandError> {
    let architecture = args.preset.architecture(task, classes.len())?;
    println!("{}", loaded.split);
    println!("network '{}': {:.1} MMAC an inference", args.preset.name(), architecture.macs() as f64 / 1e6);
    let description = RunDescription {
        task,
        preset: args.preset,
        architecture,
        classes: classes.to_vec(),
        recipe,
        data: args.data.clone(),
        labels: cut.labels,
        votes: cut.votes.clone(),
        split: loaded.split.clone(),
        test_speakers: if task == Task::Speech { cut.test_speakers.clone() } else { Vec::new() },
        selection_speakers: loaded.selection_speakers.clone(),
        stratified: cut.stratified,
        all_learned: cut.all_learned,
        data_hash: loaded.data_hash.clone(),
        statistics: statistics.map_or_else(Vec::new, |statistics| {
            statistics.offset.iter().zip(&statistics.scale).map(|(&offset, &scale)| [offset, scale]).collect()
        }),
        base: None,
        teachers: args.teachers.clone(),
        command: command_line(),
    };
    check_teachers(&description)?;
    let folder = RunFolder::create(&args.out, &description)?;
    Ok((folder, description))
}

/// Gets a finished network used to a few examples.
fn fine_tune(
    args: &TrainArgs,
    init: &Path,
    devices: &[Device],
    interrupted: &AtomicBool,
) -> Result<(), TrainCommandError> {
    let base = Base::open(init)?;
    let task = args.task.task();
    if base.task() != task {
        let message = format!("{} is a network for '{}', not for '{task}'", init.display(), base.task());
        return Err(TrainCommandError::Option(message));
    }
    let recipe = recipe(args, tuning::recipe(args.seed))?;
    let cut = Cut { known: Some(base.known()), ..cut(args) };
    match args.task {
        TaskName::Face => {
            let loaded = data::load_faces(&args.data, &cut)?;
            let (folder, description) = start_from(args, &base, &cut, recipe, &loaded, &devices[0])?;
            finish(&resume_or_start(&folder, &description, &loaded.examples, devices, interrupted)?, args)
        }
        TaskName::Speech => {
            let loaded = data::load_speech(&args.data, base.preset(), &cut, recipe.augment, &args.cache.open())?;
            let (folder, description) = start_from(args, &base, &cut, recipe, &loaded, &devices[0])?;
            finish(&resume_or_start(&folder, &description, &loaded.examples, devices, interrupted)?, args)
        }
    }
}

fn start_from<E: Examples>(
    args: &TrainArgs,
    base: &Base,
    cut: &Cut,
    recipe: Recipe,
    loaded: &Loaded<E>,
    device: &Device,
) -> Result<(RunFolder, RunDescription), TrainCommandError> {
    println!("{}", loaded.split);
    let classes = base.classes().iter().zip(loaded.examples.shown());
    let missing: Vec<&str> = classes.filter(|(_, shown)| !**shown).map(|(emotion, _)| emotion.name()).collect();
    if !missing.is_empty() {
        println!("not shown, and left as they are: {}", missing.join(", "));
    }
    let network = base.network(device)?;
    let description = RunDescription {
        data: args.data.clone(),
        labels: cut.labels,
        votes: cut.votes.clone(),
        split: loaded.split.clone(),
        test_speakers: cut.test_speakers.clone(),
        selection_speakers: loaded.selection_speakers.clone(),
        all_learned: cut.all_learned,
        data_hash: loaded.data_hash.clone(),
        command: command_line(),
        ..base.description(network.architecture().clone(), recipe)
    };
    let folder = RunFolder::create(&args.out, &description)?;
    folder.keep_base(&network)?;
    Ok((folder, description))
}

fn finish(trained: &Trained, args: &TrainArgs) -> Result<(), TrainCommandError> {
    if trained.interrupted {
        return Err(TrainCommandError::Interrupted { epochs: trained.progress.epochs_done });
    }
    let progress = &trained.progress;
    if let Some(last) = progress.history.last().filter(|last| last.selection_accuracy.is_finite()) {
        println!(
            "last epoch: accuracy {:.1} % on the data learned from, {:.1} % on the selection data",
            100.0 * last.train_accuracy,
            100.0 * last.selection_accuracy,
        );
    }
    if progress.history.iter().all(|epoch| epoch.selection_accuracy.is_nan()) {
        println!(
            "kept: the last epoch, since nothing chooses; next: moodbox-trainer quantize --run {} --out FILE.moodnet",
            args.out.display(),
        );
        return Ok(());
    }
    println!(
        "kept: epoch {} of {}, accuracy {:.1} % on the selection data; next: moodbox-trainer quantize --run {} --out FILE.moodnet",
        progress.best_epoch,
        progress.epochs_done,
        100.0 * progress.best_selection_accuracy,
        args.out.display(),
    );
    Ok(())
}

fn cut(args: &TrainArgs) -> Cut {
    let fold = args.fold.unwrap_or(if args.init.is_some() { 0 } else { 4 });
    let selection = args.selection.unwrap_or(if args.init.is_some() { Selection::None } else { Selection::Part });
    let test_speakers = match (args.task, usize::from(fold)) {
        (TaskName::Face, _) | (_, 0) => Vec::new(),
        (TaskName::Speech, fold) => RAVDESS_FOLDS[fold - 1].to_vec(),
    };
    let all_learned = selection == Selection::None;
    let stratified = args.stratified || (args.preset.is_stratified() && !args.speaker_independent && !all_learned);
    Cut {
        test_speakers,
        selection_speakers: Vec::new(),
        stratified,
        seed: args.seed,
        labels: args.labels,
        votes: args.votes.clone(),
        all_learned,
        known: None,
    }
}

/// A recipe with what the command line says otherwise.
fn recipe(args: &TrainArgs, recipe: Recipe) -> Result<Recipe, TrainCommandError> {
    let mut recipe = Recipe { seed: args.seed, ..recipe };
    if args.epochs == Some(0) || args.batch == Some(0) {
        return Err(TrainCommandError::Option("--epochs and --batch must be at least 1".to_owned()));
    }
    recipe.epochs = args.epochs.unwrap_or(recipe.epochs);
    recipe.batch = args.batch.unwrap_or(recipe.batch);
    for setting in &args.set {
        recipe = recipe.with(setting)?;
    }
    Ok(recipe)
}

/// The command as it was typed, without the program's own path.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("moodbox-trainer {}", arguments.join(" "))
}
