//! A camera of the system, through Video4Linux: frames are mapped, not copied, until their luma is taken.

use super::{Camera, CameraError, Frame};
use crate::clock::{Clock, RealClock};
use ::v4l::buffer::{Flags, Type};
use ::v4l::io::mmap::Stream;
use ::v4l::io::traits::CaptureStream;
use ::v4l::video::Capture;
use ::v4l::{Device, FourCC};
use moodbox_shared::vision::luma::{PixelFormat, to_luma};
use std::time::Duration;

/// Size that is asked for; the device may give another.
const SIZE: (u32, u32) = (640, 480);

/// Formats in the order of what they cost.
const FORMATS: [(&[u8; 4], PixelFormat); 5] = [
    (b"GREY", PixelFormat::Grey),
    (b"YUYV", PixelFormat::Yuyv),
    (b"UYVY", PixelFormat::Uyvy),
    (b"NV12", PixelFormat::Nv12),
    (b"RGB3", PixelFormat::Rgb24),
];

/// How long a frame is waited for.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Buffers that the driver fills in turn.
const BUFFERS: u32 = 4;

/// How long a device that failed is left alone, in microseconds.
const BACK_OFF_US: u64 = 1_000_000;

/// A camera as `/dev/video0`.
pub struct V4lCamera {
    path: String,
    clock: RealClock,
    session: Option<Session>,
    luma: Vec<u8>,
    due_us: u64,
}

/// A device that is streaming.
struct Session {
    stream: Stream<'static>,
    format: PixelFormat,
    width: usize,
    height: usize,
    stride: usize,
}

impl V4lCamera {
    /// Opens the device and starts it. `clock` dates the frames.
    pub fn open(path: &str, clock: RealClock) -> Result<Self, CameraError> {
        let session = Session::start(path)?;
        let luma = vec![0; session.width * session.height];
        Ok(Self { path: path.to_owned(), clock, session: Some(session), luma, due_us: 0 })
    }
}

impl Session {
    fn start(path: &str) -> Result<Self, CameraError> {
        let failed = |error| device_error(path, &error);
        let device = Device::with_path(path).map_err(failed)?;
        for (code, format) in FORMATS {
            let mut wanted = Capture::format(&device).map_err(failed)?;
            (wanted.width, wanted.height) = SIZE;
            wanted.fourcc = FourCC::new(code);
            // Left in place, the old stride would be kept for the new format.
            (wanted.stride, wanted.size) = (0, 0);
            let Ok(given) = Capture::set_format(&device, &wanted) else { continue };
            if given.fourcc != wanted.fourcc {
                continue;
            }
            let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(failed)?;
            stream.set_timeout(TIMEOUT);
            let (width, height) = (given.width as usize, given.height as usize);
            let stride = (given.stride as usize).max(format.row_bytes(width));
            return Ok(Self { stream, format, width, height, stride });
        }
        Err(CameraError::Device {
            device: path.to_owned(),
            reason: "it offers neither GREY, YUYV, UYVY, NV12 nor RGB3".to_owned(),
        })
    }
}

impl Camera for V4lCamera {
    fn due_us(&self) -> Option<u64> {
        Some(self.due_us)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let result = self.capture();
        self.due_us = self.clock.now_us();
        if let Err(error) = result {
            // A stream that failed once stays so: it is opened again after a while.
            self.session = None;
            self.due_us += BACK_OFF_US;
            return Err(error);
        }
        let Some(session) = &self.session else { return Ok(None) };
        if !result? {
            return Ok(None);
        }
        let (width, height) = (session.width, session.height);
        let image = moodbox_shared::vision::LumaImage::new(width, height, width, &self.luma)?;
        Ok(Some(Frame { time_us: self.due_us, image }))
    }
}

impl V4lCamera {
    /// Takes the luma of the next frame; `false` where the driver says that it is damaged.
    fn capture(&mut self) -> Result<bool, CameraError> {
        let session = match &mut self.session {
            Some(session) => session,
            None => {
                let session = Session::start(&self.path)?;
                self.luma.resize(session.width * session.height, 0);
                self.session.insert(session)
            }
        };
        let Session { stream, format, width, height, stride } = session;
        let (frame, metadata) = stream.next().map_err(|error| device_error(&self.path, &error))?;
        if metadata.flags.contains(Flags::ERROR) {
            return Ok(false);
        }
        to_luma(*format, *width, *height, *stride, frame, &mut self.luma)?;
        Ok(true)
    }
}

fn device_error(path: &str, error: &std::io::Error) -> CameraError {
    CameraError::Device { device: path.to_owned(), reason: error.to_string() }
}
