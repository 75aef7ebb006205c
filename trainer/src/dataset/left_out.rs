//! What of a data set is not used, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How much was read and not used, or could not be read, and why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeftOut {
    /// Labels that are not known, and how many files carry them.
    pub unknown_labels: BTreeMap<String, usize>,
    /// Files that could not be read.
    pub unreadable: usize,
    /// Pictures that also stand in the train part.
    pub seen_in_training: usize,
    /// Pictures without votes, or of which the crowd has no common view.
    pub without_majority: usize,
    /// Clips shorter than 0.128 s.
    pub too_short: usize,
    /// Clips of actors that were not asked for.
    pub other_actors: usize,
    /// Pictures that nothing can be learned from: without contrast, or without an emotion of a face.
    #[serde(skip_serializing_if = "is_zero")]
    pub nothing_to_learn: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for (label, count) in &self.unknown_labels {
            lines.push(format!("{count} of label '{label}', which the model does not know"));
        }
        for (count, what) in [
            (self.unreadable, "that can't be read"),
            (self.seen_in_training, "that also stand in the train part"),
            (self.without_majority, "on which the crowd does not agree"),
            (self.too_short, "shorter than 0.128 s"),
            (self.other_actors, "of other actors"),
            (self.nothing_to_learn, "without contrast or without an emotion to learn"),
        ] {
            if count > 0 {
                lines.push(format!("{count} {what}"));
            }
        }
        f.write_str(&if lines.is_empty() { "nothing was left out".to_owned() } else { lines.join("; ") })
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
