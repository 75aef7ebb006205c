//! The last epochs of a network that will be int8: it learns on with rounded numbers (quantisation-aware training).

use super::average::Average;
use super::batch::{order, training_batch};
use super::step::tensor;
use super::{Examples, Recipe};
use crate::network::recurrent::Recurrent;
use crate::network::{Network, Rounding};
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};

/// Learning rate at the start, in parts of the highest that the network was trained with.
const RATE: f64 = 0.02;

/// Batches are not those of any epoch of the training itself.
const FIRST_EPOCH: usize = 1_000_000;

/// The network after some epochs of learning with rounded numbers, its batch normalisation folded and the weights averaged over the last steps.
///
/// * `rounding`: the steps of the int8 model that the network would be without
/// * `device`: without autodiff
pub fn learn_rounded<E: Examples + ?Sized>(
    network: &Network,
    rounding: &Rounding,
    examples: &E,
    recipe: &Recipe,
    epochs: usize,
    device: &Device,
) -> Result<Network, Recurrent> {
    let device = device.clone().autodiff();
    device.seed(recipe.seed);
    let mut network = network.folded(&device)?;
    let mut optimizer = AdamWConfig::new().with_weight_decay(recipe.weight_decay).init();
    let mut average = Average::new(recipe.average_decay, &network, 0);
    let [channels, height, width] = examples.input_shape();
    let steps = epochs * examples.training_len().div_ceil(recipe.batch);
    let mut step = 0;
    for epoch in FIRST_EPOCH..FIRST_EPOCH + epochs {
        for indices in order(examples.training_len(), recipe.seed, epoch).chunks(recipe.batch) {
            let batch = training_batch(examples, recipe, epoch, indices);
            let inputs = tensor(batch.inputs, [indices.len(), channels, height, width], &device);
            let targets: Tensor<2> = tensor(batch.targets, [indices.len(), examples.classes()], &device);
            let loss = (targets * log_softmax(network.forward_rounded(inputs, rounding), 1)).sum_dim(1).mean().neg();
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let falling = 0.5 * (1.0 + (core::f64::consts::PI * step as f64 / steps as f64).cos());
            network = optimizer.step(RATE * recipe.learning_rate * falling, network.clone(), gradients);
            average.update(&network);
            step += 1;
        }
    }
    Ok(average.apply(network.valid()))
}
