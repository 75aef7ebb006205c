//! `moodbox demo`: plays the built-in sample, mean faces and synthetic speech of each emotion.

use crate::clock::{RealClock, VirtualClock};
use crate::config::{CameraSource, MicrophoneSource, Settings};
use crate::microphone::replay::ReplayMicrophone;
use crate::run::{self, BoxError, Film, stop_on_signals};
use crate::runtime::live::Controls;
use crate::sample::{ITEM_MS, Sample, SampleError};
use moodbox_shared::decision::Verdict;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// Why there is no demonstration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// This build has no sample, or a damaged one.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The box does not run.
    #[error(transparent)]
    Box(#[from] BoxError),
}

/// Plays the sample; `is_paced` as it would be seen and heard, else as fast as possible.
pub fn run(mut settings: Settings, is_paced: bool) -> Result<(), DemoError> {
    let sample = Sample::embedded()?;
    // The sample takes the place of camera and microphone.
    settings.camera.source = CameraSource::File(PathBuf::new());
    settings.microphone = MicrophoneSource::File(PathBuf::new());
    // What is shown at the end of each item's time is its answer.
    let mut answers = vec![Verdict::Nobody; sample.items.len()];
    play(&settings, &sample, is_paced, &mut answers)?;
    if !settings.is_json {
        let right = sample.items.iter().zip(&answers).filter(|(item, answer)| answer.emotion() == Some(item.label));
        // A reader that has gone away, as `head` does, misses nothing it wanted.
        let _ = writeln!(io::stdout(), "{} of {} as intended", right.count(), answers.len());
    }
    Ok(())
}

fn play(settings: &Settings, sample: &Sample, is_paced: bool, answers: &mut [Verdict]) -> Result<(), BoxError> {
    let controls = Arc::new(Controls::default());
    stop_on_signals(&controls)?;
    let film = Film {
        camera: Some(Box::new(sample.camera())),
        microphone: Some(Box::new(ReplayMicrophone::new(sample.sound()))),
        labels: sample.labels(),
        clock: if is_paced { Box::new(RealClock::start()) } else { Box::new(VirtualClock::default()) },
    };
    run::play(settings, film, &controls, |decision| {
        if let Some(answer) = answers.get_mut((decision.time_ms / ITEM_MS) as usize) {
            *answer = decision.verdict;
        }
    })
}
