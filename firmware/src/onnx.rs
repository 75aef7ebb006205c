//! A user's own network, as ONNX, in tract. It allocates memory on every run: outside the promise that the box's inner loop does not.
//!
//! A face network reads 1×1×32×32 numbers in 0..1 (the face's own range of grey), a speech network 1×180×192×1 (the features of a window) or
//! 1×1×180×1 (their mean). It returns a logit for each emotion. What the numbers mean more exactly, the file may say itself: see
//! [`metadata`](moodbox_shared::model::metadata).

use crate::run::tell;
use moodbox_shared::Emotion;
use moodbox_shared::model::format::CHECKSUM;
use moodbox_shared::model::metadata::{Metadata, MetadataError};
use moodbox_shared::model::{MAX_LABELS, ModelError, Task};
use moodbox_shared::nn::Shape;
use moodbox_shared::pipeline::{RealEngine, RealNetwork};
use std::sync::Arc;
use thiserror::Error;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};
use tract_onnx::tract_hir::internal::DimLike;

/// Inputs of a face network, batch × channels × height × width.
const FACE_INPUTS: &[[usize; 4]] = &[[1, 1, 32, 32]];

/// Inputs of a speech network: the rows of a window, or their mean.
const SPEECH_INPUTS: &[[usize; 4]] = &[[1, 180, 192, 1], [1, 1, 180, 1]];

/// Why a network does not run in tract.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// It is no ONNX, or has an operator that tract does not know.
    #[error("tract can't run it: {0}")]
    Tract(String),
    /// Not one input and one output.
    #[error("it has {inputs} inputs and {outputs} outputs, one of each is expected")]
    Ends {
        /// What it reads.
        inputs: usize,
        /// What it returns.
        outputs: usize,
    },
    /// It reads something else.
    #[error("its input is {found}, expected is {expected}")]
    Input {
        /// What it reads.
        found: String,
        /// What the box makes for this sense.
        expected: String,
    },
    /// It returns something else.
    #[error(
        "its output is {found}, expected is F32 1×{expected}: a logit for each emotion that its metadata `labels` names, or for all"
    )]
    Output {
        /// What it returns.
        found: String,
        /// As many labels as it has.
        expected: usize,
    },
    /// It says of itself what can't be.
    #[error("its metadata can't be used: {0}")]
    Metadata(#[from] MetadataError),
    /// It was made for the other sense.
    #[error("its metadata says that it is a network for {0}")]
    Task(String),
    /// It can't compute its first input.
    #[error("it can't compute an input of zeros: {0}")]
    Trial(RunFailure),
}

impl From<TractError> for OnnxError {
    fn from(error: TractError) -> Self {
        Self::Tract(causes(&error))
    }
}

/// The chain of causes in one line: the innermost says what is wrong.
fn causes(error: &TractError) -> String {
    error.chain().map(|cause| cause.to_string().replace('\n', " ")).collect::<Vec<_>>().join(": ")
}

/// Makes a network from the bytes of an ONNX file. Its memory is never given back: a program opens its networks once.
pub fn load(task: Task, file: &[u8]) -> Result<RealNetwork<'static>, OnnxError> {
    let mut model = onnx().model_for_read(&mut &*file)?;
    let (inputs, outputs) = (model.inputs.len(), model.outputs.len());
    if (inputs, outputs) != (1, 1) {
        return Err(OnnxError::Ends { inputs, outputs });
    }
    let metadata = texts(&model);
    if let Some(other) = metadata("task").filter(|told| *told != task.to_string()) {
        return Err(OnnxError::Task(other));
    }
    let dims = input_dims(task, model.input_fact(0)?)?;
    model.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), dims))?;
    let model = model.into_optimized()?;
    let logits = output_len(task, &model)?;

    let [_, channels, height, width] = dims;
    let shape = Shape { height: height as u16, width: width as u16, channels: channels as u16 };
    let metadata = Metadata::read(task, shape, logits, metadata).map_err(|error| match error {
        MetadataError::Model(ModelError::LabelCount { labels, .. }) => {
            OnnxError::Output { found: model.output_fact(0).map_or_else(|_| "unknown".into(), facts), expected: labels }
        }
        error => error.into(),
    })?;
    let input = vec![0.0; dims.iter().product()].leak();
    let engine = Box::leak(Box::new(TractEngine { plan: model.into_runnable()?, dims, task, has_failed: false }));
    engine.try_run(input, &mut [0.0; MAX_LABELS][..logits]).map_err(OnnxError::Trial)?;
    let metadata: &'static Metadata = Box::leak(Box::new(metadata));
    Ok(RealNetwork { description: metadata.description(CHECKSUM.checksum(file)), input, engine })
}

/// What a file says of itself, by key.
fn texts(model: &InferenceModel) -> impl Fn(&str) -> Option<String> + use<> {
    let properties = model.properties.clone();
    move |key| {
        let text = properties.get(&format!("onnx.metadata_props.{key}"))?;
        text.try_as_plain_ram().ok()?.as_slice::<String>().ok()?.first().cloned()
    }
}

