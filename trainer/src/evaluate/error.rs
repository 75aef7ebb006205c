//! What can keep a model from being evaluated, and the file that it is read from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use moodbox_shared::model::{Model, ModelError};
use thiserror::Error;

use crate::dataset::DatasetError;
use crate::network::preset::NoNetwork;
use crate::train::device::DeviceError;
use crate::train::run_folder::RunFolderError;

/// Why there are no figures.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The model file can't be read.
    #[error("model {} can't be read: {source}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no model of this build.
    #[error("model {}: {source}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelError,
    },
    /// The run is not to be used.
    #[error(transparent)]
    Run(#[from] RunFolderError),
    /// The run's preset is of no use for its task.
    #[error(transparent)]
    Preset(#[from] NoNetwork),
    /// No device to load the weights on.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Neither a model nor a run.
    #[error("nothing to score: give a model with --model, or a training run with --run")]
    Nothing,
    /// The data can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Actors were named, but the model looks at pictures.
    #[error("actors and folds are of clips, and the model looks at pictures")]
    ActorsOfPictures,
    /// Everything that was read has been left out.
    #[error("{}: nothing is left to score ({left_out})", path.display())]
    NothingLeft {
        /// The data set.
        path: PathBuf,
        /// What was left out.
        left_out: String,
    },
}

/// The bytes of a model file, for [`Model`] to be read in place.
pub struct ModelFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl ModelFile {
    /// Reads the file without looking into it.
    pub fn read(path: &Path) -> Result<Self, EvaluateError> {
        let bytes = fs::read(path).map_err(|source| EvaluateError::ModelFile { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Checks the whole file.
    pub fn model(&self) -> Result<Model<'_>, EvaluateError> {
        Model::load(&self.bytes).map_err(|source| EvaluateError::Model { path: self.path.clone(), source })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
