//! An interrupted training goes on as if nothing had happened: the last weights, and their running mean, are the same bit for bit.
//!
//! Dropout draws from a generator that the whole process shares, so all of it stands in one test.

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::ModuleRecord;
use burn::tensor::Tensor;
use moodbox_shared::Emotion;
use moodbox_shared::media::image_file::OwnedLuma;
use moodbox_shared::model::Task;
use moodbox_shared::vision::FACE_SIDE;
use moodbox_trainer::augment::Variation;
use moodbox_trainer::dataset::split::Split;
use moodbox_trainer::dataset::{Labels, Part, Picture};
use moodbox_trainer::network::architecture::{After, Architecture, Tensor as Source};
use moodbox_trainer::network::{Network, Preset};
use moodbox_trainer::train::device;
use moodbox_trainer::train::face_examples::FaceExamples;
use moodbox_trainer::train::run_folder::{RunDescription, RunFolder};
use moodbox_trainer::train::{Examples, Recipe, resume_or_start};
use rand::rngs::StdRng;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const EPOCHS: usize = 4;
const PICTURES: usize = 60;

/// Stripes that lie or stand, in noise.
fn pictures() -> FaceExamples {
    const SIDE: usize = 40;
    let picture = |index: usize| {
        let emotion = if index.is_multiple_of(2) { Emotion::Happy } else { Emotion::Sad };
        let pixel = |place: usize| {
            let along = if emotion == Emotion::Happy { place % SIDE } else { place / SIDE };
            let noise = (place * 31 + index * 17) % 61;
            (if ((along + index) / 5).is_multiple_of(2) { 40 } else { 150 } + noise) as u8
        };
        let luma = OwnedLuma::new(SIDE, SIDE, (0..SIDE * SIDE).map(pixel).collect()).expect("as many as it has");
        Picture { id: format!("{index}.png"), emotion, part: Part::Train, luma, content_hash: index as u64 }
    };
    let split = Split::from_fn(PICTURES, |index| index.is_multiple_of(5));
    FaceExamples::new((0..PICTURES).map(picture).collect(), None, &split, None)
}

/// Everything that carries something over from step to step: normalisation, dropout, and weights of both ranks.
fn architecture() -> Architecture {
    let mut net = Architecture::new([FACE_SIDE, FACE_SIDE, 1]);
    let x = net.convolution(Source::Input, 6, [3, 3], [2, 2], After::NormRelu);
    let x = net.residual(x, [3, 3]);
    let x = net.max_pool(x, [2, 2]);
    let x = net.dropout(x, 0.3);
    let x = net.dense_relu(x, 16);
    net.dense(x, 2);
    net
}

fn description() -> RunDescription {
    RunDescription {
        task: Task::Face,
        preset: Preset::COMPACT,
        architecture: architecture(),
        classes: vec![Emotion::Happy, Emotion::Sad],
        recipe: Recipe {
            epochs: EPOCHS,
            batch: 8,
            balance: 0.3,
            learning_rate: 3e-3,
            cosine: true,
            weight_decay: 0.02,
            label_smoothing: 0.05,
            mixup: true,
            imitation: 0.0,
            average_decay: 0.9,
            augment: true,
            variation: Variation::default(),
            patience: EPOCHS,
            seed: 7,
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

/// Sets a flag when so many examples have been asked for.
struct Interrupting<'a> {
    examples: &'a FaceExamples,
    left: AtomicUsize,
    interrupted: &'a AtomicBool,
}

impl Examples for Interrupting<'_> {
    fn input_shape(&self) -> [usize; 3] {
        self.examples.input_shape()
    }

    fn classes(&self) -> usize {
        self.examples.classes()
    }

    fn training_len(&self) -> usize {
        self.examples.training_len()
    }

    fn shares(&self) -> &[f32] {
        self.examples.shares()
    }

    fn shown(&self) -> &[bool] {
        self.examples.shown()
    }

    fn training_example(
        &self,
        index: usize,
        variation: Option<&Variation>,
        rng: &mut StdRng,
        input: &mut [f32],
        target: &mut [f32],
    ) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        self.examples.training_example(index, variation, rng, input, target);
    }

    fn selection_len(&self) -> usize {
        self.examples.selection_len()
    }

    fn selection_example(&self, index: usize, input: &mut [f32]) -> usize {
        self.examples.selection_example(index, input)
    }
}

/// Every number of a file of weights, batch normalisation's running statistics included.
fn numbers(folder: &Path, name: &str) -> Vec<u32> {
    struct Bits(Vec<u32>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values = param.val().into_data().try_into_vec::<f32>().expect("kept as it was computed, in f32");
            self.0.extend(values.into_iter().map(f32::to_bits));
        }
    }
    let record = ModuleRecord::load(folder.join(name)).expect("a file of weights");
    let device = device::default_device().expect("a device");
    let mut bits = Bits(Vec::new());
    Network::new(&architecture(), &device).try_load_record(record).expect("of this network").visit(&mut bits);
    bits.0
}

/// Trains to the end, interrupted after `epochs` whole ones and a part of the next where that is asked for.
fn train(out: &Path, examples: &FaceExamples, interrupted_after: Option<usize>) {
    let folder = RunFolder::create(out, &description()).expect("a new folder");
    let device = device::default_device().expect("a device");
    let interrupted = AtomicBool::new(false);
    if let Some(epochs) = interrupted_after {
        let left = AtomicUsize::new(epochs * examples.training_len() + 1);
        let interrupting = Interrupting { examples, left, interrupted: &interrupted };
        let trained =
            resume_or_start(&folder, &description(), &interrupting, std::slice::from_ref(&device), &interrupted)
                .expect("trains");
        assert!(trained.interrupted);
        assert_eq!(trained.progress.epochs_done, epochs);
        interrupted.store(false, Ordering::Relaxed);
    }
    let folder = RunFolder::open(out).expect("the same folder");
    let description = folder.description().expect("as it was written");
    let trained = resume_or_start(&folder, &description, examples, &[device], &interrupted).expect("trains");
    assert_eq!((trained.interrupted, trained.progress.epochs_done), (false, EPOCHS));
}

#[test]
fn an_interruption_changes_not_a_single_bit_and_nor_do_threads() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let examples = pictures();
    let (whole, parts, threads) =
        (place.path().join("whole"), place.path().join("parts"), place.path().join("threads"));
    train(&whole, &examples, None);
    train(&parts, &examples, Some(2));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().expect("threads");
    pool.install(|| train(&threads, &examples, None));

    for name in ["last-0004.bpk", "weights-0004.bpk"] {
        let expected = numbers(&whole, name);
        assert!(expected.len() > 4_000);
        assert!(expected == numbers(&parts, name), "{name} of a run that was interrupted");
        assert!(expected == numbers(&threads, name), "{name} of a run on five threads");
    }
    assert!(numbers(&whole, "last-0004.bpk") != numbers(&whole, "weights-0004.bpk"), "one is a running mean");
}
