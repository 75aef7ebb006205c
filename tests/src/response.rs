//! What a resampler does to a tone: how loud it comes out, what comes out beside it, and when.

use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::media::StreamResampler;
use std::f64::consts::TAU;

/// Amplitude of the probing tones, of full scale.
const AMPLITUDE: f64 = 0.9;

/// Length of the probing tones in seconds.
const SECONDS: f64 = 0.3;

/// Samples at either end that the beginning and the end of the tone disturb.
const MARGIN: usize = 600;

/// What became of a tone.
#[derive(Clone, Copy, Debug)]
pub struct ToneResponse {
    /// The tone's own level against that of the input, in dB; −120 where it can't come out.
    pub gain_db: f64,
    /// Everything else that came out (aliases, images, rounding), against the level of the input, in dB.
    pub residual_db: f64,
}

/// A tone of `hz` at a rate of `rate_hz`, full scale being 1.
pub fn tone(rate_hz: u32, hz: f64) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate_hz);
    (0..(f64::from(rate_hz) * SECONDS) as usize).map(|n| (AMPLITUDE * (step * n as f64).sin()) as f32).collect()
}

/// Splits what came out, at 16 kHz and of full scale 1, into the tone of `hz` that went in and the rest.
pub fn analyse(output: &[f64], hz: f64) -> ToneResponse {
    let step = TAU * hz / SAMPLE_RATE as f64;
    let middle = &output[MARGIN..output.len() - MARGIN];
    let decibels = |power: f64| 10.0 * (power / (AMPLITUDE * AMPLITUDE / 2.0)).max(1e-12).log10();
    let mut rest = middle.to_vec();
    let amplitude = if hz < SAMPLE_RATE as f64 / 2.0 { remove_tone(&mut rest, step) } else { 0.0 };
    let residual = rest.iter().map(|x| x * x).sum::<f64>() / rest.len() as f64;
    ToneResponse { gain_db: decibels(amplitude * amplitude / 2.0), residual_db: decibels(residual) }
}

/// Takes the best-fitting sine of `step` radians a sample away, by least squares, and returns its amplitude.
fn remove_tone(samples: &mut [f64], step: f64) -> f64 {
    let (mut cc, mut cs, mut ss, mut xc, mut xs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        let (s, c) = (step * n as f64).sin_cos();
        (cc, cs, ss, xc, xs) = (cc + c * c, cs + c * s, ss + s * s, xc + x * c, xs + x * s);
    }
    let determinant = cc * ss - cs * cs;
    let (a, b) = ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant);
    for (n, x) in samples.iter_mut().enumerate() {
        let (s, c) = (step * n as f64).sin_cos();
        *x -= a * c + b * s;
    }
    a.hypot(b)
}

/// What the box's resampler makes of a tone, its rounding to 16 bits included.
pub fn respond(rate_hz: u32, hz: f64) -> ToneResponse {
    let mut output = Vec::new();
    let mut resampler = StreamResampler::new(rate_hz, 1).expect("a rate that is possible");
    let mut take = |samples: &[i16]| output.extend(samples.iter().map(|&sample| f64::from(sample) / 32_768.0));
    resampler.push(&tone(rate_hz, hz), &mut take);
    resampler.finish(&mut take);
    analyse(&output, hz)
}

/// Up to where the resampler promises to be flat: 7.2 kHz, or 0.45 of a lower input rate, in Hz.
pub fn flat_to_hz(rate_hz: u32) -> f64 {
    0.45 * f64::from(rate_hz).min(SAMPLE_RATE as f64)
}

/// Tones that must come through, in Hz.
pub fn pass_band_hz(rate_hz: u32, count: usize) -> Vec<f64> {
    spread(40.0, flat_to_hz(rate_hz), count)
}

/// Tones above half of 16 kHz, that would come back as aliases; none where the input has no such tones.
pub fn alias_band_hz(rate_hz: u32, count: usize) -> Vec<f64> {
    let (first, last) = (SAMPLE_RATE as f64 / 2.0, f64::from(rate_hz) * 0.4999);
    if last <= first { Vec::new() } else { spread(first + 1.0, last, count) }
}

fn spread(first: f64, last: f64, count: usize) -> Vec<f64> {
    (0..count).map(|n| first + (last - first) * n as f64 / (count - 1) as f64).collect()
}

/// Longest time from a sample's moment to its coming out, in milliseconds, when the microphone gives sample by sample.
pub fn delay_ms(rate_hz: u32) -> f64 {
    let mut resampler = StreamResampler::new(rate_hz, 1).expect("a rate that is possible");
    let (mut emitted, mut worst) = (0u32, 0.0f64);
    for pushed in 1..=rate_hz / 2 {
        resampler.push(&[0i16], |samples| {
            let now_ms = f64::from(pushed) * 1e3 / f64::from(rate_hz);
            worst = worst.max(now_ms - f64::from(emitted) * 1e3 / SAMPLE_RATE as f64);
            emitted += samples.len() as u32;
        });
    }
    worst
}
