//! The data that a run's network is judged on: what chose it, and what neither training nor selection saw.

use moodbox_shared::Emotion;
use moodbox_shared::audio::FeatureRow;
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::model::Task;
use moodbox_shared::vision::{CropSquare, FACE_INPUT, crop_to_face};
use rayon::prelude::*;

use super::{Item, JudgedNetwork, JudgedPart, Seen, TestData};
use crate::dataset::{Clip, DatasetError, Layout, LeftOut, Part, Unpacked};
use crate::evaluate::{clips_to_score, pictures_to_score};
use crate::features::clip_rows;
use crate::train::data::{self, DataError};
use crate::train::feature_cache::FeatureCache;
use crate::train::run_folder::RunDescription;
use crate::train::speech_examples::rows_for;

/// Pictures or clips of each class.
pub type Counts = Vec<usize>;

/// Everything that a run is judged by.
pub struct JudgedRun {
    /// What was learned from, by class.
    pub training: Counts,
    /// What is neither learned from nor chosen by, of the data that training reads.
    pub left_out: LeftOut,
    /// What chose.
    pub selection: JudgedPart,
    /// What neither training nor selection saw.
    pub test: TestData,
}

/// Reads a run's data and puts it before a network.
///
/// * `run`: with the folder where the data lies now
/// * `with_test`: whether the test data is read
/// * `cache`: where features are looked for before they are computed
pub fn judge_run(
    run: &RunDescription,
    network: &JudgedNetwork<'_>,
    with_test: bool,
    cache: &FeatureCache,
) -> Result<JudgedRun, DataError> {
    match run.task {
        Task::Face => judge_faces(run, network, with_test),
        Task::Speech => judge_speech(run, network, with_test, cache),
    }
}

fn judge_faces(run: &RunDescription, network: &JudgedNetwork<'_>, with_test: bool) -> Result<JudgedRun, DataError> {
    let loaded = data::load_faces(&run.data, &run.cut())?;
    run.check_data(&loaded)?;
    let classes = loaded.examples.class_names();
    let chosen = loaded.examples.selection();
    let selection = faces(network, chosen.iter().map(|found| (&found.id, classes[found.class], &found.luma)).collect());
    let test = if with_test { test_faces(run, network)? } else { unread() };
    let training = by_label(network, classes, &loaded.examples.training_counts());
    Ok(JudgedRun { training, left_out: loaded.left_out, selection, test })
}

fn test_faces(run: &RunDescription, network: &JudgedNetwork<'_>) -> Result<TestData, DatasetError> {
    let data = Unpacked::open(&run.data)?;
    let part = Layout::detect(data.path())?.part_to_score();
    if !matches!(part, Part::Validation | Part::Test) {
        return Ok(TestData::None("The data set has no part of its own to test on.".to_owned()));
    }
    let found = pictures_to_score(&data, part, network.labels(), run.labels, run.votes.as_deref(), false);
    let (pictures, left_out) = match found {
        Err(error @ (DatasetError::NoPart { .. } | DatasetError::NothingReadable { .. })) => {
            return Ok(TestData::None(error.to_string()));
        }
        found => found?,
    };
    let judged = faces(network, pictures.iter().map(|found| (&found.id, found.emotion, &found.luma)).collect());
    Ok(test_part(JudgedPart { left_out, ..judged }))
}

fn faces(network: &JudgedNetwork<'_>, pictures: Vec<(&String, Emotion, &OwnedLuma)>) -> JudgedPart {
    let all: Vec<&OwnedLuma> = pictures.iter().map(|(.., luma)| *luma).collect();
    let mut part = JudgedPart::default();
    for ((id, truth, luma), logits) in pictures.into_iter().zip(network.look(&all)) {
        part.without_contrast += usize::from(logits.is_none());
        let logits = logits.unwrap_or_else(|| vec![0.0; network.labels().len()]);
        let mut crop = Box::new([0; FACE_INPUT]);
        crop_to_face(&luma.view(), CropSquare::whole(&luma.view()), &mut crop);
        part.items.push(Item { id: id.clone(), truth, logits: vec![logits], seen: Seen::Face(crop) });
    }
    part
}

fn judge_speech(
    run: &RunDescription,
    network: &JudgedNetwork<'_>,
    with_test: bool,
    cache: &FeatureCache,
) -> Result<JudgedRun, DataError> {
    let mut loaded = data::load_speech(&run.data, run.preset, &run.cut(), false, cache)?;
    run.check_data(&loaded)?;
    let classes = loaded.examples.class_names();
    let chosen = loaded.examples.selection();
    let selection = voices(
        network,
        chosen.iter().map(|found| (found.id.clone(), classes[found.class], found.rows.clone())).collect(),
    );
    let test = if with_test { test_voices(run, network)? } else { unread() };
    if matches!(test, TestData::Judged(_)) {
        // Those of the test speakers, which stand in the test part.
        loaded.left_out.other_actors = 0;
    }
    let training = by_label(network, classes, &loaded.examples.training_counts());
    Ok(JudgedRun { training, left_out: loaded.left_out, selection, test })
}

/// Puts the clips of a run's test speakers before a network.
pub fn test_voices(run: &RunDescription, network: &JudgedNetwork<'_>) -> Result<TestData, DataError> {
    if run.test_speakers.is_empty() {
        return Ok(TestData::None("No speaker was left out of training.".to_owned()));
    }
    let (clips, left_out) = clips_to_score(&run.data, Part::All, network.labels(), &run.test_speakers)?;
    let kind = run.preset.speech_input_kind()?;
    let rows = |clip: &Clip| (clip.id.clone(), clip.emotion, rows_for(kind, clip_rows(&clip.samples), &clip.samples));
    let mut heard: Vec<(String, Emotion, Vec<FeatureRow>)> = clips.par_iter().map(rows).collect();
    heard.retain(|(.., rows)| !rows.is_empty());
    // All others were learned from or chosen by.
    let left_out = LeftOut { too_short: clips.len() - heard.len(), other_actors: 0, ..left_out };
    Ok(test_part(JudgedPart { left_out, ..voices(network, heard) }))
}

fn voices(network: &JudgedNetwork<'_>, clips: Vec<(String, Emotion, Vec<FeatureRow>)>) -> JudgedPart {
    let all: Vec<&[FeatureRow]> = clips.iter().map(|(.., rows)| &rows[..]).collect();
    let logits = network.listen(&all);
    let item = |((id, truth, rows), logits)| Item { id, truth, logits, seen: Seen::Voice(rows) };
    JudgedPart { items: clips.into_iter().zip(logits).map(item).collect(), ..JudgedPart::default() }
}

fn unread() -> TestData {
    TestData::None("The test data was not read, as asked for by --selection-only.".to_owned())
}

fn test_part(part: JudgedPart) -> TestData {
    if part.items.is_empty() {
        return TestData::None(format!("Nothing is left to test on: {}.", part.left_out));
    }
    TestData::Judged(part)
}

/// Counts of a run's classes in the order of a network's labels.
fn by_label(network: &JudgedNetwork<'_>, classes: &[Emotion], counts: &[usize]) -> Counts {
    let count = |label| classes.iter().position(|class| class == label).map_or(0, |class| counts[class]);
    network.labels().iter().map(count).collect()
}
