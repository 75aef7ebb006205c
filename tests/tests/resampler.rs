//! The resampler: what it lets through and what not, that pieces make no difference, and that nothing allocates.

use moodbox_shared::audio::{FeatureRow, MEL_BANDS, SAMPLE_RATE, SpeechStream};
use moodbox_shared::media::{AudioClip, PcmSample, StreamResampler, read_speech, resample};
use moodbox_tests::counting_allocator::{CountingAllocator, counting};
use moodbox_tests::response::{ToneResponse, alias_band_hz, delay_ms, flat_to_hz, pass_band_hz, respond};
use proptest::prelude::*;
use std::fs;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What microphones offer, and two rates whose ratio to 16 kHz is too odd for a table.
const RATES_HZ: [u32; 10] = [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 44_101, 15_999];

/// The output for an input that comes in `pieces`.
fn stream<S: PcmSample>(rate_hz: u32, channels: u16, pieces: impl Iterator<Item = Vec<S>>) -> Vec<i16> {
    let mut resampler = StreamResampler::new(rate_hz, channels).unwrap();
    let mut output = Vec::new();
    for piece in pieces {
        resampler.push(&piece, |samples| output.extend_from_slice(samples));
    }
    resampler.finish(|samples| output.extend_from_slice(samples));
    output
}

/// The same noise on every machine.
fn noise(count: usize) -> Vec<i16> {
    let mut state = 1u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as u16 as i16) / 2
        })
        .collect()
}

#[test]
fn speech_comes_through_flat() {
    for rate_hz in RATES_HZ {
        for hz in pass_band_hz(rate_hz, 24) {
            let ToneResponse { gain_db, residual_db } = respond(rate_hz, hz);
            assert!(gain_db.abs() < 0.1, "{rate_hz} Hz: {hz:.0} Hz comes out at {gain_db:.3} dB");
            assert!(residual_db < -80.0, "{rate_hz} Hz: {residual_db:.1} dB beside {hz:.0} Hz");
        }
        assert!(flat_to_hz(rate_hz) >= 0.45 * f64::from(rate_hz.min(16_000)));
    }
}

#[test]
fn what_would_fold_down_is_gone() {
    for rate_hz in RATES_HZ {
        for hz in alias_band_hz(rate_hz, 40) {
            let ToneResponse { residual_db, .. } = respond(rate_hz, hz);
            assert!(residual_db < -80.0, "{rate_hz} Hz: {hz:.0} Hz comes back at {residual_db:.1} dB");
        }
    }
}

#[test]
fn a_sample_comes_out_within_20_ms() {
    for rate_hz in RATES_HZ {
        let delay_ms = delay_ms(rate_hz);
        assert!(delay_ms < 20.0, "{rate_hz} Hz: {delay_ms:.1} ms");
    }
}

