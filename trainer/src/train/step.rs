//! One step of training, on one device or shared among several: a batch in, better weights out.

use super::Recipe;
use super::average::Average;
use super::batch::{Batch, largest};
use super::stopwatch::{Phase, Stopwatch};
use super::teacher::Teachers;
use super::tuning::Tether;
use crate::network::{Architecture, Network};
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData, Transaction};

/// What learns: a network, its optimizer, and the running mean of its weights.
pub(super) struct Learner {
    pub network: Network,
    pub optimizer: ModuleOptimizer,
    pub average: Average,
    /// From whom it learns beside the labels.
    pub teachers: Option<Teachers>,
    /// What holds a network that is fine-tuned.
    pub tether: Option<Tether>,
    /// Each computes the gradients of its part of a batch; all else stands on the first.
    ///
    /// Batch normalisation sees the part alone, and the first device's parts make its running statistics.
    pub devices: Vec<Device>,
}

/// What a step saw of its batch, not yet read from the devices: whoever reads it waits for them.
pub(super) struct Seen {
    /// Of each part, its share of the batch's loss.
    losses: Vec<Tensor<1>>,
    /// Of each part, `[len, classes]`.
    log_posteriors: Vec<Tensor<2>>,
    /// `[len]`.
    classes: Vec<usize>,
}

impl Learner {
    /// Random weights, from the recipe's seed.
    ///
    /// * `devices`: at least one
    pub(super) fn new(architecture: &Architecture, recipe: &Recipe, devices: &[Device]) -> Self {
        let devices: Vec<Device> = devices.iter().map(|device| device.clone().autodiff()).collect();
        devices[0].seed(recipe.seed);
        let network = Network::new(architecture, &devices[0]);
        let optimizer = AdamWConfig::new().with_weight_decay(recipe.weight_decay).init();
        let average = Average::new(recipe.average_decay, &network, 0);
        Self { network, optimizer, average, teachers: None, tether: None, devices }
    }

    /// Learns from a batch.
    ///
    /// * `shape`: channels, height and width of an input
    /// * `rate`: learning rate
    pub(super) fn step(&mut self, batch: Batch, shape: [usize; 3], rate: f64, stopwatch: &mut Stopwatch) -> Seen {
        let len = batch.classes.len();
        let part_len = len.div_ceil(self.devices.len());
        let inputs = in_parts(batch.inputs, part_len * shape.iter().product::<usize>());
        let targets = in_parts(batch.targets, part_len * self.network.architecture().classes());
        let mut seen = Seen { losses: Vec::new(), log_posteriors: Vec::new(), classes: batch.classes };
        let mut gradients = Vec::new();
        for (place, ((device, inputs), targets)) in self.devices.iter().zip(inputs).zip(targets).enumerate() {
            let part = inputs.len() / shape.iter().product::<usize>();
            // All parts are on their way before any is waited for.
            let network = if gradients.is_empty() { self.network.clone() } else { copy(&self.network, device) };
            let inputs = tensor(inputs, [part, shape[0], shape[1], shape[2]], device);
            let mut targets: Tensor<2> = tensor(targets, [part, network.architecture().classes()], device);
            if let Some(teachers) = &self.teachers {
                targets = teachers.blend(targets, &inputs, place);
            }
            let mut logits = network.forward(inputs);
            if let Some(tether) = &self.tether {
                logits = tether.shown(logits, device);
            }
            let log_posteriors = log_softmax(logits, 1);
            let mut loss = (targets * log_posteriors.clone()).sum_dim(1).mean().neg();
            if part < len {
                loss = loss.mul_scalar(part as f32 / len as f32);
            }
            stopwatch.lap(Phase::Forward, device);
            gradients.push(GradientsParams::from_grads(loss.backward(), &network));
            stopwatch.lap(Phase::Backward, device);
            seen.losses.push(loss.without_autodiff());
            seen.log_posteriors.push(log_posteriors.without_autodiff());
        }
        self.improve(gradients, rate);
        if let Some(tether) = &self.tether {
            self.network = tether.pull(self.network.clone(), rate);
        }
        stopwatch.lap(Phase::Optimizer, &self.devices[0]);
        self.average.update(&self.network);
        stopwatch.lap(Phase::Average, &self.devices[0]);
        seen
    }

    /// Changes the weights by the sum of the parts' gradients.
    fn improve(&mut self, mut gradients: Vec<GradientsParams>, rate: f64) {
        let network = self.network.clone();
        if gradients.len() == 1 {
            let gradients = gradients.remove(0);
            self.network = self.optimizer.step(rate, network, gradients);
            return;
        }
        let first = self.devices[0].clone().inner();
        let grads = gradients.into_iter().map(|part| (part.to_device(&first, &network), first.clone())).collect();
        self.network = self.optimizer.step_multi(rate, network, MultiGradientsParams { grads });
    }
}

