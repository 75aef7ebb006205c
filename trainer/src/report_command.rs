//! `moodbox-trainer report`: how good the network of a training run is, and where it fails, as a page with figures beside it.

use crate::evaluate::{EvaluateError, FloatNetwork, ModelFile};
use crate::judge::{JudgedNetwork, judge_run};
use crate::report::page::{PageContent, report};
use crate::report::{ReportError, RobustnessCurve, print_line};
use crate::temperature::best_temperature;
use crate::train::data::DataError;
use crate::train::device;
use crate::train::feature_cache::CacheArgs;
use crate::train::run_folder::{RunDescription, RunFolder, RunFolderError};
use moodbox_shared::model::Model;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What a measurement of robustness leaves in a run's folder: a list of [`RobustnessCurve`].
pub const ROBUSTNESS_FILE: &str = "robustness.json";

/// What a measurement of the network's parts leaves there.
pub const ABLATION_FILE: &str = "ablation.md";

/// Writes a page about a training run.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// The training run
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// The data set, if it lies elsewhere now
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the page and its figures are written [default: report, in the run's folder]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The int8 network made from the run [default: the .moodnet in the run's folder; without one, the float network is judged]
    #[arg(long, value_name = "FILE.moodnet")]
    pub model: Option<PathBuf>,
    /// Leave the test data unread, as long as there is something to choose
    #[arg(long)]
    pub selection_only: bool,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Why there is no page.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportCommandError {
    /// The run is not to be used.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The data is not to be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The int8 network is not to be used.
    #[error(transparent)]
    Model(#[from] EvaluateError),
    /// There is more than one int8 network.
    #[error("{} holds {found} models: name one with --model", path.display())]
    ManyModels {
        /// The run's folder.
        path: PathBuf,
        /// How many.
        found: usize,
    },
    /// The int8 network is another run's.
    #[error("{} was not made from this run: quantise the run anew, or name its own model with --model", path.display())]
    OtherModel {
        /// The model.
        path: PathBuf,
    },
    /// No device to load the weights on.
    #[error(transparent)]
    Device(#[from] device::DeviceError),
    /// A file of the run can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A measurement of robustness is none.
    #[error("{} is no list of curves ({source}): measure again, or remove it", path.display())]
    Robustness {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The page can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Writes the page.
pub fn run(args: &ReportArgs) -> Result<(), ReportCommandError> {
    let folder = RunFolder::open(&args.run)?;
    let mut description = folder.description()?;
    if let Some(data) = &args.data {
        description.data.clone_from(data);
    }
    let model = match &args.model {
        Some(path) => Some(path.clone()),
        None => model_in(&args.run)?,
    };
    let Some(path) = model else {
        let device = device::default_device()?;
        let network = FloatNetwork::of_run(&folder, device)?;
        return write(args, &folder, &description, &JudgedNetwork::Float(Box::new(network)), None);
    };
    let file = ModelFile::read(&path)?;
    let model = file.model()?;
    if !is_of(&model, &description) {
        return Err(ReportCommandError::OtherModel { path });
    }
    write(args, &folder, &description, &JudgedNetwork::Int8(&model), Some(&path))
}

/// Judges a network and writes what there is to say of it.
fn write(
    args: &ReportArgs,
    folder: &RunFolder,
    description: &RunDescription,
    network: &JudgedNetwork<'_>,
    path: Option<&Path>,
) -> Result<(), ReportCommandError> {
    let progress = folder.progress()?;
    let robustness = robustness(&folder.file(ROBUSTNESS_FILE))?;
    let ablation = read_if_there(&folder.file(ABLATION_FILE))?;
    let judged = judge_run(description, network, !args.selection_only, &args.cache.open())?;
    let (temperature, network_words, provenance) = match network {
        JudgedNetwork::Int8(model) => {
            let name = path.and_then(Path::file_name).unwrap_or_default().to_string_lossy();
            let words =
                format!("the int8 network {name} (checksum {:08x}), as the box's engine runs it", model.crc32());
            (model.temperature(), words, Some(model.provenance()))
        }
        JudgedNetwork::Float(_) => {
            let (logits, classes) = judged.selection.logits_and_classes(network.labels());
            let words = format!("the float network of epoch {}; there is no int8 network yet", progress.best_epoch);
            (best_temperature(&logits, &classes), words, None)
        }
    };
    let report = report(&PageContent {
        folder: &args.run,
        run: description,
        progress: &progress,
        network,
        network_words,
        provenance,
        temperature,
        judged: &judged,
        robustness: &robustness,
        ablation: ablation.as_deref(),
    });
    let out = args.out.clone().unwrap_or_else(|| folder.file("report"));
    fs::create_dir_all(&out).map_err(|source| ReportError::Write { path: out.clone(), source })?;
    report.write(&out)?;
    print_line(out.join("index.html").display());
    Ok(())
}

/// The one model in a folder, if there is one.
fn model_in(folder: &Path) -> Result<Option<PathBuf>, ReportCommandError> {
    let failed = |source| ReportCommandError::Read { path: folder.to_owned(), source };
    let mut models = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("moodnet")) {
            models.push(path);
        }
    }
    if models.len() > 1 {
        return Err(ReportCommandError::ManyModels { path: folder.to_owned(), found: models.len() });
    }
    Ok(models.pop())
}

/// Whether a model says that it comes from a run, and fits it.
fn is_of(model: &Model<'_>, run: &RunDescription) -> bool {
    let shape = model.network().input_shape();
    let input = [shape.height, shape.width, shape.channels].map(usize::from);
    let provenance = model.provenance();
    // A long command is cut off in the model.
    let says_so = provenance.seed == run.recipe.seed
        && run.command.starts_with(provenance.command.as_str())
        && run.split.starts_with(provenance.split.as_str())
        && provenance.data.contains(&run.data_hash);
    says_so && model.task() == run.task && model.labels() == run.classes && input == run.architecture.input
}

fn robustness(path: &Path) -> Result<Vec<RobustnessCurve>, ReportCommandError> {
    let Some(text) = read_if_there(path)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|source| ReportCommandError::Robustness { path: path.to_owned(), source })
}

fn read_if_there(path: &Path) -> Result<Option<String>, ReportCommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReportCommandError::Read { path: path.to_owned(), source }),
    }
}
