//! How loud a hop is, how loud the room is without anybody speaking, and the gain that makes both usual for a voice detector.
//!
//! A voice detector has learned from recordings of usual levels: loud noise looks like a voice to it, and a faint voice like noise. The
//! gain set here follows the quietest sound of the last two seconds, so neither the microphone's gain nor the room's noise matters.

use super::HOP;

/// Level that noise is brought to, dB of full scale. Speech that stands out of it then lies where recordings have it.
const NOISE_TARGET_DBFS: f32 = -40.0;

/// Level that the loudest sound of the last seconds is brought to at most: in a quiet room this, not the noise, sets the gain.
const LOUD_TARGET_DBFS: f32 = -22.0;

/// Largest gain up or down, in dB.
const MAX_GAIN_DB: f32 = 40.0;

/// Change of the gain from one hop to the next, in dB: down fast, for a door that slams; up slowly.
const FALL_DB: f32 = 3.0;
const RISE_DB: f32 = 1.0;

/// How much of the smoothed power stays from one hop to the next.
const SMOOTHING: f32 = 0.6;

/// Fall of the loudest level, in dB a hop: 3 dB a second.
const LOUD_DECAY_DB: f32 = 0.05;

/// Stretches whose minima are kept, and their length: 2 s altogether, so that a pause between two words is always among them.
const STRETCHES: usize = 8;
const STRETCH_HOPS: usize = 16;

/// Levels below this count as this, dB of full scale.
pub const LOWEST_DBFS: f32 = -120.0;

/// RMS without the mean (cheap microphones have one), dB of full scale, [`LOWEST_DBFS`] at least.
pub fn level_dbfs(hop: &[i16; HOP]) -> f32 {
    let sum: i64 = hop.iter().map(|&sample| i64::from(sample)).sum();
    let squares: i64 = hop.iter().map(|&sample| i64::from(sample).pow(2)).sum();
    let count = HOP as f32;
    let mean = sum as f32 / count;
    let variance = (squares as f32 / count - mean * mean) / (32_768.0 * 32_768.0);
    to_db(variance)
}

/// Follows the level of a room hop by hop. Nothing allocates.
#[derive(Clone, Debug)]
pub struct LevelFollower {
    /// Power of the last hops; `None` before the first.
    smoothed: Option<f32>,
    /// Smallest smoothed powers of the last stretches, the current one at `stretch`; infinite where none has been yet.
    minima: [f32; STRETCHES],
    stretch: usize,
    hops_in_stretch: usize,
    loudest_dbfs: f32,
    gain_db: f32,
}

/// What a follower says of a hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomLevel {
    /// Level of the room without anybody speaking, dB of full scale.
    pub noise_dbfs: f32,
    /// Gain that makes the hop usual for a voice detector, in dB.
    pub gain_db: f32,
}

impl LevelFollower {
    /// A follower that has heard nothing yet.
    pub const fn new() -> Self {
        Self {
            smoothed: None,
            minima: [f32::INFINITY; STRETCHES],
            stretch: 0,
            hops_in_stretch: 0,
            loudest_dbfs: LOWEST_DBFS,
            gain_db: 0.0,
        }
    }

    /// Takes the level of the next hop in, dB of full scale.
    pub fn follow(&mut self, level_dbfs: f32) -> RoomLevel {
        let power = libm::powf(10.0, level_dbfs / 10.0);
        let first = self.smoothed.is_none();
        let smoothed = self.smoothed.map_or(power, |smoothed| SMOOTHING * smoothed + (1.0 - SMOOTHING) * power);
        self.smoothed = Some(smoothed);
        self.minima[self.stretch] = self.minima[self.stretch].min(smoothed);
        let noise_dbfs = to_db(self.minima.iter().copied().fold(f32::INFINITY, f32::min));
        self.hops_in_stretch += 1;
        if self.hops_in_stretch == STRETCH_HOPS {
            self.hops_in_stretch = 0;
            self.stretch = (self.stretch + 1) % STRETCHES;
            self.minima[self.stretch] = smoothed;
        }

        self.loudest_dbfs = to_db(smoothed).max(self.loudest_dbfs - LOUD_DECAY_DB);
        let wanted_db = (NOISE_TARGET_DBFS - noise_dbfs).min(LOUD_TARGET_DBFS - self.loudest_dbfs);
        let wanted_db = wanted_db.clamp(-MAX_GAIN_DB, MAX_GAIN_DB);
        self.gain_db = match first {
            true => wanted_db,
            false => wanted_db.clamp(self.gain_db - FALL_DB, self.gain_db + RISE_DB),
        };
        RoomLevel { noise_dbfs, gain_db: self.gain_db }
    }
}

impl Default for LevelFollower {
    fn default() -> Self {
        Self::new()
    }
}

/// The hop with a gain, of full scale 1, cut off beyond.
pub fn amplified(hop: &[i16; HOP], gain_db: f32) -> [f32; HOP] {
    let factor = libm::powf(10.0, gain_db / 20.0) / 32_768.0;
    core::array::from_fn(|n| (f32::from(hop[n]) * factor).clamp(-1.0, 1.0))
}

fn to_db(power: f32) -> f32 {
    10.0 * libm::log10f(power.max(1e-12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(amplitude: i16) -> [i16; HOP] {
        core::array::from_fn(|n| if n.is_multiple_of(2) { amplitude } else { -amplitude })
    }

    #[test]
    fn level_is_rms_without_the_mean() {
        assert!((level_dbfs(&square(16_384)) + 6.02).abs() < 0.01);
        assert_eq!(level_dbfs(&[0; HOP]), LOWEST_DBFS);
        assert_eq!(level_dbfs(&[9_000; HOP]), LOWEST_DBFS);
        assert!(level_dbfs(&[i16::MIN; HOP]) <= -100.0);
    }

    #[test]
    fn noise_is_the_quietest_of_the_last_two_seconds() {
        let mut follower = LevelFollower::new();
        for hop in 0..1_000 {
            let speaking = hop % 100 < 80;
            let room = follower.follow(if speaking { -25.0 } else { -60.0 });
            assert!(hop < 200 || (room.noise_dbfs + 60.0).abs() < 1.0, "hop {hop}: {}", room.noise_dbfs);
        }
        let room = (0..STRETCHES * STRETCH_HOPS + STRETCH_HOPS).map(|_| follower.follow(-30.0)).last().unwrap();
        assert!((room.noise_dbfs + 30.0).abs() < 0.1, "a fan was switched on: {}", room.noise_dbfs);
    }

    #[test]
    fn a_microphone_20_db_louder_gets_20_db_less() {
        let levels = |hop: usize| if hop % 90 < 60 { -35.0 } else { -55.0 - (hop % 7) as f32 };
        let [mut usual, mut loud] = [LevelFollower::new(), LevelFollower::new()];
        for hop in 0..500 {
            let (usual, loud) = (usual.follow(levels(hop)), loud.follow(levels(hop) + 20.0));
            assert!((usual.gain_db - loud.gain_db - 20.0).abs() < 0.01, "hop {hop}");
        }
    }

    #[test]
    fn what_is_amplified_stays_within_full_scale() {
        assert_eq!(amplified(&square(16_384), 0.0)[0], 0.5);
        assert!(amplified(&square(i16::MAX), MAX_GAIN_DB).iter().all(|sample| sample.abs() == 1.0));
    }
}
