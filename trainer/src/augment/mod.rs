//! Variations of training examples: what the network must not care about.

pub mod picture;
pub mod speech;

use rand::Rng;

/// A number from a normal distribution with mean 0 and deviation 1 (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f32 {
    use rand::RngExt;
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (core::f32::consts::TAU * rng.random::<f32>()).cos()
}
