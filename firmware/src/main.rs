//! The command line of the Moodbox runtime.

#![forbid(unsafe_code)]

use anyhow::{Result, anyhow};
use clap::{Args, Parser, Subcommand};
use moodbox::config::{Options, Settings};
use moodbox::models::ModelSource;
use moodbox::sample::Sample;
use moodbox::{listen, self_test};
use moodbox_shared::model::Task;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Checks that this binary computes what it should on this machine.
    Check(CheckOptions),
    /// Prints what a box says on its serial line.
    Listen(ListenOptions),
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
struct ListenOptions {
    /// A serial line, pseudo-terminal or recorded file.
    #[arg(long, value_name = "PATH")]
    serial: PathBuf,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(options) => demo(&options),
        Command::Run(options) => run(&options),
        Command::Check(options) => check(&options),
        Command::Listen(options) => listen(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("moodbox: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &RunOptions) -> Result<ExitCode> {
    moodbox::run::run(&options.settings()?)?;
    Ok(ExitCode::SUCCESS)
}

fn demo(options: &DemoOptions) -> Result<ExitCode> {
    let is_paced = !options.fast && io::stdout().is_terminal();
    moodbox::demo::run(options.run.settings()?, is_paced)?;
    Ok(ExitCode::SUCCESS)
}

fn check(options: &CheckOptions) -> Result<ExitCode> {
    let settings = options.run.settings()?;
    let face = ModelSource::open(Task::Face, settings.face_model.as_deref())?;
    let speech = ModelSource::open(Task::Speech, settings.speech_model.as_deref())?;
    if let Some(path) = &options.write_expected {
        let expected = self_test::expected(&Sample::embedded()?, &face.load()?, &speech.load()?);
        let text = serde_json::to_string_pretty(&expected)? + "\n";
        std::fs::write(path, text).map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let failures = self_test::run(&face, &speech, &mut io::stdout().lock())?;
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn listen(options: &ListenOptions) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    let heard = listen::listen(&options.serial, options.json, &mut out)?;
    out.flush()?;
    if heard.damaged > 0 {
        eprintln!("moodbox: {} damaged or unknown frames among {} packets", heard.damaged, heard.packets);
    }
    Ok(ExitCode::SUCCESS)
}
