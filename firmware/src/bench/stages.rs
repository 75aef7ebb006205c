//! The stages of the box in the order in which the data meets them, each ready to be run over and over: what `moodbox bench` and
//! `cargo bench` measure.

use super::material::{FACE, SIZE, image, luma, raw_frame, voice, yuyv};
use super::step::Step;
use crate::face_detector::{FaceDetector, FaceFinder};
use crate::sample::Sample;
use crate::start::{Networks, StartError};
use moodbox_shared::audio::{
    CHROMA_FFT, FeatureExtractor, FeatureRow, GateSettings, HOP, SpeechGate, SpeechStream, WINDOW_ROWS,
};
use moodbox_shared::decision::DecisionSettings;
use moodbox_shared::link::{DecisionReport, FaceBox, MAX_FRAME_BYTES, Message, Packet, encode};
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::model::{InputDescription, MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa};
use moodbox_shared::pipeline::{FaceWord, Judge, MemorySettings, SpeechWord};
use moodbox_shared::vision::{FACE_INPUT, FaceQuality, crop_to_face, face_input};
use moodbox_shared::{FacePosteriors, SpeechPosteriors};
use std::hint::black_box;

/// Samples of a whole window.
const WINDOW_SAMPLES: usize = CHROMA_FFT + (WINDOW_ROWS - 1) * HOP;

/// Something that the box does over and over.
pub struct Stage {
    /// What it is called in reports.
    pub name: &'static str,
    /// The model whose network it is, where it is one.
    pub model: Option<&'static Model<'static>>,
    work: Box<dyn FnMut()>,
}

impl Stage {
    pub(super) fn new(name: &'static str, work: impl FnMut() + 'static) -> Self {
        Self { name, model: None, work: Box::new(work) }
    }

    /// Does it once.
    pub fn run(&mut self) {
        (self.work)();
    }
}

/// All of them; those that need a network which is not there are left out.
pub fn stages(networks: Networks, isa: Isa) -> Result<Vec<Stage>, StartError> {
    let mut stages = vec![
        to_luma(),
        face_detector()?,
        Stage::new("crop", {
            let (luma, mut crop) = (luma(), [0; FACE_INPUT]);
            move || crop_to_face(black_box(&image(&luma)), FACE.crop(), black_box(&mut crop))
        }),
        Stage::new("face_quality", {
            let crop = face_crop();
            move || {
                black_box(FaceQuality::measure(black_box(&crop), FACE.width as u16));
            }
        }),
    ];
    stages.extend(networks.face.map(face_input));
    stages.extend(networks.face.map(|model| network("face_net", model, isa)));
    stages.extend([gate(), features_of_a_hop(), features_of_a_window()]);
    stages.extend(networks.speech.and_then(speech_input));
    stages.extend(networks.speech.map(|model| network("speech_net", model, isa)));
    stages.extend([decision(networks), link()]);
    if networks.face.is_some() && networks.speech.is_some() {
        let mut step = Step::new(networks, isa)?;
        stages.push(Stage::new("step", move || step.take()));
    }
    Ok(stages)
}

/// A camera's frame to luma.
fn to_luma() -> Stage {
    let (yuyv, mut luma) = (yuyv(), vec![0; SIZE.0 * SIZE.1]);
    Stage::new("luma", move || {
        black_box(black_box(raw_frame(&yuyv)).luma(&mut luma).is_ok());
    })
}

/// A look at a whole frame: one with a face, where this build has the sample.
fn face_detector() -> Result<Stage, StartError> {
    let mut detector = FaceDetector::new()?;
    let frame = match Sample::embedded().ok().and_then(|sample| sample.items.first().map(|item| item.frame.clone())) {
        Some(frame) => frame,
        None => OwnedLuma::new(SIZE.0, SIZE.1, luma()).expect("as many pixels as a frame has"),
    };
    Ok(Stage::new("face_detector", move || {
        black_box(FaceFinder::look(&mut detector, black_box(&frame.view())).len());
    }))
}

fn face_crop() -> [u8; FACE_INPUT] {
    let mut crop = [0; FACE_INPUT];
    crop_to_face(&image(&luma()), FACE.crop(), &mut crop);
    crop
}

