//! From the frame that a camera hands out, in whatever format, to the 8-bit luma picture that all of vision reads.
//!
//! What comes in is a [`RawFrame`], bytes that claim to be a picture; what goes out is a [`LumaImage`], whose claims have been checked.

use thiserror::Error;

/// A borrowed 8-bit gray picture.
///
/// Row `y` is `pixels[y * stride..][..width]`; both sides are at least one pixel, and the last row is complete: checked when it is made.
#[derive(Clone, Copy, Debug)]
pub struct LumaImage<'a> {
    width: usize,
    height: usize,
    stride: usize,
    pixels: &'a [u8],
}

/// Why bytes are no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LumaError {
    /// A side of zero, or above [`LumaImage::MAX_SIDE`].
    #[error("a picture of {width}×{height} pixels: sides from 1 to {} are possible", LumaImage::MAX_SIDE)]
    Size {
        /// Pixels a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Rows that overlap.
    #[error("a stride of {stride} bytes is shorter than a row of {row_bytes}")]
    Stride {
        /// Bytes from row to row.
        stride: usize,
        /// Bytes in a row.
        row_bytes: usize,
    },
    /// Fewer bytes than the size says.
    #[error("the frame holds {available} bytes where its size needs {needed}")]
    TooShort {
        /// Bytes there.
        available: usize,
        /// Bytes that the size asks for.
        needed: usize,
    },
    /// The receiving buffer is too small.
    #[error("the luma buffer holds {available} pixels where the frame has {needed}")]
    Buffer {
        /// Pixels that fit.
        available: usize,
        /// Pixels in the frame.
        needed: usize,
    },
}

impl<'a> LumaImage<'a> {
    /// Longest side of a picture, in pixels.
    pub const MAX_SIDE: usize = 16_384;

    /// A picture in `pixels`, `stride` bytes from row to row.
    pub fn new(width: usize, height: usize, stride: usize, pixels: &'a [u8]) -> Result<Self, LumaError> {
        check_plane(width, height, stride, width, pixels.len())?;
        Ok(Self { width, height, stride, pixels })
    }

    /// Pixels a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Row `y`, `width` pixels; the last row where `y` lies below it.
    pub fn row(&self, y: usize) -> &'a [u8] {
        let start = y.min(self.height - 1) * self.stride;
        &self.pixels[start..start + self.width]
    }
}

/// Pixels of the largest frame that the box takes, full HD: the size of a luma buffer that holds every frame.
pub const MAX_FRAME_PIXELS: usize = 1920 * 1080;

/// How a camera packs its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PixelFormat {
    /// One byte a pixel: luma.
    Grey,
    /// `Y0 U Y1 V`: two bytes a pixel.
    Yuyv,
    /// `U Y0 V Y1`: two bytes a pixel.
    Uyvy,
    /// A plane of luma, then one of colour at half the resolution, which is not read.
    Nv12,
    /// `R G B`: three bytes a pixel.
    Rgb24,
}

impl PixelFormat {
    /// Bytes of one row of `width` pixels, as far as luma is concerned.
    pub const fn row_bytes(self, width: usize) -> usize {
        match self {
            Self::Grey | Self::Nv12 => width,
            Self::Yuyv | Self::Uyvy => width.saturating_mul(2),
            Self::Rgb24 => width.saturating_mul(3),
        }
    }
}

/// A camera's frame as it came: nothing of it has been checked.
///
/// Row `y` begins at `bytes[y * stride]`. What is left of `bytes` behind the last row (padding, planes of colour) is not read.
#[derive(Clone, Copy, Debug)]
pub struct RawFrame<'a> {
    /// How the pixels are packed.
    pub format: PixelFormat,
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from row to row.
    pub stride: usize,
    /// What the camera wrote.
    pub bytes: &'a [u8],
}

impl RawFrame<'_> {
    /// The frame's luma: seen where it lies in formats that begin with a plane of it, whatever their size, else brought to `buffer` as
    /// [`RawFrame::to_luma`] does.
    pub fn luma<'a>(&'a self, buffer: &'a mut [u8]) -> Result<LumaImage<'a>, LumaError> {
        match self.format {
            PixelFormat::Grey | PixelFormat::Nv12 => LumaImage::new(self.width, self.height, self.stride, self.bytes),
            _ => self.to_luma(buffer),
        }
    }

    /// Writes the frame's luma to the front of `luma`, without gaps, and lends it as a picture.
    ///
    /// Luma of YUV formats is taken as it is; RGB is weighted as [`luma_of_rgb`] does. A frame that contradicts itself, or is larger than
    /// `luma`, is an error. A buffer of [`MAX_FRAME_PIXELS`] takes all frames up to full HD.
    pub fn to_luma<'a>(&self, luma: &'a mut [u8]) -> Result<LumaImage<'a>, LumaError> {
        let Self { format, width, height, stride, bytes } = *self;
        let row_bytes = format.row_bytes(width);
        check_plane(width, height, stride, row_bytes, bytes.len())?;
        let needed = width * height;
        let available = luma.len();
        let Some(target) = luma.get_mut(..needed) else {
            return Err(LumaError::Buffer { available, needed });
        };
        for (row, source) in target.chunks_exact_mut(width).zip(bytes.chunks(stride)) {
            let source = &source[..row_bytes];
            match format {
                PixelFormat::Grey | PixelFormat::Nv12 => row.copy_from_slice(source),
                // Words instead of bytes, from which compilers make vector code.
                PixelFormat::Yuyv => take_each(row, source, |&pair: &[u8; 2]| u16::from_le_bytes(pair) as u8),
                PixelFormat::Uyvy => take_each(row, source, |&pair: &[u8; 2]| (u16::from_le_bytes(pair) >> 8) as u8),
                PixelFormat::Rgb24 => take_each(row, source, |&rgb: &[u8; 3]| luma_of_rgb(rgb)),
            }
        }
        LumaImage::new(width, height, width, &luma[..needed])
    }
}

