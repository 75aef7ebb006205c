//! `moodbox-trainer features`: the speech features of a clip as a table or an array, for whoever wants to hold them against another tool.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use moodbox_shared::audio::{
    self, CHROMA_BINS, FEATURES, FeatureRow, HOP, MEL_BANDS, MFCC_COUNT, SAMPLE_RATE, SpeechStream,
};
use moodbox_shared::media::{self, AudioFileError};
use thiserror::Error;

use crate::report::{ReportError, npy, write_file};

/// Write the speech features of a clip, one row every 16 ms
#[derive(Clone, Debug, clap::Args)]
pub struct FeaturesArgs {
    /// Clip (wav, flac); brought to 16 kHz mono as the box does
    #[arg(value_name = "CLIP")]
    pub clip: PathBuf,
    /// File to write: FILE.csv (or - for standard output) with the columns `time_s`, `mfcc_0` to `mfcc_39`, `chroma_0` (C) to `chroma_11`,
    /// `mel_0` to `mel_127` (dB); FILE.npy with the same but the time, as a NumPy array of rows × 180
    #[arg(long, alias = "csv", value_name = "FILE")]
    pub out: PathBuf,
}

/// How features are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Npy,
}

impl Format {
    /// By the extension; `None` of one that stands for neither.
    fn of(path: &Path) -> Option<Self> {
        if path.as_os_str() == "-" {
            return Some(Self::Csv);
        }
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            _ => None,
        }
    }
}

/// Why there is no table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// By its name the file is neither.
    #[error("{} is neither .csv nor .npy: end the name of the file in one of them", path.display())]
    UnknownFormat {
        /// The file to write.
        path: PathBuf,
    },
    /// The clip can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Clip {
        /// The file.
        path: PathBuf,
        /// Why.
        source: AudioFileError,
    },
    /// A clip without a single row of features.
    #[error("{} is shorter than 0.128 s: there is no row of features in it", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
    },
    /// The table can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Standard output can't be written.
    #[error("standard output can't be written: {0}")]
    Output(io::Error),
}

/// Runs the command.
pub fn run(args: &FeaturesArgs) -> Result<(), FeaturesError> {
    let format = Format::of(&args.out).ok_or_else(|| FeaturesError::UnknownFormat { path: args.out.clone() })?;
    let samples =
        media::read_speech(&args.clip).map_err(|source| FeaturesError::Clip { path: args.clip.clone(), source })?;
    if audio::row_count(samples.len()) == 0 {
        return Err(FeaturesError::TooShort { path: args.clip.clone() });
    }
    if args.out.as_os_str() == "-" {
        return print(&csv(&samples)).map_err(FeaturesError::Output);
    }
    let file = match format {
        Format::Csv => csv(&samples).into_bytes(),
        Format::Npy => array(&samples),
    };
    Ok(write_file(&args.out, &file)?)
}

/// The features of a clip of 16 kHz samples as a `.npy` file of `f32`, rows × [`FEATURES`]: row `t` begins at `t` times 16 ms.
pub fn array(samples: &[i16]) -> Vec<u8> {
    let mut values = Vec::with_capacity(audio::row_count(samples.len()) * FEATURES);
    SpeechStream::new().push(samples, |_, FeatureRow(row)| values.extend_from_slice(row));
    npy(&[values.len() / FEATURES, FEATURES], &values)
}

/// The table of a clip of 16 kHz samples: a head, then a row for each hop, at the time at which its samples begin.
///
/// Numbers have as many digits as it takes to read the same `f32` back.
pub fn csv(samples: &[i16]) -> String {
    let columns = |name: &'static str, count: usize| (0..count).map(move |index| format!(",{name}_{index}"));
    let mut table = String::from("time_s");
    table.extend(columns("mfcc", MFCC_COUNT).chain(columns("chroma", CHROMA_BINS)).chain(columns("mel", MEL_BANDS)));
    table.push('\n');
    SpeechStream::new().push(samples, |number, FeatureRow(values)| {
        let time_s = (number * HOP as u64) as f64 / SAMPLE_RATE as f64;
        // Writing to a string can't fail.
        let _ = write!(table, "{time_s}");
        for value in values {
            let _ = write!(table, ",{value}");
        }
        table.push('\n');
    });
    table
}

/// A reader that has gone away, as `head` does, is no failure.
fn print(table: &str) -> io::Result<()> {
    match io::Write::write_all(&mut io::stdout().lock(), table.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Manner, speak, wav_bytes};
    use moodbox_shared::Emotion;
    use std::fs;

    #[test]
    fn every_hop_of_a_clip_is_a_row_that_reads_back_to_the_bit() {
        let dir = tempfile::tempdir().unwrap();
        let (clip, csv) = (dir.path().join("voice.wav"), dir.path().join("voice.csv"));
        let samples = speak(Manner::of(Emotion::Happy));
        fs::write(&clip, wav_bytes(&samples)).unwrap();
        run(&FeaturesArgs { clip, out: csv.clone() }).unwrap();

        let table = fs::read_to_string(csv).unwrap();
        let mut lines = table.lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!(head.len(), 1 + 180);
        let named = [(0, "time_s"), (1, "mfcc_0"), (40, "mfcc_39"), (41, "chroma_0"), (53, "mel_0"), (180, "mel_127")];
        assert!(named.iter().all(|&(column, name)| head[column] == name), "{head:?}");

        let mut rows = Vec::new();
        SpeechStream::new().push(&samples, |_, row| rows.push(*row));
        assert!(rows.len() > 100);
        for (number, row) in rows.iter().enumerate() {
            let mut fields = lines.next().unwrap().split(',');
            let time_s: f64 = fields.next().unwrap().parse().unwrap();
            assert!((time_s - number as f64 * 0.016).abs() < 1e-9, "{number}: {time_s}");
            let values: Vec<f32> = fields.map(|field| field.parse().unwrap()).collect();
            assert_eq!(values, row.0, "{number}");
        }
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn an_array_holds_the_same_numbers_and_other_names_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (clip, out) = (dir.path().join("voice.wav"), dir.path().join("voice.NPY"));
        let samples = speak(Manner::of(Emotion::Sad));
        fs::write(&clip, wav_bytes(&samples)).unwrap();
        run(&FeaturesArgs { clip: clip.clone(), out: out.clone() }).unwrap();
        let file = fs::read(out).unwrap();
        let mut rows = Vec::new();
        SpeechStream::new().push(&samples, |_, row| rows.push(*row));
        let shape = format!("'<f4', 'fortran_order': False, 'shape': ({},180,)", rows.len());
        assert!(String::from_utf8_lossy(&file[..128]).contains(&shape));
        let data = rows.iter().flat_map(|row| row.0).flat_map(f32::to_le_bytes);
        assert!(data.eq(file[128..].iter().copied()));

        let error = run(&FeaturesArgs { clip, out: dir.path().join("voice.mat") }).unwrap_err().to_string();
        assert!(error.contains("voice.mat") && error.contains(".npy"), "{error}");
    }

    #[test]
    fn a_clip_without_a_row_and_one_that_is_none_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let csv = dir.path().join("features.csv");
        let refused = |name: &str, content: &[u8]| {
            let clip = dir.path().join(name);
            fs::write(&clip, content).unwrap();
            run(&FeaturesArgs { clip, out: csv.clone() }).unwrap_err().to_string()
        };
        assert!(refused("click.wav", &wav_bytes(&[1; 2047])).contains("click.wav is shorter than 0.128 s"));
        assert!(refused("text.wav", b"no sound at all").contains("text.wav can't be read"));
        assert!(!csv.exists());
    }
}