#[test]
fn sound_at_16_khz_is_not_touched_and_waits_for_nothing() {
    let mut resampler = StreamResampler::new(16_000, 2).unwrap();
    let mut output = Vec::new();
    resampler.push(&[7i16, 9, -3, -3, 5], |samples| output.extend_from_slice(samples));
    assert_eq!(output, [8, -3]);
    resampler.push(&[-5i16], |samples| output.extend_from_slice(samples));
    assert_eq!(output, [8, -3, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_make_no_difference(
        rate in 0..RATES_HZ.len(),
        channels in 1u16..4,
        frames in 0usize..9_000,
        cuts in prop::collection::vec(1usize..5_000, 1..20),
    ) {
        let rate_hz = RATES_HZ[rate];
        let samples = noise(frames * usize::from(channels));
        let whole = stream(rate_hz, channels, std::iter::once(samples.clone()));
        let (mut rest, mut pieces, mut cuts) = (samples.as_slice(), Vec::new(), cuts.iter().cycle());
        while let Some(&cut) = cuts.next().filter(|_| !rest.is_empty()) {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        prop_assert_eq!(&stream(rate_hz, channels, pieces.into_iter()), &whole);
        prop_assert_eq!(whole.len(), (frames * SAMPLE_RATE).div_ceil(rate_hz as usize));
        if channels == 1 {
            let samples = samples.iter().map(|sample| sample.to_f32()).collect();
            prop_assert_eq!(resample::to_16khz(&AudioClip { sample_rate_hz: rate_hz, samples }).unwrap(), whole);
        }
    }
}

#[test]
fn single_samples_and_all_formats_say_the_same() {
    let samples = noise(3_000);
    let whole = stream(48_000, 1, std::iter::once(samples.clone()));
    assert_eq!(stream(48_000, 1, samples.iter().map(|&sample| vec![sample])), whole);
    assert_eq!(stream(48_000, 1, samples.iter().map(|&sample| vec![i32::from(sample) << 16])), whole);
    assert_eq!(stream(48_000, 1, samples.iter().map(|&sample| vec![f32::from(sample) / 32_768.0])), whole);
    assert_eq!(stream(48_000, 2, samples.iter().map(|&sample| vec![sample, sample])), whole);
}

#[test]
fn after_an_overrun_sound_begins_afresh() {
    let samples = noise(4_410);
    let mut resampler = StreamResampler::new(44_100, 1).unwrap();
    resampler.push(&noise(1_234), |_| {});
    resampler.clear();
    let mut output = Vec::new();
    resampler.push(&samples, |samples| output.extend_from_slice(samples));
    resampler.finish(|samples| output.extend_from_slice(samples));
    assert_eq!(output, stream(44_100, 1, std::iter::once(samples)));
}

#[test]
fn a_float_microphone_that_stutters_is_silent_for_that_moment_only() {
    let mut good: Vec<f32> = noise(9_600).iter().map(|sample| sample.to_f32()).collect();
    let mut bad = good.clone();
    for (place, value) in [(1_000, f32::NAN), (1_001, f32::INFINITY), (1_002, f32::NEG_INFINITY)] {
        bad[place] = value;
        good[place] = 0.0;
    }
    assert_eq!(stream(48_000, 1, bad.chunks(100).map(<[f32]>::to_vec)), stream(48_000, 1, std::iter::once(good)));
}

#[test]
fn no_call_allocates() {
    for rate_hz in RATES_HZ.into_iter().chain([16_000]) {
        let mut resampler = StreamResampler::new(rate_hz, 2).unwrap();
        let (short, wide) = (noise(2_000), vec![1i32 << 20; 777]);
        let float = [0.25f32, f32::NAN];
        let mut heard = 0;
        let ((), allocations) = counting(|| {
            for _ in 0..20 {
                resampler.push(&short, |samples| heard += samples.len());
                resampler.push(&wide, |samples| heard += samples.len());
                resampler.push(&float, |samples| heard += samples.len());
            }
            resampler.finish(|samples| heard += samples.len());
            resampler.push(&short[..500], |samples| heard += samples.len());
            resampler.clear();
        });
        assert_eq!(allocations, 0, "{rate_hz} Hz");
        assert!(heard > 0);
    }
    assert!(counting(|| vec![1u8; 100]).1 > 0, "the counter counts");
}

/// FNV-1a of what comes out for a second of noise.
fn checksum(rate_hz: u32) -> u64 {
    let output = stream(rate_hz, 1, std::iter::once(noise(rate_hz as usize)));
    let bytes = output.iter().flat_map(|sample| sample.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn every_processor_gives_the_same_samples() {
    // Written down on x86-64 with AVX and FMA, confirmed on aarch64.
    let rates_hz = [8_000, 44_100, 48_000, 44_101];
    assert_eq!(
        rates_hz.map(checksum),
        [0xe0e5_f515_497d_cb23, 0x701b_926e_97ff_152f, 0x2f7e_2ab4_a813_ff1a, 0xb0dc_f8a6_5c53_496e]
    );
}

fn rows(samples: &[i16]) -> Vec<FeatureRow> {
    let mut stream = Box::new(SpeechStream::new());
    let mut rows = Vec::new();
    stream.push(samples, |_, row| rows.push(*row));
    rows
}

/// Mel bands whose filters end below 7.4 kHz: above, every resampler rolls off in its own way.
const FLAT_BANDS: usize = MEL_BANDS - 5;

/// Mel power that counts as sound; at −87 dB lies the rounding to 16 bits, of which either twin has its own.
const FLOOR_DB: f32 = -50.0;

/// Largest and mean difference.
#[derive(Default)]
struct Difference {
    worst: f32,
    sum: f64,
    count: u32,
}

impl Difference {
    fn take<'a>(&mut self, pairs: impl Iterator<Item = (&'a f32, &'a f32)>) {
        for (ours, theirs) in pairs {
            let difference = (ours - theirs).abs();
            self.worst = self.worst.max(difference);
            self.sum += f64::from(difference);
            self.count += 1;
        }
    }

    fn assert_within(&self, what: &str, mean: f64, worst: f32) {
        let actual = self.sum / f64::from(self.count);
        println!("{what}: {actual:.4} on average, at most {:.3}, of {}", self.worst, self.count);
        assert!(self.count > 1_000, "{what}: {} values", self.count);
        assert!(actual < mean && self.worst < worst, "{what}: {actual} on average, at most {}", self.worst);
    }
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn a_48_khz_original_has_the_features_of_its_16_khz_twin() {
    let data = moodbox_tests::data_dir();
    let [mut mel, mut mfcc, mut chroma] = [const { Difference { worst: 0.0, sum: 0.0, count: 0 } }; 3];
    for path in fs::read_dir(data.join("ravdess_48k/Actor_01")).unwrap().map(|entry| entry.unwrap().path()) {
        let twin = data.join("ravdess/Actor_01").join(path.with_extension("flac").file_name().unwrap());
        for (ours, theirs) in rows(&read_speech(&path).unwrap()).iter().zip(&rows(&read_speech(&twin).unwrap())) {
            let bands = ours.mel_db().iter().zip(theirs.mel_db()).take(FLAT_BANDS);
            mel.take(bands.filter(|(ours, theirs)| ours.min(**theirs) > FLOOR_DB));
            if theirs.mel_db()[..FLAT_BANDS].iter().all(|&band| band > FLOOR_DB) {
                mfcc.take(ours.mfcc().iter().zip(theirs.mfcc()));
                chroma.take(ours.chroma().iter().zip(theirs.chroma()));
            }
        }
    }
    mel.assert_within("mel, dB", 0.03, 0.5);
    mfcc.assert_within("MFCC", 0.5, 1.0);
    chroma.assert_within("chroma", 0.001, 0.01);
}
