//! Reads PNG and JPEG pictures as 8-bit luma, upright.

use crate::vision::luma::luma_of_rgb;
use crate::vision::{LumaError, LumaImage, shrink};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Seek};
use std::path::Path;
use std::vec;
use std::vec::Vec;
use thiserror::Error;

/// A luma picture that owns its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLuma {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl OwnedLuma {
    /// A picture of `height` rows of `width` pixels, row by row without gaps.
    pub fn new(width: usize, height: usize, mut pixels: Vec<u8>) -> Result<Self, LumaError> {
        LumaImage::new(width, height, width, &pixels)?;
        pixels.truncate(width * height);
        Ok(Self { width, height, pixels })
    }

    /// Pixels a row, at least one.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows, at least one.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `width × height` pixels, row by row without gaps.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture, scaled down by the smallest whole factor that leaves `pixels` at most. What is too long for that is an error.
    pub fn shrunk_to(self, pixels: usize) -> Result<Self, LumaError> {
        let size = |factor: usize| (self.width / factor) * (self.height / factor);
        let factor = (1..=self.width.min(self.height)).find(|&factor| size(factor) <= pixels).unwrap_or(usize::MAX);
        if factor == 1 {
            return Ok(self);
        }
        let mut small = vec![0; pixels];
        let (width, height) = {
            let image = shrink(&self.view(), factor, &mut small)?;
            (image.width(), image.height())
        };
        Self::new(width, height, small)
    }

    /// The picture as the rest of vision reads it.
    pub fn view(&self) -> LumaImage<'_> {
        LumaImage::new(self.width, self.height, self.width, &self.pixels).expect("checked when it was made")
    }
}

/// Why a picture file can't be used. Each message is one line that fits behind `FILE: `.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageFileError {
    /// The file can't be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A file of no bytes.
    #[error("the file is empty: copy it again")]
    EmptyFile,
    /// Neither PNG nor JPEG, whatever its name says.
    #[error("this is neither a PNG nor a JPEG picture: convert it to one of them")]
    NotAPicture,
    /// A PNG or JPEG that breaks off or contradicts itself.
    #[error("the picture is damaged or cut off: copy it again")]
    Damaged,
    /// A kind of PNG or JPEG that isn't read.
    #[error("this kind of PNG or JPEG is not supported: convert it to 8-bit gray or RGB")]
    Unsupported,
    /// A side that is too long, or of zero.
    #[error("the picture has {width}×{height} pixels: sides from 1 to {} are read", LumaImage::MAX_SIDE)]
    TooLarge {
        /// Pixels a row.
        width: u32,
        /// Rows.
        height: u32,
    },
}

/// Reads a picture by what it holds, not by its name, turns it as its EXIF data say and takes its luma.
///
/// Gray pictures are taken as they are; colour is weighted as [`luma_of_rgb`] does; transparency is ignored.
pub fn read_luma(path: &Path) -> Result<OwnedLuma, ImageFileError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() && metadata.len() == 0 {
        return Err(ImageFileError::EmptyFile);
    }
    decode(BufReader::new(File::open(path)?))
}

/// Reads a picture from memory as [`read_luma`] does from a file.
pub fn read_luma_bytes(bytes: &[u8]) -> Result<OwnedLuma, ImageFileError> {
    if bytes.is_empty() {
        return Err(ImageFileError::EmptyFile);
    }
    decode(Cursor::new(bytes))
}

fn decode(source: impl BufRead + Seek) -> Result<OwnedLuma, ImageFileError> {
    let reader = ImageReader::new(source).with_guessed_format()?;
    if reader.format().is_none_or(|format| !format.reading_enabled()) {
        return Err(ImageFileError::NotAPicture);
    }
    let mut decoder = reader.into_decoder().map_err(from_image)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) as usize > LumaImage::MAX_SIDE {
        return Err(ImageFileError::TooLarge { width, height });
    }
    // Broken EXIF data don't make a picture unreadable.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(from_image)?;
    picture.apply_orientation(orientation);
    to_luma(picture).map_err(|_| ImageFileError::TooLarge { width, height })
}

fn to_luma(picture: DynamicImage) -> Result<OwnedLuma, LumaError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = if picture.color().has_color() {
        picture.into_rgb8().pixels().map(|pixel| luma_of_rgb(pixel.0)).collect()
    } else {
        picture.into_luma8().into_raw()
    };
    OwnedLuma::new(width, height, pixels)
}

fn from_image(error: ImageError) -> ImageFileError {
    match error {
        // A decoder reports a file that ends too early as an error of reading.
        ImageError::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => ImageFileError::Io(error),
        ImageError::Unsupported(_) | ImageError::Limits(_) => ImageFileError::Unsupported,
        _ => ImageFileError::Damaged,
    }
}
