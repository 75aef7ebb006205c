//! How well the followed face can be seen: whether what the network says of it deserves trust, and what is in the way if not.
//!
//! What comes in is the crop that the network reads and the width of the face in the frame; what goes out are four measures and the flaws
//! that follow from them. The thresholds are those at which the shipped network visibly loses, see `tests/reports/quality.md`.

use super::face_input::{FACE_INPUT, FACE_SIDE};
use serde::{Deserialize, Serialize};

/// Mean luma of the crop under which a face is too dark.
pub const MIN_BRIGHTNESS: u8 = 12;

/// Sharpness under which a face is blurred.
pub const MIN_SHARPNESS: f32 = 0.05;

/// Width of the detector's box, in pixels of the frame, under which a face is too small.
pub const MIN_WIDTH_PIXELS: u16 = 20;

/// Luma from which a pixel counts as burnt out.
const BURNT_OUT: u8 = 250;

/// Share of burnt-out pixels of the crop above which a face is overexposed, in percent.
pub const MAX_BURNT_PERCENT: usize = 40;

/// What is in the way of seeing a face well: a set, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceFlaws(pub u8);

impl FaceFlaws {
    /// Too little light.
    pub const TOO_DARK: Self = Self(1);
    /// Out of focus, or moving.
    pub const TOO_BLURRED: Self = Self(1 << 1);
    /// Too far away.
    pub const TOO_SMALL: Self = Self(1 << 2);
    /// Too much light.
    pub const OVEREXPOSED: Self = Self(1 << 3);

    /// The known flaws by the words that name them, the gravest first.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::TOO_DARK, "dark"),
        (Self::OVEREXPOSED, "overexposed"),
        (Self::TOO_SMALL, "small"),
        (Self::TOO_BLURRED, "blurred"),
    ];

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// A word for each flaw, the gravest first.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(flaw, _)| self.contains(*flaw)).map(|(_, word)| word)
    }

    fn with(self, flaw: Self, is_there: bool) -> Self {
        if is_there { Self(self.0 | flaw.0) } else { self }
    }
}

/// How well a face can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaceQuality {
    /// What is in the way.
    pub flaws: FaceFlaws,
    /// Mean luma of the crop.
    pub brightness: u8,
    /// Standard deviation of the crop's luma, in grey levels.
    pub contrast: u8,
    /// How much of what can be seen is detail, whatever the contrast: variance of the crop's second differences over the variance of its
    /// luma, across or down, whichever is less, as the Laplacian's two halves are known apart here: motion blurs only one of them.
    /// 0 where there is no contrast at all; white noise has 6.
    pub sharpness: f32,
    /// Width of the face in the frame, in pixels.
    pub width_pixels: u16,
}

impl FaceQuality {
    /// Measures the crop of a face that is `width_pixels` wide in the frame.
    pub fn measure(crop: &[u8; FACE_INPUT], width_pixels: u16) -> Self {
        let (mean, variance) = moments(crop.iter().map(|&pixel| i32::from(pixel)));
        let [across, down] = [1, FACE_SIDE].map(|step| moments(second_difference(crop, step)).1);
        let detail = across.min(down);
        let sharpness = if variance > 0.0 { detail / variance } else { 0.0 };
        let burnt = crop.iter().filter(|&&pixel| pixel >= BURNT_OUT).count();
        let brightness = libm::roundf(mean) as u8;
        let flaws = FaceFlaws::default()
            .with(FaceFlaws::TOO_DARK, brightness < MIN_BRIGHTNESS)
            .with(FaceFlaws::TOO_BLURRED, sharpness < MIN_SHARPNESS)
            .with(FaceFlaws::TOO_SMALL, width_pixels < MIN_WIDTH_PIXELS)
            .with(FaceFlaws::OVEREXPOSED, burnt * 100 > MAX_BURNT_PERCENT * FACE_INPUT);
        Self { flaws, brightness, contrast: libm::roundf(libm::sqrtf(variance)) as u8, sharpness, width_pixels }
    }
}

