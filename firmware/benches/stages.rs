//! Time of every stage of the inner loop, on the machine at hand.
//!
//! ```text
//! cargo bench -p moodbox
//! ```

use criterion::{Criterion, criterion_group, criterion_main};
use moodbox::models::ModelSource;
use moodbox_shared::audio::{CHROMA_FFT, FeatureExtractor, FeatureRow, HOP, SpeechStream, WINDOW_ROWS};
use moodbox_shared::model::{MAX_ARENA_BYTES, Model, Task};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::pipeline::{Pipeline, PipelineSettings, Sighting};
use moodbox_shared::vision::{CropSquare, DetectedFace, FACE_INPUT, LumaImage, PixelFormat, RawFrame, crop_to_face};
use std::hint::black_box;

/// Samples of a whole window.
const WINDOW_SAMPLES: usize = CHROMA_FFT + (WINDOW_ROWS - 1) * HOP;

const SIZE: (usize, usize) = (640, 480);

fn noise(count: usize) -> Vec<i16> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 18) as i16 - 8_192
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn picture() -> Vec<u8> {
    (0..SIZE.0 * SIZE.1).map(|index| (index % SIZE.0 / 3) as u8).collect()
}

fn embedded(task: Task) -> Option<Model<'static>> {
    ModelSource::embedded(task).map(|bytes| Model::load(bytes).expect("the embedded model is good"))
}

fn networks(criterion: &mut Criterion) {
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    for (name, task) in [("face_net", Task::Face), ("speech_net", Task::Speech)] {
        let Some(model) = embedded(task) else {
            eprintln!("{name}: no embedded model to measure");
            continue;
        };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| model.network().run(Isa::SCALAR, black_box(&mut arena[..])).len());
        });
    }
}

fn features(criterion: &mut Criterion) {
    let samples = noise(WINDOW_SAMPLES);
    let mut extractor = Box::new(FeatureExtractor::new());
    let frame: [f32; CHROMA_FFT] = std::array::from_fn(|index| f32::from(samples[index]) / 32_768.0);
    let mut row = FeatureRow::ZERO;
    criterion.bench_function("speech_features_hop", |bencher| {
        bencher.iter(|| extractor.row(black_box(&frame), &mut row));
    });
    let mut stream = Box::new(SpeechStream::new());
    criterion.bench_function("speech_features_window", |bencher| {
        bencher.iter(|| {
            stream.clear();
            stream.push(black_box(&samples), |_, _| {});
        });
    });
}

fn crop(criterion: &mut Criterion) {
    let pixels = picture();
    let image = LumaImage::new(SIZE.0, SIZE.1, SIZE.0, &pixels).expect("a whole picture");
    let mut out = [0; FACE_INPUT];
    criterion.bench_function("crop", |bencher| {
        bencher.iter(|| crop_to_face(black_box(&image), CropSquare { x: 200.0, y: 120.0, side: 240.0 }, &mut out));
    });
}

/// One frame, the two hops of sound that come with it, and the decision; the detector is a stage of its own.
fn step(criterion: &mut Criterion) {
    let (Some(face), Some(speech)) = (embedded(Task::Face), embedded(Task::Speech)) else {
        eprintln!("step: no embedded models to measure");
        return;
    };
    let mut luma = vec![0; SIZE.0 * SIZE.1];
    let settings = PipelineSettings::default();
    let pipeline = Pipeline::new(Some(&face), Some(&speech), &settings, &mut luma);
    let mut pipeline = Box::new(pipeline.expect("each model in its place"));
    let yuyv: Vec<u8> = picture().into_iter().flat_map(|luma| [luma, 128]).collect();
    let frame = RawFrame { format: PixelFormat::Yuyv, width: SIZE.0, height: SIZE.1, stride: 2 * SIZE.0, bytes: &yuyv };
    let sound = noise(2 * HOP);
    let face = DetectedFace { x: 200.0, y: 120.0, width: 220.0, height: 220.0, score: 9.0 };
    let looked = |_: &LumaImage<'_>| Sighting::Looked([face].into_iter().collect());
    pipeline.on_frame(0, &frame, looked).expect("a whole frame");
    let mut time_ms = 0;
    criterion.bench_function("step", |bencher| {
        bencher.iter(|| {
            time_ms += 33;
            pipeline.on_audio(time_ms, black_box(&sound));
            pipeline.on_frame(time_ms, black_box(&frame), |_| Sighting::NotLooked).expect("a whole frame");
            pipeline.step(time_ms)
        });
    });
}

criterion_group!(stages, networks, features, crop, step);
criterion_main!(stages);
