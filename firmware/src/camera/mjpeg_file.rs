//! Plays a Motion JPEG file: JPEG frames, one behind the other, as a USB camera sends them.

use super::replay::{FRAMES_PER_SECOND, frame_time_us};
use super::{Camera, CameraError, Frame};
use moodbox_shared::media::MjpegDecoder;
use moodbox_shared::media::mjpeg::next_frame;
use std::path::Path;

/// The frames of a file, 30 a second.
pub struct MjpegCamera {
    /// What has not been shown yet begins at `offset`.
    bytes: Vec<u8>,
    offset: usize,
    decoder: MjpegDecoder,
    shown: u64,
}

impl MjpegCamera {
    /// Whether the file is called what Motion JPEG is called: it begins as a single picture does.
    pub fn recognises(path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        ["mjpeg", "mjpg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    }

    /// Reads the file.
    pub fn open(path: &Path) -> Result<Self, CameraError> {
        let bytes = std::fs::read(path).map_err(|source| CameraError::Io { path: path.to_path_buf(), source })?;
        if next_frame(&bytes).is_none() {
            return Err(CameraError::Video { path: path.to_path_buf(), reason: "the video has no JPEG frames" });
        }
        Ok(Self { bytes, offset: 0, decoder: MjpegDecoder::default(), shown: 0 })
    }
}

impl Camera for MjpegCamera {
    fn due_us(&self) -> Option<u64> {
        next_frame(&self.bytes[self.offset..]).map(|_| frame_time_us(self.shown, FRAMES_PER_SECOND, 1))
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let rest = &self.bytes[self.offset..];
        let Some(range) = next_frame(rest) else { return Ok(None) };
        self.offset += range.end;
        let time_us = frame_time_us(self.shown, FRAMES_PER_SECOND, 1);
        self.shown += 1;
        let raw = self.decoder.decode(&rest[range])?;
        Ok(Some(Frame { time_us, raw }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    fn jpeg(grey: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes).write_image(&[grey; 16 * 8], 16, 8, ExtendedColorType::L8).unwrap();
        bytes
    }

    #[test]
    fn a_broken_frame_is_an_error_and_the_next_one_is_seen_in_its_time() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("film.MJPG");
        let mut broken = jpeg(50);
        broken[2..20].fill(0);
        std::fs::write(&path, [jpeg(200), vec![0; 9], broken, b"garbage".to_vec(), jpeg(90)].concat()).unwrap();
        assert!(MjpegCamera::recognises(&path));
        let mut camera = MjpegCamera::open(&path).unwrap();
        let mut shown = Vec::new();
        while let Some(due_us) = camera.due_us() {
            match camera.next_frame() {
                Ok(frame) => {
                    let frame = frame.unwrap();
                    assert_eq!(frame.time_us, due_us);
                    shown.push((due_us, frame.raw.bytes[0]));
                }
                Err(error) => assert!(matches!(error, CameraError::Jpeg(_)), "{error}"),
            }
        }
        assert_eq!(shown, [(0, 200), (66_666, 90)]);
    }

    #[test]
    fn a_file_without_frames_is_refused() {
        let file = tempfile::Builder::new().suffix(".mjpeg").tempfile().unwrap();
        assert!(matches!(MjpegCamera::open(file.path()), Err(CameraError::Video { .. })));
    }
}
