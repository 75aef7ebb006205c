//! Data sets as they are downloaded: a zip is unpacked into a temporary folder for as long as it is read.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipArchive;

use super::folder::{Medium, entries};
use super::{DatasetError, Pack, votes};

/// A data set that can be walked through. What was unpacked for that goes with it.
pub(crate) struct Unpacked {
    /// As it was named.
    from: PathBuf,
    path: PathBuf,
    _folder: Option<TempDir>,
}

impl Unpacked {
    /// Unpacks `path` if it is a zip; all else stays where it is, a pack under whatever name too.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        if !is_zip || path.is_dir() || Pack::is_at(path) {
            return Ok(Self { from: path.to_owned(), path: path.to_owned(), _folder: None });
        }
        let file = File::open(path).map_err(|error| DatasetError::of_io(path, error))?;
        let folder = tempfile::tempdir().and_then(|folder| unpack(file, folder.path()).map(|()| folder));
        let folder = folder.map_err(|source| DatasetError::Archive { path: path.to_owned(), source })?;
        let from = path.to_owned();
        let path = only_folder(folder.path())?.unwrap_or_else(|| folder.path().to_owned());
        Ok(Self { from, path, _folder: Some(folder) })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the crowd's votes and where it stands: in the table that is named, else in the data set's pack, in `ferplus_votes.csv` in its
    /// folder or zip, or in the folder above.
    pub(super) fn votes(&self, named: Option<&Path>) -> Result<Option<(String, PathBuf)>, DatasetError> {
        if named.is_none()
            && Pack::is_at(&self.path)
            && let Some(text) = Pack::open(&self.path)?.votes()?
        {
            return Ok(Some((text, self.from.clone())));
        }
        let lying_there = || votes::beside(&self.path).or_else(|| votes::beside(&self.from));
        let table = named.map(Path::to_path_buf).or_else(lying_there);
        table.map(|table| Ok((votes::read_table(&table)?, table))).transpose()
    }

    /// Where it was named to lie.
    pub(super) fn from(&self) -> &Path {
        &self.from
    }
}

/// Writes pictures, sounds and tables into a folder; names that lead out of it are passed over.
fn unpack(file: File, folder: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = entry.enclosed_name().filter(|name| entry.is_file() && is_of_use(name)) else { continue };
        let target = folder.join(name);
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        io::copy(&mut entry, &mut File::create(target)?)?;
    }
    Ok(())
}

fn is_of_use(name: &Path) -> bool {
    // What macOS adds to archives looks like pictures and sounds.
    let is_hidden = name.iter().any(|part| part == "__MACOSX" || part.as_encoded_bytes().starts_with(b"."));
    if is_hidden {
        return false;
    }
    Medium::of(name).is_some() || name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// The one folder that a folder holds beside nothing else: archives are often packed with it.
fn only_folder(folder: &Path) -> Result<Option<PathBuf>, DatasetError> {
    let inside = entries(folder)?;
    // A data set of one label or of one speaker is not meant.
    let is_wrapping = |inner: &&PathBuf| inner.is_dir() && super::Layout::detect(folder).is_err();
    Ok(if inside.len() == 1 { inside.first().filter(is_wrapping).cloned() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::pack::Contents;
    use crate::dataset::{Part, read_clips, read_pictures};
    use crate::sample::wav_bytes;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn zip(path: &Path, files: &[(&str, &[u8])]) {
        let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, content) in files {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
    }

    fn picture(place: &Path) -> Vec<u8> {
        let path = place.join("picture.png");
        image::GrayImage::from_fn(48, 48, |x, _| image::Luma([x as u8])).save(&path).unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn ravdess_is_read_from_its_zip() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("Audio_Speech_Actors_01-24.zip");
        let sound = wav_bytes(&[900; 8_000]);
        zip(
            &path,
            &[
                ("Actor_01/03-01-03-01-01-01-01.wav", &sound),
                ("Actor_02/03-01-04-01-01-01-02.wav", &sound),
                ("__MACOSX/Actor_02/._03-01-04-01-01-01-02.wav", b"no sound"),
                ("../outside.wav", &sound),
            ],
        );
        let set = read_clips(&path).unwrap();
        assert_eq!(set.speakers(), [1, 2]);
        assert!(set.unreadable.is_empty(), "{:?}", set.unreadable);
        assert!(!place.path().parent().unwrap().join("outside.wav").exists());
    }

    #[test]
    fn votes_are_found_in_a_zip_or_else_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let table = "ferplus_votes.csv";
        let face = picture(place.path());
        let (with, without) = (place.path().join("with.zip"), place.path().join("without.zip"));
        zip(&with, &[("train/happy/a.png", &face), (table, b"inside")]);
        zip(&without, &[("train/happy/a.png", &face)]);
        let votes = |data: &Path, named: Option<&Path>| {
            let found = Unpacked::open(data).unwrap().votes(named).unwrap();
            found.map(|(text, _)| text)
        };
        assert_eq!(votes(&without, None), None);
        fs::write(place.path().join(table), "beside").unwrap();
        assert_eq!(votes(&without, None).as_deref(), Some("beside"));
        assert_eq!(votes(&with, None).as_deref(), Some("inside"), "the data set's own come first");
        let (contents, _) = Contents::read(&with, None).unwrap();
        fs::write(place.path().join("with.moodpack"), contents.to_bytes().unwrap()).unwrap();
        assert_eq!(votes(&place.path().join("with.moodpack"), None).as_deref(), Some("inside"));
        let mine = place.path().join("mine.csv");
        fs::write(&mine, "mine").unwrap();
        assert_eq!(votes(&with, Some(&mine)).as_deref(), Some("mine"));
    }

    #[test]
    fn a_folder_around_everything_does_not_matter() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("archive.ZIP");
        let picture = picture(place.path());
        zip(&path, &[("faces/train/happy/a.png", &picture), ("faces/test/sad/b.png", &picture)]);
        assert_eq!(read_pictures(&path, Part::Test).unwrap().pictures[0].id, "test/sad/b.png");
        zip(&path, &[("happy/a.png", &picture)]);
        assert_eq!(read_pictures(&path, Part::All).unwrap().pictures[0].id, "happy/a.png");
    }

    #[test]
    fn a_damaged_archive_is_refused_with_its_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("half.zip");
        zip(&path, &[("happy/a.png", &picture(place.path()))]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let message = read_pictures(&path, Part::All).unwrap_err().to_string();
        assert!(message.contains("half.zip") && message.contains("download it again"), "{message}");
    }
}
