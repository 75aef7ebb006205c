//! A device that streams: what it was asked for, and the buffers that it fills.

use super::probe;
use crate::camera::offer::{self, Attempt};
use crate::config::CameraSettings;
use ::v4l::buffer::{Flags, Type};
use ::v4l::device::Handle;
use ::v4l::io::mmap::Stream as MappedBuffers;
use ::v4l::io::traits::{CaptureStream, Stream as _};
use ::v4l::video::Capture;
use ::v4l::video::capture::Parameters;
use ::v4l::{Device, FourCC};
use moodbox_shared::vision::PixelFormat;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Buffers that the driver fills in turn: one is lent, one is being written, two wait.
pub const BUFFERS: u32 = 4;

/// Most buffers that a driver may give instead, as `VIDEO_MAX_FRAME` in `videodev2.h`.
const MAX_BUFFERS: usize = 32;

/// "There is something to read", as `POLLIN` in `poll.h`.
const POLLIN: i16 = 1;

/// How long a buffer is waited for that has been seen to be full.
const TIMEOUT: Duration = Duration::from_millis(500);

/// What frames look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How pixels are packed; `None` for Motion JPEG.
    pub format: Option<PixelFormat>,
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from row to row.
    pub stride: usize,
}

/// A device that streams.
pub struct Stream {
    /// `None` while it is dropped.
    buffers: Option<MappedBuffers<'static>>,
    /// What frames look like.
    pub shape: Shape,
}

/// A buffer as the driver filled it.
pub struct Captured<'a> {
    /// What was written.
    pub bytes: &'a [u8],
    /// Whether the driver says that it is not worth reading.
    pub is_damaged: bool,
}

impl Stream {
    /// Opens the device and starts it with the best that it offers.
    pub fn start(path: &Path, settings: &CameraSettings) -> io::Result<Self> {
        probe::guarded(|| {
            let device = Device::with_path(path)?;
            let shape = negotiate(&device, settings)?;
            let mut buffers = MappedBuffers::with_buffers(&device, Type::VideoCapture, BUFFERS)?;
            buffers.set_timeout(TIMEOUT);
            queue_all_but_first(&mut buffers)?;
            buffers.start()?;
            Ok(Self { buffers: Some(buffers), shape })
        })
    }

    /// What can be asked whether a buffer is full.
    pub fn handle(&self) -> io::Result<Arc<Handle>> {
        Ok(self.buffers.as_ref().ok_or(io::ErrorKind::NotConnected)?.handle())
    }

    /// The oldest full buffer; the last one goes back to the driver.
    pub fn next(&mut self) -> io::Result<Captured<'_>> {
        let (buffer, metadata) = self.buffers.as_mut().ok_or(io::ErrorKind::NotConnected)?.next()?;
        // Behind what was written lies an older frame.
        let bytes = &buffer[..buffer.len().min(metadata.bytesused as usize)];
        Ok(Captured { bytes, is_damaged: metadata.flags.contains(Flags::ERROR) })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // The crate panics where a driver refuses to stop; the device is let go all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.buffers.take())));
    }
}

/// Waits until a buffer is full.
pub fn is_filled(handle: &Handle, wait: Duration) -> io::Result<bool> {
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    match handle.poll(POLLIN, wait_ms) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// Hands the buffers to the driver, but for the first: [`CaptureStream::next`] hands that one over when it is called for the first time,
/// and would wait there, without a word, for as long as the device takes to start.
fn queue_all_but_first(buffers: &mut MappedBuffers<'static>) -> io::Result<()> {
    for index in 1..MAX_BUFFERS {
        match CaptureStream::queue(buffers, index) {
            // There are no more: the crate doesn't tell how many the driver gave.
            Err(error) if index > 1 && error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
            queued => queued?,
        }
    }
    Ok(())
}

fn negotiate(device: &Device, settings: &CameraSettings) -> io::Result<Shape> {
    let offers = probe::offers(device, settings.size);
    for attempt in offer::attempts(&offers, settings.size, settings.rate_hz) {
        if let Some(shape) = set_format(device, &attempt)? {
            // Not every device can be told a rate; those that can't have one of their own.
            let _ = device.set_params(&Parameters::with_fps(settings.rate_hz));
            return Ok(shape);
        }
    }
    Err(io::Error::other("it offers neither GREY, YUYV, UYVY, NV12, RGB3 nor MJPG in a size up to full HD"))
}

/// Sets a format; `None` where the device does not take it.
fn set_format(device: &Device, attempt: &Attempt) -> io::Result<Option<Shape>> {
    let mut wanted = Capture::format(device)?;
    (wanted.width, wanted.height) = (attempt.size.width, attempt.size.height);
    wanted.fourcc = FourCC::new(&attempt.code);
    // Left in place, the old stride would be kept for the new format.
    (wanted.stride, wanted.size) = (0, 0);
    let given = match Capture::set_format(device, &wanted) {
        Ok(given) => given,
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(error),
        Err(_) => return Ok(None),
    };
    let size = crate::config::FrameSize { width: given.width, height: given.height };
    if given.fourcc != wanted.fourcc || !offer::fits(size) {
        return Ok(None);
    }
    let (format, width, height) = (attempt.format, given.width as usize, given.height as usize);
    let stride = (given.stride as usize).max(format.map_or(0, |format| format.row_bytes(width)));
    Ok(Some(Shape { format, width, height, stride }))
}
