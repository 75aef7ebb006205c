//! What a network's ONNX tells about itself beside its numbers: key and text, in the file's `metadata_props`.
//!
//! The trainer writes them all; a network that somebody else made may leave any of them out.
//!
//! | key | text | where it is left out |
//! | --- | --- | --- |
//! | `task` | `face` or `speech` | what it is used for |
//! | `labels` | the emotions in the order of the logits, with commas between | all that the sense tells apart, in the order of [`Emotion`] |
//! | `temperature` | what the logits are divided by before the softmax | 1 |
//! | `priors` | share of each label in the training data, in the order of the labels, with commas between | all alike |
//! | `feature_offset`, `feature_scale` | for speech: the network reads `(x − offset) · scale` of each of the 180 features | the features as they are |
//! | `preset`, `data`, `split`, `command`, `trainer` | where the network comes from | nothing |

extern crate std;

use super::description::TEMPERATURES;
use super::{Description, Header, InputDescription, ModelError, SpeechConstants, Task};
use crate::Emotion;
use crate::audio::{FEATURES, SpeechInputKind, SpeechStatistics};
use crate::nn::Shape;
use std::string::{String, ToString};
use std::vec::Vec;
use thiserror::Error;

/// What a model's ONNX says of it.
pub fn entries(header: &Header) -> Vec<(&'static str, String)> {
    let Header { labels, input, temperature, priors, provenance, .. } = header;
    let mut entries = task_and_labels(input.task(), labels);
    entries.push(("temperature", temperature.to_string()));
    entries.push(("priors", list(priors)));
    if let InputDescription::Speech { statistics, .. } = input {
        entries.push(("feature_offset", list(&statistics.offset)));
        entries.push(("feature_scale", list(&statistics.scale)));
    }
    let origin = [
        ("preset", provenance.preset.as_str()),
        ("data", &provenance.data),
        ("split", &provenance.split),
        ("command", &provenance.command),
        ("trainer", &provenance.trainer),
    ];
    entries.extend(origin.map(|(key, text)| (key, text.to_string())).into_iter().filter(|(_, text)| !text.is_empty()));
    entries
}

/// What can be said of a network before it has been calibrated.
pub fn task_and_labels(task: Task, labels: &[Emotion]) -> Vec<(&'static str, String)> {
    std::vec![("task", task.to_string()), ("labels", list(labels))]
}

/// What is wrong with what a network's ONNX says of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// A text that can't be used.
    #[error("`{key}` has to be {expected}")]
    Text {
        /// Of the text.
        key: &'static str,
        /// What would be of use.
        expected: &'static str,
    },
    /// It does not go with the network.
    #[error(transparent)]
    Model(#[from] ModelError),
}

const LABELS: MetadataError = MetadataError::Text {
    key: "labels",
    expected: "emotions in the order of the logits, as happy,sad, each once, and without calm for faces",
};
const TEMPERATURE: MetadataError = MetadataError::Text { key: "temperature", expected: "a number from 0.01 to 100" };
const PRIORS: MetadataError =
    MetadataError::Text { key: "priors", expected: "a positive number for each label, which sum to 1" };

/// What a network's ONNX says of it, with what it leaves out filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    labels: Vec<Emotion>,
    input: InputDescription,
    temperature: f32,
    priors: Vec<f32>,
}

