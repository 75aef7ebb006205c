//! One step of the inner loop after the other, while a face is seen and a voice is heard: a YUYV frame, the two hops of sound that come with
//! it, the decision. The face detector is a stage of its own.

use super::material::{FACE, SIZE, raw_frame, voice, yuyv};
use crate::start::{Networks, StartError};
use moodbox_shared::audio::HOP;
use moodbox_shared::nn::Isa;
use moodbox_shared::pipeline::{Pipeline, PipelineSettings, Sighting};
use std::hint::black_box;

/// Samples that come with a frame.
const STEP_SAMPLES: usize = 2 * HOP;

/// Hops of the sound before it begins again: so many as are heard from one run of the speech network to the next, and one more, which
/// makes them a whole number of steps.
const SOUND_HOPS: usize = 32;

/// Milliseconds from frame to frame.
const STEP_MS: u64 = 33;

/// The pipeline and what it is shown.
pub struct Step {
    pipeline: Box<Pipeline<'static>>,
    frame: Vec<u8>,
    sound: Vec<i16>,
    steps: u64,
}

impl Step {
    /// Follows the face already. The memory for luma stays for as long as the program runs.
    pub fn new(networks: Networks, isa: Isa) -> Result<Self, StartError> {
        let settings = PipelineSettings { isa, ..PipelineSettings::default() };
        let luma = vec![0; SIZE.0 * SIZE.1].leak();
        let mut pipeline = Box::new(Pipeline::new(networks.face, networks.speech, &settings, luma)?);
        let frame = yuyv();
        let looked = pipeline.on_frame(0, &raw_frame(&frame), |_| Sighting::Looked([FACE].into_iter().collect()));
        looked.expect("a whole frame");
        Ok(Self { pipeline, frame, sound: voice(SOUND_HOPS * HOP), steps: 0 })
    }

    /// The next one.
    pub fn take(&mut self) {
        let time_ms = self.steps * STEP_MS;
        let start = self.steps as usize * STEP_SAMPLES % self.sound.len();
        self.steps += 1;
        self.pipeline.on_audio(time_ms, black_box(&self.sound[start..start + STEP_SAMPLES]));
        let seen = self.pipeline.on_frame(time_ms, black_box(&raw_frame(&self.frame)), |_| Sighting::NotLooked);
        seen.expect("a whole frame");
        black_box(self.pipeline.step(time_ms));
    }
}