impl<'a> From<LumaImage<'a>> for RawFrame<'a> {
    fn from(image: LumaImage<'a>) -> Self {
        let LumaImage { width, height, stride, pixels } = image;
        Self { format: PixelFormat::Grey, width, height, stride, bytes: pixels }
    }
}

/// Luma of one pixel as ITU-R BT.601 weights it: `(77·R + 150·G + 29·B + 128) / 256`.
pub fn luma_of_rgb([red, green, blue]: [u8; 3]) -> u8 {
    ((77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue) + 128) >> 8) as u8
}

fn take_each<const N: usize>(row: &mut [u8], source: &[u8], luma: impl Fn(&[u8; N]) -> u8) {
    for (target, pixel) in row.iter_mut().zip(source.as_chunks().0) {
        *target = luma(pixel);
    }
}

fn check_plane(
    width: usize,
    height: usize,
    stride: usize,
    row_bytes: usize,
    available: usize,
) -> Result<(), LumaError> {
    let sides = 1..=LumaImage::MAX_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(LumaError::Size { width, height });
    }
    if stride < row_bytes {
        return Err(LumaError::Stride { stride, row_bytes });
    }
    let needed = stride.saturating_mul(height - 1).saturating_add(row_bytes);
    if available < needed {
        return Err(LumaError::TooShort { available, needed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_yields_the_luma_that_it_carries() {
        let mut luma = [0; 4];
        let cases: [(PixelFormat, usize, &[u8]); 4] = [
            (PixelFormat::Grey, 3, &[1, 2, 9, 3, 4]),
            (PixelFormat::Yuyv, 4, &[1, 128, 2, 128, 3, 128, 4, 128]),
            (PixelFormat::Uyvy, 5, &[128, 1, 128, 2, 0, 128, 3, 128, 4]),
            (PixelFormat::Rgb24, 6, &[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]),
        ];
        for (format, stride, bytes) in cases {
            let image = RawFrame { format, width: 2, height: 2, stride, bytes }.to_luma(&mut luma).unwrap();
            assert_eq!((image.row(0), image.row(1)), (&[1, 2][..], &[3, 4][..]), "{format:?}");
        }
    }

    #[test]
    fn white_and_black_keep_their_ends() {
        assert_eq!(luma_of_rgb([255; 3]), 255);
        assert_eq!(luma_of_rgb([0; 3]), 0);
    }

    #[test]
    fn a_frame_shorter_than_its_size_is_refused() {
        assert_eq!(LumaImage::new(4, 4, 4, &[0; 15]).unwrap_err(), LumaError::TooShort { available: 15, needed: 16 });
        assert!(matches!(LumaImage::new(0, 4, 4, &[]), Err(LumaError::Size { .. })));
        assert!(matches!(LumaImage::new(4, 4, 3, &[0; 64]), Err(LumaError::Stride { .. })));
        let frame = RawFrame { format: PixelFormat::Yuyv, width: 2, height: 2, stride: 4, bytes: &[0; 8] };
        assert_eq!(frame.to_luma(&mut [0; 3]).unwrap_err(), LumaError::Buffer { available: 3, needed: 4 });
        assert_eq!(frame.to_luma(&mut [0; 9]).unwrap().row(1).len(), 2, "a buffer may be larger");
    }

    #[test]
    fn absurd_frames_are_refused() {
        let good = RawFrame { format: PixelFormat::Rgb24, width: 2, height: 2, stride: 6, bytes: &[0; 12] };
        let mut luma = [0; 64];
        assert!(good.to_luma(&mut luma).is_ok());
        for stride in [0, 5, 7, usize::MAX] {
            assert!(RawFrame { stride, ..good }.to_luma(&mut luma).is_err(), "stride {stride}");
        }
        for side in [0, 3, LumaImage::MAX_SIDE + 1, usize::MAX] {
            assert!(RawFrame { width: side, stride: usize::MAX, ..good }.to_luma(&mut luma).is_err(), "{side} wide");
            assert!(RawFrame { height: side, ..good }.to_luma(&mut luma).is_err(), "{side} high");
        }
        assert!(RawFrame { bytes: &[], ..good }.to_luma(&mut luma).is_err());
    }

    #[test]
    fn a_picture_with_gaps_comes_back_without() {
        let image = LumaImage::new(2, 2, 3, &[1, 2, 9, 3, 4]).unwrap();
        let mut luma = [0; 4];
        assert_eq!(RawFrame::from(image).to_luma(&mut luma).unwrap().row(1), [3, 4]);
        assert_eq!(luma, [1, 2, 3, 4]);
    }
}