impl Metadata {
    /// Reads it, and checks it against the network.
    ///
    /// * `task`: what the network is to be used for
    /// * `input`: height × width × channels of what it reads
    /// * `logits`: how many numbers it returns
    /// * `value`: the text of a key, if it is there
    pub fn read(
        task: Task,
        input: Shape,
        logits: usize,
        value: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, MetadataError> {
        let labels = match (value("labels"), task) {
            (Some(text), _) => {
                text.split(',').map(|name| Emotion::from_name(name.trim())).collect::<Option<_>>().ok_or(LABELS)?
            }
            (None, Task::Face) => Emotion::FACE.to_vec(),
            (None, Task::Speech) => Emotion::ALL.to_vec(),
        };
        let temperature = match value("temperature") {
            Some(text) => text.trim().parse().map_err(|_| TEMPERATURE)?,
            None => 1.0,
        };
        let priors = match value("priors") {
            Some(text) => numbers(&text).ok_or(PRIORS)?,
            None => std::vec![1.0 / labels.len() as f32; labels.len()],
        };
        let columns = |key, expected, or| match value(key) {
            Some(text) => {
                numbers(&text).and_then(|all| all.try_into().ok()).ok_or(MetadataError::Text { key, expected })
            }
            None => Ok([or; FEATURES]),
        };
        let input_description = match task {
            Task::Face => InputDescription::FACE,
            Task::Speech => InputDescription::Speech {
                kind: if input.channels == 1 { SpeechInputKind::Average } else { SpeechInputKind::Map },
                constants: SpeechConstants::CURRENT,
                statistics: SpeechStatistics {
                    offset: columns("feature_offset", "180 finite numbers", 0.0)?,
                    scale: columns("feature_scale", "180 positive numbers", 1.0)?,
                },
            },
        };
        let metadata = Self { labels, input: input_description, temperature, priors };
        metadata.description(0).check(input, logits).map_err(|error| match error {
            ModelError::Labels => LABELS,
            ModelError::Calibration if TEMPERATURES.contains(&metadata.temperature) => PRIORS,
            ModelError::Calibration => TEMPERATURE,
            error => error.into(),
        })?;
        Ok(metadata)
    }

    /// What it comes to.
    ///
    /// * `crc32`: of the file
    pub fn description(&self, crc32: u32) -> Description<'_> {
        let Self { labels, input, temperature, priors } = self;
        Description { labels, input, temperature: *temperature, priors, crc32 }
    }
}

fn numbers(text: &str) -> Option<Vec<f32>> {
    text.split(',').map(|number| number.trim().parse().ok()).collect()
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Shape = Shape { height: 32, width: 32, channels: 1 };
    const SPEECH: Shape = Shape { height: 192, width: 1, channels: 180 };

    fn read(task: Task, input: Shape, logits: usize, told: &[(&str, &str)]) -> Result<Metadata, MetadataError> {
        Metadata::read(task, input, logits, |key| {
            told.iter().find(|(told, _)| *told == key).map(|(_, text)| text.to_string())
        })
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut statistics = SpeechStatistics::IDENTITY;
        (statistics.offset[3], statistics.scale[179]) = (-271.5, 0.1);
        let header = Header {
            labels: heapless::Vec::from_slice(&[Emotion::Sad, Emotion::Calm]).unwrap(),
            input: InputDescription::Speech {
                kind: SpeechInputKind::Map,
                constants: SpeechConstants::CURRENT,
                statistics,
            },
            temperature: 0.663,
            priors: heapless::Vec::from_slice(&[0.3, 0.7]).unwrap(),
            ..crate::model::tests::sample::speech().0
        };
        let entries = entries(&header);
        let told: Vec<(&str, &str)> = entries.iter().map(|(key, text)| (*key, text.as_str())).collect();
        let metadata = read(Task::Speech, SPEECH, 2, &told).unwrap();
        let description = metadata.description(7);
        assert_eq!(description.labels, &header.labels[..]);
        assert_eq!(description.priors, &header.priors[..]);
        assert_eq!((description.input, description.temperature), (&header.input, header.temperature));
    }

    #[test]
    fn a_network_that_says_nothing_has_all_emotions_in_order() {
        let face = read(Task::Face, FACE, 7, &[]).unwrap();
        assert_eq!((&face.labels[..], face.temperature), (&Emotion::FACE[..], 1.0));
        let speech = read(Task::Speech, SPEECH, 8, &[]).unwrap();
        assert_eq!(speech.labels, Emotion::ALL);
        assert_eq!(read(Task::Face, FACE, 6, &[]), Err(ModelError::LabelCount { labels: 7, logits: 6 }.into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let face = |key, text| read(Task::Face, FACE, 2, &[("labels", "happy, anger"), (key, text)]);
        assert!(face("preset", "mine").is_ok());
        for text in ["warm", "NaN", "1000"] {
            assert_eq!(face("temperature", text), Err(TEMPERATURE));
        }
        for text in ["0.5", "0.5,-0.5", "0.9,0.9", "some,more"] {
            assert_eq!(face("priors", text), Err(PRIORS));
        }
        for text in ["happy,bored", "happy,calm", "happy,happy"] {
            assert_eq!(read(Task::Face, FACE, 2, &[("labels", text)]), Err(LABELS));
        }
        assert_eq!(read(Task::Face, SPEECH, 7, &[]), Err(ModelError::Input.into()));
        let message = read(Task::Speech, SPEECH, 8, &[("feature_scale", "1,2")]).unwrap_err().to_string();
        assert_eq!(message, "`feature_scale` has to be 180 positive numbers");
    }
}
