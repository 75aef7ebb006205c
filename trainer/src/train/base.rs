//! Where fine-tuning starts: a finished run, or the model file made from one.

use super::Recipe;
use super::data::Known;
use super::device::{self, DeviceError};
use super::feature_cache::FeatureCache;
use super::run_folder::{RunDescription, RunFolder, RunFolderError, pairs};
use super::tuning::{PULL, Start};
use super::unseen;
use crate::dataset::Labels;
use crate::export::OnnxError;
use crate::network::float_graph::FloatGraph;
use crate::network::preset::{Preset, UnknownPreset};
use crate::network::{Architecture, Network, NotTrainable};
use crate::quantize::graph_check::shapes;
use crate::quantize::{GraphError, dequantize, fold, ranges};
use crate::quantize_command::{self, Making, QuantizeCommandError};
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::audio::SpeechStatistics;
use moodbox_shared::model::{self, Header, InputDescription, Model, ModelError, Task};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is nothing to start from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaseError {
    /// The run is not to be used.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// No device to load the weights on.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The run can't be made a model, which tells what its calibration is.
    #[error("the run to start from has to be quantised first: {0}")]
    Quantize(Box<QuantizeCommandError>),
    /// The file can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no model of this build.
    #[error("{}: {source}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelError,
    },
    /// The weights can't be read.
    #[error(transparent)]
    Weights(#[from] OnnxError),
    /// The network contradicts itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Training has no such operation.
    #[error(transparent)]
    NotTrainable(#[from] NotTrainable),
    /// It has learned from what must stay unseen.
    #[error("--init {}: it has learned from {what}: start from a run that has not, or leave out --fold and --selection", path.display())]
    HasSeen {
        /// The network.
        path: PathBuf,
        /// What must stay unseen.
        what: String,
    },
    /// The model was not made from a preset of this trainer.
    #[error(transparent)]
    Preset(#[from] UnknownPreset),
}

/// A finished network, and everything that stays of it when it is fine-tuned.
pub struct Base {
    from: PathBuf,
    preset: Preset,
    header: Header,
    /// Without batch normalisation.
    graph: FloatGraph,
    /// The run that it is; of a model file, nothing but its header is known.
    run: Option<RunDescription>,
}

impl Base {
    /// A run's folder, whose data has to lie where it lay, or a model file, which needs nothing else but has int8 weights.
    ///
    /// * `cache`: where a run's features are looked for before they are computed
    pub fn open(path: &Path, cache: &FeatureCache) -> Result<Self, BaseError> {
        if path.is_dir() {
            return Self::of_run(path, cache);
        }
        let file = fs::read(path).map_err(|source| BaseError::Read { path: path.to_owned(), source })?;
        let wrong = |source| BaseError::Model { path: path.to_owned(), source };
        // Everything that the plan says is checked here; from now on it can be trusted.
        Model::load(&file).map_err(wrong)?;
        let (header, data) = model::read_header(&file).map_err(wrong)?;
        let graph = dequantize(&header, data)?;
        let preset = Preset::try_from(header.provenance.preset.to_string())?;
        Ok(Self { from: path.to_owned(), preset, header, graph, run: None })
    }

    fn of_run(path: &Path, cache: &FeatureCache) -> Result<Self, BaseError> {
        let folder = RunFolder::open(path)?;
        let description = folder.description()?;
        let device = device::default_device()?;
        let made = quantize_command::make(&folder, &description, &Making::default(), &device, cache)
            .map_err(|error| BaseError::Quantize(Box::new(error)))?;
        let (header, _) =
            model::read_header(&made.file).map_err(|source| BaseError::Model { path: path.to_owned(), source })?;
        Ok(Self {
            from: path.to_owned(),
            preset: description.preset,
            header,
            graph: fold::fold(&made.graph),
            run: Some(description),
        })
    }

    /// Its network, ready to learn.
    pub fn network(&self, device: &Device) -> Result<Network, BaseError> {
        Ok(Network::from_float_graph(&self.graph, &shapes(&self.graph)?, device)?)
    }

    fn start(&self) -> Start {
        Start {
            from: self.from.clone(),
            temperature: self.header.temperature,
            priors: self.header.priors.to_vec(),
            ranges: ranges(&self.header.plan),
            pull: PULL,
        }
    }

    /// The description of a run that is fine-tuned from it; data, split and command are left to whoever knows them.
    pub fn description(&self, architecture: Architecture, recipe: Recipe) -> RunDescription {
        RunDescription {
            task: self.task(),
            preset: self.preset,
            architecture,
            classes: self.classes().to_vec(),
            recipe,
            data: PathBuf::new(),
            labels: Labels::default(),
            votes: None,
            split: String::new(),
            test_speakers: Vec::new(),
            selection_speakers: Vec::new(),
            stratified: false,
            all_learned: true,
            data_hash: String::new(),
            statistics: self.statistics().map(pairs).unwrap_or_default(),
            base: Some(self.start()),
            teachers: Vec::new(),
            command: String::new(),
        }
    }

    /// What it has learned already.
    pub fn known(&self) -> Known {
        Known { classes: self.classes().to_vec(), statistics: self.statistics().cloned() }
    }

    /// Faces or voices.
    pub fn task(&self) -> Task {
        self.header.input.task()
    }

    /// Which networks it is one of.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The classes, in the order of the logits.
    pub fn classes(&self) -> &[Emotion] {
        &self.header.labels
    }

    /// What it reads.
    pub fn input(&self) -> &InputDescription {
        &self.header.input
    }

    fn statistics(&self) -> Option<&SpeechStatistics> {
        match &self.header.input {
            InputDescription::Speech { statistics, .. } => Some(statistics),
            InputDescription::Face { .. } => None,
        }
    }

    /// Speakers that it has never heard; known of runs alone.
    pub fn test_speakers(&self) -> &[u16] {
        self.run.as_ref().map_or(&[], |run| &run.test_speakers)
    }

    /// Whether it is known to have learned from a speaker of its data.
    pub fn has_heard(&self, speaker: u16) -> bool {
        self.run.as_ref().is_some_and(|run| !run.test_speakers.contains(&speaker))
    }

    /// Refuses to start a run whose figures would flatter: one that leaves out, or chooses by, what this network has learned from.
    pub fn check_unseen(&self, run: &RunDescription) -> Result<(), BaseError> {
        let leaves_out = !run.all_learned || !run.test_speakers.is_empty();
        let seen = match &self.run {
            Some(known) if known.data_hash == run.data_hash => unseen::seen(run, known),
            None if leaves_out && self.header.provenance.data.contains(&run.data_hash) => {
                Some("this data, and does not tell from which part".to_owned())
            }
            _ => None,
        };
        seen.map_or(Ok(()), |what| Err(BaseError::HasSeen { path: self.from.clone(), what }))
    }
}
