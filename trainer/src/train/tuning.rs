//! Fine-tuning: a finished network gets used to the people in a room, from a few examples of theirs.
//!
//! What few examples can't tell stays as it is. The classes, the scaling of the features and the calibration are the base's; batch normalisation
//! has become part of the weights, so that no statistics are taken from tiny batches. All layers learn, slowly, and every step pulls them back toward
//! the base's weights (L2-SP, Li et al. 2018). Emotions that the examples don't show take no part in the loss: nothing tells the network
//! that they have become rarer. All examples are learned from, so nothing chooses between epochs: there are few, the learning rate falls to zero,
//! and the last one counts.

use super::Recipe;
use crate::augment::Variation;
use crate::network::Network;
use crate::network::module::numbers;
use crate::quantize::calibration::Range;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a fine-tuned run starts from, and what stays of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The run or the model.
    pub from: PathBuf,
    /// Divides the logits before the softmax.
    pub temperature: f32,
    /// Share of each class in the base's data as it saw it.
    pub priors: Vec<f32>,
    /// What the int8 base can hold of its input and of the output of each layer.
    pub ranges: Vec<Range>,
    /// Part of the way back to its weights at each step, in learning rates, for a single example; see [`PULL`].
    pub pull: f32,
}

/// Part of the way back to the base's weights at each step, in learning rates, if there were a single example. The more there are, the less the base's
/// weights count beside them: of a hundred examples, a hundredth.
pub const PULL: f32 = 100.0;

/// How a network is fine-tuned; found for voices, on the speakers that networks of two other folds had left out.
pub const fn recipe(seed: u64) -> Recipe {
    Recipe {
        epochs: 30,
        batch: 8,
        balance: 0.0,
        learning_rate: 1e-4,
        cosine: true,
        weight_decay: 0.0,
        label_smoothing: 0.1,
        mixup: false,
        imitation: 0.0,
        average_decay: 0.0,
        augment: true,
        variation: Variation::USUAL,
        patience: 30,
        seed,
    }
}

/// What the training loop does differently.
pub(super) struct Tether {
    /// Of each parameter, in the order in which they are visited.
    start: Vec<Vec<f32>>,
    /// Part of the way back at each step, in learning rates.
    pull: f32,
    /// `[1, classes]`: nearly infinite where nothing shows a class, else zero.
    unseen: Tensor<2>,
}

impl Tether {
    /// * `base`: where the weights are pulled to
    /// * `pull`: how much, for a single example
    /// * `examples`: how many there are to learn from
    /// * `shown`: which classes they show
    pub(super) fn new(base: &Network, pull: f32, examples: usize, shown: &[bool], device: &Device) -> Self {
        let mut collect = Collect { numbers: Vec::new() };
        base.visit(&mut collect);
        let unseen: Vec<f32> = shown.iter().map(|shown| if *shown { 0.0 } else { 1e4 }).collect();
        let unseen = Tensor::from_data(TensorData::new(unseen, [1, shown.len()]), device);
        Self { start: collect.numbers, pull: pull / examples.max(1) as f32, unseen }
    }

    /// Logits in which the classes that nothing shows have no part.
    pub(super) fn shown(&self, logits: Tensor<2>, device: &Device) -> Tensor<2> {
        logits - self.unseen.clone().to_device(device)
    }

    /// The network after a step, pulled back.
    pub(super) fn pull(&self, network: Network, learning_rate: f64) -> Network {
        let part = (f64::from(self.pull) * learning_rate).min(1.0) as f32;
        network.map(&mut Pull { start: self.start.iter(), part })
    }
}

struct Collect {
    numbers: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.numbers.push(numbers(param.val()));
    }
}

struct Pull<'a> {
    start: std::slice::Iter<'a, Vec<f32>>,
    part: f32,
}

impl ModuleMapper for Pull<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let pulled = match self.start.next() {
            Some(start) if tensor.is_require_grad() => {
                let tensor = tensor.inner();
                let start = Tensor::from_data(TensorData::new(start.clone(), tensor.shape()), &tensor.device());
                Tensor::from_inner(tensor.clone() + (start - tensor) * self.part).require_grad()
            }
            _ => tensor,
        };
        Param::from_mapped_value(id, pulled, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Architecture;
    use crate::network::architecture::Tensor as Source;
    use crate::train::device;
    use burn::tensor::activation::log_softmax;

    #[test]
    fn what_is_pulled_all_the_way_is_the_base_again() {
        let device = device::by_name("flex").unwrap().autodiff();
        let mut net = Architecture::new([1, 1, 3]);
        net.dense(Source::Input, 2);
        let (base, other) = (Network::new(&net, &device), Network::new(&net, &device));
        let input = Tensor::<4>::ones([1, 3, 1, 1], &device);
        let logits = |network: &Network| numbers(network.forward(input.clone()));
        let tether = Tether::new(&base, 40.0, 10, &[true, true], &device);
        let (from, to) = (logits(&other), logits(&base));
        assert_ne!(from, to);
        let half = logits(&tether.pull(other.clone(), 0.125));
        for ((half, from), to) in half.iter().zip(&from).zip(&to) {
            assert!((half - 0.5 * (from + to)).abs() < 1e-5, "{half} between {from} and {to}");
        }
        let all = logits(&tether.pull(other, 0.25));
        assert!(all.iter().zip(&to).all(|(a, b)| (a - b).abs() < 1e-6), "{all:?} {to:?}");
    }

    #[test]
    fn a_class_that_nothing_shows_gets_no_gradient() {
        let device = device::by_name("flex").unwrap().autodiff();
        let mut net = Architecture::new([1, 1, 3]);
        net.dense(Source::Input, 3);
        let base = Network::new(&net, &device);
        let tether = Tether::new(&base, 1.0, 1, &[true, false, true], &device);
        let logits = Tensor::<2>::from_data([[0.5f32, 4.0, -0.5]], &device).require_grad();
        let log_posteriors = log_softmax(tether.shown(logits.clone(), &device), 1);
        let target = Tensor::<2>::from_data([[1.0f32, 0.0, 0.0]], &device);
        let gradients = (target * log_posteriors).sum().neg().backward();
        let gradient = numbers(logits.grad(&gradients).unwrap());
        assert_eq!(gradient[1], 0.0);
        assert!(gradient[0] < -0.2 && gradient[2] > 0.2, "{gradient:?}");
    }
}