/// Those of the task's inputs that the network reads; a size that it leaves open may be anything.
fn input_dims(task: Task, fact: &InferenceFact) -> Result<[usize; 4], OnnxError> {
    let accepted = match task {
        Task::Face => FACE_INPUTS,
        Task::Speech => SPEECH_INPUTS,
    };
    let is_float = fact.datum_type.concretize().is_none_or(|datum_type| datum_type == f32::datum_type());
    let reads = |dims: &&[usize; 4]| {
        let has_rank = fact.shape.is_open() || fact.shape.dims().count() == dims.len();
        let fits = |(told, &dim): (&GenericFactoid<TDim>, &usize)| {
            told.concretize().and_then(|told| told.to_usize().ok()).is_none_or(|told| told == dim)
        };
        has_rank && fact.shape.dims().zip(*dims).all(fits)
    };
    accepted.iter().find(|dims| is_float && reads(dims)).copied().ok_or_else(|| {
        let datum_type = fact.datum_type.concretize().map_or_else(|| "?".into(), |told| format!("{told:?}"));
        let told = fact.shape.dims().map(|dim| dim.concretize().map_or_else(|| "?".into(), |dim| dim.to_string()));
        OnnxError::Input {
            found: format!("{datum_type} {}", told.collect::<Vec<_>>().join("×")),
            expected: accepted.iter().map(|dims| format!("F32 {}", joined(dims))).collect::<Vec<_>>().join(" or "),
        }
    })
}

/// How many logits there are; an output without a size of its own is refused.
fn output_len(task: Task, model: &TypedModel) -> Result<usize, OnnxError> {
    let fact = model.output_fact(0)?;
    let expected = match task {
        Task::Face => Emotion::FACE.len(),
        Task::Speech => Emotion::ALL.len(),
    };
    let len = fact.shape.as_concrete().map(|dims| dims.iter().product());
    let is_float = fact.datum_type == f32::datum_type();
    len.filter(|len| is_float && (1..=MAX_LABELS).contains(len))
        .ok_or_else(|| OnnxError::Output { found: facts(fact), expected })
}

fn facts(fact: &TypedFact) -> String {
    format!("{:?} {}", fact.datum_type, joined(&fact.shape))
}

fn joined(dims: &[impl ToString]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// A network ready to run in tract.
struct TractEngine {
    plan: Arc<TypedRunnableModel>,
    /// 1 × channels × height × width.
    dims: [usize; 4],
    /// What it is used for.
    task: Task,
    /// Whether it failed on the last input.
    has_failed: bool,
}

/// Why there are no logits of an input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunFailure {
    /// tract gives up.
    #[error("{0}")]
    Tract(String),
    /// The output is not what the file announced.
    #[error("it returns {found} numbers instead of {expected}")]
    Count {
        /// What it returned.
        found: usize,
        /// What it announced.
        expected: usize,
    },
    /// Infinite, or not a number.
    #[error("its logits are no finite numbers")]
    NotFinite,
}

impl From<TractError> for RunFailure {
    fn from(error: TractError) -> Self {
        Self::Tract(causes(&error))
    }
}

impl TractEngine {
    fn try_run(&self, input: &[f32], logits: &mut [f32]) -> Result<(), RunFailure> {
        let [_, channels, ..] = self.dims;
        // From channels innermost to channels outermost.
        let planes = (0..channels).flat_map(|channel| input.iter().skip(channel).step_by(channels));
        let planes: Vec<f32> = planes.copied().collect();
        let outputs = self.plan.run(tvec!(Tensor::from_shape(&self.dims, &planes)?.into()))?;
        let output = outputs.first().map(|output| output.try_as_plain_ram()).transpose()?;
        let output = output.as_ref().map_or(Ok(&[][..]), |output| output.as_slice::<f32>())?;
        if output.len() != logits.len() {
            return Err(RunFailure::Count { found: output.len(), expected: logits.len() });
        }
        if output.iter().any(|logit| !logit.is_finite()) {
            return Err(RunFailure::NotFinite);
        }
        logits.copy_from_slice(output);
        Ok(())
    }
}

impl RealEngine for TractEngine {
    /// Tells of the first failure, and of the first success after one.
    fn run(&mut self, input: &[f32], logits: &mut [f32]) -> bool {
        let result = self.try_run(input, logits);
        match &result {
            Err(failure) if !self.has_failed => {
                tell(&format_args!(
                    "the {} network fails in tract, what it looks at counts for nothing: {failure}",
                    self.task
                ));
            }
            Ok(()) if self.has_failed => tell(&format_args!("the {} network works again", self.task)),
            _ => {}
        }
        self.has_failed = result.is_err();
        result.is_ok()
    }
}
