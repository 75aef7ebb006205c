//! Variations of a face: mirrored, tilted, framed as loosely as the detector frames, lit otherwise, partly covered.

use super::normal;
use moodbox_shared::vision::{CropSquare, FACE_INPUT, FACE_SIDE, LumaImage, NoPicture, crop_to_face, face_input};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How far a picture is varied; every range is symmetric around "unchanged".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureVariation {
    /// Shift of the crop, in parts of its side.
    pub shift: f32,
    /// Change of the crop's side, in parts.
    pub scale: f32,
    /// Tilt, in degrees.
    pub tilt_degrees: f32,
    /// Exponent of brightness, as a power of two.
    pub gamma_octaves: f32,
    /// Deviation of the noise added to the stretched picture, at the most.
    pub noise: f32,
    /// Probability that a rectangle is covered.
    pub cutout: f64,
}

/// The picture as it is evaluated: the whole of it, nothing varied.
pub fn plain(picture: &LumaImage<'_>, out: &mut [f32; FACE_INPUT]) -> Result<(), NoPicture> {
    let mut crop = [0; FACE_INPUT];
    crop_to_face(picture, CropSquare::whole(picture), &mut crop);
    face_input::scale(&crop, out)
}

impl PictureVariation {
    /// What the detector's boxes and people's heads do.
    pub const USUAL: Self =
        Self { shift: 0.10, scale: 0.17, tilt_degrees: 14.0, gamma_octaves: 0.5, noise: 0.03, cutout: 0.3 };

    /// One random variation of a picture.
    pub fn apply(
        &self,
        picture: &LumaImage<'_>,
        rng: &mut impl Rng,
        out: &mut [f32; FACE_INPUT],
    ) -> Result<(), NoPicture> {
        let tilted = tilt(picture, rng.random_range(-1.0..=1.0) * self.tilt_degrees);
        let image = LumaImage::new(picture.width(), picture.height(), picture.width(), &tilted)
            .expect("as large as the picture it was made from");
        let whole = CropSquare::whole(&image);
        let side = whole.side * (1.0 + rng.random_range(-1.0..=1.0) * self.scale);
        let centre_shift = |rng: &mut _| RngExt::random_range(rng, -1.0..=1.0) * self.shift * whole.side;
        let square = CropSquare {
            x: whole.x + (whole.side - side) / 2.0 + centre_shift(rng),
            y: whole.y + (whole.side - side) / 2.0 + centre_shift(rng),
            side,
        };
        let mut crop = [0; FACE_INPUT];
        crop_to_face(&image, square, &mut crop);
        face_input::scale(&crop, out)?;

        if rng.random_bool(0.5) {
            out.chunks_exact_mut(FACE_SIDE).for_each(<[f32]>::reverse);
        }
        let exponent = (rng.random_range(-1.0..=1.0) * self.gamma_octaves).exp2();
        let noise = rng.random::<f32>() * self.noise;
        for value in out.iter_mut() {
            *value = (value.powf(exponent) + noise * normal(rng)).clamp(0.0, 1.0);
        }
        if rng.random_bool(self.cutout) {
            cover(rng, out);
        }
        Ok(())
    }
}

/// Turns a picture around its middle; bilinear, the border goes on outside.
pub(crate) fn tilt(picture: &LumaImage<'_>, degrees: f32) -> Vec<u8> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (picture.width(), picture.height());
    let (middle_x, middle_y) = ((width - 1) as f32 / 2.0, (height - 1) as f32 / 2.0);
    let pixel = |x: i32, y: i32| {
        let row = picture.row(y.clamp(0, height as i32 - 1) as usize);
        f32::from(row[x.clamp(0, width as i32 - 1) as usize])
    };
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
            let (from_x, from_y) = (middle_x + cos * dx - sin * dy, middle_y + sin * dx + cos * dy);
            let (left, top) = (from_x.floor(), from_y.floor());
            let (right_part, lower_part) = (from_x - left, from_y - top);
            let (left, top) = (left as i32, top as i32);
            let upper = pixel(left, top) * (1.0 - right_part) + pixel(left + 1, top) * right_part;
            let lower = pixel(left, top + 1) * (1.0 - right_part) + pixel(left + 1, top + 1) * right_part;
            out.push((upper * (1.0 - lower_part) + lower * lower_part).round() as u8);
        }
    }
    out
}

/// Covers a random rectangle with a random grey (DeVries and Taylor 2017).
fn cover(rng: &mut impl Rng, out: &mut [f32; FACE_INPUT]) {
    let (width, height) = (rng.random_range(4..=12), rng.random_range(4..=12));
    let (left, top) = (rng.random_range(0..=FACE_SIDE - width), rng.random_range(0..=FACE_SIDE - height));
    let grey = rng.random::<f32>();
    for row in out.chunks_exact_mut(FACE_SIDE).skip(top).take(height) {
        row[left..left + width].fill(grey);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn gradient() -> Vec<u8> {
        (0..48 * 48).map(|i| (i % 48 * 3 + i / 48 * 2) as u8).collect()
    }

    #[test]
    fn no_tilt_changes_nothing() {
        let pixels = gradient();
        let picture = LumaImage::new(48, 48, 48, &pixels).unwrap();
        assert_eq!(tilt(&picture, 0.0), pixels);
    }

    #[test]
    fn the_same_seed_gives_the_same_variation() {
        let pixels = gradient();
        let picture = LumaImage::new(48, 48, 48, &pixels).unwrap();
        let vary = |seed| {
            let mut out = [0.0; FACE_INPUT];
            PictureVariation::USUAL.apply(&picture, &mut StdRng::seed_from_u64(seed), &mut out).unwrap();
            out
        };
        assert_eq!(vary(1), vary(1));
        assert_ne!(vary(1), vary(2));
        assert!(vary(3).iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
