//! Motion JPEG: one frame as a camera compresses it becomes luma.
//!
//! What comes in are the bytes of one JPEG, which may lack the Huffman tables, as those of many USB cameras do; what goes out is a grey
//! [`RawFrame`]. The decoder (`zune-jpeg`) allocates for every frame, and so this is the last format that a camera is asked for.

use crate::vision::{MAX_FRAME_PIXELS, PixelFormat, RawFrame};
use core::ops::Range;
use std::vec::Vec;
use thiserror::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Why a frame can't be decoded; the next one may be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MjpegError {
    /// Something else than a JPEG.
    #[error("a frame of {bytes} bytes is no JPEG")]
    NotJpeg {
        /// Bytes that came.
        bytes: usize,
    },
    /// The frame ends before its end mark.
    #[error("a JPEG frame breaks off after {bytes} bytes")]
    CutOff {
        /// Bytes that came.
        bytes: usize,
    },
    /// A header or the compressed data contradict themselves, or are of a kind that no camera sends.
    #[error("a JPEG frame is damaged")]
    Damaged,
    /// More pixels than [`MAX_FRAME_PIXELS`], or none.
    #[error("a JPEG frame of {width}×{height} pixels: from 1 to {MAX_FRAME_PIXELS} pixels are read")]
    Size {
        /// Pixels a row.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// The first two bytes of every JPEG.
const START: [u8; 2] = [0xFF, 0xD8];

/// The last two.
const END: [u8; 2] = [0xFF, 0xD9];

/// Marker of Huffman tables.
const HUFFMAN_TABLES: u8 = 0xC4;

/// Marker before the compressed data.
const SCAN: u8 = 0xDA;

/// An application segment that says "Motion JPEG", at which the decoder takes the standard's own Huffman tables (ITU-T T.81, annex K.3).
const MOTION_JPEG: [u8; 18] = *b"\xFF\xE0\x00\x10AVI1\0\0\0\0\0\0\0\0\0\0";

/// Decodes frame after frame, and keeps the memory of the last one for the next.
#[derive(Clone, Debug, Default)]
pub struct MjpegDecoder {
    /// The frame with what it lacked.
    completed: Vec<u8>,
    luma: Vec<u8>,
}

impl MjpegDecoder {
    /// Luma of one frame. What follows its end mark, padding of the driver, is passed over.
    ///
    /// A frame that is damaged may look so instead of being refused: JPEG has no checksum.
    pub fn decode(&mut self, frame: &[u8]) -> Result<RawFrame<'_>, MjpegError> {
        let bytes = frame.len();
        let header = Header::read(frame)?;
        if position(&frame[header.scan_offset..], END).is_none() {
            return Err(MjpegError::CutOff { bytes });
        }
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(ColorSpace::Luma)
            .set_max_width(MAX_FRAME_PIXELS)
            .set_max_height(MAX_FRAME_PIXELS);
        let frame = if header.has_huffman_tables {
            frame
        } else {
            self.completed.clear();
            self.completed.extend_from_slice(&START);
            self.completed.extend_from_slice(&MOTION_JPEG);
            self.completed.extend_from_slice(&frame[START.len()..]);
            &self.completed
        };
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(frame), options);
        decoder.decode_headers().map_err(from_zune)?;
        let (width, height) = decoder.dimensions().ok_or(MjpegError::Damaged)?;
        let pixels = width.saturating_mul(height);
        if !(1..=MAX_FRAME_PIXELS).contains(&pixels) {
            return Err(MjpegError::Size { width, height });
        }
        self.luma.resize(pixels, 0);
        decoder.decode_into(&mut self.luma).map_err(from_zune)?;
        Ok(RawFrame { format: PixelFormat::Grey, width, height, stride: width, bytes: &self.luma })
    }
}

/// Where in `bytes` the next frame lies: from its start mark to its end mark, or to the end of `bytes` where that is missing; `None`
/// where no frame begins.
pub fn next_frame(bytes: &[u8]) -> Option<Range<usize>> {
    let start = position(bytes, START)?;
    let frame = &bytes[start..];
    // The end mark can't occur in compressed data, but in a thumbnail before it.
    let data = Header::read(frame).map_or(START.len(), |header| header.scan_offset);
    let end = position(&frame[data..], END).map_or(frame.len(), |end| data + end + END.len());
    Some(start..start + end)
}

fn position(bytes: &[u8], mark: [u8; 2]) -> Option<usize> {
    bytes.array_windows().position(|window| *window == mark)
}

/// What a frame says before its compressed data.
struct Header {
    has_huffman_tables: bool,
    /// Where the segment begins that ends with the compressed data.
    scan_offset: usize,
}

