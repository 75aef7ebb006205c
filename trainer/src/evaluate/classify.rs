//! Pictures and clips through a model file, with the very code and numbers of the box.

use moodbox_shared::audio::speech_input::{self, SpeechInputKind, SpeechStatistics};
use moodbox_shared::audio::{FeatureRow, SpeechStream, SpeechWindow, WINDOW_ROWS, window_starts};
use moodbox_shared::model::{InputDescription, MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, LumaImage, NoPicture, crop_to_face, face_input};
use moodbox_shared::{Emotion, FacePosteriors, SpeechPosteriors};

/// Runs a face model; one a thread.
pub struct FaceClassifier<'m> {
    model: &'m Model<'m>,
    crop: Box<[u8; FACE_INPUT]>,
    arena: Box<Arena<MAX_ARENA_BYTES>>,
}

impl<'m> FaceClassifier<'m> {
    /// `None` where the model listens.
    pub fn new(model: &'m Model<'m>) -> Option<Self> {
        matches!(model.input(), InputDescription::Face { .. }).then(|| Self {
            model,
            crop: Box::new([0; FACE_INPUT]),
            arena: Box::default(),
        })
    }

    /// The emotion of the face in a square of the picture.
    pub fn classify(&mut self, picture: &LumaImage<'_>, square: CropSquare) -> Result<FacePosteriors, NoPicture> {
        let model = self.model;
        Ok(model.face_posteriors(self.run(picture, square)?))
    }

    /// What [`FaceClassifier::classify`] makes posteriors of, as real numbers, one a label.
    pub fn logits(&mut self, picture: &LumaImage<'_>, square: CropSquare) -> Result<Vec<f32>, NoPicture> {
        let model = self.model;
        Ok(real_logits(model, self.run(picture, square)?))
    }

    fn run(&mut self, picture: &LumaImage<'_>, square: CropSquare) -> Result<&[i8], NoPicture> {
        let network = self.model.network();
        crop_to_face(picture, square, &mut self.crop);
        face_input::quantize(&self.crop, network.input_quantization(), network.input_mut(&mut self.arena[..]))?;
        Ok(network.run(Isa::best(), &mut self.arena[..]))
    }

    /// What the network saw last, `FACE_SIDE` by `FACE_SIDE`.
    pub fn crop(&self) -> &[u8; FACE_INPUT] {
        &self.crop
    }
}

/// Runs a speech model; one a thread.
pub struct SpeechClassifier<'m> {
    model: &'m Model<'m>,
    kind: SpeechInputKind,
    statistics: &'m SpeechStatistics,
    stream: Box<SpeechStream>,
    rows: Vec<FeatureRow>,
    arena: Box<Arena<MAX_ARENA_BYTES>>,
}

/// What a clip says as a whole, and from half second to half second.
#[derive(Clone, Debug)]
pub struct ClipPosteriors {
    /// Of the clip.
    pub clip: SpeechPosteriors,
    /// Of each of its windows, in time order.
    pub windows: Vec<SpeechPosteriors>,
}

impl<'m> SpeechClassifier<'m> {
    /// `None` where the model looks.
    pub fn new(model: &'m Model<'m>) -> Option<Self> {
        match model.input() {
            InputDescription::Face { .. } => None,
            InputDescription::Speech { kind, statistics, .. } => Some(Self {
                model,
                kind: *kind,
                statistics,
                stream: Box::default(),
                rows: Vec::new(),
                arena: Box::default(),
            }),
        }
    }

    /// The emotion of a clip of 16 kHz samples; `None` where it is shorter than one row of features (0.128 s).
    ///
    /// The clip's is the mean log-posterior of its windows, one every half second; a network that reads averages gets that over all rows of
    /// the clip instead.
    pub fn classify(&mut self, samples: &[i16]) -> Option<ClipPosteriors> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        self.stream.clear();
        self.stream.push(samples, |_, row| rows.push(*row));

        let model = self.model;
        let windows: Vec<SpeechPosteriors> =
            windows(&rows).map(|window| model.speech_posteriors(self.run_window(window))).collect();
        let clip = match self.kind {
            _ if windows.is_empty() => None,
            SpeechInputKind::Map => Some(mean_log_posterior(&windows)),
            SpeechInputKind::Average => Some(model.speech_posteriors(self.run_average(&rows))),
        };
        self.rows = rows;
        clip.map(|clip| ClipPosteriors { clip, windows })
    }

    /// What the clip's posteriors are made of, as real numbers, one a label: for each window, or once for the average of all rows.
    pub fn logits(&mut self, rows: &[FeatureRow]) -> Vec<Vec<f32>> {
        let model = self.model;
        match self.kind {
            SpeechInputKind::Map => windows(rows).map(|window| real_logits(model, self.run_window(window))).collect(),
            SpeechInputKind::Average => vec![real_logits(model, self.run_average(rows))],
        }
    }

    fn run_window(&mut self, window: SpeechWindow<'_>) -> &[i8] {
        let network = self.model.network();
        let input = network.input_mut(&mut self.arena[..]);
        self.kind.quantize(window, self.statistics, network.input_quantization(), input);
        network.run(Isa::best(), &mut self.arena[..])
    }

    fn run_average(&mut self, rows: &[FeatureRow]) -> &[i8] {
        let network = self.model.network();
        let input = network.input_mut(&mut self.arena[..]);
        speech_input::quantize_average(
            &speech_input::average(rows),
            self.statistics,
            network.input_quantization(),
            input,
        );
        network.run(Isa::best(), &mut self.arena[..])
    }
}

/// The windows in which a clip of these rows is scored, one every half second.
pub fn windows(rows: &[FeatureRow]) -> impl Iterator<Item = SpeechWindow<'_>> {
    window_starts(rows.len()).filter_map(|start| SpeechWindow::ending(&rows[..(start + WINDOW_ROWS).min(rows.len())]))
}

fn real_logits(model: &Model<'_>, logits: &[i8]) -> Vec<f32> {
    let quantization = model.network().output_quantization();
    logits.iter().map(|&logit| quantization.dequantize(logit)).collect()
}

/// The geometric mean of posteriors, scaled to sum to one. What is zero in every window, because the network does not know it, stays zero.
pub fn mean_log_posterior(windows: &[SpeechPosteriors]) -> SpeechPosteriors {
    /// A window can't be surer than this that an emotion is absent.
    const FLOOR: f32 = 1e-6;
    let mut means = [f32::NEG_INFINITY; Emotion::ALL.len()];
    for (index, mean) in means.iter_mut().enumerate() {
        let posteriors = windows.iter().map(|window| window.as_array()[index]);
        if posteriors.clone().any(|posterior| posterior > 0.0) {
            *mean = posteriors.map(|posterior| posterior.max(FLOOR).ln()).sum::<f32>() / windows.len() as f32;
        }
    }
    SpeechPosteriors::from_log_weights(means)
}

/// A face's posteriors in the order of a model's labels.
pub fn face_in_label_order(labels: &[Emotion], posteriors: &FacePosteriors) -> Vec<f32> {
    labels.iter().map(|label| label.face_index().map_or(0.0, |index| posteriors.as_array()[index])).collect()
}

/// A voice's posteriors in the order of a model's labels.
pub fn speech_in_label_order(labels: &[Emotion], posteriors: &SpeechPosteriors) -> Vec<f32> {
    labels.iter().map(|label| posteriors.as_array()[label.index()]).collect()
}
