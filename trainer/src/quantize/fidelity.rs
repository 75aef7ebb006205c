//! What rounding cost: the int8 network beside the float network, layer by layer.

use super::FloatReference;
use moodbox_shared::model::Model;
use moodbox_shared::nn::Isa;
use rayon::prelude::*;

/// The int8 network beside the float network on the same inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fidelity {
    /// Inputs that were compared.
    pub samples: usize,
    /// Of these, how many got the same most likely label.
    pub agreeing: usize,
    /// Signal to quantisation noise of each layer's output, dB: `10·log10(Σ float² / Σ (float − int8)²)`; what all layers up to there
    /// lost together. Around 30 is good; a layer that drops by 10 is where to look.
    pub sqnr_db: Vec<f64>,
}

/// Compares a model with the float network that it was made from.
///
/// * `inputs`: as the float network reads them
///
/// Layers are compared as far as both networks have them.
pub fn compare(reference: &FloatReference, model: &Model<'_>, inputs: &[Vec<f32>]) -> Fidelity {
    let layers = reference.shapes().len();
    let none = || (0, vec![(0.0, 0.0); layers]);
    let (agreeing, powers) = inputs
        .par_iter()
        .map_init(|| vec![0_i8; model.network().arena_bytes()], |arena, input| one(reference, model, input, arena))
        .reduce(none, |(agreeing, mut powers), (agrees, more)| {
            for (power, more) in powers.iter_mut().zip(more) {
                *power = (power.0 + more.0, power.1 + more.1);
            }
            (agreeing + agrees, powers)
        });
    let sqnr_db = powers.into_iter().map(|(signal, noise)| 10.0 * (signal / noise).log10()).collect();
    Fidelity { samples: inputs.len(), agreeing, sqnr_db }
}

/// Whether the labels agree, and each layer's powers of signal and noise.
fn one(reference: &FloatReference, model: &Model<'_>, input: &[f32], arena: &mut [i8]) -> (usize, Vec<(f64, f64)>) {
    let network = model.network();
    let exact = reference.outputs(input);
    let quantization = network.input_quantization();
    for (target, &value) in network.input_mut(arena).iter_mut().zip(input) {
        *target = quantization.quantize(value);
    }
    let mut powers = Vec::with_capacity(exact.len());
    let logits = network.run_observed(Isa::best(), arena, |layer, values| {
        let quantization = model.header().plan.layers[layer].output.quantization;
        let pairs = exact.get(layer).into_iter().flatten().zip(values);
        powers.push(pairs.fold((0.0, 0.0), |(signal, noise), (&exact, &value)| {
            let error = f64::from(exact) - f64::from(quantization.dequantize(value));
            (signal + f64::from(exact).powi(2), noise + error.powi(2))
        }));
    });
    let expected = exact.last().and_then(|logits| largest(logits));
    (usize::from(largest(logits) == expected), powers)
}

/// The place of the largest; the first of equals.
fn largest<T: PartialOrd>(values: &[T]) -> Option<usize> {
    (0..values.len()).reduce(|best, index| if values[index] > values[best] { index } else { best })
}
