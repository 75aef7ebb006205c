//! The speech features against librosa, and against themselves however the samples are cut.

use moodbox_shared::audio::{
    CHROMA_FFT, FeatureExtractor, FeatureRow, HOP, MEL_BANDS, SAMPLE_RATE, SpeechGate, SpeechInputKind,
    SpeechStatistics, SpeechStream, WINDOW_ROWS, mel, to_unit,
};
use moodbox_shared::media::read_speech;
use proptest::prelude::*;
use std::fs;

/// What `tests/golden/features.py` wrote of one signal.
struct Golden {
    samples: Vec<i16>,
    /// MFCC, chroma, mel as power.
    rows: Vec<FeatureRow>,
}

impl Golden {
    fn read(name: &str) -> Self {
        let bytes = fs::read(moodbox_tests::golden_dir().join(format!("features_{name}.bin"))).unwrap();
        let (head, rest) = bytes.split_at(8);
        let sample_bytes = 2 * u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        let (samples, values) = rest.split_at(sample_bytes);
        let samples = samples.chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
        let values: Vec<f32> =
            values.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
        let rows: Vec<_> = values.chunks_exact(180).map(|row| FeatureRow(row.try_into().unwrap())).collect();
        assert_eq!(rows.len(), u32::from_le_bytes(head[4..].try_into().unwrap()) as usize);
        Self { samples, rows }
    }
}

/// Largest distances from librosa over a signal.
#[derive(Debug, Default)]
struct Distances {
    /// `|ours − theirs|` less `1e-6` of the frame's largest band, relative to theirs.
    mel: f64,
    mel_db: f32,
    mfcc: f32,
    chroma: f32,
}

impl Distances {
    fn take(&mut self, samples: &[i16], row: &FeatureRow, golden: &FeatureRow) {
        let frame: [f32; CHROMA_FFT] = std::array::from_fn(|n| to_unit(samples[n]));
        let mut extractor = FeatureExtractor::new();
        let largest = golden.mel_db().iter().copied().fold(0.0, f32::max);
        for (ours, theirs) in extractor.mel_power(&frame).iter().zip(golden.mel_db()) {
            let beyond = f64::from((ours - theirs).abs()) - 1e-6 * f64::from(largest);
            self.mel = self.mel.max(beyond / f64::from(theirs.max(f32::MIN_POSITIVE)));
        }
        let largest = |ours: &[f32], theirs: &[f32]| {
            ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
        };
        let golden_db: Vec<f32> = golden.mel_db().iter().map(|&power| mel::to_decibels(power)).collect();
        self.mel_db = self.mel_db.max(largest(row.mel_db(), &golden_db));
        self.mfcc = self.mfcc.max(largest(row.mfcc(), golden.mfcc()));
        self.chroma = self.chroma.max(largest(row.chroma(), golden.chroma()));
    }
}

fn rows_of(samples: &[i16]) -> Vec<FeatureRow> {
    let mut rows = Vec::new();
    SpeechStream::new().push(samples, |_, row| rows.push(*row));
    rows
}

fn assert_as_librosa(name: &str, samples: &[i16], golden: &[FeatureRow], stride: usize, mfcc_tolerance: f32) {
    let mut distances = Distances::default();
    let rows = rows_of(samples);
    assert_eq!(rows.len().div_ceil(stride), golden.len(), "{name}");
    for (index, (row, golden)) in rows.iter().step_by(stride).zip(golden).enumerate() {
        distances.take(&samples[index * stride * HOP..], row, golden);
    }
    println!("{name}: {distances:?}");
    assert!(distances.mel <= 1e-5, "{name}: mel {distances:?}");
    assert!(distances.mfcc <= mfcc_tolerance, "{name}: MFCC {distances:?}");
    assert!(distances.chroma <= 1e-3, "{name}: chroma {distances:?}");
}

#[test]
fn features_are_librosas() {
    for name in ["silence", "impulse", "noise", "quiet_noise", "speech_like", "clipped_speech"] {
        let golden = Golden::read(name);
        assert_as_librosa(name, &golden.samples, &golden.rows, 1, 1e-3);
    }
}

