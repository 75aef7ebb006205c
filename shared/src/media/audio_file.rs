//! Reads WAV (8 to 32 bit, float; any rate, any channels) and FLAC into memory, mixed down to one channel.

use super::mono::MonoMixer;
use std::fs::File;
use std::io;
use std::path::Path;
use std::vec::Vec;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use thiserror::Error;

/// Sample rates that are read, in Hz.
pub const SAMPLE_RATES_HZ: core::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Sound of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioClip {
    /// Samples a second, within [`SAMPLE_RATES_HZ`].
    pub sample_rate_hz: u32,
    /// `[−1, 1]`; a float file may go beyond. Always finite, never empty.
    pub samples: Vec<f32>,
}

/// Why a sound file can't be used. Each message is one line that fits behind `FILE: `.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AudioFileError {
    /// The file can't be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A file of no bytes.
    #[error("the file is empty: record or copy it again")]
    EmptyFile,
    /// Neither WAV nor FLAC, whatever its name says.
    #[error("this is neither a WAV nor a FLAC file: convert it to one of them")]
    NotAudio,
    /// WAV or FLAC, but of a kind that isn't read.
    #[error("this kind of audio is not supported ({0}): convert it to 16-bit WAV or FLAC")]
    Unsupported(&'static str),
    /// What stands in the file contradicts itself.
    #[error("the file is damaged ({0}): copy or record it again")]
    Damaged(&'static str),
    /// The file promises more samples than it has.
    #[error("the file is cut off after {read} of {promised} samples: copy or record it again")]
    CutOff {
        /// Samples a channel that are there.
        read: u64,
        /// Samples a channel that its header promises.
        promised: u64,
    },
    /// A well-formed file without a single sample.
    #[error("the file holds no sound: its length is zero")]
    NoSamples,
    /// A sample rate that can't be.
    #[error("a sample rate of {0} Hz is not possible: 1000 Hz to 768 kHz are")]
    SampleRate(u32),
}

/// Reads a whole file and mixes its channels down to their mean; samples that are no number become silence.
pub fn read(path: &Path) -> Result<AudioClip, AudioFileError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(AudioFileError::EmptyFile);
    }
    read_source(std::boxed::Box::new(file))
}

/// Reads a sound from memory as [`read`] does from a file.
pub fn read_bytes(bytes: &'static [u8]) -> Result<AudioClip, AudioFileError> {
    if bytes.is_empty() {
        return Err(AudioFileError::EmptyFile);
    }
    read_source(std::boxed::Box::new(io::Cursor::new(bytes)))
}

fn read_source(source: std::boxed::Box<dyn MediaSource>) -> Result<AudioClip, AudioFileError> {
    let stream = MediaSourceStream::new(source, Default::default());
    let format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| match error {
            // The probe found a file of some kind that then broke off in its header, or none at all.
            SymphoniaError::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
            SymphoniaError::DecodeError(what) => AudioFileError::Damaged(what),
            SymphoniaError::Unsupported(what) if what.starts_with("wav") || what.starts_with("riff") => {
                AudioFileError::Unsupported(what)
            }
            _ => AudioFileError::NotAudio,
        })?;
    decode(format)
}

fn decode(mut format: std::boxed::Box<dyn FormatReader + '_>) -> Result<AudioClip, AudioFileError> {
    let track = format.default_track(TrackType::Audio).ok_or(AudioFileError::NotAudio)?;
    let (track_id, promised) = (track.id, track.num_frames);
    let parameters =
        track.codec_params.as_ref().and_then(|parameters| parameters.audio()).ok_or(AudioFileError::NotAudio)?;
    let sample_rate_hz = parameters.sample_rate.unwrap_or(0);
    if !SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
        return Err(AudioFileError::SampleRate(sample_rate_hz));
    }
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(from_symphonia)?;

    let mut samples = Vec::new();
    let mut interleaved = Vec::<f32>::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(from_symphonia(error)),
        };
        if packet.track_id != track_id {
            continue;
        }
        let decoded = decoder.decode(&packet).map_err(from_symphonia)?;
        let channels = decoded.num_planes().max(1);
        interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        let mut mixer = MonoMixer::new(u16::try_from(channels).unwrap_or(u16::MAX));
        samples.extend(interleaved.iter().filter_map(|&sample| mixer.push(sample)));
    }

    let read = samples.len() as u64;
    match promised {
        Some(promised) if read < promised => Err(AudioFileError::CutOff { read, promised }),
        _ if samples.is_empty() => Err(AudioFileError::NoSamples),
        _ => Ok(AudioClip { sample_rate_hz, samples }),
    }
}

fn from_symphonia(error: SymphoniaError) -> AudioFileError {
    match error {
        SymphoniaError::IoError(error) => AudioFileError::Io(error),
        SymphoniaError::DecodeError(what) => AudioFileError::Damaged(what),
        SymphoniaError::Unsupported(what) | SymphoniaError::LimitError(what) => AudioFileError::Unsupported(what),
        _ => AudioFileError::Damaged("the stream changes within the file"),
    }
}
