//! The backends of a build beside one another: `cargo test -p moodbox-trainer --features ndarray --test backends`.
//!
//! The default build has one backend and nothing to compare; this test asks for two.

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Device, Tensor, TensorData};
use moodbox_shared::Emotion;
use moodbox_shared::model::Task;
use moodbox_trainer::augment::Variation;
use moodbox_trainer::dataset::Labels;
use moodbox_trainer::network::architecture::{After, Architecture, Tensor as Source};
use moodbox_trainer::network::{Network, Preset};
use moodbox_trainer::train::run_folder::{RunDescription, RunFolder};
use moodbox_trainer::train::{Examples, Recipe, device, resume_or_start};
use rand::RngExt;
use rand::rngs::StdRng;
use std::sync::atomic::AtomicBool;

const SIDE: usize = 8;

/// Squares of noise, one half brighter than the other: the left one or the upper one.
struct Halves;

impl Halves {
    fn write(index: usize, mut noise: impl FnMut() -> f32, input: &mut [f32]) -> usize {
        let class = index % 2;
        for (place, value) in input.iter_mut().enumerate() {
            let along = [place % SIDE, place / SIDE][class];
            *value = noise() + if along < SIDE / 2 { 0.5 } else { 0.0 };
        }
        class
    }
}

impl Examples for Halves {
    fn input_shape(&self) -> [usize; 3] {
        [1, SIDE, SIDE]
    }

    fn classes(&self) -> usize {
        2
    }

    fn training_len(&self) -> usize {
        64
    }

    fn shares(&self) -> &[f32] {
        &[0.5, 0.5]
    }

    fn shown(&self) -> &[bool] {
        &[true, true]
    }

    fn training_example(
        &self,
        index: usize,
        _: Option<&Variation>,
        rng: &mut StdRng,
        input: &mut [f32],
        target: &mut [f32],
    ) {
        target[Self::write(index, || rng.random(), input)] = 1.0;
    }

    fn selection_len(&self) -> usize {
        40
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        let mut state = index as u32;
        let noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        Self::write(index, noise, input)
    }
}

/// Every operation that a preset uses.
fn architecture() -> Architecture {
    let mut net = Architecture::new([SIDE, SIDE, 1]);
    let x = net.convolution(Source::Input, 6, [3, 3], [1, 1], After::NormRelu6);
    let y = net.convolution(x, 4, [1, 1], [1, 1], After::Relu);
    let x = net.concat(x, y);
    let x = net.max_pool(x, [2, 2]);
    let x = net.residual(x, [3, 3]);
    let y = net.global_average_pool(x);
    let y = net.dropout(y, 0.1);
    let y = net.dense_relu(y, 12);
    net.dense(y, 2);
    net
}

fn description() -> RunDescription {
    RunDescription {
        task: Task::Face,
        preset: Preset::COMPACT,
        architecture: architecture(),
        classes: vec![Emotion::Happy, Emotion::Sad],
        recipe: Recipe {
            epochs: 12,
            batch: 8,
            balance: 0.0,
            learning_rate: 1e-2,
            cosine: true,
            weight_decay: 0.01,
            label_smoothing: 0.0,
            mixup: false,
            imitation: 0.0,
            average_decay: 0.5,
            augment: false,
            variation: Variation::default(),
            patience: 12,
            seed: 3,
        },
        data: "made here".into(),
        labels: Labels::Fer2013,
        votes: None,
        split: String::new(),
        test_speakers: Vec::new(),
        selection_speakers: Vec::new(),
        stratified: false,
        all_learned: false,
        data_hash: String::new(),
        statistics: Vec::new(),
        base: None,
        teachers: Vec::new(),
        command: String::new(),
    }
}

/// Logits of the selection inputs, from the weights of a file.
fn logits(record: ModuleRecord, device: &Device) -> Vec<f32> {
    let mut inputs = vec![0.0; Halves.selection_len() * SIDE * SIDE];
    for (index, input) in inputs.chunks_exact_mut(SIDE * SIDE).enumerate() {
        Halves.selection_example(index, input);
    }
    let network = Network::new(&architecture(), device).try_load_record(record).expect("of this network");
    let inputs = Tensor::<4>::from_data(TensorData::new(inputs, [Halves.selection_len(), 1, SIDE, SIDE]), device);
    network.forward(inputs).into_data().try_into_vec::<f32>().expect("f32")
}

#[test]
fn every_backend_learns_and_computes_what_flex_computes() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let flex = device::by_name("flex").expect("in this build");
    assert!(device::AVAILABLE.len() > 1, "this test is for builds of several backends");
    for name in device::AVAILABLE {
        let device = device::by_name(name).expect("in this build");
        let out = place.path().join(name);
        let folder = RunFolder::create(&out, &description()).expect("a new folder");
        let trained =
            resume_or_start(&folder, &description(), &Halves, std::slice::from_ref(&device), &AtomicBool::new(false));
        let progress = trained.expect("trains").progress;
        assert!(progress.best_selection_accuracy > 0.9, "{name}: {:?}", progress.history);

        let record = || ModuleRecord::load(out.join(format!("weights-{:04}.bpk", progress.best_epoch))).expect("kept");
        let (here, there) = (logits(record(), &device), logits(record(), &flex));
        assert!(here.iter().any(|logit| logit.abs() > 0.5));
        for (here, there) in here.iter().zip(&there) {
            assert!((here - there).abs() < 1e-4, "{name} computes {here}, flex {there}");
        }
    }
}
