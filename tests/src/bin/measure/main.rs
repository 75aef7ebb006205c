//! Measures the senses of Moodbox and writes what it finds to `tests/reports/`: one report a command, each with the command that made it.
//!
//! ```text
//! cargo run --release -p moodbox-tests --bin measure -- help
//! ```

mod budgets;
mod cpu_time;
mod detector;
mod framing;
mod gate;
mod luma;
mod pictures;
mod quality;
mod report;
mod resampler;
mod statistics;
mod watcher;

use clap::{Parser, Subcommand};
use moodbox_tests::counting_allocator::CountingAllocator;
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[derive(Parser)]
#[command(about = "Measures the senses of Moodbox and writes reports")]
struct Arguments {
    /// Folder of the data sets.
    #[arg(long, global = true, default_value_os_t = moodbox_tests::data_dir())]
    data: PathBuf,
    /// Folder that receives the reports.
    #[arg(long, global = true, default_value_os_t = moodbox_tests::reports_dir())]
    out: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Memory, start and latency of the running box.
    Budgets {
        /// The box's program, as `cargo build --release` makes it.
        #[arg(long, value_name = "FILE")]
        binary: PathBuf,
    },
    /// What the face detector finds by size, roll and light of a face, and what it costs.
    Detector,
    /// How the detector's box lies to FER2013's framing, and what the way through frame, detector and crop costs.
    Framing,
    /// Misses and false alarms of the speech gate.
    Gate,
    /// What luma of every format and the crop cost.
    Luma,
    /// What the quality of a face says about the network's answer.
    Quality,
    /// Frequency response, delay and cost of the resampler.
    Resampler,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Budgets { binary } => budgets::measure(&binary, &arguments.out),
        Command::Detector => detector::measure(&arguments.data, &arguments.out),
        Command::Framing => framing::measure(&arguments.data, &arguments.out),
        Command::Gate => gate::measure(&arguments.data, &arguments.out),
        Command::Luma => luma::measure(&arguments.out),
        Command::Quality => quality::measure(&arguments.data, &arguments.out),
        Command::Resampler => resampler::measure(&arguments.out),
    }
}
