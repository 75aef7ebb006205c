//! What a network's ONNX tells about itself beside its numbers: key and text, in the file's `metadata_props`.
//!
//! | key | text |
//! | --- | --- |
//! | `task` | `face` or `speech` |
//! | `labels` | the emotions in the order of the logits, with commas between |
//! | `temperature` | what the logits are divided by before the softmax |
//! | `priors` | share of each label in the training data, in the order of the labels, with commas between |
//! | `feature_offset`, `feature_scale` | for speech: the network reads `(x − offset) · scale` of each of the 180 features |
//! | `preset`, `data`, `split`, `command`, `trainer` | where the network comes from |

extern crate std;

use super::{Header, InputDescription, Task};
use crate::Emotion;
use std::string::{String, ToString};
use std::vec::Vec;

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

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}
