//! How the detector's box lies to FER2013's framing, and what the way through frame, detector and crop costs in accuracy.

use crate::pictures::{self, Labelled};
use crate::report::Report;
use crate::statistics::{Paired, Spread};
use crate::watcher::{Watcher, overlap};
use moodbox_shared::Emotion;
use moodbox_shared::model::Model;
use moodbox_shared::vision::{CropSquare, DetectedFace};
use moodbox_tests::models_dir;
use moodbox_tests::scene::{Portrait, Random, Setting};
use rayon::prelude::*;
use std::fs;
use std::path::Path;

/// Pictures of the training split that the framing is taken from.
const CALIBRATION_PICTURES: usize = 4_000;

const SEED: u64 = 3;

/// Overlap of the crop with the true framing from which a face counts as found: anything less is another place.
const FOUND: f32 = 0.3;

/// A picture that went through frame and detector.
struct Passage {
    setting: Setting,
    truth: Emotion,
    /// The box, where the face was found.
    found: Option<DetectedFace>,
    /// The detector saw a face, but somewhere else.
    elsewhere: bool,
    /// What the network says of the picture itself.
    direct: Option<Emotion>,
    /// What it says of the crop that the box becomes.
    cropped: Option<Emotion>,
    /// What it says of the true place in the frame.
    placed: Option<Emotion>,
}

/// Three of four frames are 320×240, with faces of 72 to 200 pixels; the others 640×480, with 96 to 240.
fn setting(index: usize) -> Setting {
    let seed = SEED.wrapping_mul(1_000_003).wrapping_add(index as u64);
    let mut random = Random::new(!seed);
    match index % 4 {
        0 => Setting::somewhere((640, 480), random.log_uniform(96.0, 240.0), seed),
        _ => Setting::somewhere((320, 240), random.log_uniform(72.0, 200.0), seed),
    }
}

/// Sends every picture through frame, detector and crop.
fn pass(model: &Model<'_>, pictures: &[Labelled]) -> anyhow::Result<Vec<Passage>> {
    let start = || Watcher::new(model);
    let one = |watcher: &mut anyhow::Result<Watcher<'_>>, (index, labelled): (usize, &Labelled)| {
        let watcher = watcher.as_mut().map_err(|error| anyhow::anyhow!("{error}"))?;
        let setting = setting(index);
        let frame = Portrait::new(&labelled.picture).frame(&setting);
        let seen = watcher.look(&frame);
        let found = seen.filter(|face| overlap(face.crop(), setting.truth()) >= FOUND);
        Ok(Passage {
            setting,
            truth: labelled.emotion,
            found,
            elsewhere: seen.is_some() && found.is_none(),
            direct: watcher.read(&labelled.picture, CropSquare::whole(&labelled.picture.view())),
            cropped: found.and_then(|face| watcher.read(&frame, face.crop())),
            placed: watcher.read(&frame, setting.truth()),
        })
    };
    pictures.par_iter().enumerate().map_init(start, one).collect()
}

/// True framing seen from the box, in box widths: side, and how far the middle lies to the right and below.
fn offsets(passage: &Passage) -> Option<[f32; 3]> {
    let face = passage.found?;
    let [x, y] = face.center();
    let Setting { side, centre, .. } = passage.setting;
    Some([side / face.width, (centre.0 - x) / face.width, (centre.1 - y) / face.width])
}

