//! The table: every network's figures, and what they come to over folds and seeds.

use super::CrossvalidateArgs;
use crate::dataset::split::RAVDESS_FOLDS;
use crate::evaluate::Evaluation;
use crate::report::mean_and_deviation;
use moodbox_shared::Emotion;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// One network's figures on the speakers that it has not heard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Score {
    /// From 1.
    pub(super) fold: u8,
    pub(super) seed: u64,
    pub(super) clips: usize,
    /// Share of clips.
    pub(super) accuracy: f64,
    /// Mean over the emotions.
    recall: f64,
    /// Recall of the emotion that is missed most.
    least_recall: f64,
    /// Share of windows.
    window_accuracy: f64,
    /// Share of clips that the network in floating point gets right.
    float_accuracy: f64,
    /// Under which the posteriors of these speakers' windows are the truest.
    temperature: f64,
    /// Of each emotion: clips told right, and clips.
    by_emotion: BTreeMap<Emotion, (usize, usize)>,
}

impl Score {
    pub(super) fn of(fold: u8, seed: u64, evaluation: &Evaluation, float: &Evaluation, temperature: f32) -> Self {
        let scores = &evaluation.scores;
        let by_emotion = scores.classes.iter().zip(&scores.confusion).enumerate();
        Self {
            fold,
            seed,
            clips: scores.samples,
            accuracy: scores.accuracy,
            recall: scores.unweighted_average_recall,
            least_recall: scores.per_class.iter().map(|class| class.recall).fold(1.0, f64::min),
            window_accuracy: evaluation.windows.as_ref().map_or(f64::NAN, |windows| windows.accuracy),
            float_accuracy: float.scores.accuracy,
            temperature: f64::from(temperature),
            by_emotion: by_emotion.map(|(class, (&emotion, row))| (emotion, (row[class], row.iter().sum()))).collect(),
        }
    }
}

/// Every network's figures, and their mean.
pub(super) fn table(args: &CrossvalidateArgs, scores: &[Score]) -> String {
    let taught = match args.teachers {
        0 => String::new(),
        teachers => format!(
            " Beside the labels, it learned from {teachers} networks that were trained in the same way on the same speakers, without teachers."
        ),
    };
    let mut text = format!(
        "# {} folds of speakers, {} seeds, preset `{}`\n\n\
         Each network was trained without the speakers of its fold, on all others, up to the last epoch, and scored on them as int8 on the box's\n\
         engine. A clip is judged by the mean log-posterior of its windows.{}\n\n\
         | fold | seed | clips | accuracy | in floating point | mean recall | least recall | accuracy by window |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        RAVDESS_FOLDS.len(),
        args.seeds,
        args.preset.name(),
        taught,
    );
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    for score in scores {
        let Score { fold, seed, clips, .. } = *score;
        let shares = [score.accuracy, score.float_accuracy, score.recall, score.least_recall, score.window_accuracy];
        let shares = shares.map(percent).join(" | ");
        let _ = writeln!(text, "| {fold} | {seed} | {clips} | {shares} |");
    }
    let over_seeds = |share: &dyn Fn(u64) -> f64| {
        let (mean, deviation) = mean_and_deviation(&args.scored().map(share).collect::<Vec<_>>());
        format!("{:.1} ± {:.1} %", 100.0 * mean, 100.0 * deviation)
    };
    let _ = writeln!(
        text,
        "\nMean and standard deviation over the seeds: all clips of all folds {}, mean of the folds {}; in floating point {} and {}.",
        over_seeds(&|seed| clip_accuracy(scores, seed, |score| score.accuracy)),
        over_seeds(&|seed| fold_mean(scores, seed, |score| score.accuracy)),
        over_seeds(&|seed| clip_accuracy(scores, seed, |score| score.float_accuracy)),
        over_seeds(&|seed| fold_mean(scores, seed, |score| score.float_accuracy)),
    );
    let temperatures: Vec<f64> = scores.iter().map(|score| score.temperature).collect();
    let (temperature, spread) = mean_and_deviation(&temperatures);
    let _ = writeln!(
        text,
        "Temperature under which posteriors of unheard speakers are the truest: {temperature:.2} ± {spread:.2} over the networks.\n",
    );
    text.push_str("| emotion | clips | recall |\n| --- | --- | --- |\n");
    let emotions: BTreeSet<Emotion> = scores.iter().flat_map(|score| score.by_emotion.keys().copied()).collect();
    for emotion in emotions {
        let of_seed = |seed: u64| {
            let found =
                scores.iter().filter(|score| score.seed == seed).filter_map(|score| score.by_emotion.get(&emotion));
            found.fold((0, 0), |sum, found| (sum.0 + found.0, sum.1 + found.1))
        };
        let recall = over_seeds(&|seed| of_seed(seed).0 as f64 / of_seed(seed).1 as f64);
        let _ = writeln!(text, "| {} | {} | {recall} |", emotion.name(), of_seed(args.teachers + 1).1);
    }
    text
}

/// Share of all folds' clips that a seed's networks got right.
fn clip_accuracy(scores: &[Score], seed: u64, accuracy: fn(&Score) -> f64) -> f64 {
    let of_seed = || scores.iter().filter(|score| score.seed == seed);
    let clips: usize = of_seed().map(|score| score.clips).sum();
    of_seed().map(|score| accuracy(score) * score.clips as f64).sum::<f64>() / clips as f64
}

/// Mean over the folds of the share that a seed's networks got right.
fn fold_mean(scores: &[Score], seed: u64, accuracy: fn(&Score) -> f64) -> f64 {
    let of_seed: Vec<f64> = scores.iter().filter(|score| score.seed == seed).map(accuracy).collect();
    of_seed.iter().sum::<f64>() / of_seed.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crossvalidate::Crossvalidated;
    use crate::network::Preset;
    use crate::train_command::Training;
    use std::path::PathBuf;

    fn score(fold: u8, seed: u64, clips: usize, accuracy: f64) -> Score {
        let by_emotion = BTreeMap::from([(Emotion::Sad, (clips / 4, clips / 2))]);
        let (recall, least_recall, window_accuracy, temperature) = (0.5, 0.25, 0.4, 1.5);
        Score {
            fold,
            seed,
            clips,
            accuracy,
            recall,
            least_recall,
            window_accuracy,
            float_accuracy: accuracy,
            temperature,
            by_emotion,
        }
    }

    fn args(seeds: u64) -> CrossvalidateArgs {
        CrossvalidateArgs {
            task: Crossvalidated::Speech,
            data: PathBuf::new(),
            out: PathBuf::new(),
            seeds,
            teachers: 0,
            preset: Preset::COMPACT,
            finetune: 0,
            training: Training::default(),
        }
    }

    #[test]
    fn folds_count_by_their_clips_and_seeds_alike() {
        let scores = [score(1, 1, 300, 0.6), score(2, 1, 100, 0.8), score(1, 2, 300, 0.7), score(2, 2, 100, 0.7)];
        assert!((clip_accuracy(&scores, 1, |score| score.accuracy) - 0.65).abs() < 1e-9);
        let text = table(&args(2), &scores);
        assert!(text.contains("| 2 | 1 | 100 | 80.0 % | 80.0 % | 50.0 % | 25.0 % | 40.0 % |"), "{text}");
        assert!(text.contains("all clips of all folds 67.5 ± 3.5 %, mean of the folds 70.0 ± 0.0 %"), "{text}");
        assert!(text.contains("| sad | 200 | 50.0 ± 0.0 % |") && text.contains("1.50 ± 0.00"), "{text}");
    }
}
