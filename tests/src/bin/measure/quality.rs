//! `measure quality`: what [`FaceQuality`] says of pictures that are blurred, darkened, burnt out and shrunk, against what that costs the
//! shipped face network. The flaws' thresholds are read off here.

mod degrade;

use crate::pictures::{Labelled, of_training};
use crate::report::Report;
use anyhow::Context;
use degrade::{Condition, SENSOR_NOISE};
use moodbox_shared::Emotion;
use moodbox_shared::model::{MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, FaceFlaws, FaceQuality, LumaImage, crop_to_face, face_input};
use rayon::prelude::*;
use std::path::Path;

/// Pictures of the training split: thresholds are chosen here, so nothing else may be looked at.
const PICTURES: usize = 2_000;

/// Width of a face in the frame where the condition is not about size, in pixels.
const USUAL_WIDTH: u16 = 120;

/// Conditions by name, the untouched picture first.
const CONDITIONS: [(&str, Condition); 27] = [
    ("untouched", Condition::Light(1.0)),
    ("blur 0.5", Condition::Blur(0.5)),
    ("blur 1", Condition::Blur(1.0)),
    ("blur 1.5", Condition::Blur(1.5)),
    ("blur 2", Condition::Blur(2.0)),
    ("blur 2.5", Condition::Blur(2.5)),
    ("blur 3", Condition::Blur(3.0)),
    ("blur 4", Condition::Blur(4.0)),
    ("blur 6", Condition::Blur(6.0)),
    ("motion 3", Condition::Motion(3)),
    ("motion 5", Condition::Motion(5)),
    ("motion 9", Condition::Motion(9)),
    ("motion 15", Condition::Motion(15)),
    ("light ÷ 2", Condition::Light(0.5)),
    ("light ÷ 4", Condition::Light(0.25)),
    ("light ÷ 6", Condition::Light(1.0 / 6.0)),
    ("light ÷ 8", Condition::Light(0.125)),
    ("light ÷ 16", Condition::Light(0.0625)),
    ("light ÷ 32", Condition::Light(0.03125)),
    ("light × 1.5", Condition::Light(1.5)),
    ("light × 2", Condition::Light(2.0)),
    ("light × 3", Condition::Light(3.0)),
    ("light × 5", Condition::Light(5.0)),
    ("32 pixels", Condition::Size(32)),
    ("24 pixels", Condition::Size(24)),
    ("16 pixels", Condition::Size(16)),
    ("12 pixels", Condition::Size(12)),
];

/// One picture under one condition.
struct Answer {
    quality: FaceQuality,
    said: Option<Emotion>,
    is_right: bool,
}

/// Runs the command.
pub fn measure(data: &Path, out: &Path) -> anyhow::Result<()> {
    let file = std::fs::read(moodbox_tests::models_dir().join("face.moodnet")).context("no shipped face model")?;
    let model = Model::load(&file)?;
    let pictures = of_training(data, PICTURES, 1)?;
    let under = |&(_, condition): &(&str, Condition)| {
        let answers = pictures.par_iter().enumerate();
        answers.map(|(index, picture)| answer(&model, picture, condition, index)).collect()
    };
    let answers: Vec<Vec<Answer>> = CONDITIONS.iter().map(under).collect();

    let mut report = Report::new("quality", "What the quality of a face says about the network's answer");
    report.paragraph(format!(
        "{} pictures of FER2013's training split, each under every condition, through the crop and the shipped face network (`{:08x}`). It \
         was trained on these pictures: its accuracy on them is too good, and only the loss counts here. Blur (standard deviation) and \
         motion are in pixels of the 48; light is a factor, with a sensor noise of {SENSOR_NOISE} grey levels; size is that of the whole \
         picture. \"The same\" is the share of answers that are those given to the untouched picture.",
        pictures.len(),
        model.crc32(),
    ));
    let head = ["condition", "accuracy", "the same", "brightness", "contrast", "sharpness (10 %, median, 90 %)"];
    let rows = CONDITIONS.iter().zip(&answers);
    report.table(head, rows.clone().map(|((name, _), given)| measures(name, given, &answers[0])));
    report.paragraph("How many have which flaw:");
    let head = ["condition", "dark", "overexposed", "small", "blurred", "none"];
    report.table(head, rows.map(|((name, _), given)| flaws(name, given)));
    let head = |of: &'static str| [of, "pictures", "accuracy", "the same"];
    report.paragraph("Untouched, blurred and moved pictures together, by their sharpness:");
    let edges = [0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.4, 6.0];
    report.table(head("sharpness"), bins(&answers[..13], &answers[0], |quality| quality.sharpness, &edges));
    report.paragraph("Pictures in less light, by their brightness:");
    let edges = [0.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 128.0];
    report.table(head("brightness"), bins(&answers[13..19], &answers[0], |quality| quality.brightness.into(), &edges));
    report.paragraph("All conditions together, by the verdict:");
    report.table(head("flaw"), by_flaw(&answers));
    report.finish(out)
}

