//! Speech whose every hop is known to be speech or not, in noise, at any gain: what a speech gate is judged by.

use crate::noise::Noise;
use moodbox_shared::audio::level::level_dbfs;
use moodbox_shared::audio::{HOP, SAMPLE_RATE};
use moodbox_shared::media::{AudioFileError, read_speech};
use std::path::Path;

/// Hops this far below a clip's loud hops (their 95th percentile) still are speech, in dB.
const SPEECH_RANGE_DB: f32 = 30.0;

/// Hops between this and [`SPEECH_RANGE_DB`] below are breath and fading: neither way is wrong.
const DOUBT_RANGE_DB: f32 = 40.0;

/// Gaps in speech of at most this many hops are the closures of plosives, and speech.
const CLOSURE_HOPS: usize = 6;

/// Fewer hops than this in a row are a click of the mouth, not speech.
const SHORTEST_HOPS: usize = 3;

/// Level that the speech of each clip is brought to, dB of full scale, when the gain is 0 dB.
pub const SPEECH_DBFS: f32 = -36.0;

/// What a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Somebody speaks.
    Speech,
    /// Nobody does.
    Pause,
    /// Breath, fading: not counted.
    Doubt,
}

/// How often something was missed, and how often it was heard where nothing was, of 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    missed: u32,
    speech: u32,
    false_alarms: u32,
    pauses: u32,
}

impl Errors {
    /// What was heard, held against what was.
    pub fn of(hops: impl Iterator<Item = (bool, Truth)>) -> Self {
        let mut errors = Self::default();
        for (heard, truth) in hops {
            match truth {
                Truth::Speech => {
                    errors.speech += 1;
                    errors.missed += u32::from(!heard);
                }
                Truth::Pause => {
                    errors.pauses += 1;
                    errors.false_alarms += u32::from(heard);
                }
                Truth::Doubt => {}
            }
        }
        errors
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            missed: self.missed + other.missed,
            speech: self.speech + other.speech,
            false_alarms: self.false_alarms + other.false_alarms,
            pauses: self.pauses + other.pauses,
        }
    }

    /// Share of the hops with speech that were not heard.
    pub fn miss_rate(self) -> f64 {
        f64::from(self.missed) / f64::from(self.speech.max(1))
    }

    /// Share of the hops without speech that were heard as such.
    pub fn false_alarm_rate(self) -> f64 {
        f64::from(self.false_alarms) / f64::from(self.pauses.max(1))
    }
}

/// Clips of one speaker, one after the other, each as loud as the others.
pub struct Talk {
    /// Of full scale 1, whole hops.
    pub samples: Vec<f32>,
    /// One a hop.
    pub truth: Vec<Truth>,
}

impl Talk {
    /// Every `every`th of a speaker's clips, in the order of their names.
    pub fn read(folder: &Path, every: usize) -> Result<Self, AudioFileError> {
        let mut paths: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        paths.sort_by_key(|entry| entry.file_name());
        let mut talk = Self { samples: Vec::new(), truth: Vec::new() };
        for entry in paths.iter().step_by(every) {
            let clip = read_speech(&entry.path())?;
            let truth = truth(&clip);
            let hops = clip.chunks_exact(HOP).zip(&truth);
            let squares = hops.filter(|(_, truth)| **truth == Truth::Speech).flat_map(|(hop, _)| hop);
            let (sum, count) = squares.fold((0.0, 1u32), |(sum, n), &x| (sum + f64::from(x).powi(2), n + 1));
            let rms = (sum / f64::from(count)).sqrt().max(1.0) as f32;
            let gain = 10f32.powf(SPEECH_DBFS / 20.0) / rms;
            talk.samples.extend(clip[..truth.len() * HOP].iter().map(|&sample| f32::from(sample) * gain));
            talk.truth.extend(truth);
        }
        Ok(talk)
    }

    /// As a microphone hears it, in `noise` that lies `snr_db` below the speech.
    pub fn heard(&self, noise: Option<(Noise, f32)>, gain_db: f32, seed: u64) -> Vec<i16> {
        let mut samples = self.samples.clone();
        if let Some((noise, snr_db)) = noise {
            let level = 10f32.powf((SPEECH_DBFS - snr_db) / 20.0);
            for (sample, noise) in samples.iter_mut().zip(noise.samples(self.samples.len(), seed)) {
                *sample += level * noise;
            }
        }
        to_pcm(&samples, gain_db)
    }
}

/// `seconds` of a noise alone, at an RMS of `dbfs`.
pub fn alone(noise: Noise, seconds: usize, dbfs: f32, seed: u64) -> Vec<i16> {
    to_pcm(&noise.samples(seconds * SAMPLE_RATE, seed), dbfs)
}

fn to_pcm(samples: &[f32], gain_db: f32) -> Vec<i16> {
    let factor = 32_768.0 * 10f32.powf(gain_db / 20.0);
    samples.iter().map(|sample| (sample * factor).round() as i16).collect()
}

/// What each hop of a clean studio recording is, by its level alone.
pub fn truth(clip: &[i16]) -> Vec<Truth> {
    let levels: Vec<f32> = clip.as_chunks::<HOP>().0.iter().map(level_dbfs).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let Some(&loud_dbfs) = sorted.get(sorted.len() * 95 / 100) else {
        return Vec::new();
    };
    let mut speech: Vec<bool> = levels.iter().map(|level| *level >= loud_dbfs - SPEECH_RANGE_DB).collect();
    let first = speech.iter().position(|speech| *speech).unwrap_or(0);
    turn_short_runs(&mut speech[first..], false, CLOSURE_HOPS);
    turn_short_runs(&mut speech, true, SHORTEST_HOPS - 1);
    let judge = |(&speech, &level): (&bool, &f32)| match speech {
        true => Truth::Speech,
        false if level > loud_dbfs - DOUBT_RANGE_DB => Truth::Doubt,
        false => Truth::Pause,
    };
    speech.iter().zip(&levels).map(judge).collect()
}

/// Turns runs of `kind` that are at most `longest` hops long, the last run excepted.
fn turn_short_runs(hops: &mut [bool], kind: bool, longest: usize) {
    let mut start = 0;
    for end in 1..hops.len() {
        if hops[end] != hops[start] {
            if hops[start] == kind && end - start <= longest {
                hops[start..end].fill(!kind);
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closures_are_speech_and_clicks_are_not() {
        let hop = |amplitude: i16| (0..HOP).map(move |n| if n % 2 == 0 { amplitude } else { -amplitude });
        let loud = |hops: usize, amplitude: i16| (0..hops).flat_map(move |_| hop(amplitude));
        let clip: Vec<i16> = [(20, 1), (2, 9_000), (20, 1), (10, 9_000), (5, 1), (10, 9_000), (4, 180), (20, 1)]
            .into_iter()
            .flat_map(|(hops, amplitude)| loud(hops, amplitude))
            .collect();
        let truth = truth(&clip);
        let count = |kind| truth.iter().filter(|truth| **truth == kind).count();
        assert_eq!((count(Truth::Speech), count(Truth::Pause)), (25, 60));
        assert_eq!(truth[21], Truth::Doubt, "as loud as speech, and too short");
        assert_eq!(truth[68], Truth::Doubt, "it fades");
    }
}
