//! What the reader makes of good, damaged and hostile files.

extern crate std;

mod golden;
mod parameters;
mod plan;
mod prepared;
pub(super) mod sample;

use super::error::Fault;
use super::format::{CHECKSUM, PREAMBLE_BYTES};
use super::*;
use crate::Emotion;
use crate::nn::{Arena, Isa};
use proptest::prelude::*;
use std::vec::Vec;

/// Runs a model and returns its logits.
fn logits(file: &[u8], input: i8) -> Vec<i8> {
    let model = Model::load(file).unwrap();
    let mut arena = Arena::<MAX_ARENA_BYTES>::new();
    model.network().input_mut(&mut arena).fill(input);
    model.network().run(Isa::SCALAR, &mut arena).to_vec()
}

/// Gives a file the checksum that its contents have.
fn seal(file: &mut [u8]) {
    let (contents, checksum) = file.split_last_chunk_mut::<4>().unwrap();
    *checksum = CHECKSUM.checksum(contents).to_le_bytes();
}

/// What the reader says to a header that was changed.
fn refused(change: impl FnOnce(&mut Header)) -> ModelError {
    let (mut header, data) = sample::face();
    change(&mut header);
    match write(&header, &data) {
        Err(WriteError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

/// What is wrong with one layer of the sample after a change.
fn fault(layer: usize, change: impl FnOnce(&mut LayerDescription)) -> Fault {
    match refused(|header| change(&mut header.plan.layers[layer])) {
        ModelError::Layer { layer: found, fault } if found == layer => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_model_is_read_as_it_was_written() {
    let (header, data) = sample::face();
    let file = write(&header, &data).unwrap();
    let model = Model::load(&file).unwrap();
    assert_eq!(model.header(), &header);
    assert_eq!(model.task(), Task::Face);
    assert_eq!(model.labels(), [Emotion::Happy, Emotion::Neutral]);
    assert_eq!(model.file_bytes(), file.len());
    assert_eq!(read_header(&file).unwrap(), (header, &data[..]));
    let network = model.network();
    assert_eq!(network.input_len(), 1024);
    assert_eq!(network.output_len(), 2);
    assert_eq!(network.parameters(), sample::PARAMETERS);
    assert_eq!(network.macs(), sample::MACS);
}

#[test]
fn layers_are_summed_up_as_the_network_counts_them() {
    let file = sample::face_file();
    let model = Model::load(&file).unwrap();
    let layers: Vec<LayerSummary> = model.header().plan.summaries().collect();
    assert_eq!(layers.iter().map(|layer| layer.macs).sum::<u64>(), model.network().macs());
    let output = crate::nn::Shape { height: 16, width: 16, channels: 4 };
    assert_eq!(layers[0], LayerSummary { operation: "conv2d", output, macs: 16 * 16 * 36 });
    assert_eq!(layers.last().map(|layer| (layer.operation, layer.macs)), Some(("dense", 16)));
}

#[test]
fn a_model_may_lie_at_any_address() {
    let file = sample::face_file();
    let mut shifted = std::vec![0; 1];
    shifted.extend_from_slice(&file);
    assert_eq!(logits(&file, 90), logits(&shifted[1..], 90));
}

#[test]
fn logits_become_the_posteriors_of_their_labels() {
    let file = sample::face_file();
    let model = Model::load(&file).unwrap();
    let step = model.network().output_quantization().scale / model.temperature();
    let posteriors = model.face_posteriors(&[10, 0]);
    let odds = libm::expf(10.0 * step);
    assert_eq!(posteriors.best_emotion().0, Emotion::Happy);
    assert!((posteriors.best_emotion().1 - odds / (1.0 + odds)).abs() < 1e-6);
    assert_eq!(posteriors.as_array()[2..], [0.0; 5]);
    let voice = model.speech_posteriors(&[10, 0]);
    assert_eq!(voice.as_array()[Emotion::Happy.index()], posteriors.best().1);
}

#[test]
fn a_truncated_model_is_refused() {
    let mut file = sample::face_file();
    for length in 0..file.len() {
        let error = Model::load(&file[..length]).unwrap_err();
        match length {
            0..PREAMBLE_BYTES => assert_eq!(error, ModelError::NotAModel),
            _ => assert!(matches!(error, ModelError::Length { .. }), "{length}: {error}"),
        }
    }
    file.push(0);
    assert!(matches!(Model::load(&file), Err(ModelError::Length { .. })));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut file = sample::face_file();
    for bit in 0..8 * file.len() {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(Model::load(&file).is_err(), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn bytes_without_a_meaning_are_zero() {
    let file = sample::face_file();
    let header_bytes = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    assert!(!header_bytes.is_multiple_of(16), "the sample's header is followed by filling");
    // Of the preamble, then behind the header.
    for at in [20, PREAMBLE_BYTES - 1, PREAMBLE_BYTES + header_bytes] {
        let mut file = file.clone();
        file[at] = 1;
        seal(&mut file);
        assert_eq!(Model::load(&file).unwrap_err(), ModelError::Filling, "byte {at}");
    }
    // Data that ends in the middle of sixteen bytes.
    let mut longer = file;
    longer.extend_from_slice(&[0; 4]);
    longer[16] += 4;
    seal(&mut longer);
    assert_eq!(Model::load(&longer).unwrap_err(), ModelError::Filling);
}

#[test]
fn what_a_model_tells_of_itself_can_be_shown() {
    let escape = |header: &mut Header| header.provenance.command = "\u{1b}[2J".try_into().unwrap();
    assert_eq!(refused(escape), ModelError::Provenance);
    for accuracy in [f32::NAN, -0.1, 1.1, f32::INFINITY] {
        let figures = Figures { samples: 1, accuracy, unweighted_average_recall: 0.5 };
        assert_eq!(refused(|header| header.provenance.int8_figures = Some(figures)), ModelError::Provenance);
    }
}

#[test]
fn another_version_is_named() {
    let mut file = sample::face_file();
    file[8] = 3;
    seal(&mut file);
    let error = Model::load(&file).unwrap_err();
    assert_eq!(error, ModelError::Version { found: 3 });
    assert!(std::format!("{error}").contains("quantise the network again"));
}

#[test]
fn labels_must_fit_task_and_network() {
    assert_eq!(refused(|header| header.labels.clear()), ModelError::Labels);
    assert_eq!(refused(|header| header.labels[1] = Emotion::Happy), ModelError::Labels);
    assert_eq!(refused(|header| header.labels[1] = Emotion::Calm), ModelError::Labels);
    let error = refused(|header| header.labels.push(Emotion::Sad).unwrap());
    assert_eq!(error, ModelError::LabelCount { labels: 3, logits: 2 });
}

#[test]
fn calibration_must_make_probabilities() {
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30] {
        assert_eq!(refused(|header| header.temperature = temperature), ModelError::Calibration);
    }
    assert_eq!(refused(|header| header.priors[0] = f32::NAN), ModelError::Calibration);
    assert_eq!(refused(|header| header.priors[0] = 0.9), ModelError::Calibration);
    assert_eq!(refused(|header| header.priors.clear()), ModelError::Calibration);
}

#[test]
fn input_made_otherwise_is_refused() {
    use crate::audio::{SpeechInputKind, SpeechStatistics};
    assert_eq!(refused(|header| header.input = InputDescription::Face { side: 48, min_range: 8 }), ModelError::Input);
    let speech = |constants, statistics| InputDescription::Speech { kind: SpeechInputKind::Map, constants, statistics };
    let current = SpeechConstants::CURRENT;
    // The network reads a face.
    assert_eq!(refused(|header| header.input = speech(current, SpeechStatistics::IDENTITY)), ModelError::Input);
    let other = SpeechConstants { hop_samples: 160, ..current };
    assert_eq!(refused(|header| header.input = speech(other, SpeechStatistics::IDENTITY)), ModelError::Input);
    let mut broken = SpeechStatistics::IDENTITY;
    broken.scale[7] = 0.0;
    assert_eq!(refused(|header| header.input = speech(current, broken)), ModelError::Statistics);
}

#[test]
fn a_speech_model_carries_its_statistics() {
    let (header, data) = sample::speech();
    let file = write(&header, &data).unwrap();
    let model = Model::load(&file).unwrap();
    assert_eq!(model.task(), Task::Speech);
    assert_eq!(model.input(), &header.input);
}

proptest! {
    #[test]
    fn random_bytes_never_make_a_model(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Model::load(&bytes).is_err());
    }

    /// Whoever makes hostile files also makes the checksum right. What is loaded nevertheless runs.
    #[test]
    fn a_hostile_file_is_refused_or_runs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut file = sample::face_file();
        let length = file.len();
        for (place, value) in changes {
            // Mostly the header, where there is something to be gained.
            let place = if value % 4 == 0 { place.index(length) } else { 12 + place.index(260) };
            file[place] = value;
        }
        seal(&mut file);
        if Model::load(&file).is_ok() {
            let _ = logits(&file, -128);
            let _ = logits(&file, 127);
        }
    }

    /// The same with plans whose numbers are each plausible.
    #[test]
    fn a_hostile_plan_is_refused_or_runs(
        layer in 0..6_usize,
        shape in any::<[u8; 3]>(),
        window in any::<[u8; 8]>(),
        place in 0..300_u32,
        reads in 0..8_u16,
        zero_point: i8,
    ) {
        use crate::nn::{Shape, Window};
        let (mut header, data) = sample::face();
        let spoiled = &mut header.plan.layers[layer];
        let small = |value: u8| u16::from(value % 5);
        if shape[0] > 128 {
            spoiled.output.shape = Shape { height: shape[0].into(), width: shape[1].into(), channels: small(shape[2]) };
        }
        spoiled.output.quantization.zero_point = zero_point;
        spoiled.output.offset = place * 16;
        spoiled.input = reads;
        let [a, b, c, d, e, f, g, h] = window.map(small);
        match &mut spoiled.operation {
            Operation::Conv2d { window, .. } | Operation::Depthwise { window, .. } | Operation::MaxPool { window }
            | Operation::AveragePool { window } => {
                *window = Window { kernel: [a, b], stride: [c, d], padding: [e, f, g, h] };
                if let Some([height, width]) = window.output_size(16, 16) {
                    spoiled.output.shape.height = height;
                    spoiled.output.shape.width = width;
                }
            }
            _ => {}
        }
        if let Ok(file) = write(&header, &data) {
            let _ = logits(&file, -128);
            let _ = logits(&file, 127);
        }
    }
}
