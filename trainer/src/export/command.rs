//! `moodbox-trainer export`: networks as ONNX, for other engines.

use super::{OnnxError, onnx, qdq};
use crate::report::{self, ReportError};
use crate::train::device;
use crate::train::run_folder::{RunFolder, RunFolderError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Writes a network as ONNX: with `--model` alone the int8 network of a model file, with `--run` the float network of a training run.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// The training run whose float network is to be written
    #[arg(long, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// The model whose int8 network is to be written; beside a run, the model made from it, for what the file tells about labels,
    /// features and calibration
    #[arg(long, value_name = "FILE.moodnet")]
    pub model: Option<PathBuf>,
    /// The ONNX file to write
    #[arg(long, value_name = "FILE.onnx")]
    pub out: PathBuf,
}

/// Why no file was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportCommandError {
    /// Neither a run nor a model.
    #[error("nothing to export: give a training run with --run, or a model with --model")]
    Nothing,
    /// The run is not to be used.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// No device to load the weights on.
    #[error(transparent)]
    Device(#[from] device::DeviceError),
    /// The model can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The network can't be written as ONNX.
    #[error("{}: {source}", path.display())]
    Onnx {
        /// Where it comes from.
        path: PathBuf,
        /// What is wrong with it.
        source: OnnxError,
    },
    /// The file can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Writes a network as ONNX.
pub fn run(args: &ExportArgs) -> Result<(), ExportCommandError> {
    let model = args.model.as_deref().map(read).transpose()?;
    let (path, result) = match (&args.run, &args.model, model) {
        (Some(path), _, model) => (path, float(path, model.as_deref())?),
        (None, Some(path), Some(model)) => (path, qdq::to_qdq(&model)),
        _ => return Err(ExportCommandError::Nothing),
    };
    let file = result.map_err(|source| ExportCommandError::Onnx { path: path.clone(), source })?;
    report::write_file(&args.out, &file)?;
    println!("{}: {} bytes", args.out.display(), file.len());
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, ExportCommandError> {
    fs::read(path).map_err(|source| ExportCommandError::Read { path: path.to_owned(), source })
}

/// The float network of a run, described by the model made from it, or else by the run.
fn float(run: &Path, model: Option<&[u8]>) -> Result<Result<Vec<u8>, OnnxError>, ExportCommandError> {
    let device = device::default_device()?;
    let folder = RunFolder::open(run)?;
    let network = folder.best_network(&device)?;
    let description = folder.description()?;
    Ok(onnx::to_onnx(&network, &device, &description, model))
}