/// Writes the report.
pub fn measure(data: &Path, out: &Path) -> anyhow::Result<()> {
    let file = fs::read(models_dir().join("face.moodnet"))?;
    let model = Model::load(&file)?;
    let mut report = Report::new("framing", "From the detector's box to FER2013's framing");
    report.paragraph(
        "FER2013 pictures, upscaled bicubically and set somewhere into frames: three of four of 320×240 pixels with faces (FER2013's framing) \
         of 72 to 200 pixels, the others of 640×480 with 96 to 240. Around the picture its border goes on, is blurred more and more and fades \
         into a room of smoothly changing light, so that no edge helps the detector; all of it has noise of 1.5 grey levels.",
    );
    let training = pass(&model, &pictures::of_training(data, CALIBRATION_PICTURES, SEED)?)?;
    describe_offsets(&mut report, &training);
    report.paragraph(
        "## Accuracy\n\nRight is who names FER2013's own label. The shipped network learned what the FER+ crowd saw, which is something else in every third \
         picture: what counts here is the difference between the ways.",
    );
    describe_accuracy(&mut report, "training (seen by the network)", &training);
    let validation = pass(&model, &pictures::of_validation(data)?)?;
    describe_accuracy(&mut report, "validation, less what also stands in training", &validation);
    report.finish(out)
}

fn describe_offsets(report: &mut Report, passages: &[Passage]) {
    report.paragraph(format!(
        "## Framing\n\nOver {} pictures of the training split. Medians, with the range that holds 90 % in brackets; in widths of the box. `CropSquare::from_detector_box` uses the medians of the first row.",
        passages.len()
    ));
    type Group = (&'static str, fn(&Setting) -> bool);
    let groups: [Group; 7] = [
        ("all", |_| true),
        ("320×240, 72–100 px", |setting| setting.size.0 == 320 && setting.side < 100.0),
        ("320×240, 100–140 px", |setting| setting.size.0 == 320 && (100.0..140.0).contains(&setting.side)),
        ("320×240, 140–200 px", |setting| setting.size.0 == 320 && setting.side >= 140.0),
        ("640×480, 96–130 px", |setting| setting.size.0 == 640 && setting.side < 130.0),
        ("640×480, 130–180 px", |setting| setting.size.0 == 640 && (130.0..180.0).contains(&setting.side)),
        ("640×480, 180–240 px", |setting| setting.size.0 == 640 && setting.side >= 180.0),
    ];
    let rows = groups.map(|(name, belongs)| {
        let group: Vec<&Passage> = passages.iter().filter(|passage| belongs(&passage.setting)).collect();
        let offsets: Vec<[f32; 3]> = group.iter().filter_map(|passage| offsets(passage)).collect();
        let spread = |which: usize| Spread::of(offsets.iter().map(|offset| offset[which])).to_string();
        let found = 100.0 * offsets.len() as f64 / group.len() as f64;
        let elsewhere = group.iter().filter(|passage| passage.elsewhere).count();
        [
            name.into(),
            group.len().to_string(),
            format!("{found:.1} %"),
            elsewhere.to_string(),
            spread(0),
            spread(1),
            spread(2),
        ]
    });
    report.table(
        ["frame, face", "pictures", "found", "box elsewhere", "side", "middle to the right", "middle below"],
        rows,
    );
}

fn describe_accuracy(report: &mut Report, name: &str, passages: &[Passage]) {
    let found: Vec<&Passage> = passages.iter().filter(|passage| passage.found.is_some()).collect();
    let paired = |read: fn(&Passage) -> Option<Emotion>| {
        Paired::of(found.iter().map(|p| (p.direct == Some(p.truth), read(p) == Some(p.truth))))
    };
    let (cropped, placed) = (paired(|p| p.cropped), paired(|p| p.placed));
    report.paragraph(format!("### {name}"));
    report.paragraph(format!(
        "{} of {} pictures found ({:.1} %); of those right:",
        found.len(),
        passages.len(),
        100.0 * found.len() as f64 / passages.len() as f64
    ));
    report.table(
        ["way", "right", "against directly (95 % interval)"],
        [
            ["directly".into(), format!("{:.1} %", 100.0 * cropped.before), "".into()],
            ["frame, detector, crop".into(), format!("{:.1} %", 100.0 * cropped.after), cropped.to_string()],
            ["frame, crop at the true place".into(), format!("{:.1} %", 100.0 * placed.after), placed.to_string()],
        ],
    );
}
