//! Pictures and clips through the float network of a training run, in burn: what quantisation is measured against, and the only way to score a
//! network that the box's engine does not run.

use super::classify::{ClipPosteriors, mean_log_posterior};
use crate::augment::picture;
use crate::dataset::{Clip, Picture};
use crate::network::Network;
use crate::network::module::numbers;
use crate::train::device::default_device;
use crate::train::run_folder::{RunDescription, RunFolder};
use burn::tensor::{Device, Tensor, TensorData};
use moodbox_shared::audio::speech_input::{average, scale_average};
use moodbox_shared::audio::{
    FeatureRow, SpeechInputKind, SpeechStatistics, SpeechStream, SpeechWindow, WINDOW_ROWS, window_starts,
};
use moodbox_shared::model::{Description, InputDescription, SpeechConstants, Task};
use moodbox_shared::vision::FACE_INPUT;
use moodbox_shared::{Emotion, FacePosteriors};
use rayon::prelude::*;
use std::path::Path;

use super::EvaluateError;

/// Inputs of one forward pass.
const BATCH: usize = 128;

/// A float network, and what it reads.
pub struct FloatClassifier {
    network: Network,
    device: Device,
    labels: Vec<Emotion>,
    input: InputDescription,
}

impl FloatClassifier {
    /// The best network of a run.
    pub fn open(run: &Path) -> Result<Self, EvaluateError> {
        let device = default_device()?;
        let folder = RunFolder::open(run)?;
        let description = folder.description()?;
        let input = input(&folder, &description)?;
        Ok(Self::new(folder.best_network(&device)?, &description.classes, input, device))
    }

    /// A network for inference, on its device.
    ///
    /// * `labels`: what the logits mean, in order
    pub fn new(network: Network, labels: &[Emotion], input: InputDescription, device: Device) -> Self {
        Self { network, device, labels: labels.to_vec(), input }
    }

    /// What the logits mean, in order.
    pub fn labels(&self) -> &[Emotion] {
        &self.labels
    }

    /// Faces or voices.
    pub fn task(&self) -> Task {
        self.input.task()
    }

    /// Logits of inputs.
    ///
    /// * `inputs`: height × width × channels each
    pub fn logits(&self, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let [height, width, channels] = self.network.architecture().input;
        let chunks = inputs.chunks(BATCH).flat_map(|chunk| {
            let batch = TensorData::new(chunk.concat(), [chunk.len(), height, width, channels]);
            let batch = Tensor::<4>::from_data(batch, &self.device).permute([0, 3, 1, 2]);
            let logits = numbers(self.network.forward(batch));
            logits.chunks_exact(self.labels.len()).map(<[f32]>::to_vec).collect::<Vec<_>>()
        });
        chunks.collect()
    }

    /// The emotions of pictures; `None` where one has no contrast.
    pub fn faces(&self, pictures: &[Picture]) -> Vec<Option<FacePosteriors>> {
        let inputs: Vec<Option<Vec<f32>>> = pictures
            .par_iter()
            .map(|picture| {
                let mut input = [0.0; FACE_INPUT];
                picture::plain(&picture.luma.view(), &mut input).ok().map(|()| input.to_vec())
            })
            .collect();
        let seen: Vec<bool> = inputs.iter().map(Option::is_some).collect();
        let inputs: Vec<Vec<f32>> = inputs.into_iter().flatten().collect();
        let description = self.description();
        let mut logits = self.logits(&inputs).into_iter();
        seen.into_iter()
            .map(|seen| if seen { logits.next() } else { None })
            .map(|logits| logits.map(|logits| description.face_posteriors(&logits)))
            .collect()
    }

    /// The emotions of clips as [`SpeechClassifier::classify`](super::SpeechClassifier::classify) tells them; `None` where one is too short.
    pub fn clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        clips.chunks(BATCH / 4).flat_map(|clips| self.some_clips(clips)).collect()
    }

    fn some_clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        let InputDescription::Speech { kind, statistics, .. } = &self.input else { return vec![None; clips.len()] };
        let inputs: Vec<Vec<Vec<f32>>> = clips
            .par_iter()
            .map_init(Box::<SpeechStream>::default, |stream, clip| {
                stream.clear();
                let mut rows = Vec::new();
                stream.push(&clip.samples, |_, row| rows.push(*row));
                inputs_of_clip(*kind, statistics, &rows)
            })
            .collect();
        let description = self.description();
        let mut posteriors = self.logits(&inputs.concat()).into_iter().map(|row| description.speech_posteriors(&row));
        let each = inputs.iter().map(|inputs| {
            let mut windows: Vec<_> = posteriors.by_ref().take(inputs.len()).collect();
            let clip = match kind {
                SpeechInputKind::Map if windows.is_empty() => return None,
                SpeechInputKind::Map => mean_log_posterior(&windows),
                SpeechInputKind::Average => windows.pop()?,
            };
            Some(ClipPosteriors { clip, windows })
        });
        each.collect()
    }

    /// Uncalibrated: training has not measured it.
    fn description(&self) -> Description<'_> {
        Description { labels: &self.labels, input: &self.input, temperature: 1.0, priors: &[], crc32: 0 }
    }
}

/// The input of each window of a clip, then that of all its rows where the network reads averages; nothing of a clip that is too short.
fn inputs_of_clip(kind: SpeechInputKind, statistics: &SpeechStatistics, rows: &[FeatureRow]) -> Vec<Vec<f32>> {
    let mut inputs = Vec::new();
    for start in window_starts(rows.len()) {
        let Some(window) = SpeechWindow::ending(&rows[..(start + WINDOW_ROWS).min(rows.len())]) else { continue };
        let mut input = vec![0.0; kind.input_len()];
        kind.scale(window, statistics, &mut input);
        inputs.push(input);
    }
    if kind == SpeechInputKind::Average && !inputs.is_empty() {
        let mut input = vec![0.0; kind.input_len()];
        scale_average(&average(rows), statistics, &mut input);
        inputs.push(input);
    }
    inputs
}

/// What the network of a run reads.
fn input(folder: &RunFolder, description: &RunDescription) -> Result<InputDescription, EvaluateError> {
    Ok(match description.task {
        Task::Face => InputDescription::FACE,
        Task::Speech => InputDescription::Speech {
            kind: description.preset.speech_input_kind()?,
            constants: SpeechConstants::CURRENT,
            statistics: folder.speech_statistics(description)?,
        },
    })
}
