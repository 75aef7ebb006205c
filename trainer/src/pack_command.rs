//! `moodbox-trainer pack`: a data set as one file, to be trained on elsewhere.

use crate::dataset::DatasetError;
use crate::dataset::pack::Contents;
use crate::report::{ReportError, print_line, write_file};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Writes a data set as one compact file.
#[derive(Clone, Debug, clap::Args)]
pub struct PackArgs {
    /// FER2013 (csv or folders), RAVDESS, or any <label>/* folder; a zip of any, too
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// The pack to write
    #[arg(long, value_name = "FILE.moodpack")]
    pub out: PathBuf,
    /// The crowd's votes, to go along [default: ferplus_votes.csv in the data set's folder, if there is one]
    #[arg(long, value_name = "CSV")]
    pub votes: Option<PathBuf>,
}

/// Why there is no pack.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackError {
    /// The data can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The data can't be packed.
    #[error("{} can't be packed: {source}", data.display())]
    Encode {
        /// The data set.
        data: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Runs the command.
pub fn run(args: &PackArgs) -> Result<(), PackError> {
    let (contents, left_out) = Contents::read(&args.data, args.votes.as_deref())?;
    for (path, reason) in &left_out.unreadable {
        eprintln!("left out: {}: {reason}", path.display());
    }
    for (label, count) in &left_out.unknown_labels {
        eprintln!("left out: {count} files labelled '{label}', which is no emotion known here");
    }
    let bytes = contents.to_bytes().map_err(|source| PackError::Encode { data: args.data.clone(), source })?;
    write_file(&args.out, &bytes)?;
    print_line(format_args!(
        "{}: {}, {} pictures, {} clips{}, {:.1} MB",
        args.out.display(),
        contents.layout,
        contents.pictures.len(),
        contents.clips.len(),
        if contents.votes.is_some() { ", the crowd's votes" } else { "" },
        bytes.len() as f64 / 1e6,
    ));
    Ok(())
}
