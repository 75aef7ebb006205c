//! The command line of the Moodbox runtime.

#![forbid(unsafe_code)]

use anyhow::{Result, anyhow, bail};
use clap::{Args, Parser, Subcommand, value_parser};
use moodbox::camera;
use moodbox::clock::{Clock, RealClock, VirtualClock};
use moodbox::config::{CameraSource, LedSettings, LedSink, MicrophoneSource};
use moodbox::face_detector::{FaceDetector, FaceFinder};
use moodbox::indicator::terminal::TerminalLeds;
use moodbox::indicator::{self, Indicator, NoIndicator};
use moodbox::microphone::{self, Microphone, replay::ReplayMicrophone};
use moodbox::models::{self, ModelSource};
use moodbox::report::JsonLink;
use moodbox::runtime::{self, Runtime};
use moodbox::sample::{ITEM_MS, Labels, Sample};
use moodbox::serial::{Link, SerialLink};
use moodbox::{listen, self_test};
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::link::Capabilities;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::pipeline::{FaceSettings, Pipeline, PipelineSettings};
use moodbox_shared::vision::MAX_FRAME_PIXELS;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

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
struct ModelOptions {
    /// The face network, instead of the embedded one.
    #[arg(long, value_name = "FILE")]
    face_model: Option<PathBuf>,
    /// The speech network, instead of the embedded one.
    #[arg(long, value_name = "FILE")]
    speech_model: Option<PathBuf>,
}

#[derive(Args)]
struct OutputOptions {
    /// What shows the decision: terminal, rppal:PINS, gpiocdev:CHIP:PINS or none [default: terminal, none with --json].
    #[arg(long, value_name = "LEDS")]
    leds: Option<LedSink>,
    /// A serial line, pseudo-terminal or file that takes the link's packets.
    #[arg(long, value_name = "PATH")]
    serial: Option<PathBuf>,
    /// Prints the link's packets as JSON, one object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct DemoOptions {
    #[command(flatten)]
    models: ModelOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// As fast as possible, even on a terminal.
    #[arg(long)]
    fast: bool,
}

#[derive(Args)]
struct RunOptions {
    /// Where pictures come from: file:PATH (a picture, a folder of pictures, a video as Y4M or Motion JPEG), v4l:DEVICE or none.
    #[arg(long, value_name = "CAMERA", default_value = "none")]
    camera: CameraSource,
    /// Where sound comes from: file:PATH (WAV or FLAC), alsa:DEVICE or none.
    #[arg(long, value_name = "MICROPHONE", default_value = "none")]
    microphone: MicrophoneSource,
    #[command(flatten)]
    models: ModelOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// Looks for faces in one frame of N, and between them only where something has changed; the network reads every frame.
    #[arg(long, value_name = "N", default_value_t = FaceSettings::default().detect_every_frames, value_parser = value_parser!(u32).range(1..))]
    detect_every: u32,
    /// Plays files at the pace at which they were recorded.
    #[arg(long)]
    realtime: bool,
}

#[derive(Args)]
struct CheckOptions {
    #[command(flatten)]
    models: ModelOptions,
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
    if (&options.camera, &options.microphone) == (&CameraSource::None, &MicrophoneSource::None) {
        bail!("neither camera nor microphone: give --camera file:PATH, --microphone file:PATH or both");
    }
    let clock = RealClock::start();
    let mut senses = Senses { capabilities: camera::capabilities(&options.camera), ..Senses::default() };
    senses.capabilities = senses.capabilities.union(microphone::capabilities(&options.microphone));
    if options.camera != CameraSource::None {
        senses.face = Some(models::open(Task::Face, options.models.face_model.as_deref())?);
    }
    if options.microphone != MicrophoneSource::None {
        senses.speech = Some(models::open(Task::Speech, options.models.speech_model.as_deref())?);
    }
    let (microphone, sound_us) = match microphone::open(&options.microphone, clock)? {
        Some(opened) => (Some(opened.microphone), opened.duration_us),
        None => (None, 0),
    };
    senses.microphone = microphone;
    senses.camera = camera::open(&options.camera, sound_us, clock)?;
    let live =
        matches!(options.camera, CameraSource::Device(_)) || matches!(options.microphone, MicrophoneSource::Device(_));
    let clock: Box<dyn Clock> =
        if options.realtime || live { Box::new(clock) } else { Box::new(VirtualClock::default()) };
    let mut settings = PipelineSettings::default();
    settings.face.detect_every_frames = options.detect_every;
    start(senses, &settings, &options.output, clock, Labels::default(), |_| {})?;
    Ok(ExitCode::SUCCESS)
}

