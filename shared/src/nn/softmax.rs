//! From int8 logits to probabilities.

use super::Quantization;

/// `softmax(scale · (q − zero_point) / temperature)` in `f32`.
///
/// * `logits`: what a network ends in
/// * `temperature`: above one spreads the probabilities, below one sharpens them; finite and positive
/// * `out`: as many numbers as there are logits; they sum to one
pub fn softmax(logits: &[i8], quantization: Quantization, temperature: f32, out: &mut [f32]) {
    // The zero point cancels.
    let largest = logits.iter().copied().max().unwrap_or_default();
    let step = quantization.scale / temperature;
    shares(logits.iter().map(|&logit| step * (i32::from(logit) - i32::from(largest)) as f32), out);
}

/// `softmax(logits / temperature)` of real logits, as [`softmax`].
pub fn softmax_of_real(logits: &[f32], temperature: f32, out: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    shares(logits.iter().map(|&logit| (logit - largest) / temperature), out);
}

/// Probabilities from their logarithms, of which the largest is zero, so that nothing overflows.
fn shares(logarithms: impl Iterator<Item = f32>, out: &mut [f32]) {
    let mut sum = 0.0;
    for (probability, logarithm) in out.iter_mut().zip(logarithms) {
        *probability = libm::expf(logarithm);
        sum += *probability;
    }
    for probability in out.iter_mut() {
        *probability /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_follow_the_logits() {
        let quantization = Quantization { scale: 0.5, zero_point: 3 };
        let mut out = [0.0; 3];
        softmax(&[5, 3, 3], quantization, 1.0, &mut out);
        let e = core::f32::consts::E;
        assert!((out[0] - e / (e + 2.0)).abs() < 1e-6);
        assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let mut real = [0.0; 3];
        softmax_of_real(&[1.0, 0.0, 0.0], 1.0, &mut real);
        assert_eq!(real, out);
        softmax(&[127, -128, -128], Quantization { scale: 1e12, zero_point: 0 }, 1e-3, &mut out);
        assert_eq!(out, [1.0, 0.0, 0.0]);
    }
}
