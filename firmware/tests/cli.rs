//! The command line as people meet it: what it says, and that mistakes end in one clear line and exit code 2.

mod support;

use moodbox_shared::Emotion;
use moodbox_shared::model::Task;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

/// A folder with two models, a picture and a second of sound.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: TempDir::new().unwrap() };
        bench.write("face.moodnet", &support::one_track_mind(Task::Face, Emotion::Happy));
        bench.write("speech.moodnet", &support::one_track_mind(Task::Speech, Emotion::Sad));
        bench.write("second.wav", &wav(&[0; 16_000]));
        image::GrayImage::from_fn(160, 120, |x, y| image::Luma([(x ^ y) as u8])).save(bench.path("wall.png")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs `moodbox` in the folder.
    fn moodbox(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
        command.current_dir(&self.folder).args(arguments.split_whitespace()).output().unwrap()
    }

    /// `moodbox run` with this bench's models.
    fn run(&self, arguments: &str) -> Output {
        self.moodbox(&format!("run --face-model face.moodnet --speech-model speech.moodnet {arguments}"))
    }

    /// Expects exit code 2 and one line on stderr that contains `part`.
    fn refuses(&self, arguments: &str, part: &str) {
        refused(&self.run(arguments), arguments, part);
    }
}

fn refused(output: &Output, arguments: &str, part: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments}: {said}");
    assert!(said.contains(part), "{arguments}: {said}");
}

/// 16 kHz mono, 16 bit.
fn wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(16_000u32.to_le_bytes());
    file.extend(32_000u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_goes_over_the_line_is_what_json_shows() {
    let bench = Bench::new();
    let shown = bench.run("--camera file:wall.png --microphone file:second.wav --json --serial line.bin");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let heard = bench.moodbox("listen --serial line.bin --json");
    assert_eq!(String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&heard.stdout));

    let objects = lines(&heard);
    assert_eq!(objects.first().unwrap()["type"], "hello");
    assert_eq!(objects.last().unwrap()["type"], "heartbeat");
    assert_eq!(objects.last().unwrap()["frames"], 30, "a picture stands as long as the sound lasts");
    let decisions = objects.iter().filter(|object| object["type"] == "decision");
    assert!(decisions.clone().count() >= 30 && decisions.clone().all(|object| object["verdict"] == "nobody"));
    for (sequence, object) in objects.iter().enumerate() {
        assert_eq!(object["sequence"], sequence);
        assert!(object["time_ms"].is_u64());
    }
}

#[test]
fn played_files_give_the_same_decisions_every_time() {
    let bench = Bench::new();
    let run = || bench.run("--camera file:wall.png --microphone file:second.wav --json").stdout;
    assert_eq!(run(), run());
}

#[test]
fn garbage_on_the_line_is_counted_and_skipped() {
    let bench = Bench::new();
    bench.run("--camera file:wall.png --leds none --serial line.bin");
    let whole = bench.moodbox("listen --serial line.bin --json");
    let mut line = b"\x03boot\x00noise".to_vec();
    line.extend(std::fs::read(bench.path("line.bin")).unwrap());
    bench.write("noisy.bin", &line);
    let heard = bench.moodbox("listen --serial noisy.bin --json");
    assert!(heard.status.success());
    assert_eq!(heard.stdout, whole.stdout);
    assert!(String::from_utf8_lossy(&heard.stderr).contains("2 damaged"), "{heard:?}");
}

