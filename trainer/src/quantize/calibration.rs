//! Which range of real numbers each tensor needs.
//!
//! A wide range keeps outliers, a narrow one has finer steps: of all the ranges within what was seen, the one with the smallest mean
//! squared error is taken. Two passes over the calibration inputs: the extremes, then histograms between them.

use super::{FloatReference, QuantizeError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Bins of a histogram.
const BINS: usize = 2048;

/// Ends of a range are tried from the extremes down to [`NARROWEST`] of them, in this many steps of one ratio.
const CANDIDATES: usize = 96;

/// Share of the extremes that is always kept.
const NARROWEST: f64 = 0.05;

/// A range of real numbers; zero lies within it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// At most zero.
    pub low: f32,
    /// At least zero.
    pub high: f32,
}

impl Range {
    const ZERO: Self = Self { low: 0.0, high: 0.0 };

    fn including(self, value: f32) -> Self {
        Self { low: self.low.min(value), high: self.high.max(value) }
    }

    /// Both.
    pub(super) fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// The range of each tensor: the input, then the output of each node.
///
/// The logits keep the whole range: two that were both clipped could not be told apart.
pub fn ranges(reference: &FloatReference, inputs: &[Vec<f32>]) -> Result<Vec<Range>, QuantizeError> {
    let expected = reference.input_len();
    for (index, input) in inputs.iter().enumerate() {
        if input.len() != expected {
            return Err(QuantizeError::CalibrationLength { index, expected, found: input.len() });
        }
    }
    if inputs.is_empty() {
        return Err(QuantizeError::NoCalibration);
    }
    let tensors = reference.shapes().len() + 1;
    let seen = inputs.par_iter().map(|input| extremes(input, &reference.outputs(input))).try_reduce(
        || vec![Range::ZERO; tensors],
        |a, b| Ok(a.into_iter().zip(b).map(|(a, b)| a.union(b)).collect()),
    )?;
    let histograms = inputs
        .par_iter()
        .fold(
            || seen.iter().copied().map(Histogram::new).collect::<Vec<_>>(),
            |mut histograms, input| {
                histograms[0].add(input);
                histograms[1..].iter_mut().zip(reference.outputs(input)).for_each(|(into, output)| into.add(&output));
                histograms
            },
        )
        .reduce_with(|mut a, b| {
            a.iter_mut().zip(&b).for_each(|(a, b)| a.merge(b));
            a
        })
        .unwrap_or_default();
    let mut ranges: Vec<Range> = histograms.iter().map(Histogram::best_range).collect();
    if let (Some(logits), Some(&whole)) = (ranges.last_mut(), seen.last()) {
        *logits = whole;
    }
    Ok(ranges)
}

fn extremes(input: &[f32], outputs: &[Vec<f32>]) -> Result<Vec<Range>, QuantizeError> {
    std::iter::once(input)
        .chain(outputs.iter().map(Vec::as_slice))
        .enumerate()
        .map(|(tensor, values)| {
            let finite = values.iter().all(|value| value.is_finite());
            let range = values.iter().fold(Range::ZERO, |range, &value| range.including(value));
            if finite { Ok(range) } else { Err(QuantizeError::NotFinite { tensor }) }
        })
        .collect()
}

/// How often numbers occur; zeros are left out, because every range keeps them exactly.
struct Histogram {
    range: Range,
    counts: Vec<u64>,
}

impl Histogram {
    fn new(range: Range) -> Self {
        Self { range, counts: vec![0; BINS] }
    }

    fn add(&mut self, values: &[f32]) {
        let width = self.range.high - self.range.low;
        if width <= 0.0 {
            return;
        }
        let bins_per_unit = BINS as f32 / width;
        for &value in values.iter().filter(|value| **value != 0.0) {
            let bin = ((value - self.range.low) * bins_per_unit) as usize;
            self.counts[bin.min(BINS - 1)] += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
    }

    fn centre(&self, bin: usize) -> f64 {
        let [low, high] = [self.range.low, self.range.high].map(f64::from);
        low + (high - low) * (bin as f64 + 0.5) / BINS as f64
    }

    /// The range with the smallest squared error: what rounding costs within it, `step² / 12` a number, and what clipping costs
    /// beyond it.
    fn best_range(&self) -> Range {
        let clipped_low = self.clipping_costs((0..BINS).collect(), self.range.low);
        let clipped_high = self.clipping_costs((0..BINS).rev().collect(), self.range.high);
        let total = self.counts.iter().sum::<u64>() as f64;
        let mut best = (f64::INFINITY, self.range);
        for &(low, low_cost) in &clipped_low {
            for &(high, high_cost) in &clipped_high {
                let step = (high - low) / 255.0;
                let cost = low_cost + high_cost + total * step * step / 12.0;
                if cost < best.0 {
                    best = (cost, Range { low: low as f32, high: high as f32 });
                }
            }
        }
        best.1
    }

    /// Ends of the range on one side, each with the squared error of what lies beyond it.
    ///
    /// * `outward`: the bins from that side on
    fn clipping_costs(&self, outward: Vec<usize>, extreme: f32) -> Vec<(f64, f64)> {
        if extreme == 0.0 {
            return vec![(0.0, 0.0)];
        }
        let extreme = f64::from(extreme);
        (0..CANDIDATES)
            .map(|candidate| {
                let end = extreme * NARROWEST.powf(candidate as f64 / CANDIDATES as f64);
                let beyond = outward.iter().map(|&bin| (self.centre(bin), self.counts[bin]));
                let beyond = beyond.take_while(|(value, _)| (value - end) * extreme.signum() > 0.0);
                (end, beyond.map(|(value, count)| count as f64 * (value - end).powi(2)).sum())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(values: &[f32]) -> Range {
        let range = values.iter().fold(Range::ZERO, |range, &value| range.including(value));
        let mut histogram = Histogram::new(range);
        histogram.add(values);
        histogram.best_range()
    }

    #[test]
    fn an_even_spread_keeps_its_range() {
        let values: Vec<f32> = (0..10_000).map(|index| index as f32 / 10_000.0).collect();
        assert!(best(&values).high > 0.95);
        assert_eq!(best(&values).low, 0.0);
    }

    #[test]
    fn one_outlier_does_not_coarsen_all_others() {
        let mut values: Vec<f32> = (0..1_000_000).map(|index| (index as f32 / 500_000.0) - 1.0).collect();
        values.push(3.0);
        let range = best(&values);
        assert!(range.high < 1.2, "{range:?}");
        assert!(range.low < -0.95, "{range:?}");
    }

    #[test]
    fn nothing_but_zeros_has_no_range() {
        assert_eq!(best(&[0.0; 50]), Range::ZERO);
    }
}
