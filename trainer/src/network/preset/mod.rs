//! The networks on offer: one preset a file, each a function from the number of classes to an architecture.

mod face_compact;
mod face_paper;
mod speech_compact;
mod speech_paper;

use super::architecture::Architecture;
use moodbox_shared::model::Task;
use serde::{Deserialize, Serialize};

/// The networks on offer; each stands for one of faces and one of voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The published pair: two convolution and max-pool stages, then 256 dense units; for comparison.
    Paper,
    /// The networks meant for the box.
    Compact,
}

impl Preset {
    /// Its network for a task.
    pub fn architecture(self, task: Task, classes: usize) -> Architecture {
        match (self, task) {
            (Self::Paper, Task::Face) => face_paper::architecture(classes),
            (Self::Paper, Task::Speech) => speech_paper::architecture(classes),
            (Self::Compact, Task::Face) => face_compact::architecture(classes),
            (Self::Compact, Task::Speech) => speech_compact::architecture(classes),
        }
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Compact => "compact",
        }
    }
}
