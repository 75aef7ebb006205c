//! Samples as a WAV file.

use moodbox_shared::audio::SAMPLE_RATE;

/// A WAV file of 16 kHz mono samples, 16 bit.
///
/// More than 2 GB of samples are cut off, as the format can't hold them.
pub fn wav_bytes(samples: &[i16]) -> Vec<u8> {
    const BYTES_PER_SAMPLE: usize = 2;
    const PCM: u16 = 1;
    let samples = &samples[..samples.len().min(i32::MAX as usize / BYTES_PER_SAMPLE)];
    let data_bytes = (samples.len() * BYTES_PER_SAMPLE) as u32;
    let rate = SAMPLE_RATE as u32;
    let mut bytes = Vec::with_capacity(44 + data_bytes as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&PCM.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * BYTES_PER_SAMPLE as u32).to_le_bytes());
    bytes.extend_from_slice(&(BYTES_PER_SAMPLE as u16).to_le_bytes());
    bytes.extend_from_slice(&(8 * BYTES_PER_SAMPLE as u16).to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data_bytes.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let samples: Vec<i16> = (0..1000).map(|t| (t * 31 % 2000 - 1000) as i16).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("voice.wav");
        std::fs::write(&path, wav_bytes(&samples)).unwrap();
        assert_eq!(moodbox_shared::media::read_speech(&path).unwrap(), samples);
    }
}
