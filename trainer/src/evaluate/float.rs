//! Pictures and clips through the float network of a training run, in burn: what quantisation is measured against, and the only way to score a
//! network that the box's engine does not run.

use super::classify::{ClipPosteriors, mean_log_posterior, windows};
use crate::augment::picture;
use crate::dataset::{Clip, Picture};
use crate::features::clip_rows;
use crate::network::Network;
use crate::network::module::numbers;
use crate::train::device::default_device;
use crate::train::run_folder::{RunDescription, RunFolder};
use crate::train::speech_examples::rows_for;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use moodbox_shared::audio::speech_input::{average, scale_average};
use moodbox_shared::audio::{FeatureRow, SpeechInputKind, SpeechStatistics};
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::model::{Description, InputDescription, SpeechConstants, Task};
use moodbox_shared::vision::FACE_INPUT;
use moodbox_shared::{Emotion, FacePosteriors};
use rayon::prelude::*;
use std::path::Path;

use super::EvaluateError;

/// Inputs of one forward pass.
const BATCH: usize = 128;

/// A network in floating point, what it reads, and what its logits mean.
pub struct FloatNetwork {
    network: Network,
    device: Device,
    labels: Vec<Emotion>,
    input: InputDescription,
    /// Every label alike: posteriors do not depend on them.
    priors: Vec<f32>,
}

impl FloatNetwork {
    /// The best network of a run.
    pub fn open(run: &Path) -> Result<Self, EvaluateError> {
        let device = default_device()?;
        Self::of_run(&RunFolder::open(run)?, device)
    }

    /// The best network of a run, on a device.
    pub fn of_run(folder: &RunFolder, device: Device) -> Result<Self, EvaluateError> {
        let description = folder.description()?;
        let input = input(folder, &description)?;
        Ok(Self::new(&folder.best_network(&device)?, &description.classes, input, device))
    }

    /// A network for inference, on its device.
    ///
    /// * `labels`: what the logits mean, in order
    pub fn new(network: &Network, labels: &[Emotion], input: InputDescription, device: Device) -> Self {
        let priors = vec![1.0 / labels.len() as f32; labels.len()];
        Self { network: network.valid(), device, labels: labels.to_vec(), input, priors }
    }

    /// Its layers and weights.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What the logits mean, in order.
    pub fn labels(&self) -> &[Emotion] {
        &self.labels
    }

    /// Faces or voices.
    pub fn task(&self) -> Task {
        self.input.task()
    }

    /// Weights and biases, once batch normalisation is folded in; of a recurrent network all numbers that it has.
    pub fn parameters(&self) -> usize {
        self.network.to_float_graph().map_or_else(|_| self.network.num_params(), |graph| graph.parameters())
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

    /// Logits of whole pictures; `None` of those without contrast.
    pub fn look(&self, pictures: &[&OwnedLuma]) -> Vec<Option<Vec<f32>>> {
        let plain = |luma: &&OwnedLuma| {
            let mut input = [0.0; FACE_INPUT];
            picture::plain(&luma.view(), &mut input).ok()?;
            Some(input.to_vec())
        };
        let inputs: Vec<Option<Vec<f32>>> = pictures.par_iter().map(plain).collect();
        let seen: Vec<bool> = inputs.iter().map(Option::is_some).collect();
        let mut logits = self.logits(&inputs.into_iter().flatten().collect::<Vec<_>>()).into_iter();
        seen.into_iter().map(|seen| if seen { logits.next() } else { None }).collect()
    }

    /// Logits of clips: of each window, or once of the average of all rows.
    ///
    /// * `clips`: rows of features of each
    pub fn listen(&self, clips: &[&[FeatureRow]]) -> Vec<Vec<Vec<f32>>> {
        let InputDescription::Speech { kind, statistics, .. } = &self.input else { return Vec::new() };
        let inputs_of = |rows: &&[FeatureRow]| match kind {
            SpeechInputKind::Map => inputs_of_windows(*kind, statistics, rows),
            SpeechInputKind::Average => vec![input_of_average(statistics, rows)],
        };
        let listen = |clips: &[&[FeatureRow]]| {
            let inputs: Vec<Vec<Vec<f32>>> = clips.par_iter().map(inputs_of).collect();
            let mut logits = self.logits(&inputs.concat()).into_iter();
            inputs.iter().map(|inputs| logits.by_ref().take(inputs.len()).collect()).collect::<Vec<_>>()
        };
        clips.chunks(BATCH / 4).flat_map(listen).collect()
    }

    /// The emotions of pictures; `None` where one has no contrast.
    pub fn faces(&self, pictures: &[Picture]) -> Vec<Option<FacePosteriors>> {
        let description = self.description(1.0);
        let logits = self.look(&pictures.iter().map(|picture| &picture.luma).collect::<Vec<_>>());
        logits.into_iter().map(|logits| logits.map(|logits| description.face_posteriors(&logits))).collect()
    }

    /// The emotions of clips as [`SpeechClassifier::classify`](super::SpeechClassifier::classify) tells them; `None` where one is too short.
    pub fn clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        clips.chunks(BATCH / 4).flat_map(|clips| self.some_clips(clips)).collect()
    }

    fn some_clips(&self, clips: &[Clip]) -> Vec<Option<ClipPosteriors>> {
        let InputDescription::Speech { kind, statistics, .. } = &self.input else { return vec![None; clips.len()] };
        let inputs: Vec<Vec<Vec<f32>>> = clips
            .par_iter()
            .map(|clip| {
                let rows = clip_rows(&clip.samples);
                let mut inputs = inputs_of_windows(*kind, statistics, &rows);
                let rows = rows_for(*kind, rows, &clip.samples);
                if *kind == SpeechInputKind::Average && !inputs.is_empty() {
                    inputs.push(input_of_average(statistics, &rows));
                }
                inputs
            })
            .collect();
        let description = self.description(1.0);
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

    /// What makes posteriors of its logits; training has not calibrated them.
    pub fn description(&self, temperature: f32) -> Description<'_> {
        Description { labels: &self.labels, input: &self.input, temperature, priors: &self.priors, crc32: 0 }
    }
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

fn inputs_of_windows(kind: SpeechInputKind, statistics: &SpeechStatistics, rows: &[FeatureRow]) -> Vec<Vec<f32>> {
    let scaled = |window| {
        let mut input = vec![0.0; kind.input_len()];
        kind.scale(window, statistics, &mut input);
        input
    };
    windows(rows).map(scaled).collect()
}

fn input_of_average(statistics: &SpeechStatistics, rows: &[FeatureRow]) -> Vec<f32> {
    let mut input = vec![0.0; SpeechInputKind::Average.input_len()];
    scale_average(&average(rows), statistics, &mut input);
    input
}
