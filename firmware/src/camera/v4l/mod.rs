//! A camera of the system, through Video4Linux: frames are lent where the driver wrote them.

mod probe;
mod stream;

pub use probe::{nodes, offers_of};

use super::node::{self, Identity, Node};
use super::{Camera, CameraError, CameraOpener, Frame};
use crate::clock::{Clock, RealClock};
use crate::config::CameraSettings;
use moodbox_shared::media::MjpegDecoder;
use moodbox_shared::vision::RawFrame;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stream::{BUFFERS, Shape, Stream};

/// What stands for the first camera that is found.
const AUTO: &str = "auto";

/// How long a turn waits for a frame.
const TURN: Duration = Duration::from_millis(500);

/// How long a device may go without a good frame, in microseconds: cameras take a second to start, and night modes are slow.
const PATIENCE_US: u64 = 2_000_000;

/// Numbers of errors on Linux that have no name in the standard library: no such device, the same, and "this is no device of that kind".
const ENXIO: i32 = 6;
const ENODEV: i32 = 19;
const ENOTTY: i32 = 25;

/// Opens `device` again and again, wherever it is plugged in by then.
pub fn opener(device: &str, settings: &CameraSettings, clock: RealClock) -> CameraOpener {
    let mut finder = Finder { asked: device.to_owned(), known: None };
    let settings = settings.clone();
    Box::new(move || {
        let path = finder.locate()?;
        let camera = V4lCamera::open(&path, &settings, clock)?;
        // A link's target: nodes are listed by their own names.
        finder.known = Some((path.canonicalize().unwrap_or(path), camera.identity.clone()));
        Ok(Box::new(camera))
    })
}

/// Finds a camera, and finds it again.
struct Finder {
    asked: String,
    /// Where it was last, and who it is.
    known: Option<(PathBuf, Identity)>,
}

impl Finder {
    fn locate(&self) -> Result<PathBuf, CameraError> {
        let cameras = || nodes().into_iter().filter_map(|(_, node)| node.ok()).collect::<Vec<Node>>();
        if let Some((path, identity)) = &self.known
            && let Some(node) = node::find(&cameras(), identity, path)
        {
            return Ok(node.path.clone());
        }
        if self.asked != AUTO {
            return Ok(PathBuf::from(&self.asked));
        }
        let found = node::first(&cameras()).map(|node| node.path.clone());
        found.ok_or_else(|| CameraError::Device {
            device: self.asked.clone(),
            reason: "none is there: is one plugged in? `moodbox devices` lists what is found".to_owned(),
        })
    }
}

/// A camera that is streaming.
pub struct V4lCamera {
    /// As it is named in errors.
    device: String,
    identity: Identity,
    clock: RealClock,
    stream: Stream,
    /// Used where frames come compressed.
    decoder: MjpegDecoder,
    /// Frames in a row that were passed over for newer ones.
    passed_over: u32,
    /// When the last good frame came, or the device was opened.
    good_us: u64,
}

impl V4lCamera {
    /// Opens the device and starts it. `clock` dates the frames.
    pub fn open(path: &Path, settings: &CameraSettings, clock: RealClock) -> Result<Self, CameraError> {
        let device = path.display().to_string();
        let node = probe::node(path).map_err(|error| device_error(&device, &error))?;
        if let Some(refusal) = node.kind.refusal() {
            return Err(CameraError::Device { device, reason: refusal.to_owned() });
        }
        let stream = Stream::start(path, settings).map_err(|error| device_error(&device, &error))?;
        let decoder = MjpegDecoder::default();
        let good_us = clock.now_us();
        Ok(Self { device, identity: node.identity, clock, stream, decoder, passed_over: 0, good_us })
    }
}

impl Camera for V4lCamera {
    fn due_us(&self) -> Option<u64> {
        Some(0)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let failed = |error| device_error(&self.device, &error);
        let handle = self.stream.handle().map_err(failed)?;
        let is_filled = stream::is_filled(&handle, TURN).map_err(failed)?;
        let time_us = self.clock.now_us();
        let has_patience = time_us.saturating_sub(self.good_us) < PATIENCE_US;
        if !is_filled {
            return if has_patience { Ok(None) } else { Err(failed(io::ErrorKind::TimedOut.into())) };
        }
        let Shape { format, width, height, stride } = self.stream.shape;
        let captured = self.stream.next().map_err(failed)?;
        // The driver hands out the oldest frame first: while newer ones wait, a slow caller is made to ask again.
        if self.passed_over < BUFFERS && stream::is_filled(&handle, Duration::ZERO).map_err(failed)? {
            self.passed_over += 1;
            return Ok(None);
        }
        self.passed_over = 0;
        if captured.is_damaged {
            return if has_patience { Ok(None) } else { Err(failed(io::ErrorKind::InvalidData.into())) };
        }
        let raw = match format {
            Some(format) => RawFrame { format, width, height, stride, bytes: captured.bytes },
            None => match self.decoder.decode(captured.bytes) {
                Ok(raw) => raw,
                // Cameras send a broken picture now and then, the first one above all.
                Err(_) if has_patience => return Ok(None),
                Err(error) => return Err(error.into()),
            },
        };
        self.good_us = time_us;
        Ok(Some(Frame { time_us, raw }))
    }
}

fn device_error(device: &str, error: &io::Error) -> CameraError {
    CameraError::Device { device: device.to_owned(), reason: remedy(error) }
}

/// What went wrong, and what can be done.
pub fn remedy(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::PermissionDenied, _) => "it may not be opened: add the user to the group `video`".to_owned(),
        (io::ErrorKind::ResourceBusy, _) => "it is busy: another program holds it".to_owned(),
        (io::ErrorKind::NotFound, _) | (_, Some(ENXIO | ENODEV)) => "it is not there: is it plugged in?".to_owned(),
        (_, Some(ENOTTY)) => "it is no camera: `moodbox devices` lists them".to_owned(),
        (io::ErrorKind::TimedOut, None) => "it gives no frames: plug it in anew".to_owned(),
        (io::ErrorKind::InvalidData, None) => "it gives nothing but damaged frames: try another cable".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(device: &str) -> String {
        let mut open = opener(device, &CameraSettings::default(), RealClock::start());
        open().err().unwrap().to_string()
    }

    #[test]
    fn what_is_no_camera_says_so() {
        assert_eq!(refusal("/dev/video4096"), "camera /dev/video4096: it is not there: is it plugged in?");
        assert_eq!(refusal("/dev/null"), "camera /dev/null: it is no camera: `moodbox devices` lists them");
        assert!(refusal("/dev/with\0nul").contains("can't be read"), "what the crate panics at is an error");
    }
}
