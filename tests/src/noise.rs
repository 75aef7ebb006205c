//! Sounds of a room that are no speech, made by rule: each is the same on every machine for the same seed.

use moodbox_shared::audio::SAMPLE_RATE;
use std::f32::consts::TAU;

/// Samples a second, as a number to divide by.
const RATE: f32 = SAMPLE_RATE as f32;

/// A kind of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Every frequency as loud.
    White,
    /// 3 dB less an octave.
    Pink,
    /// 6 dB less an octave.
    Brown,
    /// A stream of air that pulses, with the tone of the blades.
    Fan,
    /// The mains: 50 Hz and its harmonics.
    Hum,
    /// Chords that swell and change every second, as of an organ.
    Chords,
    /// A plucked melody over a bass, four notes a second.
    Melody,
    /// Knocks on wood, irregular.
    Knocks,
    /// Keys that are typed, eight a second.
    Clatter,
    /// A quiet room: far traffic and the mains.
    Room,
}

impl Noise {
    /// As it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::White => "white noise",
            Self::Pink => "pink noise",
            Self::Brown => "brown noise",
            Self::Fan => "fan",
            Self::Hum => "hum",
            Self::Chords => "music: chords",
            Self::Melody => "music: melody",
            Self::Knocks => "knocks",
            Self::Clatter => "keyboard",
            Self::Room => "room tone",
        }
    }

    /// `count` samples at 16 kHz whose RMS is 1.
    pub fn samples(self, count: usize, seed: u64) -> Vec<f32> {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self as u64);
        let mut samples = match self {
            Self::White => (0..count).map(|_| dice.normal()).collect(),
            Self::Pink => pink(count, &mut dice),
            Self::Brown => leaky(count, 0.995, &mut dice),
            Self::Fan => fan(count, &mut dice),
            Self::Hum => hum(count),
            Self::Chords => chords(count, &mut dice),
            Self::Melody => melody(count, &mut dice),
            Self::Knocks => strokes(count, &mut dice, (0.25, 0.5), (150.0, 700.0), 0.02),
            Self::Clatter => strokes(count, &mut dice, (0.06, 0.13), (1_500.0, 4_500.0), 0.004),
            Self::Room => room(count, &mut dice),
        };
        to_rms_1(&mut samples);
        samples
    }
}

/// SplitMix64 (Steele et al. 2014).
struct Dice(u64);

impl Dice {
    /// `[0, 1)`.
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Mean 0, variance 1 (Box and Muller 1958).
    fn normal(&mut self) -> f32 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    fn pick(&mut self, from: &[i32]) -> i32 {
        from[(self.uniform() * from.len() as f32) as usize]
    }
}

fn to_rms_1(samples: &mut [f32]) {
    let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32;
    let gain = 1.0 / power.max(1e-20).sqrt();
    samples.iter_mut().for_each(|sample| *sample *= gain);
}

/// White noise through a low-pass of one pole.
fn leaky(count: usize, pole: f32, dice: &mut Dice) -> Vec<f32> {
    let mut last = 0.0;
    let mut next = || {
        last = pole * last + dice.normal();
        last
    };
    (0..count).map(|_| next()).collect()
}

/// A sum of low-passes that together fall by 3 dB an octave (Paul Kellet's economy filter).
fn pink(count: usize, dice: &mut Dice) -> Vec<f32> {
    let mut state = [0.0f32; 3];
    let mut next = || {
        let white = dice.normal();
        for (state, (pole, gain)) in
            state.iter_mut().zip([(0.997_65, 0.099_046), (0.963, 0.296_516), (0.57, 1.052_691)])
        {
            *state = pole * *state + gain * white;
        }
        state.iter().sum::<f32>() + 0.1848 * white
    };
    (0..count).map(|_| next()).collect()
}

fn fan(count: usize, dice: &mut Dice) -> Vec<f32> {
    let mut air = leaky(count, 0.85, dice);
    to_rms_1(&mut air);
    let blades = |t: f32| (1..=4).map(|k| (TAU * 115.0 * k as f32 * t).sin() / k as f32).sum::<f32>();
    let sample = |(n, air): (usize, &f32)| {
        let t = n as f32 / RATE;
        air * (1.0 + 0.2 * (TAU * 1.7 * t).sin()) + 0.4 * blades(t)
    };
    air.iter().enumerate().map(sample).collect()
}

