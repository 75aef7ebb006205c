//! `moodbox-trainer data`: what a data set holds, before anything is trained on it.

mod survey;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::dataset::{self, ClipSet, DatasetError, Layout, Part, PictureSet, Unpacked};
use crate::report::print_line;

pub use survey::{Entry, Survey};

/// Count what a data set holds: classes, speakers, durations, duplicates, unreadable files
#[derive(Clone, Debug, clap::Args)]
pub struct DataArgs {
    /// FER2013 (csv or folders), RAVDESS, or any <label>/* folder
    #[arg(value_name = "DIR")]
    pub data: PathBuf,
}

/// Why there is nothing to count.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Runs the command.
pub fn run(args: &DataArgs) -> Result<(), DataError> {
    let contents = Contents::read(&args.data)?;
    print_line(format_args!("{}: {}", args.data.display(), contents.layout));
    for (what, survey) in [("pictures", &contents.pictures), ("clips", &contents.clips)] {
        if !survey.is_empty() {
            print_line(format_args!("\n{what}\n{survey}"));
        }
    }
    for (label, count) in &contents.unknown_labels {
        print_line(format_args!("left out: {count} files of label '{label}', which is no emotion known here"));
    }
    print_line(format_args!("unreadable: {} files", contents.unreadable.len()));
    for (path, reason) in &contents.unreadable {
        print_line(format_args!("  {}: {reason}", path.display()));
    }
    if contents.pictures.is_empty() && contents.clips.is_empty() {
        return Err(
            DatasetError::nothing_readable(&args.data, Part::All, "picture or clip", &contents.unreadable).into()
        );
    }
    Ok(())
}

/// Everything that a data set holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// How it lies on the disk.
    pub layout: Layout,
    /// Its pictures.
    pub pictures: Survey,
    /// Its clips.
    pub clips: Survey,
    /// Labels that are no emotion, and how many files carry them.
    pub unknown_labels: Vec<(String, usize)>,
    /// Files that can't be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

impl Contents {
    /// Reads all of it, and goes on over what can't be read.
    pub fn read(dir: &Path) -> Result<Self, DataError> {
        let unpacked = Unpacked::open(dir)?;
        let layout = Layout::detect(unpacked.path())?;
        let mut unknown_labels = std::collections::BTreeMap::<String, usize>::new();
        let mut unreadable = Vec::new();
        let mut note = |labels: std::collections::BTreeMap<String, usize>, files: Vec<(PathBuf, String)>| {
            for (label, count) in labels {
                *unknown_labels.entry(label).or_default() += count;
            }
            unreadable.extend(files);
        };

        let PictureSet { pictures, unreadable: files, unknown_labels: labels, .. } =
            dataset::find_pictures(&layout, Part::All)?;
        note(labels, files);
        let pictures = Survey::new(pictures.iter().map(Entry::from).collect());

        let parts = layout.parts();
        let mut clips = Vec::new();
        for part in if parts.is_empty() { vec![Part::Train] } else { parts } {
            let ClipSet { clips: found, unreadable: files, unknown_labels: labels, .. } =
                dataset::find_clips(&layout, part)?;
            note(labels, files);
            clips.extend(found.iter().map(|clip| Entry::of_clip(clip, part)));
        }
        // A file that is neither picture nor sound was met on both ways.
        unreadable.sort();
        unreadable.dedup();
        let unknown_labels = unknown_labels.into_iter().collect();
        Ok(Self { layout, pictures, clips: Survey::new(clips), unknown_labels, unreadable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::wav_bytes;
    use std::fs;

    #[test]
    fn a_mixed_folder_is_counted_and_every_unreadable_file_named_once() {
        let dir = tempfile::tempdir().unwrap();
        let happy = dir.path().join("happy");
        fs::create_dir_all(&happy).unwrap();
        image::GrayImage::from_fn(48, 48, |x, _| image::Luma([x as u8])).save(happy.join("a.png")).unwrap();
        fs::write(happy.join("b.wav"), wav_bytes(&[100; 16_000])).unwrap();
        fs::write(happy.join("broken.png"), "no").unwrap();
        fs::write(happy.join("empty.wav"), "").unwrap();
        fs::write(happy.join("notes.txt"), "no").unwrap();
        let contents = Contents::read(dir.path()).unwrap();
        assert_eq!((contents.pictures.len(), contents.clips.len()), (1, 1));
        let names: Vec<_> = contents.unreadable.iter().map(|(path, _)| path.file_name().unwrap()).collect();
        assert_eq!(names, ["broken.png", "empty.wav", "notes.txt"]);
        run(&DataArgs { data: dir.path().to_owned() }).unwrap();
    }

    #[test]
    fn a_folder_in_which_nothing_can_be_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sad")).unwrap();
        fs::write(dir.path().join("sad/empty.png"), "").unwrap();
        let error = run(&DataArgs { data: dir.path().to_owned() }).unwrap_err();
        assert!(error.to_string().contains("no readable picture or clip"), "{error}");
        assert!(run(&DataArgs { data: dir.path().join("nowhere") }).is_err());
    }

    #[test]
    #[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
    fn the_real_pictures_stand_in_train_and_validation() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/fer2013");
        let contents = Contents::read(&dir).unwrap();
        assert_eq!(contents.pictures.len(), 31_704);
        assert!(contents.pictures.to_string().contains("259 of validation also stand in train"));
    }
}
