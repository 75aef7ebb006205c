//! `moodbox-trainer quantize`: from a training run to the file that the box loads.

use crate::evaluate::Scores;
use crate::network::float_graph::FloatGraph;
use crate::network::recurrent::Recurrent;
use crate::network::{Network, NotTrainable, Rounding};
use crate::quantize::graph_check::shapes;
use crate::quantize::{FloatReference, GraphError, ModelMeta, PruneError, QuantizeError, prune, quantize};
use crate::report::{self, ReportError};
use crate::temperature::best_temperature;
use crate::train::data::{self, DataError};
use crate::train::device;
use crate::train::feature_cache::{CacheArgs, FeatureCache};
use crate::train::run_folder::{RunDescription, RunFolder, RunFolderError};
use crate::train::{Examples, learn_rounded};
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::model::{self, Figures, InputDescription, Model, Provenance, SpeechConstants, Task};
use moodbox_shared::nn::Isa;
use rayon::prelude::*;
use std::path::PathBuf;
use thiserror::Error;

/// Training inputs that the ranges of activations are measured on, where nothing else is asked for.
pub const CALIBRATION_INPUTS: usize = 512;

/// Makes the int8 model of a run.
#[derive(Debug, clap::Args)]
pub struct QuantizeArgs {
    /// The training run
    #[arg(long, value_name = "DIR")]
    pub run: PathBuf,
    /// The model to write
    #[arg(long, value_name = "FILE.moodnet")]
    pub out: PathBuf,
    /// The data set, if it lies elsewhere now
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Training inputs that the ranges of activations are measured on
    #[arg(long, default_value_t = CALIBRATION_INPUTS)]
    pub calibration: usize,
    /// Parameters that the network has at most: the hidden channels that matter least go; --finetune makes up for them
    #[arg(long, value_name = "N")]
    pub parameters: Option<usize>,
    /// What divides the logits before the softmax [default: fitted to the selection data]
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f32>,
    /// Epochs in which the weights first get used to rounding (quantisation-aware training)
    #[arg(long, value_name = "EPOCHS", default_value_t = 0)]
    pub finetune: usize,
    /// Where to compute that: see the features of this build
    #[arg(long, value_name = "NAME", default_value = device::AVAILABLE.first().copied().unwrap_or("none"))]
    pub device: String,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Why no file was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QuantizeCommandError {
    /// The run is not to be used.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The data is not to be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No device to load the weights on.
    #[error(transparent)]
    Device(#[from] device::DeviceError),
    /// The box has no such layers.
    #[error(transparent)]
    Recurrent(#[from] Recurrent),
    /// The network can't be made so small.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// What is left can't learn on.
    #[error(transparent)]
    NotTrainable(#[from] NotTrainable),
    /// The network does not quantise.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The finished model does not load.
    #[error("the finished model is refused: {0}")]
    Model(#[from] model::ModelError),
    /// The model is not one of the network that it was made of.
    #[error(
        "the model's layers are not the network's: this is a defect of the trainer, leave out --finetune and report it"
    )]
    OtherNetwork,
    /// Learning on would forget them.
    #[error("a run with --teacher or --init learns from more than its examples: quantise it without --finetune")]
    LearnsOtherwise,
    /// Learning on would teach the network that some emotions have gone.
    #[error("the examples don't show every emotion of the network: quantise it without --finetune")]
    NotAllShown,
    /// The finished model can't be written down.
    #[error(transparent)]
    Write(#[from] model::WriteError),
    /// The file can't be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// A run's network before and after.
pub struct Made {
    /// What was quantised.
    pub graph: FloatGraph,
    /// The bytes of the model.
    pub file: Vec<u8>,
}

/// Writes the int8 model of a run.
pub fn run(args: &QuantizeArgs) -> Result<(), QuantizeCommandError> {
    let folder = RunFolder::open(&args.run)?;
    let mut description = folder.description()?;
    if let Some(data) = &args.data {
        description.data.clone_from(data);
    }
    let making = Making {
        calibration: args.calibration,
        parameters: args.parameters,
        finetune: args.finetune,
        temperature: args.temperature,
    };
    let device = device::by_name(&args.device)?;
    let Made { file, .. } = make(&folder, &description, &making, &device, &args.cache.open())?;
    report::write_file(&args.out, &file)?;
    let loaded = Model::load(&file)?;
    println!(
        "{}: {} bytes, {} parameters, {:.1} MMAC, arena {} bytes (at least {}), temperature {:.2}",
        args.out.display(),
        file.len(),
        loaded.network().parameters(),
        loaded.network().macs() as f64 / 1e6,
        loaded.network().arena_bytes(),
        loaded.header().plan.least_arena_bytes(),
        loaded.temperature(),
    );
    let Provenance { float_figures, int8_figures, .. } = &loaded.header().provenance;
    match (float_figures, int8_figures) {
        (Some(float), Some(int8)) => println!(
            "selection data ({} inputs): float {:.2} %, int8 {:.2} %",
            int8.samples,
            100.0 * float.accuracy,
            100.0 * int8.accuracy,
        ),
        _ if description.base.is_some() => {
            println!("no selection data: temperature and priors are those of the network it was fine-tuned from");
        }
        _ if args.temperature.is_none() => {
            println!("no selection data: not calibrated; `crossvalidate` finds a --temperature");
        }
        _ => {}
    }
    Ok(())
}

/// How the model of a run is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Making {
    /// Training inputs that the ranges of activations are measured on.
    pub calibration: usize,
    /// How many there may be at most.
    pub parameters: Option<usize>,
    /// Epochs of learning with rounded numbers.
    pub finetune: usize,
    /// Divides the logits, whatever the selection data says.
    pub temperature: Option<f32>,
}

impl Default for Making {
    fn default() -> Self {
        Self { calibration: CALIBRATION_INPUTS, parameters: None, finetune: 0, temperature: None }
    }
}

/// The int8 model of a run, made from the data that its description names.
///
/// * `device`: without autodiff
/// * `cache`: where features are looked for before they are computed
pub fn make(
    folder: &RunFolder,
    description: &RunDescription,
    making: &Making,
    device: &Device,
    cache: &FeatureCache,
) -> Result<Made, QuantizeCommandError> {
    let mut network = folder.best_network(device)?;
    let graph = network.to_float_graph()?;
    let prepared = prepare(description, making.calibration, making.finetune > 0, cache)?;
    let base = description.base.as_ref();
    // What chooses also tells how common and how sure things are; else that is what the network started from knew.
    let kept = base.filter(|_| prepared.selection.is_empty());
    let meta = ModelMeta {
        labels: description.classes.clone(),
        input: prepared.input,
        temperature: kept.map_or(1.0, |base| base.temperature),
        priors: kept.map_or(prepared.priors, |base| base.priors.clone()),
        provenance: provenance(description),
    };
    // A few clips don't show how loud the others are: what the base could hold, the fine-tuned network can, too.
    let at_least = kept.map_or(&[][..], |base| &base.ranges);

    let mut smaller = None;
    if let Some(most) = making.parameters.filter(|most| graph.parameters() > *most) {
        let pruned = prune(&graph, most)?;
        network = Network::from_float_graph(&pruned, &shapes(&pruned).map_err(QuantizeError::from)?, device)?;
        smaller = Some(pruned);
    }
    let mut file = quantize(smaller.as_ref().unwrap_or(&graph), &prepared.calibration, at_least, meta.clone())?;
    if making.finetune > 0 {
        if !description.teachers.is_empty() || kept.is_some() {
            return Err(QuantizeCommandError::LearnsOtherwise);
        }
        if prepared.examples.shown().contains(&false) {
            return Err(QuantizeCommandError::NotAllShown);
        }
        if !prepared.selection.is_empty() {
            let judged = judge(&graph, &Model::load(&file)?, &prepared.selection).map_err(QuantizeError::from)?;
            println!("int8 without fine-tuning: {:.2} % on the selection data", 100.0 * judged.int8.accuracy);
        }
        let (header, _) = model::read_header(&file)?;
        let rounding = Rounding::of(network.architecture(), &header.plan).ok_or(QuantizeCommandError::OtherNetwork)?;
        let examples = prepared.examples.as_ref();
        let used = learn_rounded(&network, &rounding, examples, &description.recipe, making.finetune, device)?;
        file = quantize(&used.to_float_graph()?, &prepared.calibration, at_least, meta)?;
    }
    let (mut header, parameters) = model::read_header(&file)?;
    if !prepared.selection.is_empty() {
        let judged = judge(&graph, &Model::load(&file)?, &prepared.selection).map_err(QuantizeError::from)?;
        header.temperature = best_temperature(&judged.logits, &judged.classes);
        header.provenance.float_figures = Some(judged.float);
        header.provenance.int8_figures = Some(judged.int8);
    }
    header.temperature = making.temperature.unwrap_or(header.temperature);
    let file = model::write(&header, parameters)?;
    Ok(Made { graph, file })
}

fn temperature(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|_| "a number is expected".to_owned())?;
    if (0.01..=100.0).contains(&number) { Ok(number) } else { Err("a number from 0.01 to 100 is expected".to_owned()) }
}

/// Everything about a run's data that quantisation needs.
struct Prepared {
    input: InputDescription,
    priors: Vec<f32>,
    /// Inputs, height × width × channels.
    calibration: Vec<Vec<f32>>,
    /// Inputs with their classes.
    selection: Vec<(Vec<f32>, usize)>,
    /// What was learned from.
    examples: Box<dyn Examples>,
}

/// * `calibration`: how many inputs
/// * `learns`: whether the examples will be learned from once more
fn prepare(
    description: &RunDescription,
    calibration: usize,
    learns: bool,
    cache: &FeatureCache,
) -> Result<Prepared, DataError> {
    match description.task {
        Task::Face => {
            let loaded = data::load_faces(&description.data, &description.cut())?;
            description.check_data(&loaded)?;
            Ok(Prepared {
                input: InputDescription::FACE,
                priors: description.recipe.priors(loaded.examples.shares()),
                calibration: loaded.examples.calibration(calibration),
                selection: loaded.examples.selection_inputs(),
                examples: Box::new(loaded.examples),
            })
        }
        Task::Speech => {
            let varied = learns && description.recipe.augment;
            let loaded = data::load_speech(&description.data, description.preset, &description.cut(), varied, cache)?;
            description.check_data(&loaded)?;
            let windows =
                |(windows, class): (Vec<Vec<f32>>, usize)| windows.into_iter().map(move |input| (input, class));
            Ok(Prepared {
                input: InputDescription::Speech {
                    kind: description.preset.speech_input_kind()?,
                    constants: SpeechConstants::CURRENT,
                    statistics: loaded.examples.statistics().clone(),
                },
                priors: description.recipe.priors(loaded.examples.shares()),
                calibration: loaded.examples.calibration(calibration),
                selection: loaded.examples.selection_inputs().into_iter().flat_map(windows).collect(),
                examples: Box::new(loaded.examples),
            })
        }
    }
}

/// How float and int8 did on the same inputs.
struct Judged {
    float: Figures,
    int8: Figures,
    /// The int8 network's, as real numbers.
    logits: Vec<Vec<f32>>,
    classes: Vec<usize>,
}

fn judge(graph: &FloatGraph, model: &Model<'_>, selection: &[(Vec<f32>, usize)]) -> Result<Judged, GraphError> {
    let network = model.network();
    let (input, output) = (network.input_quantization(), network.output_quantization());
    let reference = FloatReference::new(graph)?;
    let both: Vec<(Vec<f32>, Vec<f32>)> = selection
        .par_iter()
        .map_init(
            || vec![0i8; network.arena_bytes()],
            |arena, (values, _)| {
                for (target, &value) in network.input_mut(arena).iter_mut().zip(values) {
                    *target = input.quantize(value);
                }
                let logits = network.run(Isa::best(), arena);
                (reference.logits(values), logits.iter().map(|&logit| output.dequantize(logit)).collect())
            },
        )
        .collect();
    let classes: Vec<usize> = selection.iter().map(|(_, class)| *class).collect();
    let (float, int8): (Vec<Vec<f32>>, Vec<Vec<f32>>) = both.into_iter().unzip();
    let of = |logits: &[Vec<f32>]| figures(model.labels(), logits, &classes);
    Ok(Judged { float: of(&float), int8: of(&int8), logits: int8, classes })
}

/// Logits order the classes as posteriors do, which is all that these figures need.
fn figures(labels: &[Emotion], logits: &[Vec<f32>], classes: &[usize]) -> Figures {
    let truth = classes.iter().map(|&class| labels[class]);
    let scores = Scores::new(labels, truth.zip(logits.iter().map(Vec::as_slice)));
    Figures {
        samples: scores.samples as u32,
        accuracy: scores.accuracy as f32,
        unweighted_average_recall: scores.unweighted_average_recall as f32,
    }
}

fn provenance(description: &RunDescription) -> Provenance {
    let data = match description.task {
        Task::Face => format!("FER2013 layout, hash {}; terms: see the model card", description.data_hash),
        Task::Speech => format!("RAVDESS layout, hash {}; terms: see the model card", description.data_hash),
    };
    Provenance {
        preset: cut_to_fit(description.preset.name()),
        data: cut_to_fit(&data),
        split: cut_to_fit(&description.split),
        seed: description.recipe.seed,
        command: cut_to_fit(&description.command),
        trainer: cut_to_fit(concat!("moodbox-trainer ", env!("CARGO_PKG_VERSION"))),
        float_figures: None,
        int8_figures: None,
    }
}

/// As much of a text as there is room for.
fn cut_to_fit<const N: usize>(text: &str) -> heapless::String<N> {
    let mut fitting = heapless::String::new();
    for character in text.chars() {
        if fitting.push(character).is_err() {
            break;
        }
    }
    fitting
}
