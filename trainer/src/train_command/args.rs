//! What is asked for on the command line.

use super::TrainCommandError;
use crate::dataset::Labels;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::network::preset::Preset;
use crate::train::Recipe;
use crate::train::data::Cut;
use crate::train::device;
use crate::train::feature_cache::CacheArgs;
use moodbox_shared::model::Task;
use std::path::PathBuf;

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

/// How networks are trained: what is not the preset's, and where.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Training {
    /// Passes over the data [default: the preset's]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Examples a step [default: the preset's]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Another value for a part of the recipe, as run.json names it: `--set mixup=false`, `--set variation.voice.tract=0`
    #[arg(long, value_name = "PART=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: see the features of this build; several share every batch
    #[arg(long = "device", visible_alias = "devices", value_name = "NAME,…", value_delimiter = ',', default_values = device::AVAILABLE.first())]
    pub devices: Vec<String>,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Trains a network.
#[derive(Clone, Debug, clap::Args)]
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
    /// Seed of weights, order, variation and split
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
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
    /// Go on from the last checkpoint in --out
    #[arg(long)]
    pub resume: bool,
    /// How
    #[command(flatten)]
    pub training: Training,
}

/// Which data is learned from, chosen by and left out.
pub(super) fn cut(args: &TrainArgs) -> Cut {
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

/// The recipe of a new run: with what the command line says otherwise.
pub(super) fn recipe(args: &TrainArgs, recipe: Recipe) -> Result<Recipe, TrainCommandError> {
    let imitation = if args.teachers.is_empty() { 0.0 } else { recipe.imitation };
    changed(args, &Recipe { seed: args.seed, imitation, ..recipe })
}

/// A recipe with what the command line says otherwise, but for the seed.
pub(super) fn changed(args: &TrainArgs, recipe: &Recipe) -> Result<Recipe, TrainCommandError> {
    let Training { epochs, batch, set, .. } = &args.training;
    if *epochs == Some(0) || *batch == Some(0) {
        return Err(TrainCommandError::Option("--epochs and --batch must be at least 1".to_owned()));
    }
    let mut recipe = recipe.clone();
    recipe.epochs = epochs.unwrap_or(recipe.epochs);
    recipe.batch = batch.unwrap_or(recipe.batch);
    for setting in set {
        recipe = recipe.with(setting)?;
    }
    Ok(recipe)
}
