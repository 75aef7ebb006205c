//! The weights, biases and factors of a layer as people think of them, to and from the way in which the model file has them.

extern crate std;

use super::format::DATA_ALIGNMENT;
use super::layer_data::LayerData;
use super::{Operation, Plan};
use crate::nn::channels::Channels;
use crate::nn::depthwise;
use crate::nn::weights::{BLOCK, Packing, Weights};
use crate::nn::{Requantizer, Shape};
use std::vec;
use std::vec::Vec;

/// The numbers of a layer with weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerParameters {
    /// A convolution's as `[out][kernel height][kernel width][in]`, a depthwise convolution's as `[kernel height][kernel width][channel]`,
    /// a dense layer's as `[out][in]`, `in` being height × width × channels.
    pub weights: Vec<i8>,
    /// `bias − zero_point · Σ weights` of each output channel, in steps of (input scale · weight scale).
    pub biases: Vec<i32>,
    /// From a sum to a step of the output: (input scale · weight scale / output scale) of each output channel.
    pub requantizers: Vec<Requantizer>,
}

impl LayerParameters {
    /// Appends them to the data of a model file and returns their place, as [`Operation`] names it.
    ///
    /// * `operation`: with weights; its own `parameters` is not looked at
    /// * `input`, `output`: what the layer reads and makes
    ///
    /// # Panics
    ///
    /// If there are more or fewer weights, biases or factors than the operation has.
    pub fn append_to(&self, operation: &Operation, input: Shape, output: Shape, data: &mut Vec<u8>) -> u32 {
        let outputs = usize::from(output.channels);
        let (packed, sums) = match operation.packing(input, output) {
            Some(packing) => self.pack(packing),
            None => {
                let sums = (0..outputs.div_ceil(BLOCK))
                    .flat_map(|block| depthwise::weight_sums(&self.weights, outputs, block))
                    .collect();
                (self.weights.clone(), sums)
            }
        };
        assert_eq!((self.biases.len(), self.requantizers.len()), (outputs, outputs), "one number an output");
        let place = data.len() as u32;
        append(data, packed.into_iter().map(|weight| weight as u8));
        let multipliers = self.requantizers.iter().map(|requantizer| requantizer.multiplier()).collect();
        let shifts = self.requantizers.iter().map(|requantizer| requantizer.shift() as i32).collect();
        for numbers in [self.biases.clone(), multipliers, shifts, sums] {
            let mut bytes: Vec<u8> = numbers.into_iter().flat_map(i32::to_le_bytes).collect();
            bytes.resize(Channels::bytes(outputs), 0);
            append(data, bytes);
        }
        place
    }

    fn pack(&self, packing: Packing) -> (Vec<i8>, Vec<i32>) {
        assert_eq!(self.weights.len(), packing.outputs * packing.terms(), "one weight a product");
        let mut packed = vec![0; packing.bytes()];
        packing.places().zip(&self.weights).for_each(|(place, &weight)| packed[place] = weight);
        let sum = |weights: &[i8]| weights.iter().map(|&weight| i32::from(weight)).sum();
        let sums = self.weights.chunks_exact(packing.terms()).map(sum).collect();
        (packed, sums)
    }

    /// Those of layer `layer` of a plan; `None` if it has none, or if the data does not hold them.
    pub fn read(plan: &Plan, layer: usize, data: &[u8]) -> Option<Self> {
        let description = plan.layers.get(layer)?;
        let (Operation::Conv2d { parameters, .. }
        | Operation::Depthwise { parameters, .. }
        | Operation::Dense { parameters, .. }) = description.operation
        else {
            return None;
        };
        let input = match usize::from(description.input).checked_sub(1) {
            None => plan.input.shape,
            Some(before) => plan.layers.get(before)?.output.shape,
        };
        let output = description.output.shape;
        let outputs = usize::from(output.channels);
        let (parts, weights) = if let Some(packing) = description.operation.packing(input, output) {
            let parts = LayerData::at(data, parameters, packing.bytes(), outputs).ok()?;
            Weights::new(parts.weights, packing)?;
            (parts, packing.places().map(|place| parts.weights[place]).collect())
        } else {
            let Operation::Depthwise { window, .. } = description.operation else { return None };
            let [rows, columns] = window.kernel.map(usize::from);
            let bytes = rows.saturating_mul(columns).saturating_mul(outputs);
            let parts = LayerData::at(data, parameters, bytes, outputs).ok()?;
            (parts, parts.weights.to_vec())
        };
        let numbers = |array: &[u8]| -> Vec<i32> {
            array.as_chunks().0.iter().take(outputs).map(|number| i32::from_le_bytes(*number)).collect()
        };
        let [biases, multipliers, shifts, _] = parts.arrays.map(numbers);
        let requantizer = |(multiplier, shift): (i32, i32)| Requantizer::new(multiplier, u32::try_from(shift).ok()?);
        let requantizers = multipliers.into_iter().zip(shifts).map(requantizer).collect::<Option<_>>()?;
        Some(Self { weights, biases, requantizers })
    }
}

/// Appends a part and the zeros after it.
fn append(data: &mut Vec<u8>, part: impl IntoIterator<Item = u8>) {
    data.extend(part);
    data.resize(data.len().next_multiple_of(DATA_ALIGNMENT), 0);
}
