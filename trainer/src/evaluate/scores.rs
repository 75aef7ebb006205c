//! How good posteriors are: the figures of the model cards.

use std::fmt;

use moodbox_shared::Emotion;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Equal-width bins of confidence that the calibration error is computed over (Guo et al. 2017).
const CALIBRATION_BINS: usize = 15;

/// Figures over labelled samples. Rows and columns are in the order of `classes`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Samples scored.
    pub samples: usize,
    /// Share whose most likely class is the label.
    pub accuracy: f64,
    /// Mean recall over the classes that are among the labels: each class counts the same, however rare.
    pub unweighted_average_recall: f64,
    /// Mean F1 over the classes that are among the labels or the answers.
    pub macro_f1: f64,
    /// Each class by name.
    #[serde(serialize_with = "by_name")]
    pub per_class: Vec<ClassScores>,
    /// `confusion[label][answer]`: samples.
    pub confusion: Vec<Vec<usize>>,
    /// How far confidence and accuracy lie apart, on average, over 15 equal-width bins.
    pub expected_calibration_error: f64,
    /// The bins, from no confidence to full.
    #[serde(skip)]
    pub calibration: Vec<CalibrationBin>,
    /// The classes in order.
    #[serde(serialize_with = "names")]
    pub classes: Vec<Emotion>,
}

/// Figures of one class. What has no samples to be counted over is zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// The class.
    #[serde(skip)]
    pub class: Emotion,
    /// Share right among the answers of this class.
    pub precision: f64,
    /// Share right among the labels of this class.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Labels of this class.
    pub support: usize,
}

impl Scores {
    /// Scores posteriors against labels.
    ///
    /// * `classes`: what the posteriors are of, in order
    /// * `samples`: label and posteriors, `[classes.len()]`, of each; a label that is no class, or posteriors of another length, are not
    ///   counted
    pub fn new<'a>(classes: &[Emotion], samples: impl IntoIterator<Item = (Emotion, &'a [f32])>) -> Self {
        let mut confusion = vec![vec![0; classes.len()]; classes.len()];
        let mut bins = vec![CalibrationBin::default(); CALIBRATION_BINS];
        for (label, posteriors) in samples {
            let Some(label) = classes.iter().position(|&class| class == label) else { continue };
            let Some(answer) = most_likely(posteriors).filter(|_| posteriors.len() == classes.len()) else { continue };
            confusion[label][answer] += 1;
            let confidence = f64::from(posteriors[answer]);
            // A confidence on the border of two bins belongs to the lower one.
            let bin = (confidence * CALIBRATION_BINS as f64).ceil() as usize;
            bins[bin.clamp(1, CALIBRATION_BINS) - 1].add(confidence, label == answer);
        }
        Self::of_confusion(classes, confusion, bins)
    }

    fn of_confusion(classes: &[Emotion], confusion: Vec<Vec<usize>>, bins: Vec<CalibrationBin>) -> Self {
        let samples: usize = confusion.iter().flatten().sum();
        let right: usize = (0..classes.len()).map(|class| confusion[class][class]).sum();
        let answers = |class: usize| confusion.iter().map(|row| row[class]).sum::<usize>();
        let per_class: Vec<ClassScores> = classes
            .iter()
            .enumerate()
            .map(|(index, &class)| {
                let support = confusion[index].iter().sum();
                let precision = share(confusion[index][index], answers(index));
                let recall = share(confusion[index][index], support);
                let f1 = share(2 * confusion[index][index], support + answers(index));
                ClassScores { class, precision, recall, f1, support }
            })
            .collect();
        let labelled = per_class.iter().filter(|scores| scores.support > 0);
        let met = per_class.iter().enumerate().filter(|(index, scores)| scores.support > 0 || answers(*index) > 0);
        Self {
            samples,
            accuracy: share(right, samples),
            unweighted_average_recall: mean(labelled.map(|scores| scores.recall)),
            macro_f1: mean(met.map(|(_, scores)| scores.f1)),
            expected_calibration_error: bins.iter().map(CalibrationBin::gap).sum::<f64>() / samples.max(1) as f64,
            calibration: bins,
            per_class,
            confusion,
            classes: classes.to_vec(),
        }
    }

    /// Mean precision over the classes that are among the labels or the answers.
    pub fn macro_precision(&self) -> f64 {
        let answers = |class: usize| self.confusion.iter().map(|row| row[class]).sum::<usize>();
        let met = self.per_class.iter().enumerate().filter(|(index, scores)| scores.support > 0 || answers(*index) > 0);
        mean(met.map(|(_, scores)| scores.precision))
    }

    /// Between which two accuracies the true one lies, 95 times in 100 (Wilson's interval).
    pub fn accuracy_interval(&self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        let n = self.samples.max(1) as f64;
        let centre = (self.accuracy + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let reach = Z / (1.0 + Z * Z / n) * (self.accuracy * (1.0 - self.accuracy) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((centre - reach).max(0.0), (centre + reach).min(1.0))
    }
}

/// Index of the largest; the first of equals, `None` of nothing.
pub fn most_likely(posteriors: &[f32]) -> Option<usize> {
    (0..posteriors.len()).reduce(|best, index| if posteriors[index] > posteriors[best] { index } else { best })
}

/// Samples of about the same confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CalibrationBin {
    /// How many.
    pub samples: usize,
    /// Sum of their confidences.
    pub confidence: f64,
    /// How many of them are right.
    pub right: usize,
}

