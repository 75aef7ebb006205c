//! `moodbox check`: does this binary, on this machine, compute what it should?
//!
//! The models are read and checked, and their memory is measured; one row of features is held against librosa's; the face detector must
//! find every face of the sample; each network must say of the sample what it said when it was made, to the digit that matters, and the
//! same, bit for bit, with all instructions that the processor has.

use crate::face_detector::FaceDetector;
use crate::findings::Findings;
use crate::footprint::Footprint;
use crate::models::{self, ModelSource};
use crate::sample::{Item, Sample};
use moodbox_shared::audio::{CHROMA_FFT, FEATURES, FeatureExtractor, FeatureRow, SpeechStream};
use moodbox_shared::model::{Description, InputDescription, MAX_ARENA_BYTES, Model, Task};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, crop_to_face, face_input};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Largest difference from librosa in a feature of noise.
const FEATURE_TOLERANCE: f32 = 2e-3;

/// Largest difference from the committed posteriors: another machine's last digit, no more.
const POSTERIOR_TOLERANCE: f32 = 2e-3;

/// Name of the committed posteriors in the sample's folder.
const EXPECTED_FILE: &str = "expected.json";

/// One row of librosa's features of [`noise`].
#[derive(Deserialize)]
struct FeatureGolden {
    made_with: String,
    row: Vec<f32>,
}

/// What the networks said of the sample, by the checksum of the model file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The face model that said it, as eight hexadecimal digits.
    pub face_model: Option<String>,
    /// The speech model that said it.
    pub speech_model: Option<String>,
    /// Posteriors of each item's face, by its picture's name.
    pub face: BTreeMap<String, Vec<f32>>,
    /// Posteriors of each item's voice, by its picture's name.
    pub speech: BTreeMap<String, Vec<f32>>,
}

/// Checks everything that needs no device.
pub fn run(face: &ModelSource, speech: &ModelSource, report: &mut Findings<'_, impl Write>) -> io::Result<()> {
    report.check("features", check_features())?;
    let face = load(report, Task::Face, face)?;
    let speech = load(report, Task::Speech, speech)?;
    let sample = match Sample::embedded() {
        Ok(sample) => sample,
        Err(error) => {
            return report.skip("sample", error);
        }
    };
    report.check("face detector", check_detector(&sample))?;
    check_instructions(report, &sample, face.as_ref(), speech.as_ref())?;
    check_golden(report, &sample, face.as_ref(), speech.as_ref())
}

/// What the given networks say of the built-in sample, for `models/sample/expected.json`.
pub fn expected(sample: &Sample, face: &Model<'_>, speech: &Model<'_>) -> Expected {
    let mut expected =
        Expected { face_model: Some(checksum(face)), speech_model: Some(checksum(speech)), ..Expected::default() };
    for item in sample.items.iter() {
        if let Some(posteriors) = judge_face(face, item, Isa::best()) {
            expected.face.insert(item.name.clone(), posteriors);
        }
        if item.has_speech
            && let Some(posteriors) = judge_speech(speech, item, Isa::best())
        {
            expected.speech.insert(item.name.clone(), posteriors);
        }
    }
    expected
}

fn load<W: Write>(
    report: &mut Findings<'_, W>,
    task: Task,
    source: &ModelSource,
) -> io::Result<Option<Model<'static>>> {
    if source.is_onnx() {
        let finding = source.network(Isa::SCALAR).map(|network| describe_real(&network.description()));
        report.check(&format!("{task} model"), finding.map_err(|error| error.to_string()))?;
        return Ok(None);
    }
    let model = source.load();
    let footprint = model.as_ref().ok().map(Footprint::measure);
    let finding = model.as_ref().map_err(ToString::to_string).map(|model| {
        let footprint = footprint.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {}: {} emotions, {footprint}", model.provenance().preset, checksum(model), model.labels().len())
    });
    report.check_with_figures(&format!("{task} model"), finding, footprint)?;
    Ok(model.ok())
}

