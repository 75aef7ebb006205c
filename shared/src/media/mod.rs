//! Sound and pictures from files, for hosts and for replay: the one way in which this project reads them.

pub mod audio_file;
#[cfg(feature = "face-detector")]
pub mod face_detector;
pub mod image_file;
pub mod mjpeg;
pub mod mono;
pub mod resample;

pub use audio_file::{AudioClip, AudioFileError};
pub use image_file::{ImageFileError, OwnedLuma, read_luma, read_luma_bytes};
pub use mjpeg::{MjpegDecoder, MjpegError};
pub use mono::PcmSample;
pub use resample::{ResampleError, StreamResampler};

use std::path::Path;
use std::vec::Vec;

/// Reads a sound file as the features want it: 16 kHz, mono, i16.
pub fn read_speech(path: &Path) -> Result<Vec<i16>, AudioFileError> {
    resample::to_16khz(&audio_file::read(path)?)
}

/// Reads a sound from memory as [`read_speech`] does from a file.
pub fn read_speech_bytes(bytes: &'static [u8]) -> Result<Vec<i16>, AudioFileError> {
    resample::to_16khz(&audio_file::read_bytes(bytes)?)
}
