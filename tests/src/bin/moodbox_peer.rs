//! Moodbox's own part in `tests/peers/networks.py`: makes inputs of the sample that comes with the box, and runs a network on them.
//!
//! ```text
//! moodbox_peer --model models/face.moodnet inputs --out face.inputs
//! moodbox_peer --model models/face.moodnet run --inputs face.inputs --runs 200
//! ```

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use moodbox_shared::audio::{HOP, SAMPLE_RATE, SpeechInputKind, SpeechStatistics, SpeechStream};
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::media::{read_luma, read_speech};
use moodbox_shared::model::{InputDescription, MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa, Network, WeightLine, multiply_in_registers};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, crop_to_face, face_input, most_prominent};
use moodbox_tests::counting_allocator::CountingAllocator;
use moodbox_tests::models_dir;
use moodbox_tests::peer::{self, Runs};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Faces are cut out as the detector found them, and moved and scaled by these parts of their side, so that a picture makes several inputs.
const MOVES: [f32; 3] = [-0.08, 0.0, 0.08];
const SCALES: [f32; 3] = [0.9, 1.0, 1.15];

/// From one window of a clip to the next, in samples: an eighth of a second.
const STEP_SAMPLES: usize = SAMPLE_RATE / 8 / HOP * HOP;

#[derive(Parser)]
#[command(about = "Runs a network of Moodbox beside those of others")]
struct Arguments {
    /// The model file.
    #[arg(long)]
    model: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes int8 inputs, height × width × channels each, made of the pictures or clips in models/sample.
    Inputs {
        #[arg(long)]
        out: PathBuf,
    },
    /// Runs the network and prints times, logits and requests for memory as JSON.
    Run {
        /// What `inputs` wrote.
        #[arg(long)]
        inputs: PathBuf,
        #[command(flatten)]
        runs: Runs,
        /// Instructions to use; the fastest that there are where nothing is said.
        #[arg(long)]
        isa: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let file = std::fs::read(&arguments.model).with_context(|| arguments.model.display().to_string())?;
    let mut model = Model::load(&file)?;
    match arguments.command {
        Command::Inputs { out } => std::fs::write(out, of_sample(&model)?)?,
        Command::Run { inputs, runs, isa } => {
            let isa = match isa {
                None => Isa::best(),
                Some(name) => Isa::available()
                    .find(|isa| isa.name() == name)
                    .with_context(|| format!("this processor has no kernels named {name}"))?,
            };
            let lines = model.network().prepared_len(isa);
            model.prepare(isa, vec![WeightLine::ZERO; lines].leak());
            let inputs: Vec<i8> = std::fs::read(inputs)?.into_iter().map(|byte| byte as i8).collect();
            run(model.network(), &inputs, runs, isa)?;
        }
    }
    Ok(())
}

fn run(network: &Network<'_>, inputs: &[i8], runs: Runs, isa: Isa) -> anyhow::Result<()> {
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    let mut measured = peer::measure(inputs, network.input_len(), runs, |input, logits| {
        network.input_mut(&mut arena[..]).copy_from_slice(input);
        logits.extend(network.run(isa, &mut arena[..]).iter().map(|&logit| f32::from(logit)));
        Ok(())
    })?;
    let shape = network.input_shape();
    measured["isa"] = json!(isa.name());
    measured["peak_macs_per_second"] = json!(peak_macs_per_second(isa));
    measured["macs"] = json!(network.macs());
    measured["input_shape"] = json!([shape.height, shape.width, shape.channels]);
    println!("{measured}");
    Ok(())
}

/// The most that the processor multiplies with these instructions, when it does nothing else; 0 for scalar code.
fn peak_macs_per_second(isa: Isa) -> f64 {
    const TRIES: usize = 20;
    const TURNS: u32 = 100_000;
    let rate = |_| {
        let start = Instant::now();
        multiply_in_registers(isa, TURNS) as f64 / start.elapsed().as_secs_f64()
    };
    (0..TRIES).map(rate).fold(0.0, f64::max)
}

/// Inputs of the committed sample, one after the other.
fn of_sample(model: &Model<'_>) -> anyhow::Result<Vec<u8>> {
    let network = model.network();
    let inputs = match *model.input() {
        InputDescription::Face { .. } => faces(network)?,
        InputDescription::Speech { kind, ref statistics, .. } => voices(network, kind, statistics)?,
    };
    ensure!(!inputs.is_empty(), "models/sample has nothing for this network");
    Ok(inputs.into_iter().map(|number| number as u8).collect())
}

/// Files of the sample with this extension, in order.
fn files(extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = models_dir().join("sample").read_dir()?.collect();
    let mut paths: Vec<_> = entries?.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

fn faces(network: &Network<'_>) -> anyhow::Result<Vec<i8>> {
    let mut detector = FaceDetector::new()?;
    let mut inputs = Vec::new();
    for path in files("png")? {
        let picture = read_luma(&path)?;
        let image = picture.view();
        let found = detector.look(&image);
        let Some(face) = most_prominent(&found, &image) else { continue };
        let CropSquare { x, y, side } = face.crop();
        for (offset, scale) in MOVES.into_iter().flat_map(|offset| SCALES.map(|scale| (offset, scale))) {
            let moved = CropSquare { x: x + offset * side, y: y + offset * side, side: scale * side };
            let mut crop = [0; FACE_INPUT];
            crop_to_face(&image, moved, &mut crop);
            let mut input = [0; FACE_INPUT];
            face_input::quantize(&crop, network.input_quantization(), &mut input)?;
            inputs.extend(input);
        }
    }
    Ok(inputs)
}

fn voices(network: &Network<'_>, kind: SpeechInputKind, statistics: &SpeechStatistics) -> anyhow::Result<Vec<i8>> {
    let mut inputs = Vec::new();
    for path in files("wav")? {
        let mut stream = SpeechStream::new();
        for samples in read_speech(&path)?.chunks(STEP_SAMPLES) {
            stream.push(samples, |_, _| {});
            let Some(window) = stream.window() else { continue };
            let mut input = vec![0; network.input_len()];
            kind.quantize(window, statistics, network.input_quantization(), &mut input);
            inputs.extend(input);
        }
    }
    Ok(inputs)
}
