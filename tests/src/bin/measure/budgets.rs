//! What the running box costs on the machine at hand: memory, time to the first decision, time from a frame to the light.

use crate::report::Report;
use anyhow::{Context, bail, ensure};
use moodbox_shared::nn::Isa;
use moodbox_tests::models_dir;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Most memory in steady state, in KiB.
const MAX_RESIDENT_KIB: u64 = 32 * 1024;

/// Longest time from the start of the program to the first decision on a face.
const MAX_FIRST_DECISION: Duration = Duration::from_millis(1_500);

/// Length of the film, at 30 frames a second.
const SECONDS: u64 = 20;

/// Memory is read when the box has run so long.
const STEADY: Duration = Duration::from_secs(12);

const SIZE: (u32, u32) = (640, 480);

/// How a run went.
struct Run {
    first_face: Duration,
    resident_kib: u64,
    heartbeat: Value,
}

/// Runs `binary` on a film of the sample's faces and on speech, in real time, and holds it against its budgets.
pub fn measure(binary: &Path, out: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let film = write_film(&folder.path().join("film.y4m"))?;
    let run = watch(binary, &film)?;
    let number = |key: &str| run.heartbeat[key].as_u64().unwrap_or_default();

    let mut report = Report::new("budgets", "What the running box costs");
    report.paragraph(format!(
        "{SECONDS} s of the sample's faces at 30 frames a second, {}×{}, with speech in the first three, in real time, the release build \
         with history and serial line off; {} with {} kernels, two cores that others use too.",
        SIZE.0,
        SIZE.1,
        std::env::consts::ARCH,
        Isa::best().name()
    ));
    let milliseconds = |micros: u64| format!("{:.1} ms", micros as f64 / 1e3);
    report.table(
        ["what", "figure", "budget"],
        [
            row("start to first decision from a face", format!("{:.2} s", run.first_face.as_secs_f64()), "1.5 s"),
            row("resident memory in steady state", format!("{:.1} MiB", run.resident_kib as f64 / 1024.0), "32 MiB"),
            row("frame to light, median", milliseconds(number("latency_median_us")), ""),
            row("frame to light, 99 in 100", milliseconds(number("latency_p99_us")), ""),
            row("frame to light, longest", milliseconds(number("worst_latency_us")), ""),
            row("frames seen, of those shown", format!("{} of {}", number("frames"), 30 * SECONDS), ""),
        ],
    );
    report.finish(out)?;
    ensure!(run.resident_kib <= MAX_RESIDENT_KIB, "{} KiB are more than {MAX_RESIDENT_KIB}", run.resident_kib);
    ensure!(run.first_face <= MAX_FIRST_DECISION, "{:?} are more than {MAX_FIRST_DECISION:?}", run.first_face);
    Ok(())
}

fn row(what: &str, figure: String, budget: &str) -> [String; 3] {
    [what.into(), figure, budget.into()]
}

/// A film of the sample's pictures, each for a second.
fn write_film(path: &Path) -> anyhow::Result<PathBuf> {
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(models_dir().join("sample"))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "png") {
            pictures.push(image::open(&file)?.resize_exact(SIZE.0, SIZE.1, image::imageops::Triangle).into_luma8());
        }
    }
    ensure!(!pictures.is_empty(), "models/sample holds no pictures");
    let mut film = BufWriter::new(File::create(path)?);
    writeln!(film, "YUV4MPEG2 W{} H{} F30:1 Cmono", SIZE.0, SIZE.1)?;
    for second in 0..SECONDS as usize {
        for _ in 0..30 {
            film.write_all(b"FRAME\n")?;
            film.write_all(pictures[second % pictures.len()].as_raw())?;
        }
    }
    film.flush()?;
    Ok(path.to_path_buf())
}

fn watch(binary: &Path, film: &Path) -> anyhow::Result<Run> {
    let started = Instant::now();
    let sound = models_dir().join("sample/speech_happy.wav");
    let mut child = Command::new(binary)
        .args(["run", "--realtime", "--json", "--leds", "none"])
        .args(["--camera", &format!("file:{}", film.display()), "--microphone", &format!("file:{}", sound.display())])
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let (mut first_face, mut resident_kib, mut heartbeat) = (None, None, Value::Null);
    let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    for line in lines {
        let packet: Value = serde_json::from_str(&line?)?;
        if packet["type"] == "decision" && !packet["face"].is_null() {
            first_face.get_or_insert_with(|| started.elapsed());
        }
        if resident_kib.is_none() && started.elapsed() > STEADY {
            resident_kib = Some(resident(child.id())?);
        }
        if packet["type"] == "heartbeat" {
            heartbeat = packet;
        }
    }
    ensure!(child.wait()?.success(), "the box ended with an error");
    let (Some(first_face), Some(resident_kib)) = (first_face, resident_kib) else {
        bail!("the box saw no face, or ended early");
    };
    Ok(Run { first_face, resident_kib, heartbeat })
}

/// Memory of a process that lies in RAM, in KiB.
fn resident(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS in /proc")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
