//! Where pictures come from: a trait, and one file for each kind of camera.
//!
//! A camera does not come back to life by itself: after an error it is dropped, and a [`CameraOpener`] is asked for a new one.

mod faulty;
mod mjpeg_file;
pub mod node;
pub mod offer;
pub mod replay;
pub mod upright;
#[cfg(feature = "v4l")]
pub mod v4l;
pub mod watch;
mod y4m;

pub use faulty::{FaultyCamera, faulty_opener};
pub use upright::Upright;
pub use watch::PictureWatch;

use crate::clock::RealClock;
use crate::config::{CameraSettings, CameraSource};
use moodbox_shared::link::Capabilities;
use moodbox_shared::media::{ImageFileError, MjpegError};
use moodbox_shared::vision::{LumaError, RawFrame};
use std::path::PathBuf;
use thiserror::Error;

/// Something that gives one picture after the other.
pub trait Camera: Send {
    /// When to ask for the next frame, in microseconds since the start; `None` when there are no more. A device is asked at once, 0, and
    /// lets the caller wait.
    fn due_us(&self) -> Option<u64>;

    /// The next frame. A device waits for it, half a second at most, and gives `None` where it has to be asked again: there was none yet,
    /// it was damaged, or a newer one has come meanwhile. After an error a device is dropped and opened again; a file may be asked for its
    /// next frame at [`Camera::due_us`].
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError>;
}

impl<C: Camera + ?Sized> Camera for Box<C> {
    fn due_us(&self) -> Option<u64> {
        (**self).due_us()
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        (**self).next_frame()
    }
}

/// A picture and its time.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was taken, in microseconds since the start.
    pub time_us: u64,
    /// What the camera wrote.
    pub raw: RawFrame<'a>,
}

/// Why there are no pictures.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CameraError {
    /// The path leads nowhere, or may not be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that should be a picture.
    #[error("cannot read {path}: {source}")]
    Picture {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ImageFileError,
    },
    /// A folder without a single picture.
    #[error("{path} holds no pictures: PNG and JPEG files are looked for")]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// A video that is not as Y4M should be.
    #[error("cannot read {path}: {reason}")]
    Video {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A frame that contradicts itself.
    #[error("a frame of the camera makes no sense: {0}")]
    Frame(#[from] LumaError),
    /// A JPEG frame that is none.
    #[error("a frame of the camera can't be seen: {0}")]
    Jpeg(#[from] MjpegError),
    /// The device does not answer, or not any more.
    #[error("camera {device}: {reason}")]
    Device {
        /// As it was asked for.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// This binary can't open such a device.
    #[error("camera {device} needs a build with the feature `v4l`: cargo build --features v4l")]
    NotBuiltIn {
        /// As it was asked for.
        device: String,
    },
}

/// Opens a camera, again and again: whoever drops one after an error asks for the next here. A device that is away fails, and may be asked
/// for later.
pub type CameraOpener = Box<dyn FnMut() -> Result<Box<dyn Camera>, CameraError> + Send>;

/// How to open what was asked for; `None` for no camera.
///
/// A file is opened at once, so that a path that leads nowhere is an error here, and so is a device that this binary can't open at all. A
/// device is first opened when the opener is called.
///
/// * `sound_us`: how long the replayed sound lasts, 0 without one
/// * `clock`: dates the frames of a device
#[cfg_attr(not(feature = "v4l"), allow(unused_variables, reason = "files bring their own time"))]
pub fn opener(settings: &CameraSettings, sound_us: u64, clock: RealClock) -> Result<Option<CameraOpener>, CameraError> {
    let mut open: CameraOpener = match &settings.source {
        CameraSource::None => return Ok(None),
        CameraSource::File(path) => {
            let path = path.clone();
            let mut opened = Some(replay::open(&path, sound_us)?);
            Box::new(move || opened.take().map_or_else(|| replay::open(&path, sound_us), Ok))
        }
        #[cfg(feature = "v4l")]
        CameraSource::Device(device) => v4l::opener(device, settings, clock),
        #[cfg(not(feature = "v4l"))]
        CameraSource::Device(device) => return Err(CameraError::NotBuiltIn { device: device.clone() }),
    };
    Ok(Some(match upright::orientation(settings) {
        Some(orientation) => Box::new(move || Ok(Box::new(Upright::new(open()?, orientation)))),
        None => open,
    }))
}

/// What a camera adds to the capabilities of the box.
pub fn capabilities(source: &CameraSource) -> Capabilities {
    match source {
        CameraSource::None => Capabilities::default(),
        CameraSource::File(_) => Capabilities::CAMERA.union(Capabilities::REPLAY),
        CameraSource::Device(_) => Capabilities::CAMERA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rotation;

    #[test]
    fn a_file_is_played_anew_each_time_it_is_opened_and_turned_where_asked() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("picture.png");
        image::GrayImage::from_raw(2, 1, vec![10, 90]).unwrap().save(&path).unwrap();
        let source = CameraSource::File(path.clone());
        let settings = CameraSettings { source, rotation: Rotation::Half, ..CameraSettings::default() };
        let mut open = opener(&settings, 0, RealClock::start()).unwrap().unwrap();
        for _ in 0..2 {
            let mut camera = open().unwrap();
            let frame = camera.next_frame().unwrap().unwrap();
            assert_eq!((frame.time_us, frame.raw.bytes), (0, &[90, 10][..]));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(open().is_err(), "it may be gone later");
        assert!(opener(&settings, 0, RealClock::start()).is_err(), "but not from the beginning");
    }

    #[test]
    fn a_device_is_asked_for_only_when_it_is_opened() {
        let source = CameraSource::Device("/dev/video4096".into());
        let opener = opener(&CameraSettings { source, ..CameraSettings::default() }, 0, RealClock::start());
        if cfg!(feature = "v4l") {
            assert!(opener.unwrap().unwrap()().is_err());
        } else {
            assert!(matches!(opener, Err(CameraError::NotBuiltIn { .. })));
        }
    }
}
