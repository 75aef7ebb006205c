//! Takes steps of the inner loop with the embedded networks, for those who count instructions: a YUYV frame with a face at a known place,
//! two hops of sound, and the decision. The face detector is left out.
//!
//! ```text
//! cargo run --release -p moodbox --example steps -- 100
//! ```

use moodbox::models;
use moodbox_shared::audio::HOP;
use moodbox_shared::model::Task;
use moodbox_shared::pipeline::{Pipeline, PipelineSettings, Sighting};
use moodbox_shared::vision::{DetectedFace, PixelFormat, RawFrame};
use std::error::Error;

const SIZE: (usize, usize) = (640, 480);

const FACE: DetectedFace = DetectedFace { x: 200.0, y: 120.0, width: 220.0, height: 220.0, score: 9.0 };

/// Hops from one run of the speech network to the next: a run in each 16 steps, as while somebody speaks.
const SOUND_HOPS: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let steps: u64 = std::env::args().nth(1).ok_or("usage: steps COUNT")?.parse()?;
    let (face, speech) = (models::open(Task::Face, None)?, models::open(Task::Speech, None)?);
    let mut luma = vec![0; SIZE.0 * SIZE.1];
    let pipeline = Pipeline::new(Some(&face), Some(&speech), &PipelineSettings::default(), &mut luma)?;
    let mut pipeline = Box::new(pipeline);
    let bytes: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(|index| [(index % SIZE.0 / 3) as u8, 128]).collect();
    let frame =
        RawFrame { format: PixelFormat::Yuyv, width: SIZE.0, height: SIZE.1, stride: 2 * SIZE.0, bytes: &bytes };
    let sound: Vec<i16> = (0..SOUND_HOPS * HOP).map(voice).collect();
    pipeline.on_frame(0, &frame, |_| Sighting::Looked([FACE].into_iter().collect()))?;
    for step in 0..steps {
        let time_ms = step * 33;
        let start = step as usize * 2 * HOP % sound.len();
        pipeline.on_audio(time_ms, &sound[start..start + 2 * HOP]);
        pipeline.on_frame(time_ms, &frame, |_| Sighting::NotLooked)?;
        pipeline.step(time_ms);
    }
    Ok(())
}

/// A buzz that the speech gate takes for a voice: a pulse every 7 ms, decaying, louder and softer four times a second.
fn voice(index: usize) -> i16 {
    let pulse = 6_000.0 * (-((index % 112) as f32) / 20.0).exp() * (index as f32 * 0.7).sin();
    let loudness = 0.6 + 0.4 * (index as f32 / 4_000.0 * std::f32::consts::TAU).sin();
    (pulse * loudness) as i16
}