fn answer(model: &Model<'_>, labelled: &Labelled, condition: Condition, index: usize) -> Answer {
    let (pixels, side) = condition.apply(&labelled.picture, index as u64);
    let side_per_box = CropSquare::from_detector_box(0.0, 0.0, 1.0).side;
    let width_pixels = match condition {
        Condition::Size(side) => (side as f32 / side_per_box).round() as u16,
        _ => USUAL_WIDTH,
    };
    let image = LumaImage::new(side, side, side, &pixels).expect("a whole picture");
    let mut crop = [0; FACE_INPUT];
    crop_to_face(&image, CropSquare::whole(&image), &mut crop);

    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    let network = model.network();
    let input = network.input_mut(&mut arena[..]);
    let is_picture = face_input::quantize(&crop, network.input_quantization(), input).is_ok();
    let said = is_picture.then(|| model.face_posteriors(network.run(Isa::best(), &mut arena[..])).best_emotion().0);
    Answer { quality: FaceQuality::measure(&crop, width_pixels), said, is_right: said == Some(labelled.emotion) }
}

fn measures(name: &str, given: &[Answer], untouched: &[Answer]) -> [String; 6] {
    let sorted = |measure: fn(&FaceQuality) -> f32| {
        let mut values: Vec<f32> = given.iter().map(|answer| measure(&answer.quality)).collect();
        values.sort_by(f32::total_cmp);
        values
    };
    let at = |values: &[f32], part: f32| values[(part * (values.len() - 1) as f32) as usize];
    let sharpness = sorted(|quality| quality.sharpness);
    [
        name.to_owned(),
        percent(given.iter().filter(|answer| answer.is_right).count(), given.len()),
        percent(given.iter().zip(untouched).filter(|(now, before)| now.said == before.said).count(), given.len()),
        format!("{:.0}", at(&sorted(|quality| quality.brightness.into()), 0.5)),
        format!("{:.0}", at(&sorted(|quality| quality.contrast.into()), 0.5)),
        format!("{:.3}, {:.3}, {:.3}", at(&sharpness, 0.1), at(&sharpness, 0.5), at(&sharpness, 0.9)),
    ]
}

fn flaws(name: &str, given: &[Answer]) -> [String; 6] {
    let share = |has: &dyn Fn(FaceFlaws) -> bool| {
        percent(given.iter().filter(|answer| has(answer.quality.flaws)).count(), given.len())
    };
    let [dark, overexposed, small, blurred] = FaceFlaws::NAMES.map(|(flaw, _)| share(&|flaws| flaws.contains(flaw)));
    [name.to_owned(), dark, overexposed, small, blurred, share(&|flaws| flaws == FaceFlaws::default())]
}

/// Accuracy by the range that a measure falls into.
fn bins(
    answers: &[Vec<Answer>],
    untouched: &[Answer],
    measure: impl Fn(&FaceQuality) -> f32,
    edges: &[f32],
) -> Vec<[String; 4]> {
    let row = |edge: &[f32]| {
        let range = edge[0]..edge[1];
        counted(format!("{} to {}", edge[0], edge[1]), answers, untouched, |quality| range.contains(&measure(quality)))
    };
    edges.windows(2).map(row).collect()
}

fn by_flaw(answers: &[Vec<Answer>]) -> Vec<[String; 4]> {
    let none = counted("none".to_owned(), answers, &answers[0], |quality| quality.flaws == FaceFlaws::default());
    let of = |(flaw, word): (FaceFlaws, &str)| {
        counted(word.to_owned(), answers, &answers[0], |quality| quality.flaws.contains(flaw))
    };
    std::iter::once(none).chain(FaceFlaws::NAMES.into_iter().map(of)).collect()
}

/// Accuracy, and share of unchanged answers, over the pictures that `counts`.
fn counted(
    name: String,
    answers: &[Vec<Answer>],
    untouched: &[Answer],
    counts: impl Fn(&FaceQuality) -> bool,
) -> [String; 4] {
    let (mut pictures, mut right, mut same) = (0, 0, 0);
    for given in answers {
        for (answer, untouched) in given.iter().zip(untouched).filter(|(answer, _)| counts(&answer.quality)) {
            pictures += 1;
            right += usize::from(answer.is_right);
            same += usize::from(answer.said == untouched.said);
        }
    }
    [name, pictures.to_string(), percent(right, pictures), percent(same, pictures)]
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}