#[test]
fn a_damaged_model_is_refused() {
    let bench = Bench::new();
    let good = std::fs::read(bench.path("face.moodnet")).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 4;
    let mut other_version = good.clone();
    other_version[8] = 99;
    let cases = [
        ("cut.moodnet", &good[..good.len() / 2]),
        ("flipped.moodnet", &flipped),
        ("version.moodnet", &other_version),
        ("empty.moodnet", &[]),
    ];
    for (name, bytes) in cases {
        bench.write(name, bytes);
        for command in ["run --camera file:wall.png", "check"] {
            let arguments = format!("{command} --face-model {name} --speech-model speech.moodnet");
            let output = bench.moodbox(&arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            if command != "check" {
                refused(&output, &arguments, name);
            }
        }
    }
}

#[test]
fn a_model_for_the_other_sense_is_refused() {
    let output = Bench::new().moodbox("run --camera file:wall.png --face-model speech.moodnet");
    refused(&output, "", "not a model for face");
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused() {
    let bench = Bench::new();
    bench.write("empty.wav", b"");
    bench.write("silent.wav", &wav(&[]));
    bench.write("no.png", b"this is no picture");
    std::fs::create_dir(bench.path("nothing")).unwrap();
    bench.refuses("--microphone file:empty.wav", "empty.wav");
    bench.refuses("--microphone file:silent.wav", "silent.wav");
    bench.refuses("--microphone file:wall.png", "wall.png");
    bench.refuses("--camera file:no.png", "no.png");
    bench.refuses("--camera file:nothing", "no pictures");
    bench.refuses("--camera file:nowhere.png", "nowhere.png");
    bench.refuses("--microphone file:nowhere.wav", "nowhere.wav");
    bench.refuses("--camera none", "neither camera nor microphone");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_anything_happens() {
    let bench = Bench::new();
    bench.refuses("--camera file:wall.png --serial nowhere/line.bin", "nowhere/line.bin");
    bench.refuses("--camera file:wall.png --serial .", "cannot open .");
    let output = bench.moodbox("listen --serial nowhere.bin");
    refused(&output, "listen", "nowhere.bin");
}

#[test]
fn a_failed_start_leaves_existing_files_alone() {
    let bench = Bench::new();
    bench.write("line.bin", b"precious");
    bench.refuses("--camera file:nowhere.png --serial line.bin", "nowhere.png");
    assert_eq!(std::fs::read(bench.path("line.bin")).unwrap(), b"precious");
}

#[cfg(not(any(feature = "v4l", feature = "alsa", feature = "rppal", feature = "gpiocdev")))]
#[test]
fn a_device_that_is_not_built_in_says_which_feature_is_missing() {
    let bench = Bench::new();
    bench.refuses("--camera v4l:/dev/video0", "feature `v4l`");
    bench.refuses("--microphone alsa:default", "feature `alsa`");
    bench.refuses("--camera file:wall.png --leds rppal:1,2,3,4,5,6,7,8", "feature `rppal`");
    bench.refuses("--camera file:wall.png --leds gpiocdev:/dev/gpiochip0:1,2,3,4,5,6,7,8", "feature `gpiocdev`");
}

/// The far end of a new pseudo-terminal, and the name of the near one.
fn pseudo_terminal() -> (File, String) {
    // Closed on exec: a listener that inherits the far end would wait for itself to hang up.
    let far_end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&far_end).unwrap();
    unlockpt(&far_end).unwrap();
    let name = ptsname(&far_end, Vec::new()).unwrap().into_string().unwrap();
    (File::from(far_end), name)
}

#[test]
fn a_pseudo_terminal_carries_packets_unchanged() {
    let bench = Bench::new();
    let (mut far_end, name) = pseudo_terminal();
    let near_end = File::open(&name).unwrap(); // it stays open so that the line is up before the box and after it
    let (run, bytes) = std::thread::scope(|scope| {
        let bytes = scope.spawn(move || {
            let mut bytes = Vec::new();
            let hung_up = far_end.read_to_end(&mut bytes);
            assert_eq!(hung_up.unwrap_err().raw_os_error(), Some(Errno::IO.raw_os_error()));
            bytes
        });
        let run = bench.run(&format!("--camera file:wall.png --json --serial {name}"));
        drop(near_end);
        (run, bytes.join().unwrap())
    });
    bench.write("heard.bin", &bytes);
    let heard = bench.moodbox("listen --serial heard.bin --json");
    assert_eq!(String::from_utf8_lossy(&heard.stdout), String::from_utf8_lossy(&run.stdout));
    assert!(!heard.stdout.is_empty());
}

#[test]
fn listening_on_a_pseudo_terminal_ends_when_it_is_hung_up() {
    let bench = Bench::new();
    bench.run("--camera file:wall.png --leds none --serial line.bin");
    let frames = std::fs::read(bench.path("line.bin")).unwrap();
    let (mut far_end, name) = pseudo_terminal();
    let heard = std::thread::scope(|scope| {
        let heard = scope.spawn(|| bench.moodbox(&format!("listen --serial {name} --json")));
        std::thread::sleep(Duration::from_secs(1)); // until the listener has made the line raw
        far_end.write_all(&frames).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        drop(far_end);
        heard.join().unwrap()
    });
    assert!(heard.status.success(), "{heard:?}");
    assert_eq!(heard.stdout, bench.moodbox("listen --serial line.bin --json").stdout);
}
