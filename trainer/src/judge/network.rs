//! The network that is judged: int8 on the engine of the box, or in floating point before it is quantised.

use moodbox_shared::Emotion;
use moodbox_shared::audio::FeatureRow;
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::model::{Description, Model, Task};
use moodbox_shared::vision::CropSquare;
use rayon::prelude::*;

use crate::evaluate::{
    FaceClassifier, FloatNetwork, SpeechClassifier, face_in_label_order, mean_log_posterior, speech_in_label_order,
};

/// The network that is judged.
pub enum JudgedNetwork<'m> {
    /// As the box runs it.
    Int8(&'m Model<'m>),
    /// As it was trained.
    Float(Box<FloatNetwork>),
}

impl JudgedNetwork<'_> {
    /// Faces or voices.
    pub fn task(&self) -> Task {
        self.description(1.0).input.task()
    }

    /// What the logits mean, in order.
    pub fn labels(&self) -> &[Emotion] {
        match self {
            Self::Int8(model) => model.labels(),
            Self::Float(network) => network.labels(),
        }
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Int8(model) => model.network().parameters(),
            Self::Float(network) => network.parameters(),
        }
    }

    /// Multiply-accumulate operations of one inference.
    pub fn macs(&self) -> usize {
        match self {
            Self::Int8(model) => model.network().macs() as usize,
            Self::Float(network) => network.network().architecture().macs(),
        }
    }

    /// What the network says of whole pictures, on all processors; `None` of those without contrast.
    pub fn look(&self, pictures: &[&OwnedLuma]) -> Vec<Option<Vec<f32>>> {
        match self {
            Self::Int8(model) => pictures
                .par_iter()
                .map_init(
                    || FaceClassifier::new(model),
                    |classifier, luma| {
                        let view = luma.view();
                        classifier.as_mut()?.logits(&view, CropSquare::whole(&view)).ok()
                    },
                )
                .collect(),
            Self::Float(network) => network.look(pictures),
        }
    }

    /// What the network says of clips, on all processors: for each window, or once of the average.
    ///
    /// * `clips`: rows of features of each
    pub fn listen(&self, clips: &[&[FeatureRow]]) -> Vec<Vec<Vec<f32>>> {
        match self {
            Self::Int8(model) => clips
                .par_iter()
                .map_init(
                    || SpeechClassifier::new(model),
                    |classifier, rows| classifier.as_mut().map_or_else(Vec::new, |classifier| classifier.logits(rows)),
                )
                .collect(),
            Self::Float(network) => network.listen(clips),
        }
    }

    /// The posteriors that the box makes of logits under a temperature, one a label.
    ///
    /// * `logits`: of a picture, or of each window of a clip, whose mean log-posterior counts
    pub fn posteriors(&self, logits: &[Vec<f32>], temperature: f32) -> Vec<f32> {
        let description = self.description(temperature);
        match self.task() {
            Task::Face => {
                let logits = logits.first().map_or(&[][..], Vec::as_slice);
                face_in_label_order(self.labels(), &description.face_posteriors(logits))
            }
            Task::Speech => {
                let windows: Vec<_> = logits.iter().map(|logits| description.speech_posteriors(logits)).collect();
                speech_in_label_order(self.labels(), &mean_log_posterior(&windows))
            }
        }
    }

    fn description(&self, temperature: f32) -> Description<'_> {
        match self {
            Self::Int8(model) => Description { temperature, ..model.description() },
            Self::Float(network) => network.description(temperature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::picture;
    use crate::evaluate::test_models::{face_model, speech_model};
    use crate::evaluate::windows;
    use crate::features::clip_rows;
    use crate::network::Network;
    use crate::quantize::FloatReference;
    use crate::sample::{Manner, speak};
    use crate::train::device;
    use crate::train::run_folder::RunDescription;
    use moodbox_shared::audio::SpeechInputKind;
    use moodbox_shared::model::{InputDescription, SpeechConstants};
    use moodbox_shared::vision::FACE_INPUT;

    /// A tiny run that was never trained.
    fn run(task: &str, [height, width, channels]: [usize; 3]) -> RunDescription {
        let convolution = serde_json::json!({
            "of": "Input", "kernel": [3, 1], "stride": [8, 8], "norm": true, "activation": "Relu"
        });
        let shape = [(height - 1) / 8 + 1, (width - 1) / 8 + 1, 3];
        serde_json::from_value(serde_json::json!({
            "task": task, "preset": "compact", "classes": ["Happy", "Sad"],
            "architecture": { "input": [height, width, channels], "nodes": [
                { "operation": { "Convolution": convolution }, "output": shape },
                { "operation": { "Dense": { "of": { "Node": 0 }, "activation": "None" } }, "output": [1, 1, 2] },
            ] },
            "recipe": {
                "epochs": 1, "batch": 1, "learning_rate": 0.1, "cosine": false, "weight_decay": 0.0, "label_smoothing": 0.0,
                "mixup": false, "augment": false, "patience": 1, "seed": 1
            },
            "data": "", "split": "", "test_speakers": [], "selection_speakers": [], "stratified": false, "data_hash": "",
            "statistics": vec![[1.0, 0.5]; channels], "command": ""
        }))
        .unwrap()
    }

    fn half_bright(left: u8, right: u8) -> OwnedLuma {
        let row: Vec<u8> = (0..48).map(|x| if x < 24 { left } else { right }).collect();
        OwnedLuma::new(48, 48, row.repeat(48)).unwrap()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{found:?} is not {expected:?}");
    }

    #[test]
    fn the_float_network_says_what_its_plain_numbers_say_in_order() {
        let device = device::default_device().unwrap();
        let run = run("Face", [32, 32, 1]);
        let input = InputDescription::FACE;
        let network = Network::new(&run.architecture, &device);
        let reference = FloatReference::new(&network.to_float_graph().unwrap()).unwrap();
        let judged = JudgedNetwork::Float(Box::new(FloatNetwork::new(&network, &run.classes, input, device)));
        let pictures = [half_bright(200, 20), half_bright(9, 9), half_bright(10, 250)];
        let found = judged.look(&pictures.each_ref());
        assert!(found[1].is_none(), "no contrast");
        for index in [0, 2] {
            let mut input = [0.0; FACE_INPUT];
            picture::plain(&pictures[index].view(), &mut input).unwrap();
            assert_close(found[index].as_deref().unwrap(), &reference.logits(&input));
        }
        assert_eq!(judged.parameters(), 3 * (3 + 1) + 2 * (4 * 4 * 3 + 1));
    }

    #[test]
    fn clips_keep_their_windows_apart() {
        let device = device::default_device().unwrap();
        let run = run("Speech", SpeechInputKind::Map.input_shape());
        let statistics = run.speech_statistics().unwrap();
        let input =
            InputDescription::Speech { kind: SpeechInputKind::Map, constants: SpeechConstants::CURRENT, statistics };
        let network = Network::new(&run.architecture, &device);
        let judged = JudgedNetwork::Float(Box::new(FloatNetwork::new(&network, &run.classes, input, device)));
        let short = clip_rows(&speak(Manner::of(Emotion::Happy))[..20_000]);
        let long = clip_rows(&speak(Manner::of(Emotion::Sad)).repeat(3));
        let found = judged.listen(&[&short, &long, &short]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, windows(&long).count(), 1]);
        assert_close(&found[0][0], &found[2][0]);
        assert_close(&found[1][0], &judged.listen(&[&long])[0][0]);
    }

    #[test]
    fn the_int8_network_says_what_the_box_says() {
        let (face, speech) = (face_model(), speech_model());
        let (face, speech) = (Model::load(&face).unwrap(), Model::load(&speech).unwrap());
        let judged = JudgedNetwork::Int8(&face);
        let luma = half_bright(200, 20);
        let logits = judged.look(&[&luma]).remove(0).unwrap();
        let box_says =
            FaceClassifier::new(&face).unwrap().classify(&luma.view(), CropSquare::whole(&luma.view())).unwrap();
        let posteriors = judged.posteriors(&[logits], face.temperature());
        assert_close(&posteriors, &face_in_label_order(face.labels(), &box_says));

        let judged = JudgedNetwork::Int8(&speech);
        let samples = speak(Manner::of(Emotion::Angry)).repeat(3);
        let windows = judged.listen(&[&clip_rows(&samples)]).remove(0);
        let box_says = SpeechClassifier::new(&speech).unwrap().classify(&samples).unwrap();
        assert_eq!(windows.len(), box_says.windows.len());
        let posteriors = judged.posteriors(&windows, speech.temperature());
        assert_close(&posteriors, &speech_in_label_order(speech.labels(), &box_says.clip));
        assert_ne!(judged.posteriors(&windows, 4.0), posteriors, "a temperature cools");
    }
}
