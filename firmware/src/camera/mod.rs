//! Where pictures come from: a trait, and one file for each kind of camera.

mod mjpeg_file;
pub mod replay;
#[cfg(feature = "v4l")]
pub mod v4l;
mod y4m;

use crate::clock::RealClock;
use crate::config::{CameraSettings, CameraSource};
use moodbox_shared::link::Capabilities;
use moodbox_shared::media::{ImageFileError, MjpegError};
use moodbox_shared::vision::{LumaError, RawFrame};
use std::path::PathBuf;
use thiserror::Error;

/// Something that gives one picture after the other.
pub trait Camera: Send {
    /// When to ask for the next frame, in microseconds since the start; `None` when there are no more.
    fn due_us(&self) -> Option<u64>;

    /// The next frame; `None` where a device has none yet. After an error the camera may be asked again at [`Camera::due_us`].
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError>;
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
    match &settings.source {
        CameraSource::None => Ok(None),
        CameraSource::File(path) => {
            let path = path.clone();
            let mut opened = Some(replay::open(&path, sound_us)?);
            Ok(Some(Box::new(move || opened.take().map_or_else(|| replay::open(&path, sound_us), Ok))))
        }
        #[cfg(feature = "v4l")]
        CameraSource::Device(device) => {
            let device = device.clone();
            Ok(Some(Box::new(move || Ok(Box::new(v4l::V4lCamera::open(&device, clock)?)))))
        }
        #[cfg(not(feature = "v4l"))]
        CameraSource::Device(device) => Err(CameraError::NotBuiltIn { device: device.clone() }),
    }
}

/// Opens what was asked for, once; `None` for no camera.
pub fn open(source: &CameraSource, sound_us: u64, clock: RealClock) -> Result<Option<Box<dyn Camera>>, CameraError> {
    let settings = CameraSettings { source: source.clone(), ..CameraSettings::default() };
    opener(&settings, sound_us, clock)?.map(|mut open| open()).transpose()
}

/// What a camera adds to the capabilities of the box.
pub fn capabilities(source: &CameraSource) -> Capabilities {
    match source {
        CameraSource::None => Capabilities::default(),
        CameraSource::File(_) => Capabilities::CAMERA.union(Capabilities::REPLAY),
        CameraSource::Device(_) => Capabilities::CAMERA,
    }
}

/// A camera that fails on purpose, for tests: gives its frames, and an error at each of the given places.
#[derive(Debug)]
pub struct FaultyCamera<C> {
    inner: C,
    asked: u64,
    fails_at: std::ops::Range<u64>,
}

impl<C: Camera> FaultyCamera<C> {
    /// Passes `inner` on, but for the requests in `fails_at`, counted from 0, which lose a frame each.
    pub fn new(inner: C, fails_at: std::ops::Range<u64>) -> Self {
        Self { inner, asked: 0, fails_at }
    }
}

impl<C: Camera> Camera for FaultyCamera<C> {
    fn due_us(&self) -> Option<u64> {
        self.inner.due_us()
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let request = self.asked;
        self.asked += 1;
        let frame = self.inner.next_frame();
        if self.fails_at.contains(&request) {
            return Err(CameraError::Device { device: "faulty".into(), reason: "unplugged on purpose".into() });
        }
        frame
    }
}