/// Beside a pure tone lies nothing but rounding, in librosa as here, and the decibels of it go into the MFCC.
#[test]
fn features_of_tones_are_librosas_but_for_what_rounding_leaves_beside_them() {
    for name in ["sweep", "chord"] {
        let golden = Golden::read(name);
        assert_as_librosa(name, &golden.samples, &golden.rows, 1, 0.15);
    }
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn features_of_real_speech_are_librosas() {
    let path = moodbox_tests::data_dir().join("ravdess/Actor_02/03-01-05-02-02-01-02.flac");
    let samples = read_speech(&path).unwrap();
    assert_as_librosa("ravdess", &samples, &Golden::read("ravdess").rows, 16, 1e-3);
}

#[test]
fn golden_files_tell_what_made_them() {
    let told = fs::read_to_string(moodbox_tests::golden_dir().join("features.json")).unwrap();
    for key in ["command", "librosa", "numpy", "seed"] {
        assert!(told.contains(&format!("\"{key}\"")), "{key}");
    }
}

fn samples(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Vec<i16>> {
    (any::<u32>(), lengths, 0..16u32).prop_map(|(seed, length, quieter)| {
        let mut state = seed | 1;
        let next = move |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as i16) >> quieter
        };
        (0..length).map(next).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_samples_are_cut_the_rows_are_the_same(
        samples in samples(0..40_000),
        cuts in prop::collection::vec(prop_oneof![Just(1), 1usize..300, 300usize..SAMPLE_RATE, Just(SAMPLE_RATE)], 1..20),
    ) {
        let whole = rows_of(&samples);
        let mut stream = SpeechStream::new();
        // What was heard before `clear` leaves no trace.
        stream.push(&[12_345; 3_000], |_, _| {});
        stream.clear();
        let (mut pieces, mut rest) = (Vec::new(), &samples[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, later) = rest.split_at(rest.len().min(*cut));
            stream.push(piece, |number, row| {
                assert_eq!(number, pieces.len() as u64);
                pieces.push(*row);
            });
            rest = later;
        }
        prop_assert!(pieces == whole);
        prop_assert!(stream.row_count() == whole.len() as u64);

        // Each row is what the extractor makes of its own samples alone.
        let mut extractor = FeatureExtractor::new();
        for (index, row) in whole.iter().enumerate() {
            let frame: [f32; CHROMA_FFT] = std::array::from_fn(|n| to_unit(samples[index * HOP + n]));
            let mut alone = FeatureRow::ZERO;
            extractor.row(&frame, &mut alone);
            prop_assert!(alone == *row);
        }
    }

    #[test]
    fn every_value_is_finite_and_in_range(samples in samples(2_048..6_000)) {
        for row in rows_of(&samples) {
            prop_assert!(row.0.iter().all(|value| value.is_finite()));
            prop_assert!(row.chroma().iter().all(|value| (0.0..=1.0).contains(value)));
            prop_assert!(row.mel_db().iter().all(|value| (-100.0..=80.0).contains(value)));
        }
    }

    #[test]
    fn the_gate_judges_the_same_however_samples_are_cut(
        samples in samples(0..12_000),
        cut in 1usize..1_000,
    ) {
        let mut whole = Vec::new();
        SpeechGate::default().push(&samples, |hop, reading| whole.push((hop, reading)));
        let mut pieces = Vec::new();
        let mut gate = SpeechGate::default();
        for piece in samples.chunks(cut) {
            gate.push(piece, |hop, reading| pieces.push((hop, reading)));
        }
        prop_assert_eq!(pieces, whole);
    }
}

#[test]
fn microphone_gain_makes_no_difference_to_a_map() {
    let loud: Vec<i16> = Golden::read("speech_like").samples.iter().map(|sample| sample / 2 * 2).collect();
    let quiet: Vec<i16> = loud.iter().map(|sample| sample / 2).collect();
    let map = |samples: &[i16]| {
        let mut stream = SpeechStream::new();
        stream.push(samples, |_, _| {});
        let mut values = vec![0.0; SpeechInputKind::Map.input_len()];
        SpeechInputKind::Map.scale(stream.window().unwrap(), &SpeechStatistics::IDENTITY, &mut values);
        values
    };
    let (loud, quiet) = (map(&loud), map(&quiet));
    let worst = loud.iter().zip(&quiet).map(|(loud, quiet)| (loud - quiet).abs()).fold(0.0, f32::max);
    assert!(worst < 0.02, "{worst}");
    assert!(loud.iter().any(|value| value.abs() > 10.0));
}

#[test]
fn a_ring_that_has_turned_gives_the_last_window_in_order() {
    let clip: Vec<i16> = (0..90_000u64).map(|n| (n * n % 30_011) as i16).collect();
    let rows = rows_of(&clip);
    let mut stream = SpeechStream::new();
    stream.push(&clip, |_, _| {});
    let window: Vec<FeatureRow> = stream.window().unwrap().iter().copied().collect();
    assert_eq!(window, rows[rows.len() - WINDOW_ROWS..]);
    assert_eq!(window[0].mel_db().len(), MEL_BANDS);
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn the_gate_opens_for_speech_and_not_for_the_room() {
    let folder = moodbox_tests::data_dir().join("ravdess/Actor_02");
    let (mut clips, mut heard, mut false_starts) = (0, 0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let samples = read_speech(&entry.unwrap().path()).unwrap();
        let mut gate = SpeechGate::default();
        let (mut early, mut open, mut hops) = (false, 0, 0);
        gate.push(&samples, |hop, reading| {
            early |= hop < 20 && reading.open;
            open += usize::from(reading.open);
            hops += 1;
        });
        clips += 1;
        heard += usize::from(open * 5 > hops);
        false_starts += usize::from(early);
    }
    println!("{heard} of {clips} clips heard, {false_starts} opened within the first 0.3 s");
    assert!(heard * 100 >= clips * 95 && false_starts * 100 <= clips * 10);
}
