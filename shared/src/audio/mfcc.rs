//! MFCC: the shape of the mel spectrum in 40 numbers, by a discrete cosine transform of its decibels.

use super::{MEL_BANDS, MFCC_COUNT};
use core::f64::consts::PI;

const HALF_BANDS: usize = MEL_BANDS / 2;
const HALF_COUNT: usize = MFCC_COUNT / 2;

/// The first 40 rows of the orthonormal DCT-II of 128 values.
///
/// Row `k` is symmetric around the middle band for even `k` and antisymmetric for odd `k`, so half of it is enough.
pub struct Dct {
    /// `[n][k / 2]` of the even rows.
    even: [[f32; HALF_COUNT]; HALF_BANDS],
    /// `[n][k / 2]` of the odd rows.
    odd: [[f32; HALF_COUNT]; HALF_BANDS],
}

impl Dct {
    pub(super) const EMPTY: Self = Self { even: [[0.0; HALF_COUNT]; HALF_BANDS], odd: [[0.0; HALF_COUNT]; HALF_BANDS] };

    /// Computes the table, in `f64`.
    pub fn new() -> Self {
        let mut dct = Self::EMPTY;
        dct.fill();
        dct
    }

    pub(super) fn fill(&mut self) {
        for n in 0..HALF_BANDS {
            for pair in 0..HALF_COUNT {
                self.even[n][pair] = coefficient(2 * pair, n);
                self.odd[n][pair] = coefficient(2 * pair + 1, n);
            }
        }
    }

    /// Coefficients of the mel spectrum.
    ///
    /// * `decibels`: `[MEL_BANDS]`
    /// * `mfcc`: receives `[MFCC_COUNT]`
    ///
    /// The mean is taken out first and put back into coefficient 0, the only one that it touches: decibels lie far from zero, and their
    /// common offset would cost the others their last digits.
    pub fn apply(&self, decibels: &[f32], mfcc: &mut [f32]) {
        let sum = sum(decibels);
        let mean = (sum / MEL_BANDS as f64) as f32;
        let (mut sums, mut differences) = ([0.0; HALF_BANDS], [0.0; HALF_BANDS]);
        let mirrored = decibels.iter().zip(decibels.iter().rev());
        for (((low, high), sum), difference) in mirrored.zip(&mut sums).zip(&mut differences) {
            let (low, high) = (low - mean, high - mean);
            *sum = low + high;
            *difference = low - high;
        }
        let (even, odd) = (project(&self.even, &sums), project(&self.odd, &differences));
        for ((pair, even), odd) in mfcc.chunks_exact_mut(2).zip(even).zip(odd) {
            pair.copy_from_slice(&[even, odd]);
        }
        mfcc[0] = (sum / libm::sqrt(MEL_BANDS as f64)) as f32;
    }
}

impl Default for Dct {
    fn default() -> Self {
        Self::new()
    }
}

/// Eight sums side by side, which a processor adds up faster than one.
fn sum(values: &[f32]) -> f64 {
    let mut lanes = [0.0f64; 8];
    for values in values.as_chunks::<8>().0 {
        for (lane, &value) in lanes.iter_mut().zip(values) {
            *lane += f64::from(value);
        }
    }
    lanes.iter().sum()
}

/// Sums of the rows, each times its value.
fn project(rows: &[[f32; HALF_COUNT]; HALF_BANDS], values: &[f32; HALF_BANDS]) -> [f32; HALF_COUNT] {
    let mut sums = [0.0; HALF_COUNT];
    for (row, value) in rows.iter().zip(values) {
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += weight * value;
        }
    }
    sums
}

fn coefficient(k: usize, n: usize) -> f32 {
    let norm = libm::sqrt(if k == 0 { 1.0 } else { 2.0 } / MEL_BANDS as f64);
    (norm * libm::cos(PI * k as f64 * (2 * n + 1) as f64 / (2 * MEL_BANDS) as f64)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mfcc_of(decibels: &[f32; MEL_BANDS]) -> [f32; MFCC_COUNT] {
        let mut mfcc = [9.0; MFCC_COUNT];
        Dct::new().apply(decibels, &mut mfcc);
        mfcc
    }

    #[test]
    fn a_flat_spectrum_has_only_coefficient_zero() {
        let mfcc = mfcc_of(&[-100.0; MEL_BANDS]);
        assert!((mfcc[0] + 1131.3708).abs() < 1e-3);
        assert!(mfcc[1..].iter().all(|&value| value == 0.0));
    }

    #[test]
    fn a_row_of_the_transform_finds_itself() {
        for k in [1, 2, 39] {
            let mfcc = mfcc_of(&core::array::from_fn(|n| coefficient(k, n)));
            for (index, value) in mfcc.iter().enumerate() {
                assert!((value - if index == k { 1.0 } else { 0.0 }).abs() < 1e-6, "{k} {index} {value}");
            }
        }
    }
}
