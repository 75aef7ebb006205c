//! The running mean of a network's weights over the last steps: what is kept and judged, because it is right more often than the weights of
//! any single step (Polyak and Juditsky 1992).

use crate::network::Network;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Running means of all weights and of batch normalisation's statistics, on the network's own device.
///
/// They stand in the order in which the network visits its parameters: running statistics get a new id each time they are loaded.
pub(super) struct Average {
    decay: f32,
    steps: usize,
    means: Vec<Tensor<1>>,
}

impl Average {
    /// Starts from a network that was trained for `steps` steps.
    ///
    /// * `decay`: share of the old mean that stays at each step, below one; 0 keeps the last weights only
    pub(super) fn new(decay: f32, network: &Network, steps: usize) -> Self {
        let mut flat = Flat(Vec::new());
        network.visit(&mut flat);
        Self { decay, steps, means: flat.0 }
    }

    /// Takes the weights after a step in; early means forget faster, so that the random start is soon gone.
    pub(super) fn update(&mut self, network: &Network) {
        self.steps += 1;
        let keep = self.decay.min(self.steps as f32 / (10.0 + self.steps as f32));
        let mut flat = Flat(Vec::with_capacity(self.means.len()));
        network.visit(&mut flat);
        for (mean, value) in self.means.iter_mut().zip(flat.0) {
            // Moved, not cloned: a tensor with one owner is changed in place.
            let old = std::mem::replace(mean, value.clone());
            *mean = old.mul_scalar(keep) + value.mul_scalar(1.0 - keep);
        }
    }

    /// The network with the means as weights.
    pub(super) fn apply(&self, network: Network) -> Network {
        network.map(&mut Apply { means: self.means.iter() })
    }
}

/// Collects every parameter as a row of numbers that no gradient follows.
struct Flat(Vec<Tensor<1>>);

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().without_autodiff().reshape([-1]));
    }
}

struct Apply<'a> {
    means: std::slice::Iter<'a, Tensor<1>>,
}

impl ModuleMapper for Apply<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(mean) = self.means.next() else {
            return param;
        };
        param.map(|tensor| mean.clone().reshape(tensor.shape()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::architecture::{After, Architecture, Tensor as Source};
    use crate::train::device;

    fn flat(network: &Network) -> Vec<f32> {
        let mut flat = Flat(Vec::new());
        network.visit(&mut flat);
        flat.0.into_iter().flat_map(crate::network::module::numbers).collect()
    }

    #[test]
    fn means_follow_the_weights_as_the_formula_says() {
        let device = device::default_device().unwrap();
        let mut net = Architecture::new([4, 4, 1]);
        let x = net.convolution(Source::Input, 3, [3, 3], [1, 1], After::NormRelu);
        net.dense(x, 2);
        let networks = [(); 4].map(|()| Network::new(&net, &device));
        let mut average = Average::new(0.15, &networks[0], 0);
        let mut expected = flat(&networks[0]);
        for (network, keep) in networks[1..].iter().zip([1.0f32 / 11.0, 0.15, 0.15]) {
            average.update(network);
            for (mean, value) in expected.iter_mut().zip(flat(network)) {
                *mean = keep * *mean + (1.0 - keep) * value;
            }
        }
        assert_eq!(flat(&average.apply(networks[3].clone())), expected);
        assert_ne!(flat(&networks[3]), expected);
    }
}
