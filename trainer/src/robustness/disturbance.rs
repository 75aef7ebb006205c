//! What is done to pictures and sound, at which strengths.

use crate::augment::{picture, speech};
use image::GrayImage;
use moodbox_shared::vision::{CropSquare, LumaImage};
use rand::RngExt;
use rand::rngs::StdRng;

/// What is done to a picture.
#[derive(Clone, Copy, Debug)]
pub(super) enum PictureDisturbance {
    Exposure,
    Blur,
    Rotation,
    Jitter,
}

impl PictureDisturbance {
    pub(super) const ALL: [Self; 4] = [Self::Exposure, Self::Blur, Self::Rotation, Self::Jitter];

    /// Name, unit and levels.
    pub(super) const fn scale(self) -> (&'static str, &'static str, &'static [f32]) {
        match self {
            Self::Exposure => ("exposure", "stops", &[-4.0, -3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0]),
            Self::Blur => ("blur", "pixels of 48", &[0.0, 0.5, 1.0, 1.5, 2.0, 3.0]),
            Self::Rotation => ("rotation", "degrees", &[0.0, 5.0, 10.0, 15.0, 20.0, 30.0]),
            Self::Jitter => ("detector jitter", "% of the side", &[0.0, 5.0, 10.0, 15.0, 20.0, 30.0]),
        }
    }

    /// The picture, and the square of it that is taken for the face.
    pub(super) fn apply(self, image: &LumaImage<'_>, level: f32, rng: &mut StdRng) -> (Vec<u8>, CropSquare) {
        let whole = CropSquare::whole(image);
        let pixels = || (0..image.height()).flat_map(|y| image.row(y).iter().copied());
        match self {
            Self::Exposure => {
                let gain = level.exp2();
                (pixels().map(|pixel| (f32::from(pixel) * gain).round().min(255.0) as u8).collect(), whole)
            }
            Self::Blur if level > 0.0 => {
                let plain = GrayImage::from_raw(image.width() as u32, image.height() as u32, pixels().collect())
                    .expect("as many pixels as the picture has");
                (image::imageops::blur(&plain, level * image.width() as f32 / 48.0).into_raw(), whole)
            }
            Self::Blur => (pixels().collect(), whole),
            Self::Rotation => {
                let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                (picture::tilt(image, side * level), whole)
            }
            Self::Jitter => {
                // As far in a random direction, and as much larger or smaller.
                let angle = rng.random_range(0.0..core::f32::consts::TAU);
                let grown = if rng.random_bool(0.5) { level } else { -level } / 100.0;
                let side = whole.side * (1.0 + grown);
                let distance = whole.side * level / 100.0;
                let square = CropSquare {
                    x: whole.x + (whole.side - side) / 2.0 + distance * angle.cos(),
                    y: whole.y + (whole.side - side) / 2.0 + distance * angle.sin(),
                    side,
                };
                (pixels().collect(), square)
            }
        }
    }
}

/// What is done to a clip.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClipDisturbance {
    Noise,
    Gain,
}

impl ClipDisturbance {
    pub(super) const ALL: [Self; 2] = [Self::Noise, Self::Gain];

    /// Name, unit and levels.
    pub(super) const fn scale(self) -> (&'static str, &'static str, &'static [f32]) {
        match self {
            Self::Noise => ("noise", "dB below the voice", &[0.0, 5.0, 10.0, 20.0, 60.0]),
            Self::Gain => ("microphone gain", "dB", &[-20.0, -10.0, 0.0, 10.0, 20.0]),
        }
    }

    pub(super) fn apply(self, samples: &[i16], level: f32, rng: &mut StdRng) -> Vec<i16> {
        match self {
            Self::Noise => speech::with_noise(samples, level, rng),
            Self::Gain => {
                let gain = 10f32.powf(level / 20.0);
                // A converter clips.
                samples.iter().map(|&sample| (f32::from(sample) * gain).round() as i16).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn picture() -> Vec<u8> {
        (0..48 * 48).map(|index| ((index % 48) * 4 + (index / 48)) as u8).collect()
    }

    #[test]
    fn no_disturbance_leaves_a_picture_as_it_is() {
        let pixels = picture();
        let image = LumaImage::new(48, 48, 48, &pixels).unwrap();
        for kind in PictureDisturbance::ALL {
            let (disturbed, square) = kind.apply(&image, 0.0, &mut StdRng::seed_from_u64(1));
            assert_eq!(disturbed, pixels, "{kind:?}");
            assert_eq!(square, CropSquare::whole(&image), "{kind:?}");
            assert!(kind.scale().2.contains(&0.0) && kind.scale().2.is_sorted());
        }
    }

    #[test]
    fn a_disturbance_does_what_its_level_says() {
        let pixels = picture();
        let image = LumaImage::new(48, 48, 48, &pixels).unwrap();
        let apply = |kind: PictureDisturbance, level| kind.apply(&image, level, &mut StdRng::seed_from_u64(1));
        let (dark, _) = apply(PictureDisturbance::Exposure, -1.0);
        assert_eq!(dark[47], pixels[47] / 2);
        let (blurred, _) = apply(PictureDisturbance::Blur, 2.0);
        let step = |pixels: &[u8]| pixels[48 * 24 + 47].abs_diff(pixels[48 * 24]);
        assert!(step(&blurred) < step(&pixels));
        let (_, square) = apply(PictureDisturbance::Jitter, 20.0);
        assert!((square.side / 48.0 - 1.0).abs() > 0.19);
    }

    #[test]
    fn a_microphone_that_is_too_loud_clips() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(ClipDisturbance::Gain.apply(&[100, -20_000], 20.0, &mut rng), [1000, i16::MIN]);
        assert_eq!(ClipDisturbance::Gain.apply(&[100, -20_000], 0.0, &mut rng), [100, -20_000]);
    }
}
