//! Files that are there whole or not at all.

use std::fmt::Display;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{DynamicImage, ImageFormat, RgbImage};
use thiserror::Error;

/// Why a file could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The system refuses.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The picture can't be encoded.
    #[error("{} can't be encoded: {source}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        source: image::ImageError,
    },
}

/// Prints a line on standard output. A reader that has gone away, as `head` does, is no failure.
pub fn print_line(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// The command as it was typed, without the program's own path.
pub(crate) fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("moodbox-trainer {}", arguments.join(" "))
}

/// Writes a text in Markdown, and the command that made it under it, as [`write_file`] does.
pub(crate) fn write_markdown(path: &Path, text: &str) -> Result<(), ReportError> {
    write_file(path, format!("{}\n\nMade by `{}`.\n", text.trim_end(), command_line()).as_bytes())
}

/// Writes a file beside its place and renames it: what was there stays untouched until the new one is complete.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let failed = |source| ReportError::Write { path: path.to_owned(), source };
    let name = path.file_name().ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    let mut beside_name = name.to_owned();
    beside_name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside_name);
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        // The half-written file is of no use; that it can't be removed changes nothing about the failure.
        let _ = fs::remove_file(&beside);
        failed(source)
    })
}

/// Writes a picture as PNG, as [`write_file`] does.
pub fn write_png(path: &Path, picture: &DynamicImage) -> Result<(), ReportError> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| ReportError::Encode { path: path.to_owned(), source })?;
    write_file(path, bytes.get_ref())
}

/// A picture as a part of a page: PNG in a `data:` URL.
pub fn data_url(picture: &RgbImage) -> String {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("memory takes every picture");
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes.get_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.txt");
        write_file(&path, b"old").unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_picture_in_a_page_is_the_picture() {
        let picture = RgbImage::from_fn(7, 5, |x, y| image::Rgb([x as u8, y as u8, 99]));
        let url = data_url(&picture);
        let bytes = BASE64_STANDARD.decode(url.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        assert_eq!(image::load_from_memory(&bytes).unwrap().into_rgb8(), picture);
    }

    #[test]
    fn what_cannot_be_written_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        // A folder in the file's place can't be replaced by a file, whoever runs the test.
        let path = dir.path().join("report.txt");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "kept").unwrap();
        let error = write_file(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("report.txt can't be written"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
        assert!(write_file(&dir.path().join("nowhere/report.txt"), b"").is_err());
    }
}
