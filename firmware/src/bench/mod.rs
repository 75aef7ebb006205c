//! `moodbox bench`: how long each stage of the box, and each layer of its networks, takes on the machine at hand, and how much memory it
//! asks for. No camera and no microphone is needed: every stage works on material of its own.
//!
//! `cargo bench -p moodbox` measures the same [`stages`] with criterion.

mod machine;
mod material;
mod measure;
mod report;
mod stages;
mod step;

pub use report::{LayerCost, NetworkCost, Report, StageCost};
pub use stages::{Stage, stages};
pub use step::Step;

use crate::config::Bounded;
use crate::models::{self, ModelsError};
use crate::start::{Networks, StartError};
use clap::Args;
use measure::{Effort, measure, measure_layers};
use moodbox_shared::model::Task;
use moodbox_shared::nn::Isa;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Runs of each stage, unless something else is asked for.
const RUNS: u32 = 300;

/// No stage is measured for longer.
const LIMIT: Duration = Duration::from_secs(4);

/// What is measured.
#[derive(Args, Clone, Debug)]
pub struct BenchOptions {
    /// The face network, instead of the embedded one.
    #[arg(long, value_name = "FILE")]
    pub face_model: Option<PathBuf>,
    /// The speech network, instead of the embedded one.
    #[arg(long, value_name = "FILE")]
    pub speech_model: Option<PathBuf>,
    /// Instructions that the networks use [default: the best that this processor has].
    #[arg(long, value_name = "NAME")]
    pub isa: Option<String>,
    /// Runs of each stage; one that would take more than four seconds is run less often [default: 300].
    #[arg(long, value_name = "N")]
    pub runs: Option<Bounded<1, 1_000_000>>,
    /// Prints one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Why nothing is measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// Instructions that this processor, or this program, does not know.
    #[error("`{name}` are no instructions of this processor: give --isa {}", available().join(", "))]
    Isa {
        /// What was asked for.
        name: String,
    },
    /// A network is missing or can't be used.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A stage can't be set up.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Measures every stage.
///
/// * `allocations`: how many requests for memory this program has made so far
pub fn run(options: &BenchOptions, allocations: impl Fn() -> u64) -> Result<Report, BenchError> {
    let isa = match &options.isa {
        None => Isa::best(),
        Some(name) => {
            Isa::available().find(|isa| isa.name() == name).ok_or_else(|| BenchError::Isa { name: name.clone() })?
        }
    };
    let networks = Networks {
        face: Some(models::open_for_good(Task::Face, options.face_model.as_deref(), isa)?),
        speech: Some(models::open_for_good(Task::Speech, options.speech_model.as_deref(), isa)?),
    };
    let effort = Effort { runs: options.runs.map_or(RUNS, Bounded::get) as usize, limit: LIMIT };
    let mut report = Report::new(machine::name(), isa, networks, effort.runs);
    for mut stage in stages(networks, isa)? {
        let cost = measure(&mut stage, effort, &allocations);
        let network = stage.model.map(|model| NetworkCost::new(model, &cost, &measure_layers(model, isa, effort)));
        report.stages.push(StageCost::new(stage.name, cost, network));
    }
    Ok(report)
}

fn available() -> Vec<&'static str> {
    Isa::available().map(Isa::name).collect()
}
