//! The running mean of a network's weights over the last steps: what is kept and judged, because it is right more often than the weights of
//! any single step (Polyak and Juditsky 1992).

use crate::network::Network;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use std::collections::HashMap;

/// Running means by parameter.
pub(super) struct Average {
    decay: f32,
    steps: usize,
    means: HashMap<ParamId, Vec<f32>>,
}

impl Average {
    /// Starts from a network that was trained for `steps` steps.
    ///
    /// * `decay`: share of the old mean that stays at each step, below one; 0 keeps the last weights only
    pub(super) fn new(decay: f32, network: &Network, steps: usize) -> Self {
        let mut average = Self { decay, steps, means: HashMap::new() };
        network.visit(&mut Update { average: &mut average, keep: 0.0 });
        average
    }

    /// Takes the weights after a step in; early means forget faster, so that the random start is soon gone.
    pub(super) fn update(&mut self, network: &Network) {
        self.steps += 1;
        let keep = self.decay.min(self.steps as f32 / (10.0 + self.steps as f32));
        network.visit(&mut Update { average: self, keep });
    }

    /// The network with the means as weights.
    pub(super) fn apply(&self, network: Network) -> Network {
        network.map(&mut Apply { average: self })
    }
}

struct Update<'a> {
    average: &'a mut Average,
    keep: f32,
}

impl ModuleVisitor for Update<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = crate::network::module::numbers(param.val());
        let mean = self.average.means.entry(param.id).or_insert_with(|| values.clone());
        for (mean, value) in mean.iter_mut().zip(values) {
            *mean = self.keep * *mean + (1.0 - self.keep) * value;
        }
    }
}

struct Apply<'a> {
    average: &'a Average,
}

impl ModuleMapper for Apply<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(mean) = self.average.means.get(&param.id) else {
            return param;
        };
        param.map(|tensor| Tensor::from_data(TensorData::new(mean.clone(), tensor.shape()), &tensor.device()))
    }
}
