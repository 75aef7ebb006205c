//! How a training run went, epoch by epoch.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use super::npy::{npy, npz};
use super::{ReportError, write_file};

/// One epoch of a training run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from one.
    pub epoch: usize,
    /// Mean loss while learning, with augmentation and dropout as they are.
    pub train_loss: f32,
    /// Share right while learning, 0 to 1.
    pub train_accuracy: f32,
    /// Mean loss on the selection data after the epoch; NaN where there is none.
    #[serde(deserialize_with = "nan_where_null")]
    pub selection_loss: f32,
    /// Share right on the selection data after the epoch, 0 to 1; NaN where there is none.
    #[serde(deserialize_with = "nan_where_null")]
    pub selection_accuracy: f32,
    /// At the epoch's start.
    pub learning_rate: f64,
    /// What the epoch took.
    pub seconds: f64,
}

/// JSON has no NaN, and writes null instead.
fn nan_where_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

/// Writes the history three times into a folder: `history.json`, a list for programs; `history.csv`, with a header line, for spreadsheets;
/// `history.npz`, an array a column, for NumPy.
pub fn write_history(folder: &Path, history: &[EpochRecord]) -> Result<(), ReportError> {
    let list = serde_json::to_string_pretty(history).expect("numbers only: always representable");
    write_file(&folder.join("history.json"), format!("{list}\n").as_bytes())?;
    write_file(&folder.join("history.csv"), to_csv(history).as_bytes())?;
    write_file(&folder.join("history.npz"), &to_npz(history))
}

fn to_npz(history: &[EpochRecord]) -> Vec<u8> {
    fn column<T: super::npy::NpyNumber>(history: &[EpochRecord], value: impl Fn(&EpochRecord) -> T) -> Vec<u8> {
        npy(&[history.len()], &history.iter().map(value).collect::<Vec<T>>())
    }
    npz(&[
        ("epoch", column(history, |record| record.epoch as u64)),
        ("train_loss", column(history, |record| record.train_loss)),
        ("train_accuracy", column(history, |record| record.train_accuracy)),
        ("selection_loss", column(history, |record| record.selection_loss)),
        ("selection_accuracy", column(history, |record| record.selection_accuracy)),
        ("learning_rate", column(history, |record| record.learning_rate)),
        ("seconds", column(history, |record| record.seconds)),
    ])
}

fn to_csv(history: &[EpochRecord]) -> String {
    let mut text =
        "epoch,train_loss,train_accuracy,selection_loss,selection_accuracy,learning_rate,seconds\n".to_owned();
    for record in history {
        let EpochRecord {
            epoch,
            train_loss,
            train_accuracy,
            selection_loss,
            selection_accuracy,
            learning_rate,
            seconds,
        } = record;
        writeln!(
            text,
            "{epoch},{train_loss},{train_accuracy},{selection_loss},{selection_accuracy},{learning_rate},{seconds}"
        )
        .expect("a string takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_holds_every_epoch() {
        let record = EpochRecord {
            epoch: 1,
            train_loss: 1.5,
            train_accuracy: 0.25,
            selection_loss: f32::NAN,
            selection_accuracy: 0.5,
            learning_rate: 0.001,
            seconds: 2.5,
        };
        let history = [record, EpochRecord { epoch: 2, selection_loss: 1.25, ..record }];
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        write_history(dir.path(), &history).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&file("history.json")).unwrap();
        assert_eq!((read[0]["epoch"].as_u64(), read[1]["selection_loss"].as_f64()), (Some(1), Some(1.25)));
        assert!(read[0]["selection_loss"].is_null(), "JSON has no NaN");
        let back: Vec<EpochRecord> = serde_json::from_value(read).unwrap();
        assert!(back[0].selection_loss.is_nan() && back[1] == history[1]);
        let csv = String::from_utf8(file("history.csv")).unwrap();
        assert_eq!(csv.lines().count(), 3);
        assert_eq!(csv.lines().nth(2).unwrap(), "2,1.5,0.25,1.25,0.5,0.001,2.5");
        let mut arrays = zip::ZipArchive::new(std::io::Cursor::new(file("history.npz"))).unwrap();
        let columns: Vec<String> = csv.lines().next().unwrap().split(',').map(|name| format!("{name}.npy")).collect();
        assert_eq!(arrays.file_names().collect::<Vec<_>>(), columns);
        let mut losses = Vec::new();
        std::io::Read::read_to_end(&mut arrays.by_name("selection_loss.npy").unwrap(), &mut losses).unwrap();
        assert_eq!(losses[losses.len() - 4..], 1.25f32.to_le_bytes());
    }
}