impl Seen {
    /// Mean loss of the batch, and how many of its examples were told right.
    pub(super) fn read(self) -> (f32, usize) {
        let count = self.losses.len();
        let mut reading = Transaction::default();
        for loss in self.losses {
            reading = reading.register(loss);
        }
        for rows in self.log_posteriors {
            reading = reading.register(rows);
        }
        let read = reading.execute().into_iter();
        let mut read = read.map(|data| data.convert::<f32>().try_into_vec::<f32>().expect("just converted to f32"));
        let loss = read.by_ref().take(count).flatten().sum();
        let rows: Vec<f32> = read.flatten().collect();
        let width = rows.len() / self.classes.len();
        let is_right = |(row, class): &(&[f32], &usize)| largest(row) == **class;
        (loss, rows.chunks_exact(width).zip(&self.classes).filter(is_right).count())
    }
}

/// Cuts numbers into parts of `len`, the last as long as what is left; a single part is not copied.
fn in_parts(mut rest: Vec<f32>, len: usize) -> Vec<Vec<f32>> {
    let mut parts = Vec::new();
    while rest.len() > len {
        let behind = rest.split_off(len);
        parts.push(std::mem::replace(&mut rest, behind));
    }
    parts.push(rest);
    parts
}

/// The network on another device, with running statistics of its own.
fn copy(network: &Network, device: &Device) -> Network {
    network.valid().to_device(&device.clone().inner()).train()
}

pub(super) fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::{PictureVariation, Variation, VoiceVariation};
    use crate::network::Preset;
    use crate::network::module::numbers;
    use crate::train::device;
    use burn::module::{ModuleVisitor, Param};
    use moodbox_shared::model::Task;

    const SHAPE: [usize; 3] = [1, 32, 32];
    const LEN: usize = 10;

    /// As the published pair is trained: nothing is normalised over a batch, nothing drawn.
    const RECIPE: Recipe = Recipe {
        epochs: 1,
        batch: LEN,
        balance: 0.0,
        learning_rate: 1e-3,
        cosine: false,
        weight_decay: 0.01,
        label_smoothing: 0.0,
        mixup: false,
        imitation: 0.0,
        average_decay: 0.5,
        augment: false,
        variation: Variation { picture: PictureVariation::USUAL, voice: VoiceVariation::MASKS_ALONE },
        patience: 1,
        seed: 1,
    };

    fn batch(number: usize) -> Batch {
        let value = |place: usize| ((place * 7919 + number * 104_729) % 1009) as f32 / 1009.0;
        let classes: Vec<usize> = (0..LEN).map(|index| (index * 3 + number) % 7).collect();
        let targets = classes.iter().flat_map(|class| (0..7).map(move |other| f32::from(u8::from(other == *class))));
        Batch { inputs: (0..LEN * 1024).map(value).collect(), targets: targets.collect(), classes }
    }

    fn weights(network: &Network) -> Vec<f32> {
        struct Weights(Vec<f32>);
        impl ModuleVisitor for Weights {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.extend(numbers(param.val()));
            }
        }
        let mut weights = Weights(Vec::new());
        network.visit(&mut weights);
        weights.0
    }

    #[test]
    fn devices_that_share_batches_learn_what_one_learns_alone() {
        let device = device::default_device().unwrap();
        let architecture = Preset::try_from("paper".to_owned()).unwrap().architecture(Task::Face, 7).unwrap();
        let mut alone = Learner::new(&architecture, &RECIPE, std::slice::from_ref(&device));
        let before = weights(&alone.network);
        // Ten examples in parts of four, four and two.
        let mut together = Learner::new(&architecture, &RECIPE, &[device.clone(), device.clone(), device]);
        together.network = alone.network.clone();
        together.average = Average::new(0.5, &alone.network, 0);
        let mut stopwatch = Stopwatch::start(false);
        for number in 0..5 {
            let (loss, right) = alone.step(batch(number), SHAPE, 1e-3, &mut stopwatch).read();
            let (loss_together, right_together) = together.step(batch(number), SHAPE, 1e-3, &mut stopwatch).read();
            assert!((loss - loss_together).abs() < 1e-5, "step {number}: {loss} and {loss_together}");
            assert_eq!(right, right_together);
        }
        let largest_difference = |one: &Network, other: &Network| {
            let pairs = weights(one).into_iter().zip(weights(other));
            pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
        };
        let moved = weights(&alone.network).iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(moved > 1e-3, "nothing was learned");
        assert!(largest_difference(&alone.network, &together.network) < 1e-5);
        let averaged = |learner: &Learner| learner.average.apply(learner.network.valid());
        assert!(largest_difference(&averaged(&alone), &averaged(&together)) < 1e-5);
    }

    #[test]
    fn the_last_part_is_what_is_left() {
        assert_eq!(in_parts(vec![1.0, 2.0, 3.0, 4.0, 5.0], 2), [vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0]]);
        assert_eq!(in_parts(vec![1.0, 2.0], 2), [[1.0, 2.0]]);
    }
}