fn demo(options: &DemoOptions) -> Result<ExitCode> {
    let sample = Sample::embedded()?;
    let labels = sample.labels();
    let senses = Senses {
        face: Some(models::open(Task::Face, options.models.face_model.as_deref())?),
        speech: Some(models::open(Task::Speech, options.models.speech_model.as_deref())?),
        camera: Some(Box::new(sample.camera())),
        microphone: Some(Box::new(ReplayMicrophone::new(sample.sound()))),
        capabilities: Capabilities::CAMERA.union(Capabilities::MICROPHONE).union(Capabilities::REPLAY),
    };
    let clock: Box<dyn Clock> = if !options.fast && io::stdout().is_terminal() {
        Box::new(RealClock::start())
    } else {
        Box::new(VirtualClock::default())
    };
    // What is shown at the end of each item's time is its answer.
    let mut answers = vec![Verdict::Nobody; sample.items.len()];
    start(senses, &PipelineSettings::default(), &options.output, clock, labels, |decision| {
        if let Some(answer) = answers.get_mut((decision.time_ms / ITEM_MS) as usize) {
            *answer = decision.verdict;
        }
    })?;
    if !options.output.json {
        let right = sample.items.iter().zip(&answers).filter(|(item, answer)| answer.emotion() == Some(item.label));
        // A reader that has gone away, as `head` does, misses nothing it wanted.
        let _ = writeln!(io::stdout(), "{} of {} as intended", right.count(), answers.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// What a run watches and listens with.
#[derive(Default)]
struct Senses {
    face: Option<Model<'static>>,
    speech: Option<Model<'static>>,
    camera: Option<Box<dyn camera::Camera>>,
    microphone: Option<Box<dyn Microphone>>,
    capabilities: Capabilities,
}

/// Opens the outputs, the last thing that can fail, and runs.
fn start(
    mut senses: Senses,
    settings: &PipelineSettings,
    output: &OutputOptions,
    clock: Box<dyn Clock>,
    labels: Labels,
    observe: impl FnMut(&Decision),
) -> Result<()> {
    let leds = output.leds.clone().unwrap_or(if output.json { LedSink::None } else { LedSink::Terminal });
    let indicator: Box<dyn Indicator> =
        match indicator::open_pins(&LedSettings { sink: leds.clone(), status_pin: None, is_active_low: false })? {
            Some(pins) => pins,
            // Beside JSON the text goes where it is in nobody's way.
            None if leds == LedSink::Terminal && output.json => {
                Box::new(TerminalLeds::new(io::stderr(), false, labels.clone()))
            }
            None if leds == LedSink::Terminal => {
                Box::new(TerminalLeds::new(io::stdout(), io::stdout().is_terminal(), labels.clone()))
            }
            None => Box::new(NoIndicator),
        };
    if leds != LedSink::None {
        senses.capabilities = senses.capabilities.union(Capabilities::LEDS);
    }
    let mut luma = vec![0; if senses.camera.is_some() { MAX_FRAME_PIXELS } else { 0 }];
    let pipeline = Box::new(Pipeline::new(senses.face.as_ref(), senses.speech.as_ref(), settings, &mut luma)?);
    let detector: Option<Box<dyn FaceFinder>> =
        if senses.face.is_some() { Some(Box::new(FaceDetector::new()?)) } else { None };

    let mut links: Vec<Box<dyn Link>> = Vec::new();
    if let Some(path) = &output.serial {
        links.push(Box::new(SerialLink::open(path, patience(clock.is_real()))?));
    }
    if output.json {
        links.push(Box::new(JsonLink::new(io::stdout().lock(), labels)));
    }
    let hello = runtime::hello(senses.face.as_ref(), senses.speech.as_ref(), senses.capabilities);
    Runtime {
        pipeline,
        detector,
        camera: senses.camera,
        microphone: senses.microphone,
        indicator,
        links,
        clock,
        warn: Box::new(|error| eprintln!("moodbox: {error}")),
    }
    .run(hello, observe)?;
    Ok(())
}

/// How long a line that takes nothing is waited for: played files can wait, the world can't.
const fn patience(realtime: bool) -> Duration {
    if realtime { Duration::from_millis(5) } else { Duration::from_secs(2) }
}

fn check(options: &CheckOptions) -> Result<ExitCode> {
    let face = ModelSource::open(Task::Face, options.models.face_model.as_deref())?;
    let speech = ModelSource::open(Task::Speech, options.models.speech_model.as_deref())?;
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
