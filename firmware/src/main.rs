//! The command line of the Moodbox runtime.

#![forbid(unsafe_code)]

use anyhow::{Result, anyhow, bail};
use clap::{Args, Parser, Subcommand};
use moodbox::bench::{self, BenchOptions};
use moodbox::config::{Options, SerialSettings, Settings};
use moodbox::findings::Findings;
use moodbox::history::{Store, print};
use moodbox::models::{self, ModelSource};
use moodbox::sample::Sample;
use moodbox::send::{self, SendOptions};
use moodbox::{device_check, devices, listen, self_test};
use moodbox_shared::model::Task;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

/// The system's allocator, which counts what is asked of it: for `moodbox bench`.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// An offline emotion-sensing box: camera and microphone in, emotion on LEDs and a serial link out.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the built-in sample: mean faces and synthetic speech of each emotion.
    Demo(DemoOptions),
    /// Watches and listens.
    Run(RunOptions),
    /// Checks that this binary computes what it should on this machine, and that each configured device works.
    Check(CheckOptions),
    /// Measures how long each stage and each layer of the networks takes on this machine.
    Bench(BenchOptions),
    /// Lists the devices of this machine, each with the line of the configuration that selects it.
    Devices,
    /// Prints what was shown and when, from the file that `run --history` keeps.
    History(HistoryOptions),
    /// Prints what a box says on its serial line.
    Listen(ListenOptions),
    /// Tells a box something over its serial line.
    Send(SendOptions),
}

#[derive(Args)]
struct RunOptions {
    /// Reads whatever is not said here from this file, as /etc/moodbox/moodbox.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

impl RunOptions {
    /// The options with those of the file, and all defaults.
    fn settings(&self) -> Result<Settings> {
        let file = self.config.as_deref().map(Options::read).transpose()?.unwrap_or_default();
        Ok(Settings::new(self.options.clone().over(file))?)
    }
}

#[derive(Args)]
struct DemoOptions {
    #[command(flatten)]
    run: RunOptions,
    /// As fast as possible, even on a terminal.
    #[arg(long)]
    fast: bool,
}

#[derive(Args)]
struct CheckOptions {
    #[command(flatten)]
    run: RunOptions,
    /// Writes what the networks say of the sample to FILE instead, as the record for later checks.
    #[arg(long, value_name = "FILE")]
    write_expected: Option<PathBuf>,
}

#[derive(Args)]
struct HistoryOptions {
    /// The file of the history [default: that of the configuration].
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The configuration that names it.
    #[arg(long, value_name = "FILE", default_value = "/etc/moodbox/moodbox.toml")]
    config: PathBuf,
    /// From then on: a date, a date with time, both UTC, or how long ago, as 24h or 7days.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The sums of each hour, instead of each event.
    #[arg(long)]
    hours: bool,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head.
    #[arg(long)]
    csv: bool,
}

#[derive(Args)]
struct ListenOptions {
    #[command(flatten)]
    line: SerialSettings,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(options) => demo(&options),
        Command::Run(options) => run(&options),
        Command::Check(options) => check(&options),
        Command::Bench(options) => bench(&options),
        Command::Devices => list_devices(),
        Command::History(options) => history(&options),
        Command::Listen(options) => listen(&options),
        Command::Send(options) => {
            send::send(&options, &mut io::stdout()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
    };
    match result {
        Ok(code) => code,
        // A reader that has gone away, as `head` does, misses nothing it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("moodbox: {error}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_one = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is_one)
}

fn run(options: &RunOptions) -> Result<ExitCode> {
    moodbox::run::run(&options.settings()?)?;
    Ok(ExitCode::SUCCESS)
}

fn demo(options: &DemoOptions) -> Result<ExitCode> {
    let asked = &options.run.options;
    if asked.camera.is_some() || asked.microphone.is_some() {
        bail!("demo plays the built-in sample: for a camera or a microphone of your own take `moodbox run`");
    }
    let is_paced = !options.fast && io::stdout().is_terminal();
    moodbox::demo::run(options.run.settings()?, is_paced)?;
    Ok(ExitCode::SUCCESS)
}

fn check(options: &CheckOptions) -> Result<ExitCode> {
    let settings = options.run.settings()?;
    models::check_engine(settings.engine, settings.model_paths())?;
    let face = ModelSource::open(Task::Face, settings.face_model.as_deref())?;
    let speech = ModelSource::open(Task::Speech, settings.speech_model.as_deref())?;
    if let Some(path) = &options.write_expected {
        let expected = self_test::expected(&Sample::embedded()?, &face.load()?, &speech.load()?);
        let text = serde_json::to_string_pretty(&expected)? + "\n";
        std::fs::write(path, text).map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = io::stdout().lock();
    let mut report = Findings::new(&mut out, settings.is_json);
    self_test::run(&face, &speech, &mut report)?;
    device_check::run(&settings, &mut report)?;
    Ok(if report.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn bench(options: &BenchOptions) -> Result<ExitCode> {
    let report = bench::run(options, allocations)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if options.json { report.write_json(&mut out) } else { report.write_text(&mut out) }?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Requests for memory that this program has made so far: new blocks, and blocks that change their size.
fn allocations() -> u64 {
    let so_far = ALLOCATOR.stats();
    (so_far.allocations + so_far.reallocations) as u64
}

fn list_devices() -> Result<ExitCode> {
    devices::list(&mut io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn history(options: &HistoryOptions) -> Result<ExitCode> {
    let path = match &options.file {
        Some(file) => file.clone(),
        None => Options::read(&options.config)?
            .history
            .ok_or_else(|| anyhow!("{} keeps no history: name the file with --file", options.config.display()))?,
    };
    let since_ms = match &options.since {
        Some(text) => print::parse_since(text, SystemTime::now())?,
        None => i64::MIN,
    };
    let style = match (options.json, options.csv) {
        (true, _) => print::Style::Json,
        (_, true) => print::Style::Csv,
        _ => print::Style::Text,
    };
    let what = if options.hours { print::What::Hours } else { print::What::Events };
    let mut out = BufWriter::new(io::stdout().lock());
    print::print(&Store::open_to_read(&path)?, what, style, since_ms, &mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn listen(options: &ListenOptions) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let heard = listen::listen(&options.line, options.json, &mut out)?;
    out.flush()?;
    if heard.damaged > 0 {
        eprintln!("moodbox: {} damaged or unknown frames among {} packets", heard.damaged, heard.packets);
    }
    Ok(ExitCode::SUCCESS)
}
