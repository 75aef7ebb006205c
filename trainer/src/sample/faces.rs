//! The mean of many faces, which is nobody's, with its expression exaggerated, as a camera would see it.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use moodbox_shared::Emotion;
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::vision::{LumaImage, TrackerSettings};

use crate::dataset::Picture;
use crate::dataset::fer2013::SIDE;

/// Width of a frame, in pixels.
pub const FRAME_WIDTH: u32 = 640;

/// Height of a frame, in pixels.
pub const FRAME_HEIGHT: u32 = 480;

/// Side of the face's picture in the frame, in pixels: a person half a metre from the camera.
const FACE_SIDE: u32 = 240;

/// What the mean's deviations from its own brightness are multiplied by at most: averaging takes contrast away.
const MAX_CONTRAST_GAIN: f64 = 3.0;

/// Spread of brightness that a face is brought to: about that of a single picture.
const CONTRAST: f64 = 55.0;

/// What is special about an emotion's mean face is multiplied by the first of these with which the detector is sure of a face.
///
/// Averaging takes more away from the expression than from the face: without exaggeration a network reads only the plainest ones as intended.
const EXAGGERATIONS: [f64; 11] = [3.5, 3.25, 3.0, 2.75, 2.5, 2.25, 2.0, 1.75, 1.5, 1.25, 1.0];

/// The mean face of each emotion in a set of pictures.
pub struct MeanFaces {
    /// `[SIDE * SIDE]` for each emotion of [`Emotion::FACE`].
    means: Vec<Vec<f64>>,
    /// The mean of those.
    common: Vec<f64>,
}

impl MeanFaces {
    /// Averages the pictures; fails with the first emotion that has none.
    ///
    /// Pictures of FER2013's size count, each by its deviation from its own mean brightness, in its own contrast, so that dark ones count
    /// as much as bright ones.
    pub fn of(pictures: &[Picture]) -> Result<Self, Emotion> {
        let means = Emotion::FACE
            .into_iter()
            .map(|emotion| mean_deviations(pictures, emotion).ok_or(emotion))
            .collect::<Result<Vec<_>, _>>()?;
        let common = (0..SIDE * SIDE)
            .map(|index| means.iter().map(|mean| mean[index]).sum::<f64>() / means.len() as f64)
            .collect();
        Ok(Self { means, common })
    }

    /// The caricature of an emotion's mean face, as a camera would see it: exaggerated as far as the detector is still sure of the face.
    ///
    /// Calm, which no face shows, is neutral.
    pub fn frame(&self, emotion: Emotion, detector: &mut FaceDetector) -> GrayImage {
        let frames = EXAGGERATIONS.map(|factor| frame(&self.caricature(emotion, factor)));
        let sure = TrackerSettings::default().sure_score;
        let found = frames.iter().find(|frame| {
            let (width, height) = (FRAME_WIDTH as usize, FRAME_HEIGHT as usize);
            LumaImage::new(width, height, width, frame)
                .is_ok_and(|image| detector.look(&image).iter().any(|face| face.score >= sure))
        });
        found.unwrap_or(&frames[0]).clone()
    }

    /// What sets an emotion's mean face apart from the mean of all emotions, exaggerated. It has the contrast of a single picture.
    fn caricature(&self, emotion: Emotion, factor: f64) -> GrayImage {
        let own = &self.means[emotion.face_index().unwrap_or_default()];
        let exaggerated: Vec<f64> =
            own.iter().zip(&self.common).map(|(own, common)| common + factor * (own - common)).collect();
        let (mean, deviation) = brightness_and_contrast(exaggerated.iter().copied());
        let gain = (CONTRAST / deviation.max(1.0)).min(MAX_CONTRAST_GAIN);
        GrayImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
            let value = exaggerated[y as usize * SIDE + x as usize];
            Luma([(128.0 + gain * (value - mean)).round().clamp(0.0, 255.0) as u8])
        })
    }
}

