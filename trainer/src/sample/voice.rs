//! A synthetic voice that says a sentence in the manner of an emotion: nobody's voice.
//!
//! A source (glottal pulses and breath) goes through a filter (four formants), as Fant (1960) describes speech. What changes with the
//! emotion are pitch, its movement, loudness, pace and timbre: what Scherer (2003) finds to carry emotion.

use std::f32::consts::TAU;

use moodbox_shared::Emotion;
use moodbox_shared::audio::SAMPLE_RATE;

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// Pitch in the middle of the sentence, in hertz.
    pub pitch_hz: f32,
    /// How far the pitch moves with each syllable, in semitones.
    pub movement_semitones: f32,
    /// How far the pitch has risen at the sentence's end, in semitones.
    pub rise_semitones: f32,
    /// Syllables a second.
    pub syllables_per_second: f32,
    /// Loudness of the vowels, of full scale.
    pub loudness: f32,
    /// Share of breath in the source, 0 to 1.
    pub breath: f32,
    /// How much the high part of the source is kept, 0 (soft) to 1 (pressed).
    pub tension: f32,
    /// How far the pitch trembles, in semitones.
    pub tremor_semitones: f32,
}

impl Manner {
    /// The manner of an emotion.
    ///
    /// The numbers were found by random searches until the shipped networks of the time (`models/speech.moodnet`) heard what is meant, so they are
    /// their taste more than anybody's voice: neutral, happiness and anger are heard in theirs only just. The sample shows that the chain works and
    /// proves no accuracy. Calm, which the sample does not play, was not searched for.
    #[rustfmt::skip]
    pub const fn of(emotion: Emotion) -> Self {
        let [pitch_hz, movement_semitones, rise_semitones, syllables_per_second, loudness, breath, tension, tremor_semitones] =
            match emotion {
                Emotion::Neutral =>   [167.0, 1.7,-11.2, 3.6, 0.10, 0.23, 0.30, 0.4],
                Emotion::Calm =>      [115.0, 1.0, -2.0, 3.4, 0.06, 0.12, 0.30, 0.0],
                Emotion::Happy =>     [205.0, 3.7, -0.3, 3.6, 0.07, 0.08, 0.77, 0.7],
                Emotion::Sad =>       [208.0, 0.2, -5.5, 3.0, 0.08, 0.12, 0.56, 0.0],
                Emotion::Angry =>     [169.0, 8.0, -8.4, 3.0, 0.27, 0.00, 0.81, 0.7],
                Emotion::Fearful =>   [169.0, 0.6, 11.1, 3.6, 0.08, 0.20, 0.96, 0.8],
                Emotion::Disgust =>   [ 98.0, 6.8, -4.3, 3.0, 0.90, 0.32, 1.00, 0.5],
                Emotion::Surprised => [360.0, 7.4, -1.2, 3.3, 0.71, 0.02, 0.25, 0.4],
            };
        Self {
            pitch_hz, movement_semitones, rise_semitones, syllables_per_second, loudness, breath, tension, tremor_semitones,
        }
    }
}

/// A consonant's noise and the vowel after it.
struct Syllable {
    /// First three formants of the vowel, in hertz.
    formants: [f32; 3],
    /// Loudness of the consonant's noise; 0 where there is none.
    noise: f32,
    /// Loudness of the vowel.
    stress: f32,
}

/// "Dogs are sitting by the door", roughly.
const SENTENCE: [Syllable; 7] = [
    Syllable { formants: [710.0, 1100.0, 2540.0], noise: 0.5, stress: 1.0 },
    Syllable { formants: [700.0, 1220.0, 2600.0], noise: 0.0, stress: 0.6 },
    Syllable { formants: [400.0, 1920.0, 2560.0], noise: 1.0, stress: 1.0 },
    Syllable { formants: [390.0, 1990.0, 2550.0], noise: 0.6, stress: 0.5 },
    Syllable { formants: [660.0, 1500.0, 2500.0], noise: 0.3, stress: 0.8 },
    Syllable { formants: [500.0, 1500.0, 2500.0], noise: 0.3, stress: 0.5 },
    Syllable { formants: [590.0, 880.0, 2540.0], noise: 0.5, stress: 0.9 },
];

