//! `moodbox-trainer train`: from a data set to a run folder.

mod args;

pub use self::args::{Selection, TaskName, TrainArgs, Training};

use self::args::{changed, cut, recipe};
use crate::network::preset::NoNetwork;
use crate::report;
use crate::train::base::{Base, BaseError};
use crate::train::data::{self, Cut, DataError, Loaded};
use crate::train::device::{self, DeviceError};
use crate::train::run_folder::{RunDescription, RunFolder, RunFolderError, pairs};
use crate::train::tuning;
use crate::train::{Examples, Recipe, RecipeError, TeacherError, TrainError, Trained, check_teachers, resume_or_start};
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::audio::SpeechStatistics;
use moodbox_shared::model::Task;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

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
    #[error("interrupted after {epochs} epochs, which are kept: the same command goes on, `train` with --resume")]
    Interrupted {
        /// Epochs that are kept.
        epochs: usize,
    },
}

/// Exit code of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Trains, or goes on training, until Ctrl-C.
pub fn run(args: &TrainArgs) -> Result<(), TrainCommandError> {
    train(args, &on_interruption())
}

/// What Ctrl-C sets; a program asks for it once.
pub(crate) fn on_interruption() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Whoever asks twice does not want to wait. If the handler can't be set, Ctrl-C ends the process at once; the last checkpoint stands in any case.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    });
    interrupted
}

/// Trains, or goes on training, until that is set.
pub(crate) fn train(args: &TrainArgs, interrupted: &AtomicBool) -> Result<(), TrainCommandError> {
    let devices = device::by_names(&args.training.devices)?;
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
            let loaded = data::load_speech(&args.data, preset, &cut, recipe.augment, &args.training.cache.open())?;
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

/// Trains what has not been trained yet; a run in --out that was started otherwise is refused.
pub(crate) fn train_unless_done(args: &TrainArgs, interrupted: &AtomicBool) -> Result<(), TrainCommandError> {
    let Ok(folder) = RunFolder::open(&args.out) else { return train(args, interrupted) };
    if !is_as_asked(&folder.description()?, args)? {
        let message = "the run was started with other options: name another --out, or remove it".to_owned();
        return Err(TrainCommandError::Option(message));
    }
    // A finished run is not trained again, but held against the data.
    train(&TrainArgs { resume: true, ..args.clone() }, interrupted)
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
    if changed(args, &description.recipe)? != description.recipe {
        let message =
            format!("{} was started with another recipe: leave out --epochs, --batch and --set", args.out.display());
        return Err(TrainCommandError::Option(message));
    }
    Ok((folder, description))
}

/// Whether a run was started as these options would start it now.
fn is_as_asked(run: &RunDescription, args: &TrainArgs) -> Result<bool, TrainCommandError> {
    let cut = cut(args);
    let mut asked = recipe(args, args.preset.recipe(args.task.task())?)?;
    if run.all_learned {
        // Where nothing chooses, nothing is waited for.
        asked.patience = run.recipe.patience;
    }
    Ok((run.task, run.preset, &run.recipe, &run.teachers) == (args.task.task(), args.preset, &asked, &args.teachers)
        && (&run.test_speakers, run.stratified, run.all_learned, run.labels, &run.votes)
            == (&cut.test_speakers, cut.stratified, cut.all_learned, cut.labels, &cut.votes))
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
        statistics: statistics.map(pairs).unwrap_or_default(),
        base: None,
        teachers: args.teachers.clone(),
        command: report::command_line(),
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
    let base = Base::open(init, &args.training.cache.open())?;
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
            let loaded =
                data::load_speech(&args.data, base.preset(), &cut, recipe.augment, &args.training.cache.open())?;
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
        command: report::command_line(),
        ..base.description(network.architecture().clone(), recipe)
    };
    base.check_unseen(&description)?;
    Ok((RunFolder::create_from(&args.out, &description, &network)?, description))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Labels;
    use crate::network::Preset;
    use crate::train::feature_cache::CacheArgs;
    use std::fs;

    fn write_pictures(folder: &Path, count: u32) {
        for (emotion, bright) in [("happy", 250), ("sad", 90)] {
            fs::create_dir_all(folder.join(emotion)).unwrap();
            for number in 0..count {
                let picture =
                    image::GrayImage::from_fn(48, 48, |x, y| image::Luma([if x + number > y { bright } else { 9 }]));
                picture.save(folder.join(emotion).join(format!("{number}.png"))).unwrap();
            }
        }
    }

    #[test]
    fn what_is_trained_already_is_not_trained_again_and_no_other_data_passes_for_it() {
        let place = tempfile::tempdir().unwrap();
        let (data, other) = (place.path().join("data"), place.path().join("other"));
        write_pictures(&data, 12);
        write_pictures(&other, 10);
        let args = TrainArgs {
            task: TaskName::Face,
            data,
            init: None,
            out: place.path().join("run"),
            preset: Preset::try_from("paper".to_owned()).unwrap(),
            seed: 1,
            fold: None,
            selection: Some(Selection::None),
            stratified: false,
            speaker_independent: false,
            labels: Labels::Fer2013,
            votes: None,
            teachers: Vec::new(),
            resume: false,
            training: Training { epochs: Some(1), cache: CacheArgs::default(), ..Training::default() },
        };
        let interrupted = AtomicBool::new(false);
        train_unless_done(&args, &interrupted).unwrap();
        let history = args.out.join("history.csv");
        fs::remove_file(&history).unwrap();
        train_unless_done(&args, &interrupted).unwrap();
        assert!(!history.exists(), "an epoch more was trained");
        let refused = |args: &TrainArgs| train_unless_done(args, &interrupted).unwrap_err().to_string();
        let error = refused(&TrainArgs { data: other, ..args.clone() });
        assert!(error.contains("not what the run began with"), "{error}");
        let error = refused(&TrainArgs { seed: 2, ..args });
        assert!(error.contains("other options"), "{error}");
    }
}
