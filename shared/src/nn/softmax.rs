//! From int8 logits to probabilities.

use super::Quantization;

/// `softmax(scale · (q − zero_point) / temperature)` in `f32`.
///
/// * `logits`: what a network ends in
/// * `temperature`: above one spreads the probabilities, below one sharpens them; finite and positive
/// * `out`: as many numbers as there are logits; they sum to one
pub fn softmax(logits: &[i8], quantization: Quantization, temperature: f32, out: &mut [f32]) {
    // The largest becomes exp(0), so that nothing overflows; the zero point cancels.
    let largest = logits.iter().copied().max().unwrap_or_default();
    let step = quantization.scale / temperature;
    let mut sum = 0.0;
    for (probability, &logit) in out.iter_mut().zip(logits) {
        *probability = libm::expf(step * (i32::from(logit) - i32::from(largest)) as f32);
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
        softmax(&[127, -128, -128], Quantization { scale: 1e12, zero_point: 0 }, 1e-3, &mut out);
        assert_eq!(out, [1.0, 0.0, 0.0]);
    }
}
