//! How a training run went, epoch by epoch.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

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

/// Writes the history twice: as a JSON list for programs, as CSV with a header line for spreadsheets.
pub fn write_history(json: &Path, csv: &Path, history: &[EpochRecord]) -> Result<(), ReportError> {
    let list = serde_json::to_string_pretty(history).expect("numbers only: always representable");
    write_file(json, format!("{list}\n").as_bytes())?;
    write_file(csv, to_csv(history).as_bytes())
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
    fn both_files_hold_every_epoch() {
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
        let (json, csv) = (dir.path().join("history.json"), dir.path().join("history.csv"));
        write_history(&json, &csv, &history).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
        assert_eq!((read[0]["epoch"].as_u64(), read[1]["selection_loss"].as_f64()), (Some(1), Some(1.25)));
        assert!(read[0]["selection_loss"].is_null(), "JSON has no NaN");
        let back: Vec<EpochRecord> = serde_json::from_value(read).unwrap();
        assert!(back[0].selection_loss.is_nan() && back[1] == history[1]);
        let csv = std::fs::read_to_string(csv).unwrap();
        assert_eq!(csv.lines().count(), 3);
        assert_eq!(csv.lines().nth(2).unwrap(), "2,1.5,0.25,1.25,0.5,0.001,2.5");
    }
}