/// The fourth formant hardly moves.
const FOURTH_FORMANT_HZ: f32 = 3500.0;

/// Widths of the formants, in hertz.
const BANDWIDTHS_HZ: [f32; 4] = [80.0, 100.0, 130.0, 200.0];

/// Length of what is said with the pauses around it, in seconds.
const SECONDS: f32 = 3.2;

/// Share of a syllable that its consonant takes.
const CONSONANT_SHARE: f32 = 0.22;

/// Loudness of the room, of full scale: no room is silent.
const ROOM: f32 = 0.0004;

/// Says the sentence; 16 kHz mono, 3.2 s, the same on every run.
pub fn speak(manner: Manner) -> Vec<i16> {
    let rate = SAMPLE_RATE as f32;
    let total = (SECONDS * rate) as usize;
    let spoken_seconds = SENTENCE.len() as f32 / manner.syllables_per_second;
    let start_seconds = ((SECONDS - spoken_seconds) / 2.0).max(0.0);

    let mut noise = Noise(0x2545_F491);
    let mut formants = [Resonator::default(); 4];
    let mut hiss = Resonator::default();
    let mut phase = 0.0f32;
    let mut softened = 0.0f32;
    let mut voiced = Vec::with_capacity(total);
    for index in 0..total {
        let seconds = index as f32 / rate;
        let position = (seconds - start_seconds) / spoken_seconds * SENTENCE.len() as f32;
        let breath = noise.next();
        let Some((syllable, within)) = syllable_at(position) else {
            voiced.push(ROOM * breath);
            continue;
        };

        let progress = position / SENTENCE.len() as f32 - 0.5;
        let movement = manner.movement_semitones * SENTENCE[syllable].stress * (TAU * (within - 0.25)).sin();
        let tremor = manner.tremor_semitones * (TAU * 6.0 * seconds).sin();
        // What a living throat does from one pulse to the next.
        let jitter = 0.06 * (TAU * 2.3 * seconds).sin() + 0.05 * (TAU * 9.1 * seconds).sin();
        let semitones = movement + 2.0 * manner.rise_semitones * progress + tremor + jitter;
        phase = (phase + manner.pitch_hz * (semitones / 12.0).exp2() / rate).fract();

        // One step towards a softer source: a one-pole low-pass whose corner the tension moves.
        let source = glottal_flow_change(phase) * (1.0 - manner.breath) + breath * manner.breath * 0.4;
        softened += (0.12 + 0.8 * manner.tension) * (source - softened);

        let vowel = blended_formants(position);
        let mut sound = softened;
        for (resonator, (hertz, width)) in formants.iter_mut().zip(vowel.into_iter().zip(BANDWIDTHS_HZ)) {
            sound = resonator.next(sound, hertz, width);
        }
        let consonant = SENTENCE[syllable].noise * hump(within / CONSONANT_SHARE);
        let vowel_loudness =
            SENTENCE[syllable].stress * hump((within - 0.6 * CONSONANT_SHARE) / (1.0 - 0.6 * CONSONANT_SHARE));
        let hissed = hiss.next(breath, 4500.0, 2500.0);
        voiced.push(vowel_loudness * sound + 0.12 * consonant * hissed + ROOM * breath);
    }
    scale(&voiced, manner.loudness)
}

