//! Computes the speech features of noise, for those who count instructions or take the time.
//!
//! ```text
//! cargo run --release -p moodbox-shared --example speech_features -- hops 1001
//! cargo run --release -p moodbox-shared --example speech_features -- times 50
//! ```
//!
//! `hops` takes so many hops of sound into a stream that is full, and prints nothing. `times` measures a whole window from scratch, the
//! half second from one window to the next in periods of one hop, and one such hop, so many times each; it prints the times in
//! microseconds, and the window's last row, as JSON.

use moodbox_shared::audio::{CHROMA_FFT, FeatureRow, HOP, SpeechStream, WINDOW_ROWS, WINDOW_STEP_ROWS};
use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Samples of a whole window.
const WINDOW_SAMPLES: usize = CHROMA_FFT + (WINDOW_ROWS - 1) * HOP;

/// Runs that nobody times: caches are filled, the processor has woken up.
const WARM_UP: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [mode, count] = arguments.as_slice() else { return usage() };
    match (mode.as_str(), count.parse()) {
        ("hops", Ok(count)) => hops(count),
        ("times", Ok(count)) => times(count),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: speech_features hops|times COUNT");
    ExitCode::from(2)
}

/// A linear congruential generator, its top 14 bits as samples around zero.
fn noise(count: usize) -> Vec<i16> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 18) as i16 - 8_192
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn hops(count: usize) {
    let samples = noise(CHROMA_FFT);
    let mut stream = Box::new(SpeechStream::new());
    stream.push(&samples[HOP..], |_, _| {});
    for hop in samples.chunks_exact(HOP).cycle().take(count) {
        stream.push(black_box(hop), |_, row| {
            black_box(row);
        });
    }
}

fn times(count: usize) {
    let samples = noise(WINDOW_SAMPLES);
    let mut stream = Box::new(SpeechStream::new());
    let mut row = FeatureRow::ZERO;
    let window_us = microseconds(count, || {
        stream.clear();
        stream.push(black_box(&samples), |_, newest| row = *newest);
    });
    let mut periods = samples.chunks_exact(HOP).cycle();
    let mut push = |hops: usize| {
        for period in periods.by_ref().take(hops) {
            stream.push(black_box(period), |_, row| {
                black_box(row);
            });
        }
    };
    let half_second_us = microseconds(count, || push(WINDOW_STEP_ROWS));
    let hop_us = microseconds(count, || push(1));
    println!(
        "{{\"window_us\": {window_us:?}, \"half_second_us\": {half_second_us:?}, \"hop_us\": {hop_us:?}, \"row\": {:?}}}",
        row.0
    );
}

fn microseconds(count: usize, mut run: impl FnMut()) -> Vec<f64> {
    for _ in 0..WARM_UP {
        run();
    }
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..count).map(time).collect()
}
