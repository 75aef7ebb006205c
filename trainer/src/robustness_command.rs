//! `moodbox-trainer robustness`: how accuracy falls as pictures and clips get worse.
//!
//! Each disturbance is applied to the pictures or samples themselves, before the box's own crop and features, at one strength after the other; what is
//! random in it comes from the content of each picture or clip, so that every model meets the same.

use crate::augment::{picture, speech};
use crate::dataset::{Clip, DatasetError, Layout, LeftOut, Picture, Unpacked};
use crate::evaluate::{
    EvaluateError, FaceClassifier, ModelFile, Scores, SpeechClassifier, Wanted, clips_to_score, face_in_label_order,
    pictures_to_score, speech_in_label_order,
};
use crate::report::{self, ReportError, RobustnessCurve, RobustnessPoint, print_line};
use image::GrayImage;
use moodbox_shared::FacePosteriors;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::vision::{CropSquare, LumaImage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use std::path::PathBuf;
use thiserror::Error;

/// Measures how accuracy falls under disturbances.
#[derive(Clone, Debug, clap::Args)]
pub struct RobustnessArgs {
    /// The .moodnet file
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// FER2013, RAVDESS, or folders named by emotion
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The curves to write; as robustness.json in a run's folder they become a part of its report
    #[arg(long, value_name = "FILE.json")]
    pub out: PathBuf,
    /// What of it
    #[command(flatten)]
    pub wanted: Wanted,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RobustnessError {
    /// The model is not to be used.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The data is not to be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// There is nothing to score.
    #[error("nothing of {} can be scored ({left_out}): name another part, fold or actors", path.display())]
    Nothing {
        /// The data set.
        path: PathBuf,
        /// What was left out.
        left_out: LeftOut,
    },
    /// The curves were not written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// What is done to a picture.
#[derive(Clone, Copy, Debug)]
enum PictureDisturbance {
    Exposure,
    Blur,
    Rotation,
    Jitter,
}

impl PictureDisturbance {
    const ALL: [Self; 4] = [Self::Exposure, Self::Blur, Self::Rotation, Self::Jitter];

    /// Name, unit and levels.
    const fn scale(self) -> (&'static str, &'static str, &'static [f32]) {
        match self {
            Self::Exposure => ("exposure", "stops", &[-4.0, -3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0]),
            Self::Blur => ("blur", "pixels of 48", &[0.0, 0.5, 1.0, 1.5, 2.0, 3.0]),
            Self::Rotation => ("rotation", "degrees", &[0.0, 5.0, 10.0, 15.0, 20.0, 30.0]),
            Self::Jitter => ("detector jitter", "% of the side", &[0.0, 5.0, 10.0, 15.0, 20.0, 30.0]),
        }
    }

    /// The picture, and the square of it that is taken for the face.
    fn apply(self, image: &LumaImage<'_>, level: f32, rng: &mut StdRng) -> (Vec<u8>, CropSquare) {
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
enum ClipDisturbance {
    Noise,
    Gain,
}

impl ClipDisturbance {
    const ALL: [Self; 2] = [Self::Noise, Self::Gain];

    /// Name, unit and levels.
    const fn scale(self) -> (&'static str, &'static str, &'static [f32]) {
        match self {
            Self::Noise => ("noise", "dB below the voice", &[0.0, 5.0, 10.0, 20.0, 60.0]),
            Self::Gain => ("microphone gain", "dB", &[-20.0, -10.0, 0.0, 10.0, 20.0]),
        }
    }

    fn apply(self, samples: &[i16], level: f32, rng: &mut StdRng) -> Vec<i16> {
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

/// Runs the command.
pub fn run(args: &RobustnessArgs) -> Result<(), RobustnessError> {
    let file = ModelFile::read(&args.model)?;
    let model = file.model()?;
    let unpacked = Unpacked::open(&args.data)?;
    let (data, votes) = (unpacked.path(), unpacked.votes(args.wanted.votes.as_deref()));
    let part = match args.wanted.part {
        Some(part) => part,
        None => Layout::detect(data)?.part_to_score(),
    };
    let nothing = |left_out| RobustnessError::Nothing { path: args.data.clone(), left_out };
    let curves: Vec<RobustnessCurve> = match model.task() {
        Task::Face => {
            let (pictures, left_out) =
                pictures_to_score(data, part, model.labels(), args.wanted.labels, votes.as_deref(), false)?;
            if pictures.is_empty() {
                return Err(nothing(left_out));
            }
            let accuracy = |disturbance, level| accuracy_of_pictures(&model, &pictures, disturbance, level);
            PictureDisturbance::ALL
                .map(|kind| curve(kind.scale(), pictures.len(), |level| accuracy(kind, level)))
                .into()
        }
        Task::Speech => {
            let actors = args.wanted.actors();
            let (clips, left_out) = clips_to_score(data, part, model.labels(), actors)?;
            if clips.is_empty() {
                return Err(nothing(left_out));
            }
            let accuracy = |disturbance, level| accuracy_of_clips(&model, &clips, disturbance, level);
            ClipDisturbance::ALL.map(|kind| curve(kind.scale(), clips.len(), |level| accuracy(kind, level))).into()
        }
    };
    let json = serde_json::to_string_pretty(&curves).expect("figures and names: always representable");
    report::write_file(&args.out, format!("{json}\n").as_bytes())?;
    for curve in &curves {
        let points = curve.points.iter().map(|point| format!("{}: {:.1} %", point.level, 100.0 * point.accuracy));
        print_line(format_args!("{} ({}): {}", curve.disturbance, curve.unit, points.collect::<Vec<_>>().join(", ")));
    }
    Ok(())
}

fn curve(
    (disturbance, unit, levels): (&str, &str, &[f32]),
    samples: usize,
    accuracy: impl Fn(f32) -> f64,
) -> RobustnessCurve {
    let point = |&level: &f32| RobustnessPoint { level: f64::from(level), accuracy: accuracy(level), samples };
    RobustnessCurve {
        disturbance: disturbance.to_owned(),
        unit: unit.to_owned(),
        points: levels.iter().map(point).collect(),
    }
}

fn accuracy_of_pictures(model: &Model<'_>, pictures: &[Picture], disturbance: PictureDisturbance, level: f32) -> f64 {
    let posteriors: Vec<Vec<f32>> = pictures
        .par_iter()
        .map_init(
            || FaceClassifier::new(model),
            |classifier, picture| {
                let mut rng = StdRng::seed_from_u64(picture.content_hash);
                let view = picture.luma.view();
                let (pixels, square) = disturbance.apply(&view, level, &mut rng);
                let disturbed = LumaImage::new(view.width(), view.height(), view.width(), &pixels);
                let seen = classifier
                    .as_mut()
                    .zip(disturbed.ok())
                    .and_then(|(classifier, image)| classifier.classify(&image, square).ok());
                face_in_label_order(model.labels(), &seen.unwrap_or_else(FacePosteriors::uniform))
            },
        )
        .collect();
    let truth = pictures.iter().map(|picture| picture.emotion);
    Scores::new(model.labels(), truth.zip(posteriors.iter().map(Vec::as_slice))).accuracy
}

fn accuracy_of_clips(model: &Model<'_>, clips: &[Clip], disturbance: ClipDisturbance, level: f32) -> f64 {
    let posteriors: Vec<Vec<f32>> = clips
        .par_iter()
        .map_init(
            || SpeechClassifier::new(model),
            |classifier, clip| {
                let mut rng = StdRng::seed_from_u64(clip.content_hash);
                let samples = disturbance.apply(&clip.samples, level, &mut rng);
                let heard = classifier.as_mut().and_then(|classifier| classifier.classify(&samples));
                let undecided = || vec![1.0 / model.labels().len() as f32; model.labels().len()];
                heard.map_or_else(undecided, |heard| speech_in_label_order(model.labels(), &heard.clip))
            },
        )
        .collect();
    let truth = clips.iter().map(|clip| clip.emotion);
    Scores::new(model.labels(), truth.zip(posteriors.iter().map(Vec::as_slice))).accuracy
}

#[cfg(test)]
mod tests {
    use super::*;

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
