//! `moodbox-trainer bench`: how fast networks are trained on this machine, and where the time goes.

use crate::network::preset::NoNetwork;
use crate::network::{Architecture, Network, Preset};
use crate::report::print_line;
use crate::train::bench::time_training;
use crate::train::device::{self, DeviceError};
use crate::train::stopwatch::{Phase, Stopwatch};
use crate::train_command::TaskName;
use burn::module::Module;
use moodbox_shared::Emotion;
use moodbox_shared::audio::SpeechInputKind;
use moodbox_shared::model::Task;
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Times the training of a preset on made-up data.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {
    /// What would be learned
    pub task: TaskName,
    /// Which network, with its recipe
    #[arg(long, value_enum, default_value_t = Preset::COMPACT)]
    pub preset: Preset,
    /// Examples a step [default: the preset's]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch: Option<u32>,
    /// Steps that are timed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub batches: u32,
    /// Where to compute: see the features of this build; several share every batch
    #[arg(long = "device", visible_alias = "devices", value_name = "NAME,…", value_delimiter = ',', default_values = device::AVAILABLE.first())]
    pub devices: Vec<String>,
    /// Print JSON, with the network's description
    #[arg(long)]
    pub json: bool,
}

/// Why nothing was timed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// No such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The preset has no network for the task.
    #[error(transparent)]
    Preset(#[from] NoNetwork),
}

/// What was timed, and how long it took.
#[derive(Clone, Debug, Serialize)]
struct Timing {
    task: Task,
    preset: &'static str,
    devices: Vec<String>,
    batch: usize,
    steps: usize,
    /// That pure-Rust backends and the making of batches share.
    threads: usize,
    /// Weights, and running statistics of batch normalisation.
    numbers: usize,
    learning_rate: f64,
    weight_decay: f32,
    /// Inputs learned from a second.
    inputs_per_second: f64,
    /// The same, if batches cost nothing and nothing were read.
    inputs_per_second_of_steps: f64,
    /// Seconds by phase.
    seconds: BTreeMap<&'static str, f64>,
    architecture: Architecture,
}

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<(), BenchError> {
    let timing = measure(args)?;
    if args.json {
        print_line(serde_json::to_string(&timing).expect("numbers and names: always representable"));
        return Ok(());
    }
    print_line(format_args!(
        "{} '{}' on {}: {:.1} inputs a second ({} steps of {}, {} threads)",
        timing.task,
        timing.preset,
        timing.devices.join(", "),
        timing.inputs_per_second,
        timing.steps,
        timing.batch,
        timing.threads,
    ));
    let total: f64 = timing.seconds.values().sum();
    for phase in Phase::ALL {
        let seconds = timing.seconds[phase.name()];
        let step = 1e3 * seconds / timing.steps as f64;
        print_line(format_args!("  {:<10} {:>5.1} %  {step:>8.2} ms a step", phase.name(), 100.0 * seconds / total));
    }
    Ok(())
}

fn measure(args: &BenchArgs) -> Result<Timing, BenchError> {
    let devices = device::by_names(&args.devices)?;
    let task = args.task.task();
    let (classes, reads) = match task {
        Task::Face => (Emotion::FACE.len(), SpeechInputKind::Map),
        Task::Speech => (Emotion::ALL.len(), args.preset.speech_input_kind()?),
    };
    let mut recipe = args.preset.recipe(task)?;
    recipe.batch = args.batch.map_or(recipe.batch, |batch| batch as usize);
    let architecture = args.preset.architecture(task, classes)?;
    let steps = args.batches as usize;
    let numbers = Network::new(&architecture, &devices[0]).num_params();
    let stopwatch = time_training(task, &architecture, &recipe, reads, &devices, steps);
    let spent = |phase| Stopwatch::spent(&stopwatch, phase).as_secs_f64();
    let inputs = (steps * recipe.batch) as f64;
    let total = stopwatch.total().as_secs_f64();
    Ok(Timing {
        task,
        preset: args.preset.name(),
        devices: args.devices.clone(),
        batch: recipe.batch,
        steps,
        threads: rayon::current_num_threads(),
        numbers,
        learning_rate: recipe.learning_rate,
        weight_decay: recipe.weight_decay,
        inputs_per_second: inputs / total,
        inputs_per_second_of_steps: inputs / (total - spent(Phase::Data) - spent(Phase::Reading)),
        seconds: Phase::ALL.into_iter().map(|phase| (phase.name(), spent(phase))).collect(),
        architecture,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_takes_its_part_of_the_time() {
        let paper = Preset::try_from("paper".to_owned()).unwrap();
        for task in [TaskName::Face, TaskName::Speech] {
            let args = BenchArgs { task, preset: paper, batch: Some(4), batches: 2, devices: Vec::new(), json: true };
            let timing = measure(&args).unwrap();
            assert!(timing.inputs_per_second_of_steps >= timing.inputs_per_second);
            for phase in [Phase::Forward, Phase::Backward, Phase::Optimizer, Phase::Average] {
                assert!(timing.seconds[phase.name()] > 0.0, "{phase:?}");
            }
            let total: f64 = timing.seconds.values().sum();
            assert!((timing.inputs_per_second * total - 8.0).abs() < 1e-6);
        }
    }
}