/// From the crop to what the network reads.
fn face_input(model: &'static Model<'static>) -> Stage {
    let (crop, mut input) = (face_crop(), vec![0; model.network().input_len()]);
    let quantization = model.network().input_quantization();
    Stage::new("face_input", move || {
        black_box(face_input::quantize(black_box(&crop), quantization, &mut input).is_ok());
    })
}

/// One run of a network. Its time does not depend on what it reads: each run reads what the last one left.
fn network(name: &'static str, model: &'static Model<'static>, isa: Isa) -> Stage {
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    let run = move || {
        black_box(model.network().run(isa, black_box(&mut arena[..])).len());
    };
    Stage { model: Some(model), ..Stage::new(name, run) }
}

/// One hop: does anybody speak?
fn gate() -> Stage {
    let mut gate = Box::new(SpeechGate::new(GateSettings::default()));
    let sound = voice(32 * HOP);
    let mut hops = 0;
    Stage::new("gate", move || {
        let start = hops * HOP % sound.len();
        hops += 1;
        gate.push(black_box(&sound[start..start + HOP]), |_, reading| {
            black_box(reading);
        });
    })
}

/// What is computed of the sound whenever 16 ms of it have come.
fn features_of_a_hop() -> Stage {
    let sound = voice(CHROMA_FFT);
    let frame: [f32; CHROMA_FFT] = std::array::from_fn(|index| f32::from(sound[index]) / 32_768.0);
    let (mut extractor, mut row) = (Box::new(FeatureExtractor::new()), FeatureRow::ZERO);
    Stage::new("speech_features_hop", move || extractor.row(black_box(&frame), black_box(&mut row)))
}

/// The same for a whole window at once.
fn features_of_a_window() -> Stage {
    let (mut stream, sound) = (Box::new(SpeechStream::new()), voice(WINDOW_SAMPLES));
    Stage::new("speech_features_window", move || {
        stream.clear();
        stream.push(black_box(&sound), |_, row| {
            black_box(row);
        });
    })
}

/// From the window to what the network reads.
fn speech_input(model: &'static Model<'static>) -> Option<Stage> {
    let InputDescription::Speech { kind, statistics, .. } = model.input() else { return None };
    let mut stream = Box::new(SpeechStream::new());
    stream.push(&voice(WINDOW_SAMPLES), |_, _| {});
    let quantization = model.network().input_quantization();
    let mut input = vec![0; model.network().input_len()];
    Some(Stage::new("speech_input", move || {
        if let Some(window) = black_box(&stream).window() {
            kind.quantize(window, statistics, quantization, black_box(&mut input));
        }
    }))
}

/// Both senses' words to what is shown: fused, smoothed, held.
fn decision(networks: Networks) -> Stage {
    let mut judge = Judge::new(
        networks.face.map(Model::description),
        networks.speech.map(Model::description),
        DecisionSettings::default(),
        MemorySettings::default(),
    );
    let face = FaceWord {
        posteriors: Some(FacePosteriors::from_weights([0.1, 0.6, 0.05, 0.05, 0.1, 0.05, 0.05])),
        person: 1,
        ..FaceWord::default()
    };
    let speech = SpeechWord {
        posteriors: Some(SpeechPosteriors::from_weights([0.1, 0.1, 0.4, 0.05, 0.2, 0.05, 0.05, 0.05])),
        ..SpeechWord::default()
    };
    let mut time_ms = 0;
    Stage::new("decision", move || {
        time_ms += 33;
        judge.on_face(time_ms, black_box(face));
        judge.on_speech(time_ms, SpeechWord { runs: (time_ms / 500) as u32, ..black_box(speech) });
        black_box(judge.step(time_ms));
    })
}

/// A decision to the bytes that go over the serial line.
fn link() -> Stage {
    let report = DecisionReport {
        face: Some([0.125; 7]),
        speech: Some([0.125; 8]),
        fused: Some([0.125; 8]),
        face_box: Some(FaceBox { x: 200, y: 120, width: 220, height: 220 }),
        ..DecisionReport::new(&moodbox_shared::decision::Decision::nobody(0), None)
    };
    let packet = Packet { sequence: 1, time_ms: 33, message: Message::Decision(report) };
    let mut buffer = [0; MAX_FRAME_BYTES];
    Stage::new("link", move || {
        black_box(encode(black_box(&packet), &mut buffer).is_ok());
    })
}
