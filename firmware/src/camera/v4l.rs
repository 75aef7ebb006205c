//! A camera of the system, through Video4Linux: frames are lent where the driver wrote them.

use super::{Camera, CameraError, Frame};
use crate::clock::{Clock, RealClock};
use ::v4l::buffer::{Flags, Type};
use ::v4l::io::mmap::Stream;
use ::v4l::io::traits::CaptureStream;
use ::v4l::video::Capture;
use ::v4l::{Device, FourCC};
use moodbox_shared::media::MjpegDecoder;
use moodbox_shared::vision::{PixelFormat, RawFrame};
use std::time::Duration;

/// Size that is asked for; the device may give another.
const SIZE: (u32, u32) = (640, 480);

/// Formats in the order of what they cost; Motion JPEG, without a pixel format, comes last, because its decoder allocates.
const FORMATS: [(&[u8; 4], Option<PixelFormat>); 6] = [
    (b"GREY", Some(PixelFormat::Grey)),
    (b"YUYV", Some(PixelFormat::Yuyv)),
    (b"UYVY", Some(PixelFormat::Uyvy)),
    (b"NV12", Some(PixelFormat::Nv12)),
    (b"RGB3", Some(PixelFormat::Rgb24)),
    (b"MJPG", None),
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
    /// Used where frames come compressed.
    decoder: MjpegDecoder,
    /// Whether the session has failed: it stays so, and the device comes back only after everybody has let go of it.
    failed: bool,
    due_us: u64,
}

/// A device that is streaming.
struct Session {
    stream: Stream<'static>,
    /// `None` for Motion JPEG.
    format: Option<PixelFormat>,
    width: usize,
    height: usize,
    stride: usize,
}

impl V4lCamera {
    /// Opens the device and starts it. `clock` dates the frames.
    pub fn open(path: &str, clock: RealClock) -> Result<Self, CameraError> {
        let session = Session::start(path)?;
        Ok(Self {
            path: path.to_owned(),
            clock,
            session: Some(session),
            decoder: MjpegDecoder::default(),
            failed: false,
            due_us: 0,
        })
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
            let stride = (given.stride as usize).max(format.map_or(0, |format| format.row_bytes(width)));
            return Ok(Self { stream, format, width, height, stride });
        }
        Err(CameraError::Device {
            device: path.to_owned(),
            reason: "it offers neither GREY, YUYV, UYVY, NV12, RGB3 nor MJPG".to_owned(),
        })
    }

    /// What the driver wrote; `None` where it says that it is damaged.
    fn capture(&mut self) -> std::io::Result<Option<&[u8]>> {
        let (buffer, metadata) = self.stream.next()?;
        // Behind what was written lies an older frame.
        let bytes = &buffer[..buffer.len().min(metadata.bytesused as usize)];
        Ok((!metadata.flags.contains(Flags::ERROR)).then_some(bytes))
    }
}

impl Camera for V4lCamera {
    fn due_us(&self) -> Option<u64> {
        Some(self.due_us)
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        if self.failed {
            // The turn after an error: lets the device go, and leaves it alone for a while.
            self.session = None;
            self.failed = false;
            self.due_us = self.clock.now_us() + BACK_OFF_US;
            return Ok(None);
        }
        if self.session.is_none() {
            self.due_us = self.clock.now_us() + BACK_OFF_US;
            self.session = Some(Session::start(&self.path)?);
        }
        let Some(session) = &mut self.session else { return Ok(None) };
        let Session { format, width, height, stride, .. } = *session;
        let result = session.capture();
        self.due_us = self.clock.now_us();
        let bytes = match result {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.failed = true;
                return Err(device_error(&self.path, &error));
            }
        };
        let raw = match format {
            Some(format) => RawFrame { format, width, height, stride, bytes },
            None => self.decoder.decode(bytes)?,
        };
        Ok(Some(Frame { time_us: self.due_us, raw }))
    }
}

fn device_error(path: &str, error: &std::io::Error) -> CameraError {
    CameraError::Device { device: path.to_owned(), reason: error.to_string() }
}
