//! Weights and biases of a layer as real numbers in int8 steps, from the numbers that the box multiplies.

use crate::export::OnnxError;
use moodbox_shared::model::{LayerParameters, Operation, Plan};
use moodbox_shared::nn::{Quantization, Requantizer};

/// What a layer multiplies and adds.
pub(crate) struct Parameters {
    /// In the order of the plan.
    pub(crate) weights: Vec<i8>,
    /// Size of one step of a weight, for each output.
    pub(crate) weight_scales: Vec<f32>,
    /// In steps of `bias_scales`, without the input's zero point.
    pub(crate) biases: Vec<i32>,
    /// Size of one step of a bias, for each output.
    pub(crate) bias_scales: Vec<f32>,
    /// Whether the outputs are the innermost dimension of the weights.
    is_depthwise: bool,
}

impl Parameters {
    /// Those of a layer with weights.
    ///
    /// * `input`: how the layer's input is quantised
    pub(crate) fn read(plan: &Plan, layer: usize, data: &[u8], input: Quantization) -> Result<Self, OnnxError> {
        let LayerParameters { weights, biases, requantizers } =
            LayerParameters::read(plan, layer, data).ok_or(OnnxError::Parameters { layer })?;
        let description = &plan.layers[layer];
        let outputs = biases.len();
        let is_depthwise = matches!(description.operation, Operation::Depthwise { .. });
        let weights_of = |output: usize| {
            let (first, step) = if is_depthwise { (output, outputs) } else { (output * (weights.len() / outputs), 1) };
            weights.iter().skip(first).step_by(step).take(weights.len() / outputs)
        };
        let unfold = |(output, &bias): (usize, &i32)| {
            let sum: i64 = weights_of(output).map(|&weight| i64::from(weight)).sum();
            i32::try_from(i64::from(bias) + i64::from(input.zero_point) * sum).ok()
        };
        let biases = biases.iter().enumerate().map(unfold).collect::<Option<_>>().ok_or(OnnxError::Bias { layer })?;
        let step = f64::from(description.output.quantization.scale) / f64::from(input.scale);
        let factor =
            |requantizer: &Requantizer| f64::from(requantizer.multiplier()) * 0.5_f64.powi(requantizer.shift() as i32);
        let weight_scales: Vec<f32> =
            requantizers.iter().map(|requantizer| (factor(requantizer) * step) as f32).collect();
        let bias_scales = weight_scales.iter().map(|scale| scale * input.scale).collect();
        Ok(Self { weights, weight_scales, biases, bias_scales, is_depthwise })
    }

    /// The weights as real numbers, in the order of the plan; of a layer whose outputs are outermost, or of a depthwise one.
    pub(crate) fn real_weights(&self) -> Vec<f32> {
        let (outputs, each) = (self.biases.len(), self.weights.len() / self.biases.len().max(1));
        let scale = |index: usize| self.weight_scales[if self.is_depthwise { index % outputs } else { index / each }];
        self.weights.iter().enumerate().map(|(index, &weight)| f32::from(weight) * scale(index)).collect()
    }

    /// The biases as real numbers.
    pub(crate) fn real_biases(&self) -> Vec<f32> {
        self.biases
            .iter()
            .zip(&self.bias_scales)
            .map(|(&bias, scale)| (f64::from(bias) * f64::from(*scale)) as f32)
            .collect()
    }
}