/// A network that another engine runs: more than what it says of itself is not known.
fn describe_real(network: &Description<'_>) -> String {
    format!("ONNX {:08x} in tract: {} emotions", network.crc32, network.labels.len())
}

fn checksum(model: &Model<'_>) -> String {
    format!("{:08x}", model.crc32())
}

/// A fixed noise that `golden/features.py` makes in the same way.
fn noise() -> [f32; CHROMA_FFT] {
    let mut state = 1u32;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 18) as f32 - 8_192.0) / 32_768.0
    })
}

fn check_features() -> Result<String, String> {
    let golden: FeatureGolden = serde_json::from_str(include_str!("../golden/features.json"))
        .map_err(|error| format!("golden/features.json makes no sense: {error}"))?;
    let mut row = FeatureRow::ZERO;
    FeatureExtractor::new().row(&noise(), &mut row);
    if golden.row.len() != FEATURES {
        return Err(format!("golden/features.json has {} values instead of {FEATURES}", golden.row.len()));
    }
    let difference = largest_difference(&row.0, &golden.row);
    let finding = format!("{difference:.0e} from {}", golden.made_with.split(',').next().unwrap_or_default());
    if difference <= FEATURE_TOLERANCE { Ok(finding) } else { Err(finding) }
}

fn check_detector(sample: &Sample) -> Result<String, String> {
    let mut detector = FaceDetector::new().map_err(|error| error.to_string())?;
    let found = sample.items.iter().filter(|item| !detector.look(&item.frame.view()).is_empty()).count();
    let finding = format!("{found} of {} faces found", sample.items.len());
    if found == sample.items.len() { Ok(finding) } else { Err(finding) }
}

/// The instructions that there are, and the best of them, which the box uses.
#[derive(Serialize)]
struct Instructions {
    isa: &'static str,
    available: Vec<&'static str>,
}

/// What networks say of the first item does not depend on the instructions that they use.
fn check_instructions<W: Write>(
    report: &mut Findings<'_, W>,
    sample: &Sample,
    face: Option<&Model<'_>>,
    speech: Option<&Model<'_>>,
) -> io::Result<()> {
    if face.is_none() && speech.is_none() {
        return report.skip("instructions", "there is no int8 network to try them on");
    }
    let instructions = Instructions { isa: Isa::best().name(), available: Isa::available().map(Isa::name).collect() };
    let said = |isa| {
        let item = sample.items.first()?;
        Some((face.map(|model| judge_face(model, item, isa)), speech.map(|model| judge_speech(model, item, isa))))
    };
    let expected = said(Isa::SCALAR);
    let finding = match Isa::available().find(|&isa| said(isa) != expected) {
        None => Ok(format!("{} of {}: all give the same", instructions.isa, instructions.available.join(", "))),
        Some(isa) => Err(format!("{} give other numbers than {}: please report it", isa.name(), Isa::SCALAR.name())),
    };
    report.check_with_figures("instructions", finding, Some(instructions))
}

