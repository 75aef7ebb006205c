//! The command over small folders, with models whose answers can be told in advance.

use std::fs;
use std::path::{Path, PathBuf};

use moodbox_shared::vision::FACE_INPUT;
use moodbox_shared::{Emotion, model};

use super::test_models::{face_model, speech_model};
use super::*;
use crate::dataset::{Labels, Part};

fn write_half_bright(path: &Path, left: u8, right: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_fn(48, 48, |x, _| image::Luma([if x < 24 { left } else { right }])).save(path).unwrap();
}

/// Writes noise of a tone's pitch as 16-bit WAV at 16 kHz.
fn write_tone(path: &Path, hertz: f32, seconds: f32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let samples: Vec<i16> = (0..(seconds * 16_000.0) as u32)
        .map(|t| (8000.0 * (std::f32::consts::TAU * hertz * t as f32 / 16_000.0).sin()) as i16)
        .collect();
    fs::write(path, crate::sample::wav_bytes(&samples)).unwrap();
}

fn args(dir: &Path, model: &[u8]) -> EvaluateArgs {
    let file = dir.join("test.moodnet");
    fs::write(&file, model).unwrap();
    EvaluateArgs {
        model: Some(file),
        run: None,
        data: dir.join("data"),
        json: false,
        wanted: Wanted::default(),
        keep_seen: false,
    }
}

#[test]
fn pictures_are_scored_by_what_the_model_sees() {
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), &face_model());
    write_half_bright(&args.data.join("joy/a.png"), 200, 50);
    write_half_bright(&args.data.join("joy/b.png"), 180, 20);
    write_half_bright(&args.data.join("joy/c.png"), 20, 180);
    write_half_bright(&args.data.join("sadness/d.png"), 0, 255);
    write_half_bright(&args.data.join("anger/e.png"), 0, 255);
    write_half_bright(&args.data.join("contempt/f.png"), 0, 255);
    write_half_bright(&args.data.join("sadness/black.png"), 3, 3);
    fs::write(args.data.join("joy/broken.png"), "nothing").unwrap();
    let evaluation = evaluate(&args).unwrap();
    assert_eq!(evaluation.scores.confusion, [[2, 1], [1, 1]], "what is black counts as undecided, the first label");
    assert_eq!((evaluation.scores.samples, evaluation.without_contrast), (5, 1));
    assert_eq!(evaluation.left_out.unknown_labels, [("angry".to_owned(), 1), ("contempt".to_owned(), 1)].into());
    assert_eq!(evaluation.left_out.unreadable, 1);
    let json = serde_json::to_value(&evaluation).unwrap();
    assert_eq!((json["samples"].as_u64(), json["task"].as_str()), (Some(5), Some("face")));
    assert!(json.get("windows").is_none());
}

#[test]
fn pictures_of_validation_that_were_learned_from_are_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = args(dir.path(), &face_model());
    write_half_bright(&args.data.join("train/happy/a.png"), 200, 50);
    write_half_bright(&args.data.join("validation/happy/b.png"), 200, 50);
    write_half_bright(&args.data.join("validation/happy/c.png"), 190, 50);
    let whole = args.data.clone();
    for data in [whole.clone(), whole.join("validation")] {
        args.data = data;
        let evaluation = evaluate(&args).unwrap();
        assert_eq!((evaluation.scores.samples, evaluation.left_out.seen_in_training), (1, 1));
    }
    args.keep_seen = true;
    assert_eq!(evaluate(&args).unwrap().scores.samples, 2);
    args.data = whole;
    args.wanted.part = Some(Part::All);
    assert_eq!(evaluate(&args).unwrap().scores.samples, 3);
}