impl CalibrationBin {
    fn add(&mut self, confidence: f64, is_right: bool) {
        self.samples += 1;
        self.confidence += confidence;
        self.right += usize::from(is_right);
    }

    /// `|accuracy − mean confidence|`, times the samples.
    fn gap(&self) -> f64 {
        (self.right as f64 - self.confidence).abs()
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

fn names<S: Serializer>(classes: &[Emotion], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(classes.iter().map(|class| class.name()))
}

fn by_name<S: Serializer>(per_class: &[ClassScores], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(per_class.len()))?;
    for scores in per_class {
        map.serialize_entry(scores.class.name(), scores)?;
    }
    map.end()
}

impl fmt::Display for Scores {
    /// A table for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.accuracy_interval();
        writeln!(
            f,
            "accuracy {:.1} % (95 % interval {:.1}–{:.1} %)   unweighted average recall {:.1} %   macro F1 {:.3}   calibration error {:.3}",
            100.0 * self.accuracy,
            100.0 * low,
            100.0 * high,
            100.0 * self.unweighted_average_recall,
            self.macro_f1,
            self.expected_calibration_error
        )?;
        writeln!(f)?;
        write!(f, "{:<10} {:>9} {:>7} {:>6} {:>8}   answered", "", "precision", "recall", "F1", "samples")?;
        for class in &self.classes {
            write!(f, " {:>6.6}", class.name())?;
        }
        writeln!(f)?;
        for (scores, row) in self.per_class.iter().zip(&self.confusion) {
            let ClassScores { class, precision, recall, f1, support } = scores;
            let (precision, recall) = (100.0 * precision, 100.0 * recall);
            write!(f, "{class:<10} {precision:>7.1} % {recall:>5.1} % {f1:>6.3} {support:>8}           ")?;
            for count in row {
                write!(f, " {count:>6}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Emotion; 3] = [Emotion::Happy, Emotion::Sad, Emotion::Angry];

    /// Five samples: happy answered right twice and as sad once, sad answered right, sad answered as happy; never angry.
    fn scores() -> Scores {
        let samples: [(Emotion, [f32; 3]); 6] = [
            (Emotion::Happy, [0.8, 0.1, 0.1]),
            (Emotion::Happy, [0.8, 0.1, 0.1]),
            (Emotion::Happy, [0.2, 0.6, 0.2]),
            (Emotion::Sad, [0.2, 0.6, 0.2]),
            (Emotion::Sad, [0.8, 0.1, 0.1]),
            (Emotion::Disgust, [0.8, 0.1, 0.1]),
        ];
        Scores::new(&CLASSES, samples.iter().map(|(label, posteriors)| (*label, &posteriors[..])))
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn figures_are_those_of_the_definitions() {
        let scores = scores();
        assert_eq!(scores.samples, 5);
        assert_eq!(scores.confusion, [[2, 1, 0], [1, 1, 0], [0, 0, 0]]);
        assert_close(scores.accuracy, 3.0 / 5.0);
        assert_close(scores.unweighted_average_recall, (2.0 / 3.0 + 1.0 / 2.0) / 2.0);
        assert_close(scores.per_class[0].precision, 2.0 / 3.0);
        assert_close(scores.per_class[1].f1, 0.5);
        assert_close(scores.macro_f1, (2.0 / 3.0 + 0.5) / 2.0);
        assert_close(scores.macro_precision(), (2.0 / 3.0 + 0.5) / 2.0);
        // Three times 0.8 with two right, twice 0.6 with one right.
        assert_close(scores.expected_calibration_error, ((2.4 - 2.0) + (1.2 - 1.0)) / 5.0);
    }

    #[test]
    fn json_has_the_documented_keys() {
        let json = serde_json::to_value(scores()).unwrap();
        for key in [
            "samples",
            "accuracy",
            "unweighted_average_recall",
            "macro_f1",
            "per_class",
            "confusion",
            "expected_calibration_error",
            "classes",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["classes"], serde_json::json!(["happy", "sad", "angry"]));
        assert_eq!(
            json["per_class"]["sad"],
            serde_json::json!({"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2})
        );
    }

    #[test]
    fn no_samples_give_zeros() {
        let scores = Scores::new(&CLASSES, std::iter::empty());
        assert_eq!((scores.samples, scores.accuracy, scores.macro_f1), (0, 0.0, 0.0));
        assert_eq!(scores.expected_calibration_error, 0.0);
        assert!(scores.to_string().contains("happy"));
    }

    #[test]
    fn the_interval_narrows_with_the_samples() {
        let with = |samples| Scores { samples, accuracy: 0.6, ..scores() }.accuracy_interval();
        let (low, high) = with(3533);
        assert!(low > 0.583 && high < 0.617, "{low} {high}");
        let (low, high) = with(5);
        assert!(low < 0.3 && high > 0.8);
    }
}
