//! Y4M: raw video in a file (`ffmpeg -i film.mp4 film.y4m`). Only its luma is read.

use super::replay::{FRAMES_PER_SECOND, frame_time_us};
use super::{Camera, CameraError, Frame};
use moodbox_shared::vision::{LumaImage, MAX_FRAME_PIXELS, PixelFormat, RawFrame};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"YUV4MPEG2";

/// Longest line of parameters.
const MAX_LINE_BYTES: u64 = 1024;

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    width: usize,
    height: usize,
    /// Bytes of colour that follow the luma of a frame.
    colour_bytes: u64,
    /// Frames a second, as a fraction.
    rate: (u64, u64),
}

/// Plays a Y4M file.
pub struct Y4mCamera {
    path: PathBuf,
    reader: BufReader<File>,
    format: Format,
    luma: Vec<u8>,
    shown: u64,
    /// Whether the line before the next frame has been read.
    ready: bool,
}

impl Y4mCamera {
    /// Whether the file begins as Y4M does.
    pub fn recognises(path: &Path) -> io::Result<bool> {
        let mut start = Vec::new();
        File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        Ok(start == MAGIC)
    }

    /// Opens a video and reads up to its first frame.
    pub fn open(path: &Path) -> Result<Self, CameraError> {
        let io = |source| CameraError::Io { path: path.to_path_buf(), source };
        let mut reader = BufReader::new(File::open(path).map_err(io)?);
        let header = read_line(&mut reader).map_err(io)?;
        let format = parse(&header).map_err(|reason| CameraError::Video { path: path.to_path_buf(), reason })?;
        let luma = vec![0; format.width * format.height];
        let mut camera = Self { path: path.to_path_buf(), reader, format, luma, shown: 0, ready: false };
        camera.advance()?;
        if !camera.ready {
            return Err(camera.damaged("the video has no frames"));
        }
        Ok(camera)
    }

    /// Reads the line before the next frame.
    fn advance(&mut self) -> Result<(), CameraError> {
        self.ready = false;
        let line = read_line(&mut self.reader).map_err(|source| CameraError::Io { path: self.path.clone(), source })?;
        if line.starts_with("FRAME") {
            self.ready = true;
        } else if !line.is_empty() {
            return Err(self.damaged("the video is damaged: a frame does not begin where it should"));
        }
        Ok(())
    }

    fn read_frame(&mut self) -> io::Result<()> {
        self.reader.read_exact(&mut self.luma)?;
        let skipped = io::copy(&mut self.reader.by_ref().take(self.format.colour_bytes), &mut io::sink())?;
        if skipped == self.format.colour_bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn damaged(&self, reason: &'static str) -> CameraError {
        CameraError::Video { path: self.path.clone(), reason }
    }
}

impl Camera for Y4mCamera {
    fn due_us(&self) -> Option<u64> {
        self.ready.then(|| frame_time_us(self.shown, self.format.rate.0, self.format.rate.1))
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let Some(time_us) = self.due_us() else {
            return Ok(None);
        };
        self.ready = false;
        self.read_frame().map_err(|_| self.damaged("the video breaks off within a frame"))?;
        self.shown += 1;
        self.advance()?;
        let Format { width, height, .. } = self.format;
        let raw = RawFrame { format: PixelFormat::Grey, width, height, stride: width, bytes: &self.luma };
        Ok(Some(Frame { time_us, raw }))
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Reads `YUV4MPEG2 W640 H480 F30:1 C420jpeg …`.
fn parse(header: &str) -> Result<Format, &'static str> {
    let (mut width, mut height, mut rate, mut colour) = (0, 0, (FRAMES_PER_SECOND, 1), "420");
    for field in header.split_ascii_whitespace().skip(1) {
        let (key, value) = field.split_at_checked(1).ok_or("its first line is no Y4M header")?;
        let number = || value.parse::<usize>().map_err(|_| "its first line states no proper size");
        match key {
            "W" => width = number()?,
            "H" => height = number()?,
            "F" => rate = parse_rate(value).ok_or("its first line states no proper frame rate")?,
            "C" => colour = value,
            _ => {}
        }
    }
    if width == 0 || height == 0 || width > LumaImage::MAX_SIDE || height > LumaImage::MAX_SIDE {
        return Err("its first line states no proper size");
    }
    if width * height > MAX_FRAME_PIXELS {
        return Err("its frames are larger than 1920×1080 pixels: add `-vf scale=1280:-2` to ffmpeg");
    }
    let chroma = (width.div_ceil(2), height.div_ceil(2));
    let colour_bytes = match colour {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => 2 * chroma.0 * chroma.1,
        "422" => 2 * chroma.0 * height,
        "444" => 2 * width * height,
        "mono" => 0,
        _ => return Err("only 8-bit Y4M is read: add `-pix_fmt yuv420p` to ffmpeg"),
    };
    Ok(Format { width, height, colour_bytes: colour_bytes as u64, rate })
}

/// Frames a second as `30000:1001`; an unknown rate, `0:0`, is the usual one.
fn parse_rate(value: &str) -> Option<(u64, u64)> {
    let (numerator, denominator) = value.split_once(':')?;
    match (numerator.parse::<u32>().ok()?, denominator.parse::<u32>().ok()?) {
        (0, 0) => Some((FRAMES_PER_SECOND, 1)),
        (0, _) | (_, 0) => None,
        (numerator, denominator) => Some((numerator.into(), denominator.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_size_colour_and_rate() {
        let format = parse("YUV4MPEG2 W5 H3 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG").unwrap();
        assert_eq!(format, Format { width: 5, height: 3, colour_bytes: 2 * 3 * 2, rate: (30_000, 1_001) });
        assert_eq!(parse("YUV4MPEG2 W4 H4 Cmono").unwrap().rate, (30, 1));
        for bad in [
            "YUV4MPEG2",
            "YUV4MPEG2 W0 H4",
            "YUV4MPEG2 W4 H4 F0:1",
            "YUV4MPEG2 W4 H4 C420p10",
            "YUV4MPEG2 W4 H-4",
            "YUV4MPEG2 W3840 H2160",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_frame_carries_its_luma_and_its_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"YUV4MPEG2 W2 H2 F10:1\nFRAME\nabcdUVFRAME\nefghUV").unwrap();
        assert!(Y4mCamera::recognises(file.path()).unwrap());
        let mut camera = Y4mCamera::open(file.path()).unwrap();
        for (time_us, pixels) in [(0, b"abcd"), (100_000, b"efgh")] {
            assert_eq!(camera.due_us(), Some(time_us));
            let frame = camera.next_frame().unwrap().unwrap();
            assert_eq!(frame.raw.bytes, pixels);
        }
        assert_eq!(camera.due_us(), None);
    }

    #[test]
    fn a_video_that_breaks_off_is_an_error_and_then_over() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"YUV4MPEG2 W2 H2\nFRAME\nabcdUVFRAME\nef").unwrap();
        let mut camera = Y4mCamera::open(file.path()).unwrap();
        assert!(camera.next_frame().is_ok());
        assert!(camera.next_frame().is_err());
        assert_eq!(camera.due_us(), None);
    }
}
