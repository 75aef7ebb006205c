//! Plays files as if a camera saw them: a picture, a folder of pictures, or a video as Y4M or Motion JPEG.

use super::mjpeg_file::MjpegCamera;
use super::y4m::Y4mCamera;
use super::{Camera, CameraError, Frame};
use moodbox_shared::media::{OwnedLuma, read_luma};
use moodbox_shared::vision::MAX_FRAME_PIXELS;
use std::path::{Path, PathBuf};

/// Pictures a second, where the file does not say otherwise.
pub const FRAMES_PER_SECOND: u64 = 30;

/// How long a single picture is shown without sound beside it, in microseconds.
const STILL_US: u64 = 1_000_000;

/// Time of frame `index` at `numerator / denominator` frames a second, in microseconds.
pub fn frame_time_us(index: u64, numerator: u64, denominator: u64) -> u64 {
    let time = u128::from(index) * 1_000_000 * u128::from(denominator) / u128::from(numerator);
    u64::try_from(time).unwrap_or(u64::MAX)
}

/// Opens a picture, a folder of pictures or a video.
///
/// A single picture stands before the camera for a second, or as long as the sound beside it lasts.
pub fn open(path: &Path, sound_us: u64) -> Result<Box<dyn Camera>, CameraError> {
    let io = |source| CameraError::Io { path: path.to_path_buf(), source };
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(Box::new(FolderCamera::open(path)?));
    }
    if Y4mCamera::recognises(path).map_err(io)? {
        return Ok(Box::new(Y4mCamera::open(path)?));
    }
    if MjpegCamera::recognises(path) {
        return Ok(Box::new(MjpegCamera::open(path)?));
    }
    let picture = read_picture(path)?;
    let frames = (sound_us.max(STILL_US) * FRAMES_PER_SECOND).div_ceil(1_000_000);
    Ok(Box::new(StillCamera { picture, frames, shown: 0 }))
}

/// Reads a picture, and scales it down where a camera's frame could not be that large.
fn read_picture(path: &Path) -> Result<OwnedLuma, CameraError> {
    let picture = read_luma(path).map_err(|source| CameraError::Picture { path: path.to_path_buf(), source })?;
    Ok(picture.shrunk_to(MAX_FRAME_PIXELS)?)
}

/// One picture, again and again.
pub struct StillCamera {
    picture: OwnedLuma,
    frames: u64,
    shown: u64,
}

impl StillCamera {
    /// Shows `picture` for `frames` frames.
    pub fn new(picture: OwnedLuma, frames: u64) -> Self {
        Self { picture, frames, shown: 0 }
    }
}

impl Camera for StillCamera {
    fn due_us(&self) -> Option<u64> {
        (self.shown < self.frames).then(|| frame_time_us(self.shown, FRAMES_PER_SECOND, 1))
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let time_us = frame_time_us(self.shown, FRAMES_PER_SECOND, 1);
        self.shown += 1;
        Ok(Some(Frame { time_us, raw: self.picture.view().into() }))
    }
}

/// The pictures of a folder, in the order of their names.
pub struct FolderCamera {
    paths: Vec<PathBuf>,
    shown: usize,
    picture: OwnedLuma,
}

impl FolderCamera {
    fn open(folder: &Path) -> Result<Self, CameraError> {
        let io = |source| CameraError::Io { path: folder.to_path_buf(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
                paths.push(path);
            }
        }
        paths.sort();
        let Some(first) = paths.first() else {
            return Err(CameraError::NoPictures { path: folder.to_path_buf() });
        };
        let picture = read_picture(first)?;
        Ok(Self { paths, shown: 0, picture })
    }
}

impl Camera for FolderCamera {
    fn due_us(&self) -> Option<u64> {
        (self.shown < self.paths.len()).then(|| frame_time_us(self.shown as u64, FRAMES_PER_SECOND, 1))
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let time_us = frame_time_us(self.shown as u64, FRAMES_PER_SECOND, 1);
        let Some(path) = self.paths.get(self.shown) else {
            return Ok(None);
        };
        self.shown += 1;
        self.picture = read_picture(path)?;
        Ok(Some(Frame { time_us, raw: self.picture.view().into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_frames_make_a_second() {
        assert_eq!(frame_time_us(30, 30, 1), 1_000_000);
        assert_eq!(frame_time_us(1, 30_000, 1_001), 33_366);
    }

    #[test]
    fn a_still_lasts_a_second_or_as_long_as_the_sound() {
        let picture = OwnedLuma::new(1, 1, vec![7]).unwrap();
        let mut camera = StillCamera::new(picture, 2);
        for time_us in [0, 33_333] {
            assert_eq!(camera.due_us(), Some(time_us));
            assert_eq!(camera.next_frame().unwrap().map(|frame| frame.time_us), Some(time_us));
        }
        assert_eq!(camera.due_us(), None);
    }
}
