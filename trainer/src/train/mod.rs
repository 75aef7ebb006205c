//! Training: examples in, a run folder with weights, history and curves out.

mod average;
pub mod base;
mod batch;
pub mod bench;
pub mod data;
pub mod device;
pub mod examples;
pub mod face_examples;
pub mod feature_cache;
mod for_int8;
mod learner;
pub mod run_folder;
pub mod speech_examples;
mod step;
pub mod stopwatch;
mod teacher;
pub mod tuning;
mod unseen;

pub use examples::Examples;
pub use for_int8::learn_rounded;
pub use learner::{TrainError, Trained, resume_or_start, resume_silently};
pub use teacher::TeacherError;
pub(crate) use teacher::check as check_teachers;

use crate::augment::Variation;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Passes over the training data.
    pub epochs: usize,
    /// Examples a step.
    pub batch: usize,
    /// How much rare classes count for more: the weight of a class falls with this power of its share. 0 weighs all alike, 1 evens them out.
    #[serde(default)]
    pub balance: f32,
    /// Learning rate, at its highest.
    pub learning_rate: f64,
    /// Whether the learning rate warms up for two epochs and then falls to zero along a cosine, or stays.
    pub cosine: bool,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Probability mass that a label gives to the other classes.
    pub label_smoothing: f32,
    /// Whether every other batch mixes pairs of examples (Zhang et al. 2018), in shares drawn evenly.
    pub mixup: bool,
    /// Share of the targets that teachers give; labels give the rest. 0 where there are none.
    #[serde(default)]
    pub imitation: f32,
    /// Share of the running mean of the weights that stays at each step; 0 keeps the last weights only.
    #[serde(default)]
    pub average_decay: f32,
    /// Whether examples are varied.
    pub augment: bool,
    /// How far.
    #[serde(default)]
    pub variation: Variation,
    /// Epochs without a better selection accuracy after which training stops.
    pub patience: usize,
    /// Seed of weights, order and variation.
    pub seed: u64,
}

/// A recipe that can't be changed as asked.
#[derive(Debug, Error)]
#[error("--set {setting}: {reason}")]
pub struct RecipeError {
    setting: String,
    reason: String,
}

impl Recipe {
    /// The recipe with another value in one part.
    ///
    /// * `setting`: `part=value`, parts of parts behind a dot, as [`Recipe`] is written down in JSON
    pub fn with(&self, setting: &str) -> Result<Self, RecipeError> {
        let refused = |reason: String| RecipeError { setting: setting.to_owned(), reason };
        let (part, value) = setting.split_once('=').ok_or_else(|| refused("PART=VALUE is expected".to_owned()))?;
        let mut recipe = serde_json::to_value(self).map_err(|error| refused(error.to_string()))?;
        let place = recipe.pointer_mut(&format!("/{}", part.replace('.', "/")));
        let place = place.ok_or_else(|| refused(format!("no such part: run.json of any run shows them ({part})")))?;
        *place = serde_json::from_str(value)
            .map_err(|_| refused("the value is neither a number nor true or false".to_owned()))?;
        let recipe: Self = serde_json::from_value(recipe).map_err(|error| refused(error.to_string()))?;
        if recipe.seed != self.seed {
            return Err(refused("the seed cuts the data too: name it by --seed".to_owned()));
        }
        recipe.check().map_err(|reason| refused(reason.to_owned()))?;
        Ok(recipe)
    }

