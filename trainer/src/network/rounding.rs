//! Fake quantisation: a network in training computes as if its numbers were int8, so that its weights get used to it.
//!
//! Numbers are rounded to the steps that the int8 model has; gradients pass as if they had not been, but not to numbers beyond the range
//! (straight-through estimator, Bengio et al. 2013; for whole networks Jacob et al. 2018).

use super::architecture::{Architecture, Operation};
use burn::tensor::Tensor;
use moodbox_shared::model::Plan;
use moodbox_shared::nn::Quantization;

/// The steps of every tensor of a network.
#[derive(Clone, Debug)]
pub struct Rounding {
    input: Quantization,
    /// Of each node's output; `None` where the int8 network has no such node.
    nodes: Vec<Option<Quantization>>,
}

impl Rounding {
    /// The steps that an int8 model of the network has; `None` if the model is not one of it.
    pub fn of(architecture: &Architecture, plan: &Plan) -> Option<Self> {
        let mut layers = plan.layers.iter();
        let nodes = architecture.nodes.iter().map(|node| match node.operation {
            Operation::Dropout { .. } => Some(None),
            _ => layers.next().map(|layer| Some(layer.output.quantization)),
        });
        let nodes: Vec<_> = nodes.collect::<Option<_>>()?;
        layers.next().is_none().then_some(Self { input: plan.input.quantization, nodes })
    }

    pub(super) fn input(&self, tensor: Tensor<4>) -> Tensor<4> {
        round(tensor, self.input)
    }

    /// * `tensor`: output of that node
    pub(super) fn output(&self, node: usize, tensor: Tensor<4>) -> Tensor<4> {
        match self.nodes[node] {
            Some(quantization) => round(tensor, quantization),
            None => tensor,
        }
    }
}

fn round(tensor: Tensor<4>, quantization: Quantization) -> Tensor<4> {
    let (low, high) = (quantization.dequantize(i8::MIN), quantization.dequantize(i8::MAX));
    let within = tensor.clamp(low, high);
    // Zero falls on a step, so steps are whole multiples of the scale.
    let scale = quantization.scale;
    let rounded = (within.clone().detach() / scale).round() * scale;
    straight_through(within, rounded)
}

/// Rounds each row of weights to 127 steps on either side of zero.
///
/// * `weights`: `[outputs, terms]`
pub(super) fn round_rows(weights: Tensor<2>) -> Tensor<2> {
    let plain = weights.clone().detach();
    let scales = plain.clone().abs().max_dim(1).clamp_min(f32::MIN_POSITIVE) / 127.0;
    let rounded = (plain / scales.clone()).round() * scales;
    straight_through(weights, rounded)
}

/// The value of one, the gradient of the other.
fn straight_through<const D: usize>(gradient: Tensor<D>, value: Tensor<D>) -> Tensor<D> {
    let difference = value - gradient.clone().detach();
    gradient + difference.detach()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::module::numbers;
    use crate::train::device;
    use burn::tensor::TensorData;

    #[test]
    fn numbers_fall_on_steps_and_gradients_pass_within_the_range() {
        let device = device::default_device().unwrap().autodiff();
        let values = vec![-1.0, -0.26, 0.0, 0.3, 9.0];
        let tensor = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 1, 5]), &device).require_grad();
        // From -0.5 to 127 - one step of a half: -0.5 is step -128 + 127 = -1.
        let rounded = round(tensor.clone(), Quantization { scale: 0.5, zero_point: -127 });
        assert_eq!(numbers(rounded.clone()), [-0.5, -0.5, 0.0, 0.5, 9.0]);
        let gradients = (rounded * 2.0).sum().backward();
        assert_eq!(numbers(tensor.grad(&gradients).unwrap()), [0.0, 2.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn each_row_of_weights_has_its_own_steps() {
        let device = device::default_device().unwrap();
        let weights = Tensor::<2>::from_data([[127.0, -3.4, 0.6], [0.0127, 0.000_14, 0.0]], &device);
        let rounded = numbers(round_rows(weights));
        for (got, expected) in rounded.iter().zip([127.0, -3.0, 1.0, 0.0127, 0.0001, 0.0]) {
            assert!((got - expected).abs() < 1e-6, "{rounded:?}");
        }
    }
}
