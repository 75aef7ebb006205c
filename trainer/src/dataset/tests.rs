//! Reading whole data sets: small ones made for the test, and the real ones where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use moodbox_shared::Emotion;

use super::*;
use crate::sample::wav_bytes;

/// Writes a gray picture of one brightness with a mark in it.
fn write_picture(path: &Path, brightness: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut picture = image::GrayImage::from_pixel(48, 48, image::Luma([brightness]));
    picture.put_pixel(10, 20, image::Luma([255]));
    picture.save(path).unwrap();
}

fn write_wav(path: &Path, samples: &[i16]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, wav_bytes(samples)).unwrap();
}

fn tone(period: usize) -> Vec<i16> {
    (0..8000).map(|t| if t % period < period / 2 { 3000 } else { -3000 }).collect()
}

#[test]
fn parts_are_kept_apart_and_labels_understood() {
    let dir = tempfile::tempdir().unwrap();
    write_picture(&dir.path().join("train/anger/a.png"), 10);
    write_picture(&dir.path().join("train/Happiness/b.jpg"), 20);
    write_picture(&dir.path().join("test/fear/c.png"), 30);
    assert_eq!(Layout::detect(dir.path()).unwrap().parts(), [Part::Train, Part::Test]);
    let train = read_pictures(dir.path(), Part::Train).unwrap();
    let found: Vec<_> = train.pictures.iter().map(|picture| (picture.id.as_str(), picture.emotion)).collect();
    assert_eq!(found, [("train/Happiness/b.jpg", Emotion::Happy), ("train/anger/a.png", Emotion::Angry)]);
    assert_eq!(read_pictures(dir.path(), Part::All).unwrap().pictures.len(), 3);
    let error = read_pictures(dir.path(), Part::Validation).unwrap_err();
    assert!(error.to_string().ends_with("has no part 'validation', only: train, test"), "{error}");
}

#[test]
fn what_cannot_be_read_is_listed_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write_picture(&dir.path().join("happy/good.png"), 10);
    write_picture(&dir.path().join("happy/copy.png"), 10);
    fs::write(dir.path().join("happy/bad.png"), "no picture").unwrap();
    fs::write(dir.path().join("happy/notes.txt"), "no picture").unwrap();
    fs::write(dir.path().join("happy/.hidden"), "").unwrap();
    write_wav(&dir.path().join("happy/sound.wav"), &tone(100));
    write_picture(&dir.path().join("contempt/x.png"), 10);
    let set = read_pictures(dir.path(), Part::All).unwrap();
    assert_eq!((set.pictures.len(), set.duplicates), (2, 1));
    assert_eq!(set.unknown_labels["contempt"], 1);
    let unreadable: Vec<String> = set.unreadable.iter().map(|(path, _)| folder::file_name(path)).collect();
    assert_eq!(unreadable, ["bad.png", "notes.txt"]);
}

#[test]
fn ravdess_names_tell_label_and_speaker() {
    let dir = tempfile::tempdir().unwrap();
    write_wav(&dir.path().join("Actor_02/03-01-05-01-01-01-02.wav"), &tone(80));
    write_wav(&dir.path().join("Actor_01/03-01-02-01-01-01-01.wav"), &tone(90));
    write_wav(&dir.path().join("Actor_01/03-02-02-01-01-01-01.wav"), &tone(70));
    fs::write(dir.path().join("Actor_01/03-01-03-01-01-01-01.wav"), "").unwrap();
    let set = read_clips(dir.path()).unwrap();
    let found: Vec<_> = set.clips.iter().map(|clip| (clip.emotion, clip.speaker)).collect();
    assert_eq!(found, [(Emotion::Calm, Some(1)), (Emotion::Angry, Some(2))]);
    assert_eq!(set.speakers(), [1, 2]);
    assert_eq!((set.unreadable.len(), set.unknown_labels["song"]), (1, 1));
    assert!(matches!(read_pictures(dir.path(), Part::All), Err(DatasetError::NothingReadable { .. })));
}

#[test]
fn a_labelled_folder_of_clips_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write_wav(&dir.path().join("sad/03-01-04-01-01-01-07.wav"), &tone(80));
    write_wav(&dir.path().join("surprise/mine.wav"), &tone(60));
    let set = read_clips(dir.path()).unwrap();
    let found: Vec<_> = set.clips.iter().map(|clip| (clip.emotion, clip.speaker)).collect();
    assert_eq!(found, [(Emotion::Sad, Some(7)), (Emotion::Surprised, None)]);
    assert!(set.clips.iter().all(|clip| clip.seconds() == 0.5));
}

#[test]
fn what_is_no_data_set_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let error = read_pictures(&dir.path().join("nowhere"), Part::All).unwrap_err();
    assert!(matches!(error, DatasetError::Missing { .. }), "{error}");
    fs::create_dir(dir.path().join("cats")).unwrap();
    let error = read_clips(dir.path()).unwrap_err();
    assert!(error.to_string().contains("holds no labels") && error.to_string().contains("found: cats"), "{error}");
    let file = dir.path().join("text.txt");
    fs::write(&file, "text").unwrap();
    assert!(matches!(read_clips(&file), Err(DatasetError::NotADataset { .. })));
    fs::create_dir(dir.path().join("happy")).unwrap();
    assert!(matches!(read_clips(dir.path()), Err(DatasetError::NothingReadable { .. })));
}

fn real_data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder)
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn fer2013_holds_what_its_readme_says() {
    let dir = real_data("fer2013");
    let train = read_pictures(&dir, Part::Train).unwrap();
    let mut validation = read_pictures(&dir, Part::Validation).unwrap();
    assert_eq!((train.pictures.len(), validation.pictures.len()), (28_171, 3_533));
    assert!(train.unreadable.is_empty() && validation.unreadable.is_empty());
    assert_eq!(split::drop_seen(&mut validation.pictures, &train.pictures, |picture| picture.content_hash), 259);
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn ravdess_holds_what_its_readme_says() {
    let set = read_clips(&real_data("ravdess")).unwrap();
    assert_eq!((set.clips.len(), set.speakers().len()), (1_140, 19));
    assert!(set.unreadable.is_empty() && set.unknown_labels.is_empty());
    let in_folds: Vec<u16> = split::RAVDESS_FOLDS.concat();
    assert!(set.speakers().iter().all(|speaker| in_folds.contains(speaker)));
}
