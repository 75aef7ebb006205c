//! The two networks: from files where they are given, else those in the binary.

use crate::config::Engine;
use crate::embedded;
#[cfg(feature = "tract")]
use crate::onnx::{self, OnnxError};
use moodbox_shared::model::{Description, Model, ModelError, Task};
use moodbox_shared::nn::{Isa, WeightLine};
use moodbox_shared::pipeline::RealNetwork;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The file can't be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no model that this build can run.
    #[error("cannot use {path}: {source}")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelError,
    },
    /// The embedded network does not fit the code around it.
    #[error("the embedded {task} model is damaged ({source}): build the program again")]
    Embedded {
        /// Which of the two.
        task: Task,
        /// What is wrong with it.
        source: ModelError,
    },
    /// A network for the other sense.
    #[error("{path} is not a model for {wanted}, but for {found}")]
    Task {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        wanted: Task,
        /// What it is.
        found: Task,
    },
    /// An ONNX network for an engine that does not take any.
    #[error("{path} is an ONNX network: give --engine tract as well, or the .moodnet file of the network")]
    NeedsTract {
        /// The file.
        path: PathBuf,
    },
    /// This build lacks the engine.
    #[error("this build has no tract to run ONNX networks: build it with `cargo build --release --features tract`")]
    NoTract,
    /// An engine for nothing.
    #[error("--engine tract runs ONNX networks: name one with --face-model FILE.onnx or --speech-model FILE.onnx")]
    NothingForTract,
    /// An ONNX network that can't be used.
    #[cfg(feature = "tract")]
    #[error("cannot use {path}: {source}")]
    Onnx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: OnnxError,
    },
    /// Neither a file nor an embedded network.
    #[error("this build has no embedded {task} model: give one with --{task}-model FILE")]
    Missing {
        /// Which of the two.
        task: Task,
    },
}

/// The bytes of a model file, and where they are from. They stay where they are for as long as the program runs.
#[derive(Clone, Debug)]
pub struct ModelSource {
    task: Task,
    path: Option<PathBuf>,
    bytes: &'static [u8],
}

impl ModelSource {
    /// Reads `path`, or takes the embedded model where there is none.
    ///
    /// A file's bytes are never given back: a program opens its models once.
    pub fn open(task: Task, path: Option<&Path>) -> Result<Self, ModelsError> {
        let bytes = match path {
            Some(path) => {
                let io = |source| ModelsError::Io { path: path.to_path_buf(), source };
                &*std::fs::read(path).map_err(io)?.leak()
            }
            None => Self::embedded(task).ok_or(ModelsError::Missing { task })?,
        };
        Ok(Self { task, path: path.map(Path::to_path_buf), bytes })
    }

    /// The embedded model, where this build has one.
    pub fn embedded(task: Task) -> Option<&'static [u8]> {
        match task {
            Task::Face => embedded::FACE_MODEL,
            Task::Speech => embedded::SPEECH_MODEL,
        }
    }

    /// Whether it is a network for tract.
    pub fn is_onnx(&self) -> bool {
        self.path.as_deref().is_some_and(is_onnx)
    }

    /// Checks the network, and gets whatever runs it ready, for as long as the program runs: its memory is never given back.
    ///
    /// * `isa`: the instructions that the box's own engine is to use
    pub fn network(&self, isa: Isa) -> Result<SenseNetwork, ModelsError> {
        if self.is_onnx() { self.onnx_network() } else { Ok(SenseNetwork::Int8(for_good(&self.load()?, isa))) }
    }

    #[cfg(feature = "tract")]
    fn onnx_network(&self) -> Result<SenseNetwork, ModelsError> {
        let network = onnx::load(self.task, self.bytes)
            .map_err(|source| ModelsError::Onnx { path: self.path.clone().unwrap_or_default(), source })?;
        Ok(SenseNetwork::Real(network))
    }

    #[cfg(not(feature = "tract"))]
    fn onnx_network(&self) -> Result<SenseNetwork, ModelsError> {
        Err(ModelsError::NoTract)
    }

    /// Checks the model.
    pub fn load(&self) -> Result<Model<'static>, ModelsError> {
        let model = Model::load(self.bytes).map_err(|source| match &self.path {
            Some(path) => ModelsError::Model { path: path.clone(), source },
            None => ModelsError::Embedded { task: self.task, source },
        })?;
        if model.task() != self.task {
            return Err(ModelsError::Task {
                path: self.path.clone().unwrap_or_default(),
                wanted: self.task,
                found: model.task(),
            });
        }
        Ok(model)
    }
}

/// Opens and checks a model in one go.
pub fn open(task: Task, path: Option<&Path>) -> Result<Model<'static>, ModelsError> {
    ModelSource::open(task, path)?.load()
}

/// The model, prepared to be run with these instructions.
///
/// * `memory`: grows as large as that takes
pub fn prepared<'a>(model: &Model<'a>, isa: Isa, memory: &'a mut Vec<WeightLine>) -> Model<'a> {
    let mut model = model.clone();
    memory.resize(model.network().prepared_len(isa), WeightLine::ZERO);
    model.prepare(isa, memory);
    model
}

/// Opens and checks a model and prepares it to be run with these instructions, for as long as the program runs: its
/// memory is never given back.
pub fn open_for_good(task: Task, path: Option<&Path>, isa: Isa) -> Result<&'static Model<'static>, ModelsError> {
    Ok(for_good(&open(task, path)?, isa))
}

fn for_good(model: &Model<'static>, isa: Isa) -> &'static Model<'static> {
    Box::leak(Box::new(prepared(model, isa, Box::leak(Box::default()))))
}

/// A network and what runs it.
pub enum SenseNetwork {
    /// On the heap-free engine.
    Int8(&'static Model<'static>),
    /// On another one.
    Real(RealNetwork<'static>),
}

impl SenseNetwork {
    /// What it reads and what its logits mean.
    pub fn description(&self) -> Description<'static> {
        match self {
            Self::Int8(model) => model.description(),
            Self::Real(network) => network.description,
        }
    }
}

/// Whether the engine that is asked for, this build and the files go together.
///
/// * `paths`: of the networks that are to be used, where they are not the embedded ones
pub fn check_engine<'a>(engine: Engine, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), ModelsError> {
    let onnx = paths.into_iter().find(|path| is_onnx(path));
    match (engine, onnx) {
        (Engine::Int8, None) => Ok(()),
        (Engine::Int8, Some(path)) => Err(ModelsError::NeedsTract { path: path.to_path_buf() }),
        (Engine::Tract, _) if !cfg!(feature = "tract") => Err(ModelsError::NoTract),
        (Engine::Tract, None) => Err(ModelsError::NothingForTract),
        (Engine::Tract, Some(_)) => Ok(()),
    }
}

fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}
