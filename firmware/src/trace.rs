//! What each frame came to, a JSON object a line, to compare runs with: checksums of the picture and the crop, never the pictures.

use moodbox_shared::link::FaceBox;
use moodbox_shared::pipeline::FaceWord;
use moodbox_shared::vision::{FACE_INPUT, LumaImage};
use serde::Serialize;
use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// The trace can't be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct TraceError {
    path: PathBuf,
    source: std::io::Error,
}

/// Notes frames in a file.
pub struct Trace {
    out: LineWriter<File>,
}

#[derive(Serialize)]
struct Line {
    time_us: u64,
    frame: Hex,
    size: [usize; 2],
    face_box: Option<FaceBox>,
    crop: Option<Hex>,
    face: Option<[f32; 7]>,
}

/// A checksum in eight hexadecimal digits.
struct Hex(u32);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:08x}", self.0))
    }
}

impl Trace {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, TraceError> {
        let file = File::create(path).map_err(|source| TraceError { path: path.to_owned(), source })?;
        Ok(Self { out: LineWriter::new(file) })
    }

    /// Notes a frame. A disk that takes no more loses the line, and nothing else.
    ///
    /// * `frame`, `crop` on the line: CRC-32 of the luma, row by row
    pub fn note(&mut self, time_us: u64, image: &LumaImage<'_>, crop: Option<&[u8; FACE_INPUT]>, word: &FaceWord) {
        let mut frame = CRC.digest();
        (0..image.height()).for_each(|y| frame.update(image.row(y)));
        let line = Line {
            time_us,
            frame: Hex(frame.finalize()),
            size: [image.width(), image.height()],
            face_box: word.face_box,
            crop: crop.map(|crop| Hex(CRC.checksum(crop))),
            face: word.posteriors.map(|posteriors| *posteriors.as_array()),
        };
        if serde_json::to_writer(&mut self.out, &line).is_ok() {
            let _ = self.out.write_all(b"\n");
        }
    }
}
