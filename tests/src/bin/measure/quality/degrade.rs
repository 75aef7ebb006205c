//! What a lens, a hand, the light and the distance do to a picture.

use moodbox_shared::media::OwnedLuma;
use moodbox_tests::scene::{PICTURE_SIDE, Random};

/// Standard deviation of a sensor's noise, in grey levels: what is left of a picture in little light.
pub const SENSOR_NOISE: f32 = 1.5;

/// What is done to a picture.
#[derive(Clone, Copy)]
pub enum Condition {
    /// Out of focus: a Gaussian of this standard deviation, in pixels of the 48.
    Blur(f32),
    /// Moved sideways by so many pixels of the 48 during the exposure.
    Motion(usize),
    /// Light times this, with the sensor's noise.
    Light(f32),
    /// Seen with so many pixels a side.
    Size(usize),
}

impl Condition {
    /// The 48×48 picture as it would be seen, and its new side. `seed` decides on the noise.
    pub fn apply(self, picture: &OwnedLuma, seed: u64) -> (Vec<u8>, usize) {
        let pixels: Vec<f32> = picture.pixels().iter().map(|&pixel| f32::from(pixel)).collect();
        let (pixels, side) = match self {
            Self::Blur(sigma) => (convolved(&pixels, &gaussian(sigma), &gaussian(sigma)), PICTURE_SIDE),
            Self::Motion(length) => (convolved(&pixels, &vec![1.0 / length as f32; length], &[1.0]), PICTURE_SIDE),
            Self::Light(factor) => (lit(&pixels, factor, seed), PICTURE_SIDE),
            Self::Size(side) => (shrunk(&pixels, side), side),
        };
        (pixels.iter().map(|pixel| pixel.round().clamp(0.0, 255.0) as u8).collect(), side)
    }
}

/// Other light, through a sensor that always makes the same noise; the picture's own light brings its own.
fn lit(pixels: &[f32], factor: f32, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let noise = if factor == 1.0 { 0.0 } else { SENSOR_NOISE };
    // Evenly spread between the ends that have this standard deviation.
    let mut error = || noise * 12.0f32.sqrt() * (random.uniform() - 0.5);
    pixels.iter().map(|pixel| factor * pixel + error()).collect()
}

fn gaussian(sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as i32;
    let weights: Vec<f32> = (-radius..=radius).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Rows with `across`, then columns with `down`; the border goes on.
fn convolved(pixels: &[f32], across: &[f32], down: &[f32]) -> Vec<f32> {
    let clamp = |at: isize| at.clamp(0, PICTURE_SIDE as isize - 1) as usize;
    let pass = |pixels: &[f32], kernel: &[f32], step: (isize, isize)| -> Vec<f32> {
        let radius = kernel.len() as isize / 2;
        let value = |index: usize| {
            let (x, y) = ((index % PICTURE_SIDE) as isize, (index / PICTURE_SIDE) as isize);
            let tap = |(tap, weight): (usize, &f32)| {
                let off = tap as isize - radius;
                weight * pixels[clamp(y + off * step.1) * PICTURE_SIDE + clamp(x + off * step.0)]
            };
            kernel.iter().enumerate().map(tap).sum()
        };
        (0..PICTURE_SIDE * PICTURE_SIDE).map(value).collect()
    };
    pass(&pass(pixels, across, (1, 0)), down, (0, 1))
}

/// Area average to `side × side` pixels.
fn shrunk(pixels: &[f32], side: usize) -> Vec<f32> {
    let step = PICTURE_SIDE as f32 / side as f32;
    // How much of output pixel `index` source pixel `at` makes up, along one axis.
    let share = |index: usize, at: usize| {
        let (start, end) = (index as f32 * step, (index + 1) as f32 * step);
        (end.min((at + 1) as f32) - start.max(at as f32)).max(0.0) / step
    };
    let along = |line: &dyn Fn(usize) -> f32, index: usize| -> f32 {
        (0..PICTURE_SIDE).map(|at| share(index, at) * line(at)).sum()
    };
    let rows: Vec<f32> = (0..PICTURE_SIDE * side)
        .map(|index| along(&|at| pixels[index / side * PICTURE_SIDE + at], index % side))
        .collect();
    (0..side * side).map(|index| along(&|at| rows[at * side + index % side], index / side)).collect()
}