/// The two neighbours at a distance of `step` less twice the pixel, for every pixel that is not on the border.
fn second_difference(crop: &[u8; FACE_INPUT], step: usize) -> impl Iterator<Item = i32> {
    let at = |index: usize| i32::from(crop[index]);
    let inner = (1..FACE_SIDE - 1).flat_map(|y| (1..FACE_SIDE - 1).map(move |x| y * FACE_SIDE + x));
    inner.map(move |index| at(index - step) + at(index + step) - 2 * at(index))
}

/// Mean and variance.
fn moments(values: impl Iterator<Item = i32>) -> (f32, f32) {
    // A crop's values stay under 511 in size, a thousand squares of them under 2^32.
    let (count, sum, squares) = values.fold((0u32, 0i32, 0u32), |(count, sum, squares), value| {
        (count + 1, sum + value, squares + value.unsigned_abs() * value.unsigned_abs())
    });
    let count = count as f32;
    let mean = sum as f32 / count;
    (mean, (squares as f32 / count - mean * mean).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face of sorts: soft shading with a few hard edges, like brows and a mouth.
    fn face() -> [u8; FACE_INPUT] {
        core::array::from_fn(|index| {
            let (x, y) = (index % FACE_SIDE, index / FACE_SIDE);
            let shade = 90 + 4 * x.min(FACE_SIDE - x) as u8;
            let is_feature =
                (9..12).contains(&y) && (6..26).contains(&x) || (22..25).contains(&y) && (10..22).contains(&x);
            if is_feature { shade / 3 } else { shade }
        })
    }

    fn blurred(crop: &[u8; FACE_INPUT]) -> [u8; FACE_INPUT] {
        core::array::from_fn(|index| {
            let (x, y) = (index % FACE_SIDE, index / FACE_SIDE);
            let window = |middle: usize| middle.saturating_sub(3)..(middle + 4).min(FACE_SIDE);
            let (mut sum, mut count) = (0, 0);
            for row in window(y) {
                for column in window(x) {
                    sum += u32::from(crop[row * FACE_SIDE + column]);
                    count += 1;
                }
            }
            (sum / count) as u8
        })
    }

    #[test]
    fn a_face_in_good_light_has_no_flaw() {
        let quality = FaceQuality::measure(&face(), 200);
        assert_eq!(quality.flaws, FaceFlaws::default(), "{quality:?}");
    }

    #[test]
    fn each_flaw_has_its_word() {
        let good = face();
        let cases = [
            (good.map(|pixel| pixel / 12), 200, "dark"),
            (good.map(|pixel| pixel.saturating_mul(3)), 200, "overexposed"),
            (good, 15, "small"),
            (blurred(&blurred(&good)), 200, "blurred"),
        ];
        for (crop, width, word) in cases {
            let quality = FaceQuality::measure(&crop, width);
            assert!(quality.flaws.words().eq([word]), "{quality:?}");
        }
    }

    #[test]
    fn sharpness_does_not_depend_on_contrast() {
        let (full, half) = (face(), face().map(|pixel| 60 + pixel / 2));
        let [full, half] = [full, half].map(|crop| FaceQuality::measure(&crop, 200).sharpness);
        assert!((full / half - 1.0).abs() < 0.05, "{full} and {half}");
    }

    #[test]
    fn what_shows_nothing_does_no_harm() {
        for level in [0, 128, 255] {
            let quality = FaceQuality::measure(&[level; FACE_INPUT], 0);
            assert_eq!((quality.brightness, quality.contrast, quality.sharpness), (level, 0, 0.0));
        }
        let checker = core::array::from_fn(|index| if (index + index / FACE_SIDE).is_multiple_of(2) { 0 } else { 255 });
        assert!(FaceQuality::measure(&checker, u16::MAX).sharpness.is_finite());
    }
}