impl Header {
    fn read(frame: &[u8]) -> Result<Self, MjpegError> {
        let bytes = frame.len();
        if !frame.starts_with(&START) {
            return Err(MjpegError::NotJpeg { bytes });
        }
        let mut has_huffman_tables = false;
        let mut offset = START.len();
        loop {
            let Some(&[mark, marker]) = frame.get(offset..).and_then(<[u8]>::first_chunk) else {
                return Err(MjpegError::CutOff { bytes });
            };
            match (mark, marker) {
                (0xFF, SCAN) => return Ok(Self { has_huffman_tables, scan_offset: offset }),
                // A marker may stand after any number of these.
                (0xFF, 0xFF) => {
                    offset += 1;
                    continue;
                }
                (0xFF, HUFFMAN_TABLES) => has_huffman_tables = true,
                (0xFF, _) => {}
                _ => return Err(MjpegError::Damaged),
            }
            let Some(&length) = frame.get(offset + 2..).and_then(<[u8]>::first_chunk) else {
                return Err(MjpegError::CutOff { bytes });
            };
            offset += 2 + usize::from(u16::from_be_bytes(length));
        }
    }
}

fn from_zune(error: DecodeErrors) -> MjpegError {
    match error {
        DecodeErrors::LargeDimensions(side) => MjpegError::Size { width: side, height: side },
        _ => MjpegError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    /// A soft picture with a different grey in each corner, of 37×21 pixels, in colour.
    fn jpeg() -> Vec<u8> {
        let pixels: Vec<u8> =
            (0..37 * 21).flat_map(|index| [(index % 37 * 5) as u8, (index / 37 * 9) as u8, 90]).collect();
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95).write_image(&pixels, 37, 21, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    /// The frame without its segments of Huffman tables.
    fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let mut bytes = START.to_vec();
        let mut offset = START.len();
        while jpeg[offset + 1] != SCAN {
            let length = 2 + usize::from(u16::from_be_bytes([jpeg[offset + 2], jpeg[offset + 3]]));
            if jpeg[offset + 1] != HUFFMAN_TABLES {
                bytes.extend_from_slice(&jpeg[offset..offset + length]);
            }
            offset += length;
        }
        bytes.extend_from_slice(&jpeg[offset..]);
        bytes
    }

    #[test]
    fn a_frame_without_huffman_tables_is_the_same_picture() {
        let whole = jpeg();
        let bare = without_tables(&whole);
        assert!(bare.len() + 400 < whole.len(), "the tables are gone");
        let mut decoder = MjpegDecoder::default();
        let expected = decoder.decode(&whole).unwrap().bytes.to_vec();
        let frame = decoder.decode(&bare).unwrap();
        assert_eq!((frame.width, frame.height, frame.bytes), (37, 21, &expected[..]));
    }

    #[test]
    fn padding_and_stray_bytes_do_no_harm() {
        let whole = jpeg();
        let mut decoder = MjpegDecoder::default();
        let expected = decoder.decode(&whole).unwrap().bytes.to_vec();
        let padded = [&whole[..], &[0; 1000]].concat();
        assert_eq!(decoder.decode(&padded).unwrap().bytes, expected);
        let stray = [&whole[..whole.len() - 2], &[0, 0], &END].concat();
        assert_eq!(decoder.decode(&stray).unwrap().bytes, expected);
        let filled = [&START[..], &[0xFF; 3], &whole[2..]].concat();
        assert_eq!(decoder.decode(&filled).unwrap().bytes, expected);
    }

    #[test]
    fn frames_in_a_row_are_told_apart_and_garbage_between_them_is_passed_over() {
        let whole = jpeg();
        let row = [b"??", &whole[..], b"garbage", &whole[..], &whole[..whole.len() - 1]].concat();
        let mut rest = &row[..];
        let mut lengths = Vec::new();
        while let Some(range) = next_frame(rest) {
            lengths.push(range.len());
            rest = &rest[range.end..];
        }
        assert_eq!(lengths, [whole.len(), whole.len(), whole.len() - 1]);
    }

    #[test]
    fn a_frame_that_breaks_off_anywhere_is_an_error_and_the_next_one_is_seen() {
        let whole = jpeg();
        let mut decoder = MjpegDecoder::default();
        for length in 0..whole.len() {
            assert!(decoder.decode(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
        assert!(decoder.decode(&whole).is_ok());
    }

    #[test]
    fn garbage_never_panics() {
        let whole = jpeg();
        let mut decoder = MjpegDecoder::default();
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize
        };
        for _ in 0..3_000 {
            let mut broken = whole.clone();
            for _ in 0..1 + random() % 8 {
                let place = random() % broken.len();
                broken[place] = random() as u8;
            }
            if let Ok(frame) = decoder.decode(&broken) {
                assert_eq!(frame.bytes.len(), frame.width * frame.height);
            }
        }
        assert_eq!(decoder.decode(b"GIF89a").unwrap_err(), MjpegError::NotJpeg { bytes: 6 });
    }

    #[test]
    fn a_frame_beyond_full_hd_is_refused_before_it_is_decoded() {
        let mut large = jpeg();
        let frame_header = large.array_windows().position(|window| matches!(window, [0xFF, 0xC0])).unwrap();
        large[frame_header + 5..frame_header + 9].copy_from_slice(&[0x20, 0, 0x20, 0]);
        let refused = MjpegDecoder::default().decode(&large).unwrap_err();
        assert_eq!(refused, MjpegError::Size { width: 0x2000, height: 0x2000 });
    }
}
