//! What the box hears: speech of the built-in sample, and of RAVDESS where present, in a quiet room.

use anyhow::{Context, Result};
use moodbox_shared::Emotion;
use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::media::read_speech;
use std::fs;
use std::path::Path;

/// The room between two voices.
pub const ROOM: &str = "room";

/// How many voices of the sample are played, and how many of RAVDESS.
pub const PLAYED: (usize, usize) = (3, 2);

/// Clips of RAVDESS that may be played: strong emotions, in the order in which they are tried.
const RAVDESS: [(&str, &str); 6] = [
    ("happy", "Actor_03/03-01-03-02-01-01-03.flac"),
    ("angry", "Actor_01/03-01-05-02-01-01-01.flac"),
    ("fearful", "Actor_03/03-01-06-02-01-01-03.flac"),
    ("surprised", "Actor_01/03-01-08-02-01-01-01.flac"),
    ("disgust", "Actor_03/03-01-07-02-01-01-03.flac"),
    ("calm", "Actor_01/03-01-02-02-01-01-01.flac"),
];

/// Loudest noise of the room, of 32768: too quiet for the speech gate, no digital silence.
const ROOM_NOISE: u32 = 4;

/// Length of the room's sound, in samples; it is played over and over.
const ROOM_SAMPLES: usize = SAMPLE_RATE / 4;

/// Somebody who speaks for some seconds.
pub struct Voice {
    /// Names its files.
    pub name: String,
    /// 16 kHz mono.
    pub samples: Vec<i16>,
}

/// The sample's.
pub fn of_sample(models: &Path) -> Result<Vec<Voice>> {
    let voice = |emotion: Emotion| read(emotion.to_string(), &models.join(format!("sample/speech_{emotion}.wav")));
    Emotion::FACE.into_iter().rev().map(voice).collect()
}

/// Those of RAVDESS if `data` holds them.
pub fn of_ravdess(data: &Path) -> Result<Vec<Voice>> {
    let files = RAVDESS.map(|(name, file)| (format!("ravdess_{name}"), data.join("ravdess").join(file)));
    files.into_iter().filter(|(_, path)| path.is_file()).map(|(name, path)| read(name, &path)).collect()
}

fn read(name: String, path: &Path) -> Result<Voice> {
    let speech = read_speech(path).with_context(|| path.display().to_string())?;
    let samples = speech.iter().zip(noise(speech.len())).map(|(speech, noise)| speech.saturating_add(noise));
    Ok(Voice { name, samples: samples.collect() })
}

/// So many samples of a quiet room.
pub fn noise(samples: usize) -> Vec<i16> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) % (2 * ROOM_NOISE + 1)) as i16 - ROOM_NOISE as i16
    };
    (0..samples).map(|_| next()).collect()
}

/// Writes the room and each voice as `NAME.pcm`, as the guest's player takes them.
pub fn write_pcm<'a>(voices: impl Iterator<Item = &'a Voice>, folder: &Path) -> Result<()> {
    fs::write(folder.join(format!("{ROOM}.pcm")), bytes(&noise(ROOM_SAMPLES)))?;
    for voice in voices {
        fs::write(folder.join(format!("{}.pcm", voice.name)), bytes(&voice.samples))?;
    }
    Ok(())
}

/// Writes sound as WAV: 16 kHz mono.
pub fn write_wav(path: &Path, samples: &[i16]) -> Result<()> {
    let sound = bytes(samples);
    let length = u32::try_from(sound.len())?;
    let rate = SAMPLE_RATE as u32;
    let mut file = Vec::with_capacity(44 + sound.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(2 * rate).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&sound);
    Ok(fs::write(path, file)?)
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}