    /// What keeps a network from being trained so.
    fn check(&self) -> Result<(), &'static str> {
        let Variation { picture, voice } = &self.variation;
        let shares = [self.label_smoothing, self.imitation, self.average_decay, picture.shift, picture.scale];
        let probabilities = [picture.cutout, voice.echo, voice.noise];
        let sizes = [self.balance, self.weight_decay, picture.tilt_degrees, picture.gamma_octaves, picture.noise];
        let is_share = |share: f32| (0.0..=1.0).contains(&share);
        let is_size = |size: f32| size.is_finite() && size >= 0.0;
        if self.epochs == 0 || self.batch == 0 || self.patience == 0 {
            Err("at least 1 is expected")
        } else if !shares.into_iter().all(is_share) || !probabilities.iter().all(|part| (0.0..=1.0).contains(part)) {
            Err("a number from 0 to 1 is expected")
        } else if ![voice.tract, voice.tempo].into_iter().all(|part| (0.0..=0.5).contains(&part)) {
            Err("a number from 0 to 0.5 is expected")
        } else if !sizes.into_iter().chain([voice.colour_db]).all(is_size) || !voice.least_snr_db.is_finite() {
            Err("a number that is not negative is expected")
        } else if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            Err("a number above 0 is expected")
        } else {
            Ok(())
        }
    }

    /// How far examples are varied, if they are.
    fn variation(&self) -> Option<&Variation> {
        self.augment.then_some(&self.variation)
    }

    /// What an example of each class counts, one on average over the training data.
    ///
    /// * `shares`: how often each class stands there, in parts of one
    fn class_weights(&self, shares: &[f32]) -> Vec<f32> {
        let weights: Vec<f32> = shares.iter().map(|share| share.powf(-self.balance)).collect();
        let mean: f32 = weights.iter().zip(shares).map(|(weight, share)| weight * share).sum();
        weights.into_iter().map(|weight| weight / mean).collect()
    }

    /// How often each class occurs in the eyes of a network that was trained so, in parts of one.
    pub fn priors(&self, shares: &[f32]) -> Vec<f32> {
        self.class_weights(shares).iter().zip(shares).map(|(weight, share)| weight * share).collect()
    }

    /// Learning rate of a step, counted over the whole training.
    fn learning_rate(&self, step: usize, steps_per_epoch: usize) -> f64 {
        if !self.cosine {
            return self.learning_rate;
        }
        let warm_up = (2 * steps_per_epoch).min(self.epochs * steps_per_epoch / 10).max(1);
        let total = (self.epochs * steps_per_epoch).max(warm_up + 1);
        if step < warm_up {
            return self.learning_rate * (step + 1) as f64 / warm_up as f64;
        }
        let progress = (step - warm_up) as f64 / (total - warm_up) as f64;
        self.learning_rate * 0.5 * (1.0 + (core::f64::consts::PI * progress.min(1.0)).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::{PictureVariation, VoiceVariation};

    const RECIPE: Recipe = Recipe {
        epochs: 40,
        batch: 64,
        balance: 0.0,
        learning_rate: 0.01,
        cosine: true,
        weight_decay: 0.0,
        label_smoothing: 0.0,
        mixup: false,
        imitation: 0.0,
        average_decay: 0.0,
        augment: false,
        variation: Variation { picture: PictureVariation::USUAL, voice: VoiceVariation::MASKS_ALONE },
        patience: 10,
        seed: 1,
    };

    #[test]
    fn the_learning_rate_rises_then_falls_to_nearly_zero() {
        let at = |step| RECIPE.learning_rate(step, 100);
        assert!(at(0) < 0.001 && at(100) < at(199));
        assert!((at(200) - 0.01).abs() < 1e-9);
        assert!(at(2000) < at(1000) && at(3999) < 1e-5);
    }

    #[test]
    fn a_part_of_the_recipe_gets_another_value() {
        let with = |setting| RECIPE.with(setting);
        assert!(with("mixup=true").unwrap().mixup);
        assert_eq!(with("variation.voice.tract=0.25").unwrap().variation.voice.tract, 0.25);
        assert_eq!(with("epochs=3").unwrap(), Recipe { epochs: 3, ..RECIPE });
        let ranges = [
            "batch=0",
            "seed=2",
            "variation.picture.cutout=50",
            "variation.voice.tempo=1",
            "learning_rate=0",
            "balance=-1",
        ];
        for wrong in ranges.into_iter().chain([
            "mixup",
            "mixup=7",
            "mixdown=true",
            "variation.voice.throat=1",
            "epochs=-3",
            "epochs=many",
        ]) {
            let message = with(wrong).unwrap_err().to_string();
            assert!(message.starts_with(&format!("--set {wrong}: ")), "{message}");
        }
    }

    #[test]
    fn rare_classes_count_for_more_and_all_together_as_before() {
        let shares = [0.8, 0.2];
        let recipe = |balance| Recipe { balance, ..RECIPE };
        assert_eq!(recipe(0.0).class_weights(&shares), [1.0, 1.0]);
        let priors = recipe(1.0).priors(&shares);
        assert!(priors.iter().all(|prior| (prior - 0.5).abs() < 1e-6), "{priors:?}");
        let priors = recipe(0.5).priors(&shares);
        assert!((priors[1] - 1.0 / 3.0).abs() < 1e-6, "{priors:?}");
    }
}
