//! From a network's logits to probabilities that mean what they say.
//!
//! A trained network is surer than it is right. Dividing its logits by one temperature, fitted by the trainer on data it did not learn
//! from and stored in the model file, mends that without changing which emotion is first (Guo et al. 2017).

use crate::Posteriors;

/// Lowest and highest temperature that can be meant: beyond, the file is wrong.
pub const TEMPERATURES: core::ops::RangeInclusive<f32> = 0.05..=20.0;

/// `softmax(logits / temperature)`.
///
/// * `logits`: real values, that is, already dequantised, one an emotion; `-∞` where the network does not know the emotion
/// * `temperature`: kept within [`TEMPERATURES`]; one that is not a number counts as 1
pub fn calibrate<const N: usize>(logits: [f32; N], temperature: f32) -> Posteriors<N> {
    let temperature =
        if temperature.is_nan() { 1.0 } else { temperature.clamp(*TEMPERATURES.start(), *TEMPERATURES.end()) };
    Posteriors::from_log_weights(logits.map(|logit| logit / temperature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_temperature_doubts_more_and_changes_no_order() {
        let logits = [2.0, 0.5, -1.0, 0.0, 0.0, -3.0, f32::NEG_INFINITY];
        let sharp = calibrate(logits, 1.0);
        let soft = calibrate(logits, 2.5);
        assert_eq!(sharp.best().0, soft.best().0);
        assert!(soft.best().1 < sharp.best().1);
        assert_eq!(soft.as_array()[6], 0.0, "an emotion that the network does not know stays impossible");
    }

    #[test]
    fn an_absurd_temperature_does_no_harm() {
        for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let sum: f32 = calibrate([5.0, 1.0, -2.0], temperature).as_array().iter().sum();
            assert!((sum - 1.0).abs() < 1e-5, "{temperature}");
        }
    }
}
