//! What training needs to know about a data set, pictures or clips.

use crate::augment::Variation;
use rand::rngs::StdRng;

/// Labelled examples, some to learn from and some to choose by.
///
/// Inputs are written as the network reads them in training: channels × height × width.
pub trait Examples: Sync {
    /// Channels, height and width of an input.
    fn input_shape(&self) -> [usize; 3];

    /// Number of classes.
    fn classes(&self) -> usize;

    /// Examples to learn from in an epoch.
    fn training_len(&self) -> usize;

    /// How often each class stands in the training data, in parts of one; never zero.
    fn shares(&self) -> &[f32];

    /// Which classes the examples to learn from show.
    fn shown(&self) -> &[bool];

    /// Writes one example to learn from, varied by `rng` if `variation` says how, and adds what it shows to `target`, one number a class.
    fn training_example(
        &self,
        index: usize,
        variation: Option<&Variation>,
        rng: &mut StdRng,
        input: &mut [f32],
        target: &mut [f32],
    );

    /// Inputs to choose by.
    fn selection_len(&self) -> usize;

    /// Writes one input to choose by; returns its class.
    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize;

    /// Inputs of one group (the windows of a clip) are judged together; groups are numbered from zero, in order.
    fn selection_group(&self, index: usize) -> usize {
        index
    }
}

/// How often each class occurs, in parts of one; a class that never occurs counts as if it did once.
///
/// * `occurrences`: a class and how much of an example shows it
pub(super) fn shares(occurrences: impl Iterator<Item = (usize, f32)>, count: usize) -> Vec<f32> {
    let mut counts = vec![0.0f32; count];
    for (class, part) in occurrences {
        counts[class] += part;
    }
    counts.iter_mut().for_each(|count| *count = count.max(1.0));
    let total: f32 = counts.iter().sum();
    counts.into_iter().map(|count| count / total).collect()
}

/// Which classes occur at all.
///
/// * `occurrences`: a class and how much of an example shows it
pub(super) fn shown(occurrences: impl Iterator<Item = (usize, f32)>, count: usize) -> Vec<bool> {
    let mut shown = vec![false; count];
    for (class, part) in occurrences {
        shown[class] |= part > 0.0;
    }
    shown
}

/// Up to `count` indices below `len`, evenly spread.
pub(super) fn spread(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(len);
    (0..count).map(move |index| index * len / count)
}
