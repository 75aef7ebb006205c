//! From a PNG or JPEG file to 8-bit luma.

use std::borrow::ToOwned;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::vec::Vec;

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use thiserror::Error;

use crate::vision::luma::luma_of_rgb;
use crate::vision::{LumaError, LumaImage};

/// A picture that owns its pixels: `width × height` bytes without gaps, checked when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLuma {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl OwnedLuma {
    /// A picture of `pixels`, row after row; what stands behind the last row is cut off.
    pub fn new(width: usize, height: usize, mut pixels: Vec<u8>) -> Result<Self, LumaError> {
        LumaImage::new(width, height, width, &pixels)?;
        pixels.truncate(width * height);
        Ok(Self { width, height, pixels })
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Row after row, without gaps.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture as vision reads it.
    pub fn view(&self) -> LumaImage<'_> {
        LumaImage::new(self.width, self.height, self.width, &self.pixels).expect("checked when it was made")
    }
}

/// Why a file yields no picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageFileError {
    /// It can't be opened or read.
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its content is no PNG or JPEG picture, or a broken one.
    #[error("{} is no PNG or JPEG picture that can be decoded: {source}", path.display())]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        source: ImageError,
    },
    /// Sides that vision does not take.
    #[error("{} can't be used: {source}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// What vision says.
        source: LumaError,
    },
}

/// Reads a picture as luma, turned upright as its camera noted.
///
/// The format is told from the content, not from the name. Gray is taken as it is (16 bits rounded to 8), colour is weighted as
/// [`luma_of_rgb`] does, as the box does with a camera's frames; transparency is not looked at.
pub fn read_luma(path: &Path) -> Result<OwnedLuma, ImageFileError> {
    let unreadable = |source| ImageFileError::Unreadable { path: path.to_owned(), source };
    let no_picture = |source| ImageFileError::NoPicture { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let reader = ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(unreadable)?;
    let mut decoder = reader.into_decoder().map_err(no_picture)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) as usize > LumaImage::MAX_SIDE {
        // Told from the header, before memory is taken for the pixels.
        let source = LumaError::Size { width: width as usize, height: height as usize };
        return Err(ImageFileError::Size { path: path.to_owned(), source });
    }
    let orientation = decoder.orientation().map_err(no_picture)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(no_picture)?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = if picture.color().has_color() {
        picture.to_rgb8().pixels().map(|pixel| luma_of_rgb(pixel.0)).collect()
    } else {
        picture.into_luma8().into_raw()
    };
    OwnedLuma::new(width, height, pixels).map_err(|source| ImageFileError::Size { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::boxed::Box;
    use std::{env, format, fs, process, vec};

    fn in_temp_file(name: &str, test: impl FnOnce(&Path)) {
        let path = env::temp_dir().join(format!("moodbox-image-{}-{name}", process::id()));
        test(&path);
        // Leaves nothing behind, and does not mind where the test wrote nothing.
        let _ = fs::remove_file(&path);
    }

    #[test]
    fn gray_is_kept_and_colour_is_weighted_as_a_cameras() {
        in_temp_file("gray.png", |path| {
            image::GrayImage::from_raw(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap().save(path).unwrap();
            let luma = read_luma(path).unwrap();
            assert_eq!(luma, OwnedLuma::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap());
            assert_eq!(luma.view().row(1), [4, 5, 6]);
        });
        in_temp_file("colour.png", |path| {
            image::RgbImage::from_raw(1, 1, vec![200, 100, 50]).unwrap().save(path).unwrap();
            assert_eq!(read_luma(path).unwrap().pixels(), [luma_of_rgb([200, 100, 50])]);
        });
    }

    #[test]
    fn a_picture_that_is_no_picture_is_refused_in_one_line() {
        let truncated: Box<[u8]> = Box::from(&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..]);
        for (name, bytes) in
            [("text.png", Box::from(&b"hello"[..])), ("empty.png", Box::from(&b""[..])), ("cut.png", truncated)]
        {
            in_temp_file(name, |path| {
                fs::write(path, &bytes).unwrap();
                let error = read_luma(path).unwrap_err();
                assert!(matches!(error, ImageFileError::NoPicture { .. }), "{error}");
                assert!(!format!("{error}").contains('\n'));
            });
        }
        let missing = read_luma(Path::new("/nowhere/face.png")).unwrap_err();
        assert!(matches!(missing, ImageFileError::Unreadable { .. }));
    }
}