/// Mean over the pictures of an emotion, `[SIDE * SIDE]`, each brought to a mean of 0 and a deviation of [`CONTRAST`].
fn mean_deviations(pictures: &[Picture], emotion: Emotion) -> Option<Vec<f64>> {
    let mut sums = vec![0.0f64; SIDE * SIDE];
    let mut count = 0;
    for picture in pictures.iter().filter(|picture| picture.emotion == emotion) {
        let pixels = picture.luma.pixels();
        let (mean, deviation) = brightness_and_contrast(pixels.iter().map(|&pixel| f64::from(pixel)));
        if (picture.luma.width(), picture.luma.height()) != (SIDE, SIDE) || deviation < 1.0 {
            continue;
        }
        for (sum, &pixel) in sums.iter_mut().zip(pixels) {
            *sum += CONTRAST * (f64::from(pixel) - mean) / deviation;
        }
        count += 1;
    }
    (count > 0).then(|| sums.iter().map(|sum| sum / f64::from(count)).collect())
}

/// Sets a face into the middle of a frame; around it is the mean brightness of its own border.
fn frame(face: &GrayImage) -> GrayImage {
    let (width, height) = face.dimensions();
    let border = face
        .enumerate_pixels()
        .filter(|(x, y, _)| *x == 0 || *y == 0 || *x == width - 1 || *y == height - 1)
        .map(|(_, _, pixel)| f64::from(pixel.0[0]));
    let (background, _) = brightness_and_contrast(border);
    let mut frame = GrayImage::from_pixel(FRAME_WIDTH, FRAME_HEIGHT, Luma([background.round() as u8]));
    let large = imageops::resize(face, FACE_SIDE, FACE_SIDE, FilterType::CatmullRom);
    let (left, top) = ((FRAME_WIDTH - FACE_SIDE) / 2, (FRAME_HEIGHT - FACE_SIDE) / 2);
    imageops::replace(&mut frame, &large, i64::from(left), i64::from(top));
    frame
}

/// Mean and standard deviation.
fn brightness_and_contrast(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Part;
    use moodbox_shared::media::OwnedLuma;

    fn picture(emotion: Emotion, pixel: impl Fn(usize) -> u8) -> Picture {
        let luma = OwnedLuma::new(SIDE, SIDE, (0..SIDE * SIDE).map(pixel).collect()).unwrap();
        Picture { id: String::new(), emotion, part: Part::Train, luma, content_hash: 0 }
    }

    /// Mean faces of these pictures, and of one with nothing special for each other emotion.
    fn mean_faces(mut pictures: Vec<Picture>) -> MeanFaces {
        for emotion in Emotion::FACE {
            if pictures.iter().all(|picture| picture.emotion != emotion) {
                pictures.push(picture(emotion, |i| if i < SIDE { 200 } else { 100 }));
            }
        }
        MeanFaces::of(&pictures).unwrap()
    }

    #[test]
    fn a_dark_picture_counts_as_much_as_a_bright_one() {
        // Bright on the left in a dark picture, bright on the right in a bright one: the mean is flat.
        let pictures = [
            picture(Emotion::Happy, |i| if i % SIDE < SIDE / 2 { 30 } else { 10 }),
            picture(Emotion::Happy, |i| if i % SIDE < SIDE / 2 { 100 } else { 240 }),
            picture(Emotion::Happy, |_| 77),
        ];
        let mean = mean_deviations(&pictures, Emotion::Happy).unwrap();
        assert!(mean.iter().all(|deviation| deviation.abs() < 1e-9));
    }

    #[test]
    fn an_emotion_without_pictures_is_named() {
        let flat = [picture(Emotion::Neutral, |_| 77)];
        assert_eq!(MeanFaces::of(&flat).err(), Some(Emotion::Neutral));
    }

    #[test]
    fn what_is_special_about_an_emotion_is_exaggerated() {
        let stripe = |row: usize| move |i: usize| if i / SIDE == row || i / SIDE == 0 { 200 } else { 100 };
        let faces = mean_faces(vec![picture(Emotion::Happy, stripe(30)), picture(Emotion::Sad, stripe(20))]);
        let face = faces.caricature(Emotion::Happy, 3.5);
        let [own, background, others] = [30, 10, 20].map(|row| face.get_pixel(5, row).0[0]);
        assert!(own > background && background > others, "{own} {background} {others}");
    }

    #[test]
    fn the_face_stands_in_the_middle_of_the_frame() {
        let face = GrayImage::from_fn(48, 48, |x, y| Luma([if (10..38).contains(&x) && y > 10 { 200 } else { 90 }]));
        let frame = frame(&face);
        assert_eq!(frame.dimensions(), (FRAME_WIDTH, FRAME_HEIGHT));
        assert_eq!(frame.get_pixel(320, 240).0[0], 200);
        assert_eq!(frame.get_pixel(0, 0), frame.get_pixel(639, 479));
    }
}
