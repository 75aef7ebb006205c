//! Whether what a microphone gives is worth anything: a muted one gives zeros, a gain too high gives square waves.
//!
//! 16 kHz samples come in; what goes out is the state of the sense. Both faults look like a microphone at work from outside, and the
//! speech network would hear silence, or anger, for ever.

use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::link::SenseState;

/// Largest sample of digital silence: a bit of dither. The room's and the amplifier's own noise is above that in every microphone.
pub(crate) const SILENT_LEVEL: u16 = 1;

/// Samples that must be silent: ten seconds, since some microphones cut off noise in the pauses of speech.
const SILENT_SAMPLES: usize = 10 * SAMPLE_RATE;

/// Smallest sample at full scale: 0.1 dB below, since what a converter cut off overshoots a little less after resampling and mixing.
pub(crate) const FULL_SCALE: u16 = 32_392;

/// Parts that a second is counted in.
const PARTS: usize = 10;

/// Samples in a part.
const PART_SAMPLES: usize = SAMPLE_RATE / PARTS;

/// Samples of a second that may be at full scale: one in a hundred, which a shout or a slammed door stays under.
const MAX_CLIPPED: usize = SAMPLE_RATE / 100;

/// Watches the samples of one device.
#[derive(Clone, Debug, Default)]
pub struct SoundWatch {
    /// Silent samples in a row.
    silent: usize,
    /// Samples at full scale in each part of the last second, around in a ring.
    clipped: [usize; PARTS],
    /// The part that is being counted, and its samples so far.
    part: usize,
    filled: usize,
}

impl SoundWatch {
    /// Takes samples in: [`SenseState::Working`], [`SenseState::Silent`] or [`SenseState::Clipping`].
    pub fn observe(&mut self, samples: &[i16]) -> SenseState {
        for sample in samples {
            let level = sample.unsigned_abs();
            self.silent = if level <= SILENT_LEVEL { (self.silent + 1).min(SILENT_SAMPLES) } else { 0 };
            if self.filled == PART_SAMPLES {
                self.part = (self.part + 1) % PARTS;
                self.filled = 0;
                self.clipped[self.part] = 0;
            }
            self.filled += 1;
            self.clipped[self.part] += usize::from(level >= FULL_SCALE);
        }
        if self.silent >= SILENT_SAMPLES {
            SenseState::Silent
        } else if self.clipped.iter().sum::<usize>() > MAX_CLIPPED {
            SenseState::Clipping
        } else {
            SenseState::Working
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a tone that is driven `gain` times beyond full scale.
    fn tone(gain: f32) -> Vec<i16> {
        (0..SAMPLE_RATE).map(|n| ((n as f32 * 0.2).sin() * gain * 32_767.0) as i16).collect()
    }

    #[test]
    fn a_muted_microphone_is_silent_after_ten_seconds_until_something_sounds() {
        let mut watch = SoundWatch::default();
        let mute: Vec<i16> = (0..SAMPLE_RATE).map(|n| (n % 3) as i16 - 1).collect();
        for _ in 0..9 {
            assert_eq!(watch.observe(&mute), SenseState::Working);
        }
        assert_eq!(watch.observe(&mute[..SAMPLE_RATE - 1]), SenseState::Working);
        assert_eq!(watch.observe(&mute[..1]), SenseState::Silent);
        assert_eq!(watch.observe(&mute), SenseState::Silent);
        assert_eq!(watch.observe(&[2]), SenseState::Working);
    }

    #[test]
    fn a_quiet_room_is_not_silence() {
        let mut watch = SoundWatch::default();
        let noise: Vec<i16> = (0..SAMPLE_RATE).map(|n| (n % 7) as i16 - 3).collect();
        for _ in 0..30 {
            assert_eq!(watch.observe(&noise), SenseState::Working);
        }
    }

    #[test]
    fn a_gain_too_high_is_told_until_a_second_without_it() {
        let mut watch = SoundWatch::default();
        assert_eq!(watch.observe(&tone(0.9)), SenseState::Working);
        assert_eq!(watch.observe(&tone(3.0)), SenseState::Clipping);
        assert_eq!(watch.observe(&tone(0.9)[..SAMPLE_RATE / 2]), SenseState::Clipping);
        assert_eq!(watch.observe(&tone(0.9)[..SAMPLE_RATE / 2]), SenseState::Working);
    }

    #[test]
    fn a_slammed_door_is_forgiven_and_the_cut_of_the_pieces_does_not_matter() {
        let mut door = tone(0.1);
        door[500..500 + MAX_CLIPPED].fill(i16::MIN);
        let mut watch = SoundWatch::default();
        assert!(door.chunks(37).all(|piece| watch.observe(piece) == SenseState::Working));
        door[4_000] = i16::MAX;
        let mut watch = SoundWatch::default();
        assert!(door.chunks(37).any(|piece| watch.observe(piece) == SenseState::Clipping));
    }
}
