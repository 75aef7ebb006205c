//! Weights, biases and factors of a layer in whole numbers.

use moodbox_shared::model::LayerParameters;
use moodbox_shared::nn::{Quantization, Requantizer};

/// Largest product of a weight and an input.
const LARGEST_PRODUCT: i64 = 127 * 128;

/// Factors stay below one by this much, so that rounding can't carry them over.
const LARGEST_FACTOR: f64 = 0.999;

/// Smallest factor that fixed-point numbers hold with all their digits.
const SMALLEST_FACTOR: f64 = 1.0 / (1_u64 << 31) as f64;

/// Real weights of one layer, and which of them make which output.
pub(super) struct Channels<'a> {
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    /// Whether the output channel is the innermost index of the weights, not the outermost.
    pub(super) innermost: bool,
}

/// A layer that no 32-bit sum can hold.
pub(super) struct TooLarge;

impl<'a> Channels<'a> {
    fn terms(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    fn channel(&self, channel: usize) -> impl Iterator<Item = f32> {
        let (start, step) = if self.innermost { (channel, self.bias.len()) } else { (channel * self.terms(), 1) };
        self.weight[start..].iter().step_by(step).take(self.terms()).copied()
    }

    /// Scale of each channel's weights: its largest weight becomes 127, unless the bias then left 32 bits.
    pub(super) fn scales(&self, input: Quantization) -> Result<Vec<f64>, TooLarge> {
        // Half the room for the bias: the other half is for the sum and the zero point that is folded in.
        let room = i64::from(i32::MAX) - 2 * self.terms() as i64 * LARGEST_PRODUCT - 1;
        if room < i64::from(i32::MAX) / 4 {
            return Err(TooLarge);
        }
        let scale = |(channel, bias): (usize, &f32)| {
            let largest = self.channel(channel).fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            let for_bias = f64::from(bias.abs()) / (f64::from(input.scale) * room as f64);
            (f64::from(largest) / 127.0).max(for_bias).max(f64::from(f32::MIN_POSITIVE))
        };
        Ok(self.bias.iter().enumerate().map(scale).collect())
    }

    /// Whole numbers for given scales, the input's zero point in the biases; `None` if a factor leaves its range.
    pub(super) fn quantize(&self, input: Quantization, scales: &[f64], output_scale: f32) -> Option<LayerParameters> {
        let mut weights = vec![0_i8; self.weight.len()];
        let mut biases = Vec::with_capacity(self.bias.len());
        let mut requantizers = Vec::with_capacity(self.bias.len());
        for (channel, (&bias, &scale)) in self.bias.iter().zip(scales).enumerate() {
            let unit = f64::from(input.scale);
            let smallest = SMALLEST_FACTOR * f64::from(output_scale) / unit;
            let scale = scale.max(smallest);
            let (start, step) = if self.innermost { (channel, self.bias.len()) } else { (channel * self.terms(), 1) };
            let mut sum = 0_i64;
            let places = weights[start..].iter_mut().step_by(step).take(self.terms());
            for (place, weight) in places.zip(self.channel(channel)) {
                *place = (f64::from(weight) / scale).round().clamp(-127.0, 127.0) as i8;
                sum += i64::from(*place);
            }
            let bias = (f64::from(bias) / (unit * scale)).round() as i64;
            biases.push(i32::try_from(bias - i64::from(input.zero_point) * sum).ok()?);
            requantizers.push(Requantizer::from_real(unit * scale / f64::from(output_scale))?);
        }
        Some(LayerParameters { weights, biases, requantizers })
    }
}

/// Smallest output scale for which all factors stay below one.
pub(super) fn smallest_output_scale(input: Quantization, scales: &[f64]) -> f32 {
    let largest = scales.iter().copied().fold(0.0, f64::max);
    (f64::from(input.scale) * largest / LARGEST_FACTOR) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Quantization = Quantization { scale: 0.02, zero_point: -128 };

    fn channels<'a>(weight: &'a [f32], bias: &'a [f32]) -> Channels<'a> {
        Channels { weight, bias, innermost: false }
    }

    #[test]
    fn the_largest_weight_of_a_channel_becomes_127() {
        let layer = channels(&[0.5, -1.0, 0.01, 0.002], &[0.0, 0.0]);
        let scales = layer.scales(INPUT).ok().unwrap();
        let quantized = layer.quantize(INPUT, &scales, 0.1).unwrap();
        assert_eq!(quantized.weights, [64, -127, 127, 25]);
        assert_eq!(quantized.biases, [128 * (64 - 127), 128 * (127 + 25)]);
    }

    #[test]
    fn a_dead_channel_with_a_bias_still_fits() {
        let layer = channels(&[0.0, 0.0], &[3.0]);
        let scales = layer.scales(INPUT).ok().unwrap();
        let quantized = layer.quantize(INPUT, &scales, 0.1).unwrap();
        let output = quantized.requantizers[0].apply(quantized.biases[0]);
        assert_eq!(output, 30);
    }

    #[test]
    fn the_channel_of_a_depthwise_weight_is_innermost() {
        let layer = Channels { weight: &[1.0, 0.1, 0.3, 0.03], bias: &[0.0, 0.0], innermost: true };
        let scales = layer.scales(INPUT).ok().unwrap();
        let quantized = layer.quantize(INPUT, &scales, 0.1).unwrap();
        assert_eq!(quantized.weights, [127, 127, 38, 38]);
    }
}
