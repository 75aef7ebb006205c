//! Tests a box that nobody has to own: QEMU emulates the board, real pictures and real sound arrive through devices of its kernel, and
//! light and serial line are read from outside.
//!
//! ```text
//! tests/lab/prepare
//! cargo run --release -p moodbox-tests --bin lab -- --binary target/aarch64-unknown-linux-gnu/release/moodbox --machine raspi3b
//! ```
//!
//! `--binary` is the box's program, built for aarch64 with the feature `pi`. Each expectation prints one line, and only where all are met
//! the exit code is 0.

mod board;
mod console;
mod expectation;
mod faults;
mod initramfs;
mod link;
mod log;
mod machine;
mod material;
mod pins;
mod reference;
mod requests;
mod scenario;
mod trace;
mod voices;

use anyhow::{Context, Result};
use board::Board;
use clap::Parser;
use expectation::{Expectation, Findings};
use faults::{CameraFault, MicrophoneFault};
use machine::Machine;
use material::{Picture, Pictures};
use moodbox_shared::decision::Verdict;
use reference::{Film, Replayer};
use scenario::Scenario;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use voices::Voice;

/// How long the machine may take to end.
const END_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Parser)]
#[command(about = "Tests the box on an emulated board")]
struct Arguments {
    /// The box's program, built for aarch64 with the feature `pi`.
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// The board.
    #[arg(long, value_enum, default_value_t = Machine::Raspi3b)]
    machine: Machine,
    /// What `tests/lab/prepare` has made.
    #[arg(long, value_name = "FOLDER", default_value_os_t = prepared())]
    base: PathBuf,
    /// Folder of the data sets; without them the built-in sample alone is shown and played.
    #[arg(long, value_name = "FOLDER", default_value_os_t = moodbox_tests::data_dir())]
    data: PathBuf,
    /// Folder that receives what the machine says, and what the replay says.
    #[arg(long, value_name = "FOLDER")]
    records: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let records = arguments
        .records
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("moodbox-lab-{}", arguments.machine.name())));
    match test(&arguments, &records) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("{failed} expectations were not met; what was said is in {}", records.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("lab: {error:#}; what was said is in {}", records.display());
            ExitCode::FAILURE
        }
    }
}

/// What is shown and played, and what the replay says of it.
struct Material {
    pictures: Pictures,
    film: Film,
    voices: Vec<(Voice, Vec<Verdict>)>,
}

/// Prepares, runs and judges; returns how many expectations were not met.
fn test(arguments: &Arguments, records: &Path) -> Result<usize> {
    fs::create_dir_all(records).with_context(|| format!("cannot make {}", records.display()))?;
    let place = tempfile::tempdir()?;
    let material = replay(arguments, records)?;
    let initramfs = place.path().join("initramfs.cpio");
    let root = place.path().join("root");
    furnish(&root, &arguments.binary, &material)?;
    initramfs::write(&initramfs, &arguments.base.join("base.cpio"), &root)?;

    let mut findings = Findings::new(expectations(arguments.machine, &material));
    let mut board = Board::start(arguments.machine, &arguments.base, &initramfs, place.path(), records)?;
    if let Err(error) = play(arguments.machine, &mut board, &mut findings, &material) {
        println!("FAILED  {error:#}");
    }
    Ok(findings.close())
}

/// Replays everything on this machine.
fn replay(arguments: &Arguments, records: &Path) -> Result<Material> {
    let models = moodbox_tests::models_dir();
    let is_whole = arguments.machine == Machine::Raspi3b;
    let pictures = Pictures::read(&models, &arguments.data, is_whole)?;
    let replayer = Replayer { binary: &arguments.binary, root: arguments.base.join("root"), records };
    let film = replayer.film(&pictures)?;
    let mut voices = Vec::new();
    if is_whole {
        let (of_sample, of_ravdess) = voices::PLAYED;
        voices = replayer.voices(voices::of_sample(&models)?, of_sample)?;
        voices.extend(replayer.voices(voices::of_ravdess(&arguments.data)?, of_ravdess)?);
    }
    Ok(Material { pictures, film, voices })
}

/// Puts into `root` what the guest needs beside the base.
fn furnish(root: &Path, binary: &Path, material: &Material) -> Result<()> {
    let scene = root.join("scene");
    fs::create_dir_all(&scene)?;
    initramfs::install(binary, &scene.join("moodbox"))?;
    initramfs::install(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/guest/init")), &root.join("init"))?;
    material.pictures.write_raw(&scene)?;
    voices::write_pcm(material.voices.iter().map(|(voice, _)| voice), &scene)
}

/// What has to be found.
fn expectations(machine: Machine, material: &Material) -> Vec<Expectation> {
    let mut all = vec![Expectation::Boots, Expectation::Starts];
    all.extend(material.pictures.faces.iter().map(|picture| Expectation::Picture(picture.name.clone())));
    all.extend([Expectation::Sequence, Expectation::Frames, Expectation::Emotions, Expectation::Ends]);
    if machine == Machine::Raspi3b {
        all.extend(material.voices.iter().map(|(voice, _)| Expectation::Voice(voice.name.clone())));
        all.extend(CameraFault::ALL.map(Expectation::Camera));
        all.extend(MicrophoneFault::ALL.map(Expectation::Microphone));
        all.extend([Expectation::Told, Expectation::Garbage, Expectation::Muted, Expectation::Privacy]);
    }
    all
}

/// The whole run, from the kernel's start to the machine's end.
fn play(machine: Machine, board: &mut Board, findings: &mut Findings, material: &Material) -> Result<()> {
    let Material { pictures, film, voices } = material;
    let mut scenario = Scenario::start(board, findings, &machine.box_command())?;
    scenario.pictures(pictures, film)?;
    if machine == Machine::Raspi3b {
        for (voice, sequence) in voices {
            scenario.voice(voice, sequence)?;
        }
        // Another emotion after each fault: what stayed from before it proves nothing.
        let emotions: Vec<(&Picture, Verdict)> = pictures
            .faces
            .iter()
            .zip(film.verdicts.iter().copied())
            .filter(|(_, verdict)| verdict.emotion().is_some())
            .collect();
        let mut emotions = emotions.into_iter().cycle();
        let mut next = || emotions.next().context("no picture shows an emotion");
        for fault in CameraFault::ALL {
            let (picture, verdict) = next()?;
            scenario.camera_fault(fault, picture, verdict)?;
        }
        for (fault, (voice, sequence)) in MicrophoneFault::ALL.into_iter().zip(voices.iter().cycle()) {
            scenario.microphone_fault(fault, voice, sequence)?;
        }
        let (picture, verdict) = next()?;
        scenario.garbage(picture, verdict)?;
        scenario.mute(picture, verdict)?;
        let (picture, verdict) = next()?;
        scenario.pause(picture, verdict)?;
    }
    let live = scenario.end()?;
    findings.judge(&Expectation::Frames, trace::compare(pictures, &film.trace, &live));
    board.console.say("finish")?;
    anyhow::ensure!(board.has_ended(END_PATIENCE)?, "the machine does not end");
    Ok(())
}

fn prepared() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("moodbox/lab")
}
