//! The folder of one training run: what was asked for, the weights so far, how it went.
//!
//! Weights are written under the number of their epoch; the progress file names the epoch that counts, and is renamed into place last. So an
//! interruption at any moment leaves a folder to resume from.

use super::Recipe;
use super::tuning::Start;
use crate::dataset::Labels;
use crate::network::{Architecture, Network, Preset};
use crate::report::EpochRecord;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::audio::{FEATURES, SpeechStatistics};
use moodbox_shared::model::Task;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Everything that a run was started with: enough to repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDescription {
    /// Faces or voices.
    pub task: Task,
    /// Which network.
    pub preset: Preset,
    /// The network itself.
    pub architecture: Architecture,
    /// Names of the classes, in the order of the logits.
    pub classes: Vec<Emotion>,
    /// How it is trained.
    pub recipe: Recipe,
    /// Where the data lay.
    pub data: PathBuf,
    /// Whose word counts for what a picture shows.
    #[serde(default)]
    pub labels: Labels,
    /// Where the votes lay, if not with the data.
    #[serde(default)]
    pub votes: Option<PathBuf>,
    /// Which data was learned from, chosen by and left out, in words.
    pub split: String,
    /// Speakers left out whole; empty for pictures.
    pub test_speakers: Vec<u16>,
    /// Speakers chosen by; empty for pictures and for a stratified split.
    pub selection_speakers: Vec<u16>,
    /// Whether clips are split without regard to their speakers.
    pub stratified: bool,
    /// Whether all that is not left out is learned from, and nothing chooses.
    #[serde(default)]
    pub all_learned: bool,
    /// Hash over the content of all data that was read.
    pub data_hash: String,
    /// What scales the features of sound: offset and scale of each; empty for pictures.
    pub statistics: Vec<[f32; 2]>,
    /// What it was fine-tuned from, if it was.
    #[serde(default)]
    pub base: Option<Start>,
    /// Runs from which it learns beside the labels.
    #[serde(default)]
    pub teachers: Vec<PathBuf>,
    /// The command that started the run.
    pub command: String,
}

/// Statistics as a description holds them.
pub fn pairs(statistics: &SpeechStatistics) -> Vec<[f32; 2]> {
    statistics.offset.iter().zip(&statistics.scale).map(|(&offset, &scale)| [offset, scale]).collect()
}

impl RunDescription {
    /// What scales the features of sound; `None` of a run for pictures, or where a damaged file tells nonsense.
    pub fn speech_statistics(&self) -> Option<SpeechStatistics> {
        let pairs: &[[f32; 2]; FEATURES] = self.statistics.as_slice().try_into().ok()?;
        let statistics =
            SpeechStatistics { offset: pairs.map(|[offset, _]| offset), scale: pairs.map(|[_, scale]| scale) };
        statistics.is_valid().then_some(statistics)
    }
}

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs behind it.
    pub epochs_done: usize,
    /// The epoch whose weights are kept, counted from one.
    pub best_epoch: usize,
    /// Its accuracy on the selection data.
    pub best_selection_accuracy: f32,
    /// Whether training has ended.
    pub finished: bool,
    /// Every epoch.
    pub history: Vec<EpochRecord>,
}

