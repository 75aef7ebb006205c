//! The command line of the Moodbox trainer: each command is a module of the library.

#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use moodbox_trainer::{
    ablate_command, adapt_command, bench_command, crossvalidate, data_command, evaluate, export, features_command,
    pack_command, predict, quantize_command, report_command, robustness, sample, train_command,
};
use std::process::ExitCode;

/// Makes the networks of Moodbox from labelled pictures and clips.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count what a data set holds
    Data(data_command::DataArgs),
    /// Write a data set as one compact file that every command reads
    Pack(pack_command::PackArgs),
    /// Train a network from a data set
    Train(train_command::TrainArgs),
    /// Train and score a network for each fold of speakers
    Crossvalidate(crossvalidate::CrossvalidateArgs),
    /// Train a recipe as it is and with one change at a time
    Ablate(ablate_command::AblateArgs),
    /// Score what fine-tuning on a few clips of a speaker brings
    AdaptReport(adapt_command::AdaptReportArgs),
    /// Make the int8 model of a training run
    Quantize(quantize_command::QuantizeArgs),
    /// Write a network as ONNX: the int8 one of a model, or the float one of a training run
    Export(export::command::ExportArgs),
    /// Score a model on labelled pictures or clips
    Evaluate(evaluate::EvaluateArgs),
    /// Write a page that shows how good the network of a training run is, and where it fails
    Report(report_command::ReportArgs),
    /// Time the training of a preset on made-up data
    Bench(bench_command::BenchArgs),
    /// Write the speech features of a clip as a table or an array
    Features(features_command::FeaturesArgs),
    /// Measure how accuracy falls as pictures and clips get worse
    Robustness(robustness::RobustnessArgs),
    /// Name the emotions of single pictures and clips
    Predict(predict::PredictArgs),
    /// Make the sample that `moodbox demo` plays
    Sample(sample::SampleArgs),
}

/// Exit code of everything that bad input, or a missing file, ends.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Data(args) => data_command::run(&args).map_err(anyhow::Error::from),
        Command::Pack(args) => pack_command::run(&args).map_err(anyhow::Error::from),
        Command::Train(args) => train_command::run(&args).map_err(anyhow::Error::from),
        Command::Crossvalidate(args) => crossvalidate::run(&args).map_err(anyhow::Error::from),
        Command::Ablate(args) => ablate_command::run(&args).map_err(anyhow::Error::from),
        Command::AdaptReport(args) => adapt_command::run(&args).map_err(anyhow::Error::from),
        Command::Quantize(args) => quantize_command::run(&args).map_err(anyhow::Error::from),
        Command::Export(args) => export::command::run(&args).map_err(anyhow::Error::from),
        Command::Evaluate(args) => evaluate::run(&args).map_err(anyhow::Error::from),
        Command::Report(args) => report_command::run(&args).map_err(anyhow::Error::from),
        Command::Robustness(args) => robustness::run(&args).map_err(anyhow::Error::from),
        Command::Bench(args) => bench_command::run(&args).map_err(anyhow::Error::from),
        Command::Features(args) => features_command::run(&args).map_err(anyhow::Error::from),
        Command::Predict(args) => predict::run(&args).map_err(anyhow::Error::from),
        Command::Sample(args) => sample::run(&args).map_err(anyhow::Error::from),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moodbox-trainer: {error}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
