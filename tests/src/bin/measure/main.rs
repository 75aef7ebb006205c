//! Measures the senses of Moodbox and writes what it finds to `tests/reports/`: one report a command, each with the command that made it.
//!
//! ```text
//! cargo run --release -p moodbox-tests --bin measure -- help
//! ```

mod report;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

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
enum Command {}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {}
}