/// Why a run's folder can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunFolderError {
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is damaged ({reason}): start the run afresh in another folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// There is no run.
    #[error("{} holds no training run: `moodbox-trainer train … --out` makes one", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{} holds a training run already: go on with it by --resume, or name another folder", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    const DESCRIPTION: &str = "run.json";
    const PROGRESS: &str = "progress.json";
    const BASE: &str = "base.bpk";

    /// Starts a run in a folder that holds none.
    pub fn create(path: &Path, description: &RunDescription) -> Result<Self, RunFolderError> {
        let folder = Self::empty(path)?;
        folder.write_json(Self::DESCRIPTION, description)?;
        Ok(folder)
    }

    /// Starts a run that is fine-tuned from a network.
    pub(crate) fn create_from(
        path: &Path,
        description: &RunDescription,
        base: &Network,
    ) -> Result<Self, RunFolderError> {
        let folder = Self::empty(path)?;
        // Before the description, which makes a run of the folder.
        let file = folder.file(Self::BASE);
        base.clone()
            .save_file(&file)
            .map_err(|error| RunFolderError::Damaged { path: file, reason: error.to_string() })?;
        folder.write_json(Self::DESCRIPTION, description)?;
        Ok(folder)
    }

    /// A folder without a run, made if need be.
    fn empty(path: &Path) -> Result<Self, RunFolderError> {
        let folder = Self { path: path.to_owned() };
        if folder.file(Self::DESCRIPTION).exists() {
            return Err(RunFolderError::Exists { path: path.to_owned() });
        }
        fs::create_dir_all(path).map_err(|source| RunFolderError::Io { path: path.to_owned(), source })?;
        Ok(folder)
    }

    /// Opens the folder of a run.
    pub fn open(path: &Path) -> Result<Self, RunFolderError> {
        let folder = Self { path: path.to_owned() };
        if folder.file(Self::DESCRIPTION).is_file() {
            Ok(folder)
        } else {
            Err(RunFolderError::NoRun { path: path.to_owned() })
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What the run was started with.
    pub fn description(&self) -> Result<RunDescription, RunFolderError> {
        self.read_json(Self::DESCRIPTION)
    }

    /// What scales the features of sound in a run.
    pub fn speech_statistics(&self, description: &RunDescription) -> Result<SpeechStatistics, RunFolderError> {
        description.speech_statistics().ok_or_else(|| RunFolderError::Damaged {
            path: self.file(Self::DESCRIPTION),
            reason: format!("it has to tell how {FEATURES} features are scaled"),
        })
    }

    /// How far the run has come; nowhere yet, if nothing is written.
    pub fn progress(&self) -> Result<Progress, RunFolderError> {
        if self.file(Self::PROGRESS).exists() { self.read_json(Self::PROGRESS) } else { Ok(Progress::default()) }
    }

    /// The best weights so far.
    pub fn best_network(&self, device: &Device) -> Result<Network, RunFolderError> {
        let description = self.description()?;
        let epoch = self.progress()?.best_epoch;
        if epoch == 0 {
            return Err(RunFolderError::NoRun { path: self.path.clone() });
        }
        self.load_network(&weights_name(epoch), &description.architecture, device)
    }

    /// The network that fine-tuning starts from.
    pub(super) fn base_network(&self, architecture: &Architecture, device: &Device) -> Result<Network, RunFolderError> {
        self.load_network(Self::BASE, architecture, device)
    }

    /// The averaged weights of the last epoch.
    pub(super) fn last_average(
        &self,
        progress: &Progress,
        architecture: &Architecture,
        device: &Device,
    ) -> Result<Network, RunFolderError> {
        self.load_network(&weights_name(progress.epochs_done), architecture, device)
    }

    /// Network and optimizer as they were after the last epoch.
    pub(super) fn last_state(
        &self,
        progress: &Progress,
        architecture: &Architecture,
        optimizer: ModuleOptimizer,
        device: &Device,
    ) -> Result<(Network, ModuleOptimizer), RunFolderError> {
        let network = self.load_network(&last_weights_name(progress.epochs_done), architecture, device)?;
        let path = self.file(&optimizer_name(progress.epochs_done));
        let optimizer =
            optimizer.load(&path).map_err(|error| RunFolderError::Damaged { path, reason: error.to_string() })?;
        Ok((network, optimizer))
    }

    /// Keeps the state after an epoch, then forgets what is no longer needed.
    ///
    /// The progress file names the epochs whose files count; it is renamed into place last.
    pub(super) fn keep(
        &self,
        progress: &Progress,
        network: &Network,
        average: Network,
        optimizer: &ModuleOptimizer,
    ) -> Result<(), RunFolderError> {
        let epoch = progress.epochs_done;
        let damaged = |name: &str, error: String| RunFolderError::Damaged { path: self.file(name), reason: error };
        for (name, network) in [(weights_name(epoch), average), (last_weights_name(epoch), network.clone())] {
            network.save_file(self.file(&name)).map_err(|error| damaged(&name, error.to_string()))?;
        }
        optimizer
            .save(self.file(&optimizer_name(epoch)))
            .map_err(|error| damaged(&optimizer_name(epoch), error.to_string()))?;
        self.write_json(Self::PROGRESS, progress)?;
        for old in 1..epoch {
            if old != progress.best_epoch {
                let _ = fs::remove_file(self.file(&weights_name(old)));
            }
            let _ = fs::remove_file(self.file(&last_weights_name(old)));
            let _ = fs::remove_file(self.file(&optimizer_name(old)));
        }
        Ok(())
    }

    /// Writes a file of JSON.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunFolderError> {
        let path = self.file(name);
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| RunFolderError::Damaged { path: path.clone(), reason: error.to_string() })?;
        let beside = self.file(&format!("{name}.new"));
        fs::write(&beside, text + "\n")
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|source| RunFolderError::Io { path, source })
    }

    fn read_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, RunFolderError> {
        let path = self.file(name);
        let text = fs::read_to_string(&path).map_err(|source| RunFolderError::Io { path: path.clone(), source })?;
        serde_json::from_str(&text).map_err(|error| RunFolderError::Damaged { path, reason: error.to_string() })
    }

    fn load_network(
        &self,
        name: &str,
        architecture: &Architecture,
        device: &Device,
    ) -> Result<Network, RunFolderError> {
        let path = self.file(name);
        let record = burn::store::ModuleRecord::load(&path)
            .map_err(|error| RunFolderError::Damaged { path: path.clone(), reason: error.to_string() })?;
        Network::new(architecture, device)
            .try_load_record(record)
            .map_err(|error| RunFolderError::Damaged { path, reason: error.to_string() })
    }
}

/// Averaged weights: what is judged and quantised.
fn weights_name(epoch: usize) -> String {
    format!("weights-{epoch:04}.bpk")
}

/// Weights as the last step left them: what training goes on from.
fn last_weights_name(epoch: usize) -> String {
    format!("last-{epoch:04}.bpk")
}

fn optimizer_name(epoch: usize) -> String {
    format!("optimizer-{epoch:04}.bpk")
}