/// Brings the loudest sample to the manner's loudness; the room's noise keeps its own level in the pauses, more or less.
fn scale(sound: &[f32], loudness: f32) -> Vec<i16> {
    let loudest = sound.iter().fold(f32::MIN_POSITIVE, |loudest, sample| loudest.max(sample.abs()));
    let gain = loudness / loudest;
    let mut room = Noise(0x1234_5678);
    sound
        .iter()
        .map(|sample| ((gain * sample + ROOM * room.next()) * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

/// Which syllable, and how far into it, 0 to 1; `None` in the pauses.
fn syllable_at(position: f32) -> Option<(usize, f32)> {
    let index = position.floor();
    (index >= 0.0 && (index as usize) < SENTENCE.len()).then_some((index as usize, position - index))
}

/// Formants glide from the middle of one vowel to that of the next.
fn blended_formants(position: f32) -> [f32; 4] {
    let middle = (position - 0.5).clamp(0.0, (SENTENCE.len() - 1) as f32);
    let (from, share) = (middle as usize, middle.fract());
    let to = (from + 1).min(SENTENCE.len() - 1);
    let mut blended = [FOURTH_FORMANT_HZ; 4];
    for (index, target) in blended.iter_mut().take(3).enumerate() {
        let (a, b) = (SENTENCE[from].formants[index], SENTENCE[to].formants[index]);
        *target = a + (b - a) * share * share * (3.0 - 2.0 * share);
    }
    blended
}

/// Change of the air flow through the glottis over one period: it opens slowly and shuts fast (Rosenberg 1971).
fn glottal_flow_change(phase: f32) -> f32 {
    const OPENING: f32 = 0.4;
    const CLOSING: f32 = 0.16;
    if phase < OPENING {
        0.5 * (std::f32::consts::PI * phase / OPENING).sin() * CLOSING / OPENING
    } else if phase < OPENING + CLOSING {
        -(std::f32::consts::FRAC_PI_2 * (phase - OPENING) / CLOSING).sin()
    } else {
        0.0
    }
}

/// Rises from 0 at 0 to 1 in the middle and falls to 0 at 1; 0 outside.
fn hump(position: f32) -> f32 {
    if (0.0..=1.0).contains(&position) { (std::f32::consts::PI * position).sin().sqrt() } else { 0.0 }
}

/// A two-pole filter that lets one formant ring, with a gain of one at 0 Hz (Klatt 1980).
#[derive(Clone, Copy, Default)]
struct Resonator {
    last: f32,
    before: f32,
}

impl Resonator {
    fn next(&mut self, input: f32, hertz: f32, bandwidth_hz: f32) -> f32 {
        let rate = SAMPLE_RATE as f32;
        let radius = (-std::f32::consts::PI * bandwidth_hz / rate).exp();
        let feedback = 2.0 * radius * (TAU * hertz / rate).cos();
        let decay = -radius * radius;
        let output = (1.0 - feedback - decay) * input + feedback * self.last + decay * self.before;
        (self.before, self.last) = (self.last, output);
        output
    }
}

/// White noise between −1 and 1 (xorshift, Marsaglia 2003).
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / (u32::MAX / 2) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::audio::SpeechStream;

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn every_emotion_sounds_otherwise_and_the_same_each_time() {
        let voices = Emotion::ALL.map(|emotion| speak(Manner::of(emotion)));
        for (index, voice) in voices.iter().enumerate() {
            assert_eq!(voice.len(), 51_200);
            assert_eq!(*voice, speak(Manner::of(Emotion::ALL[index])));
            assert!(voices[..index].iter().all(|other| other != voice));
        }
        assert!(rms(&voices[Emotion::Angry.index()]) > 2.0 * rms(&voices[Emotion::Sad.index()]));
    }

    #[test]
    fn it_is_loud_in_the_middle_and_as_quiet_as_a_room_around() {
        let voice = speak(Manner::of(Emotion::Neutral));
        let (before, middle) = (rms(&voice[..4_800]), rms(&voice[20_000..30_000]));
        assert!(before > 1.0 && middle > 30.0 * before, "{before} {middle}");
    }

    #[test]
    fn its_pitch_is_the_one_asked_for() {
        let still = Manner {
            movement_semitones: 0.0,
            rise_semitones: 0.0,
            tremor_semitones: 0.0,
            breath: 0.0,
            ..Manner::of(Emotion::Neutral)
        };
        let voice = speak(Manner { pitch_hz: 200.0, ..still });
        let middle = &voice[24_000..28_000];
        let similarity = |lag: usize| -> f64 {
            middle.iter().zip(&middle[lag..]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>()
                / (middle.len() - lag) as f64
        };
        let period = (40..200).max_by(|&a, &b| similarity(a).total_cmp(&similarity(b))).unwrap();
        assert!((76..=84).contains(&period) || (152..=168).contains(&period), "{period} samples");
    }

    #[test]
    fn its_features_are_finite() {
        let mut stream = Box::new(SpeechStream::new());
        let mut rows = 0;
        stream.push(&speak(Manner::of(Emotion::Fearful)), |_, row| {
            assert!(row.0.iter().all(|value| value.is_finite()));
            rows += 1;
        });
        assert_eq!(rows, 193);
    }
}
