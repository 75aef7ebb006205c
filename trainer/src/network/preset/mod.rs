//! The networks on offer: a preset a file, with its architectures, what they read and how they are trained.
//!
//! A new preset is a new file with a [`Definition`], and its name in the list below.

use super::architecture::Architecture;
use crate::train::Recipe;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use moodbox_shared::audio::SpeechInputKind;
use moodbox_shared::model::Task;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Takes in the files of these names.
macro_rules! presets {
    ($($file:ident)*) => {
        $(mod $file;)*
        const ALL: &[Preset] = &[$(Preset(&$file::PRESET)),*];
    };
}

// Formatting passes these files by: `.ci/run` names them.
presets! { compact paper dense bilstm }

/// What a preset's file says.
struct Definition {
    /// On the command line and in the description of a run.
    name: &'static str,
    /// One line of help.
    about: &'static str,
    /// Whether a fifth of each emotion chooses, whoever shows it, where nothing else is asked for.
    stratified: bool,
    /// For faces.
    face: Option<Design>,
    /// For voices.
    speech: Option<SpeechDesign>,
}

/// A network for one task, and how it is trained.
struct Design {
    /// From the number of classes.
    architecture: fn(usize) -> Architecture,
    /// Its seed gives way to the run's.
    recipe: Recipe,
}

/// A network for voices.
struct SpeechDesign {
    /// What it is given of a window.
    reads: SpeechInputKind,
    design: Design,
}

/// One of the presets.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub struct Preset(&'static Definition);

/// A preset of no use for a task.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("preset '{preset}' has no network for '{task}': {} have one", having.join(", "))]
pub struct NoNetwork {
    preset: &'static str,
    task: Task,
    having: Vec<&'static str>,
}

/// No preset of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no preset '{name}': there are {}", ALL.iter().map(|preset| preset.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownPreset {
    name: String,
}

impl Preset {
    /// The networks meant for the box.
    pub const COMPACT: Self = Self(&compact::PRESET);

    /// Its network for a task.
    pub fn architecture(self, task: Task, classes: usize) -> Result<Architecture, NoNetwork> {
        Ok((self.design(task)?.architecture)(classes))
    }

    /// How its network for a task is trained.
    pub fn recipe(self, task: Task) -> Result<Recipe, NoNetwork> {
        Ok(self.design(task)?.recipe.clone())
    }

    /// What its network for voices reads.
    pub fn speech_input_kind(self) -> Result<SpeechInputKind, NoNetwork> {
        Ok(self.0.speech.as_ref().ok_or_else(|| self.no_network(Task::Speech))?.reads)
    }

    /// Whether a fifth of each emotion chooses, whoever shows it, where nothing else is asked for.
    pub const fn is_stratified(self) -> bool {
        self.0.stratified
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    fn find(self, task: Task) -> Option<&'static Design> {
        match task {
            Task::Face => self.0.face.as_ref(),
            Task::Speech => self.0.speech.as_ref().map(|speech| &speech.design),
        }
    }

    fn design(self, task: Task) -> Result<&'static Design, NoNetwork> {
        self.find(task).ok_or_else(|| self.no_network(task))
    }

    fn no_network(self, task: Task) -> NoNetwork {
        let having = ALL.iter().filter(|preset| preset.find(task).is_some()).map(|preset| preset.name()).collect();
        NoNetwork { preset: self.name(), task, having }
    }
}

impl ValueEnum for Preset {
    fn value_variants<'a>() -> &'a [Self] {
        ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name).help(self.0.about))
    }
}

impl From<Preset> for &'static str {
    fn from(preset: Preset) -> Self {
        preset.name()
    }
}

impl TryFrom<String> for Preset {
    type Error = UnknownPreset;

    fn try_from(name: String) -> Result<Self, UnknownPreset> {
        ALL.iter().copied().find(|preset| preset.name() == name).ok_or(UnknownPreset { name })
    }
}

impl PartialEq for Preset {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Preset {}

impl fmt::Debug for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preset({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::vision::FACE_SIDE;

    #[test]
    fn every_network_fits_its_input_and_its_classes() {
        for preset in ALL {
            if let Ok(architecture) = preset.architecture(Task::Face, 7) {
                assert_eq!((architecture.input, architecture.classes()), ([FACE_SIDE, FACE_SIDE, 1], 7), "{preset:?}");
            }
            if let Ok(architecture) = preset.architecture(Task::Speech, 8) {
                let reads = preset.speech_input_kind().unwrap();
                assert_eq!((architecture.input, architecture.classes()), (reads.input_shape(), 8), "{preset:?}");
            }
        }
    }

    #[test]
    fn dense_and_recurrent_networks_stay_small() {
        let small = [(Task::Face, 7, "dense"), (Task::Speech, 8, "dense"), (Task::Speech, 8, "bilstm")];
        for (task, classes, name) in small {
            let architecture = Preset::try_from(name.to_owned()).unwrap().architecture(task, classes).unwrap();
            let (parameters, macs) = (architecture.parameters(), architecture.macs());
            assert!(parameters <= 500_000 && macs <= 40_000_000, "{name}, {task}: {parameters}, {macs}");
        }
    }

    #[test]
    fn a_preset_without_a_network_says_which_have_one() {
        let bilstm = Preset::try_from("bilstm".to_owned()).unwrap();
        let error = bilstm.architecture(Task::Face, 7).unwrap_err().to_string();
        assert!(error.contains("'bilstm'") && error.contains("compact, paper, dense have one"), "{error}");
        assert_eq!(bilstm.recipe(Task::Face).unwrap_err().to_string(), error);
    }

    #[test]
    fn the_names_in_descriptions_of_runs_stay() {
        for name in ["paper", "compact"] {
            let preset: Preset = serde_json::from_str(&format!("\"{name}\"")).unwrap();
            assert_eq!(serde_json::to_string(&preset).unwrap(), format!("\"{name}\""));
        }
        assert!(serde_json::from_str::<Preset>("\"huge\"").unwrap_err().to_string().contains("'huge'"));
    }
}