fn check_golden<W: Write>(
    report: &mut Findings<'_, W>,
    sample: &Sample,
    face: Option<&Model<'_>>,
    speech: Option<&Model<'_>>,
) -> io::Result<()> {
    let Some(golden) = crate::embedded::SAMPLE.iter().find(|(name, _)| *name == EXPECTED_FILE) else {
        return report.skip("golden inference", "this build has no committed posteriors");
    };
    let golden: Expected = match serde_json::from_slice(golden.1) {
        Ok(golden) => golden,
        Err(error) => {
            return report.check("golden inference", Err(format!("{EXPECTED_FILE} makes no sense: {error}")));
        }
    };
    let senses: [(&str, Option<&Model<'_>>, _, _, Judge); 2] = [
        ("face inference", face, &golden.face_model, &golden.face, judge_face),
        ("speech inference", speech, &golden.speech_model, &golden.speech, judge_speech),
    ];
    for (name, model, golden_model, golden, judge) in senses {
        let Some(model) = model else {
            report.skip(name, "there is no int8 network to try")?;
            continue;
        };
        if *golden_model != Some(checksum(model)) {
            report.skip(name, "nothing is on record for this model")?;
            continue;
        }
        report.check(name, compare(sample, golden, |item| judge(model, item, Isa::best())))?;
    }
    Ok(())
}

/// What a network says of an item; `None` where there is nothing to judge.
type Judge = fn(&Model<'_>, &Item, Isa) -> Option<Vec<f32>>;

fn compare(
    sample: &Sample,
    golden: &BTreeMap<String, Vec<f32>>,
    judge: impl Fn(&Item) -> Option<Vec<f32>>,
) -> Result<String, String> {
    let mut worst = 0.0f32;
    for (name, expected) in golden {
        let item = sample.items.iter().find(|item| item.name == *name);
        let posteriors = item.and_then(&judge).ok_or_else(|| format!("{name} is missing from the sample"))?;
        worst = worst.max(largest_difference(&posteriors, expected));
    }
    let finding = format!("{} items, {worst:.0e} from what is on record", golden.len());
    if worst <= POSTERIOR_TOLERANCE { Ok(finding) } else { Err(finding) }
}

/// Infinite where the lengths differ or a value is no number.
fn largest_difference(values: &[f32], golden: &[f32]) -> f32 {
    if values.len() != golden.len() || values.iter().any(|value| !value.is_finite()) {
        return f32::INFINITY;
    }
    values.iter().zip(golden).map(|(value, golden)| (value - golden).abs()).fold(0.0, f32::max)
}

/// The face network on the middle of the item's frame, where the face is.
fn judge_face(model: &Model<'_>, item: &Item, isa: Isa) -> Option<Vec<f32>> {
    let image = item.frame.view();
    let side = image.height() as f32 / 2.0;
    let square = CropSquare { x: (image.width() as f32 - side) / 2.0, y: (image.height() as f32 - side) / 2.0, side };
    let mut crop = [0; FACE_INPUT];
    crop_to_face(&image, square, &mut crop);
    let mut memory = Vec::new();
    let model = models::prepared(model, isa, &mut memory);
    let (network, mut arena) = (model.network(), arena());
    let input = network.input_mut(&mut arena[..]);
    face_input::quantize(&crop, network.input_quantization(), input).ok()?;
    let logits = network.run(isa, &mut arena[..]);
    Some(model.face_posteriors(logits).as_array().to_vec())
}

/// The speech network on the window that ends with the item.
fn judge_speech(model: &Model<'_>, item: &Item, isa: Isa) -> Option<Vec<f32>> {
    let InputDescription::Speech { kind, statistics, .. } = model.input() else {
        return None;
    };
    let mut stream = Box::new(SpeechStream::new());
    stream.push(&item.samples, |_, _| {});
    let mut memory = Vec::new();
    let model = models::prepared(model, isa, &mut memory);
    let (network, mut arena) = (model.network(), arena());
    let input = network.input_mut(&mut arena[..]);
    kind.quantize(stream.window()?, statistics, network.input_quantization(), input);
    let logits = network.run(isa, &mut arena[..]);
    Some(model.speech_posteriors(logits).as_array().to_vec())
}

fn arena() -> Box<Arena<MAX_ARENA_BYTES>> {
    Box::new(Arena::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_librosas() {
        check_features().unwrap();
    }

    #[test]
    fn a_difference_is_never_overlooked() {
        assert_eq!(largest_difference(&[1.0, 2.0], &[1.0, 2.5]), 0.5);
        assert_eq!(largest_difference(&[1.0], &[1.0, 2.0]), f32::INFINITY);
        assert_eq!(largest_difference(&[f32::NAN], &[1.0]), f32::INFINITY);
    }
}