#[test]
fn the_crowds_word_replaces_the_label_and_disagreement_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = args(dir.path(), &face_model());
    write_half_bright(&args.data.join("happy/a.png"), 200, 50);
    write_half_bright(&args.data.join("happy/b.png"), 200, 50);
    write_half_bright(&args.data.join("sad/c.png"), 200, 50);
    write_half_bright(&args.data.join("sad/without_votes.png"), 200, 50);
    args.wanted.labels = Labels::Ferplus;
    assert!(evaluate(&args).unwrap_err().to_string().contains("--votes"));
    let columns = "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
    let rows = "a.png,0,0,0,9,1,0,0,0,0,0\nb.png,5,5,0,0,0,0,0,0,0,0\nc.png,1,9,0,0,0,0,0,0,0,0\n";
    fs::write(args.data.join("ferplus_votes.csv"), format!("{columns}\n{rows}")).unwrap();
    let evaluation = evaluate(&args).unwrap();
    assert_eq!(evaluation.scores.confusion, [[1, 0], [1, 0]]);
    assert_eq!(evaluation.left_out.without_majority, 2);
}

#[test]
fn clips_are_scored_whole_and_by_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = args(dir.path(), &speech_model());
    // 4.1 s have windows at 0, 0.5 and 0.99 s.
    write_tone(&args.data.join("Actor_01/03-01-05-01-01-01-01.wav"), 150.0, 4.1);
    write_tone(&args.data.join("Actor_02/03-01-02-01-01-01-02.wav"), 6000.0, 1.0);
    write_tone(&args.data.join("Actor_02/03-01-02-01-01-02-02.wav"), 150.0, 1.0);
    write_tone(&args.data.join("Actor_02/03-01-05-01-01-02-02.wav"), 150.0, 0.1);
    write_tone(&args.data.join("Actor_02/03-01-03-01-01-02-02.wav"), 150.0, 1.0);
    let evaluation = evaluate(&args).unwrap();
    assert_eq!(evaluation.scores.confusion, [[1, 0], [1, 1]]);
    let windows = evaluation.windows.unwrap();
    assert!(windows.samples > 3 && windows.confusion[0][0] == windows.samples - 2);
    assert_eq!((evaluation.left_out.too_short, evaluation.left_out.unknown_labels["happy"]), (1, 1));

    args.wanted.fold = Some(4);
    let fold = evaluate(&args).unwrap();
    assert_eq!((fold.scores.samples, fold.left_out.other_actors), (1, 4));
    args.wanted.fold = None;
    args.wanted.actors = vec![77];
    assert!(matches!(evaluate(&args), Err(EvaluateError::NothingLeft { .. })));
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = args(dir.path(), &face_model());
    assert!(matches!(evaluate(&args), Err(EvaluateError::Dataset(_))));
    write_half_bright(&args.data.join("happy/a.png"), 200, 50);
    args.wanted.actors = vec![1];
    assert!(matches!(evaluate(&args), Err(EvaluateError::ActorsOfPictures)));
    args.model = Some(PathBuf::from("/nowhere/face.moodnet"));
    assert!(matches!(evaluate(&args), Err(EvaluateError::ModelFile { .. })));
    let cut = dir.path().join("cut.moodnet");
    fs::write(&cut, &face_model()[..100]).unwrap();
    args.model = Some(cut);
    let error = evaluate(&args).unwrap_err();
    assert!(matches!(error, EvaluateError::Model { .. }) && !error.to_string().contains('\n'), "{error}");
}

#[test]
fn one_sure_window_does_not_outweigh_the_others() {
    let mut mostly_sad = [0.0; 8];
    (mostly_sad[3], mostly_sad[4]) = (0.8, 0.2);
    let mut surely_angry = [0.0; 8];
    surely_angry[4] = 1.0;
    let [mostly_sad, surely_angry] = [mostly_sad, surely_angry].map(moodbox_shared::SpeechPosteriors::from_weights);
    let mean = mean_log_posterior(&[mostly_sad; 2]);
    assert_eq!(mean.best_emotion().0, Emotion::Sad);
    assert_eq!(mean.as_array()[0], 0.0);
    assert_eq!(mean_log_posterior(&[mostly_sad, surely_angry]).best_emotion().0, Emotion::Angry);
}

#[test]
fn a_face_classifier_takes_no_voices_model() {
    let (face, speech) = (face_model(), speech_model());
    let (face, speech) = (model::Model::load(&face).unwrap(), model::Model::load(&speech).unwrap());
    assert!(FaceClassifier::new(&speech).is_none() && SpeechClassifier::new(&face).is_none());
    assert_eq!(FaceClassifier::new(&face).unwrap().crop().len(), FACE_INPUT);
}
