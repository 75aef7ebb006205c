//! Batches of examples, made on other threads while the network learns from the last one.

use super::{Examples, Recipe};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

/// Inputs, targets and the likeliest class of each.
pub(super) struct Batch {
    /// `[len, channels, height, width]`.
    pub inputs: Vec<f32>,
    /// `[len, classes]`: what each input shows, parts of one, times the weight of the class.
    pub targets: Vec<f32>,
    /// `[len]`.
    pub classes: Vec<usize>,
}

/// A generator for one purpose: the same on every machine, whatever else is drawn.
pub(super) fn generator(seed: u64, epoch: usize, purpose: u64) -> StdRng {
    // Steps of SplitMix64 (Steele et al. 2014) keep neighbouring seeds apart.
    let mut state = seed;
    for part in [epoch as u64, purpose] {
        state = (state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
    }
    StdRng::seed_from_u64(state)
}

/// The order of the examples in an epoch.
pub(super) fn order(len: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut generator(seed, epoch, u64::MAX));
    order
}

/// The batch of these examples.
pub(super) fn training_batch<E: Examples + ?Sized>(
    examples: &E,
    recipe: &Recipe,
    epoch: usize,
    indices: &[usize],
) -> Batch {
    let width: usize = examples.input_shape().iter().product();
    let mut inputs = vec![0.0; indices.len() * width];
    let mut targets = vec![0.0; indices.len() * examples.classes()];
    inputs.par_chunks_exact_mut(width).zip(targets.par_chunks_exact_mut(examples.classes())).zip(indices).for_each(
        |((input, target), &index)| {
            let mut rng = generator(recipe.seed, epoch, index as u64);
            examples.training_example(index, recipe.variation(), &mut rng, input, target);
        },
    );
    // What nothing shows can't be what somebody meant.
    let shown = examples.shown();
    let spread = recipe.label_smoothing / shown.iter().filter(|shown| **shown).count().max(1) as f32;
    for target in targets.chunks_exact_mut(examples.classes()) {
        for (part, shown) in target.iter_mut().zip(shown) {
            *part = (1.0 - recipe.label_smoothing) * *part + if *shown { spread } else { 0.0 };
        }
    }
    if recipe.mixup {
        let mut rng = generator(recipe.seed, epoch, (1 << 40) + indices[0] as u64);
        let share = if rng.random_bool(0.5) { rng.random_range(0.5..=1.0) } else { 1.0 };
        mix(&mut inputs, width, share);
        mix(&mut targets, examples.classes(), share);
    }
    let classes = targets.chunks_exact(examples.classes()).map(largest).collect();
    let weights = recipe.class_weights(examples.shares());
    for target in targets.chunks_exact_mut(examples.classes()) {
        target.iter_mut().zip(&weights).for_each(|(part, weight)| *part *= weight);
    }
    Batch { inputs, targets, classes }
}

/// Mixes every row with the one at the mirrored place: `share` of its own, the rest of the other.
fn mix(rows: &mut [f32], width: usize, share: f32) {
    let original = rows.to_vec();
    for (row, other) in rows.chunks_exact_mut(width).zip(original.chunks_exact(width).rev()) {
        for (value, other) in row.iter_mut().zip(other) {
            *value = share * *value + (1.0 - share) * other;
        }
    }
}

/// Index of the largest value; the first of equals.
pub(super) fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_the_same_again_and_another_in_the_next_epoch() {
        assert_eq!(order(100, 1, 1), order(100, 1, 1));
        assert_ne!(order(100, 1, 1), order(100, 1, 2));
        assert_ne!(order(100, 1, 1), order(100, 2, 1));
    }

    #[test]
    fn mixing_keeps_the_sum_of_targets() {
        let mut targets = vec![1.0, 0.0, 0.0, 1.0, 0.5, 0.5];
        mix(&mut targets, 2, 0.7);
        for row in targets.chunks_exact(2) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}