fn hum(count: usize) -> Vec<f32> {
    let harmonics = [(1, 1.0), (2, 0.8), (3, 0.3), (4, 0.4), (6, 0.2), (8, 0.15), (10, 0.1), (14, 0.05)];
    let sample = |n: usize| {
        let t = (n % SAMPLE_RATE) as f32 / RATE;
        harmonics.iter().map(|&(k, gain)| gain * (TAU * 50.0 * k as f32 * t + (k * k) as f32).sin()).sum()
    };
    (0..count).map(sample).collect()
}

fn room(count: usize, dice: &mut Dice) -> Vec<f32> {
    let mut traffic = leaky(count, 0.98, dice);
    to_rms_1(&mut traffic);
    let mut mains = hum(count);
    to_rms_1(&mut mains);
    traffic.iter().zip(&mains).map(|(traffic, mains)| traffic + 0.3 * mains).collect()
}

/// Frequency of a note, `semitones` above the C below middle C.
fn pitch_hz(semitones: i32) -> f32 {
    130.81 * 2f32.powf(semitones as f32 / 12.0)
}

/// Adds a note of `seconds` from `start` on; `envelope` gives its loudness by the time since.
fn add_note(samples: &mut [f32], start: usize, seconds: f32, hz: f32, envelope: impl Fn(f32) -> f32) {
    let harmonics = (1..=8).filter(|&k| hz * (k as f32) < 7_500.0);
    let harmonics: Vec<_> = harmonics.map(|k| (k as f32, 1.0 / (k as f32).powf(1.3))).collect();
    for (n, sample) in samples.iter_mut().skip(start).take((seconds * RATE) as usize).enumerate() {
        let t = n as f32 / RATE;
        let wave: f32 = harmonics.iter().map(|(k, gain)| gain * (TAU * hz * k * t).sin()).sum();
        *sample += envelope(t) * wave;
    }
}

fn chords(count: usize, dice: &mut Dice) -> Vec<f32> {
    let mut samples = vec![0.0; count];
    for start in (0..count).step_by(SAMPLE_RATE) {
        let root = dice.pick(&[-5, 0, 2, 5, 7]);
        for interval in [-12, 0, dice.pick(&[3, 4]), 7] {
            // Swells for 0.2 s, and fades into the next chord.
            add_note(&mut samples, start, 1.3, pitch_hz(root + interval), |t| (t / 0.2).min(1.0).min((1.3 - t) / 0.3));
        }
    }
    samples
}

fn melody(count: usize, dice: &mut Dice) -> Vec<f32> {
    let mut samples = vec![0.0; count];
    for (note, start) in (0..count).step_by(SAMPLE_RATE / 4).enumerate() {
        let step = dice.pick(&[0, 2, 4, 5, 7, 9, 11, 12]);
        add_note(&mut samples, start, 1.0, pitch_hz(12 + step), |t| (t / 0.005).min(1.0) * (-t / 0.3).exp());
        if note % 4 == 0 {
            let bass = dice.pick(&[-12, -7, -5, -3]);
            add_note(&mut samples, start, 1.5, pitch_hz(bass), |t| (t / 0.01).min(1.0) * (-t / 0.6).exp());
        }
    }
    samples
}

/// Short strokes over a faint noise.
///
/// * `gap`: shortest and mean further time between two, in seconds
/// * `hz`: where a stroke rings
/// * `decay`: how long it rings, in seconds
fn strokes(count: usize, dice: &mut Dice, gap: (f32, f32), hz: (f32, f32), decay: f32) -> Vec<f32> {
    let mut samples: Vec<f32> = (0..count).map(|_| 1e-3 * dice.normal()).collect();
    let mut start = 0.0;
    loop {
        start += gap.0 - gap.1 * (1.0 - dice.uniform()).ln();
        let first = (start * RATE) as usize;
        if first >= count {
            return samples;
        }
        let (pitch, loudness, decay) =
            (dice.between(hz.0, hz.1), dice.between(0.4, 1.0), decay * dice.between(0.5, 1.5));
        for (n, sample) in samples[first..].iter_mut().take((8.0 * decay * RATE) as usize).enumerate() {
            let t = n as f32 / RATE;
            *sample += loudness * (-t / decay).exp() * (dice.normal() + 2.0 * (TAU * pitch * t).sin());
        }
    }
}
