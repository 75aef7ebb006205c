//! A host on a cable to a running box: Moodbox's own tools, and a reader in Python that was written from `shared/LINK.md`.

use moodbox_tests::cable::Cable;
use moodbox_tests::{models_dir, peers_dir, program};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A box that looks at a picture and hears silence, on a cable.
struct Bench {
    cable: Cable,
    _box: Running,
    _folder: TempDir,
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    fn new() -> Self {
        let (cable, folder) = (Cable::new().unwrap(), TempDir::new().unwrap());
        let sound = folder.path().join("silence.wav");
        std::fs::write(&sound, silence(PATIENCE * 3)).unwrap();
        let moodbox = Command::new(program("moodbox"))
            .args(["run", "--realtime", "--leds", "none", "--serial", &cable.box_end])
            .arg("--camera")
            .arg(format!("file:{}", models_dir().join("sample/face_happy.png").display()))
            .arg("--microphone")
            .arg(format!("file:{}", sound.display()))
            .spawn()
            .unwrap();
        Self { cable, _box: Running(moodbox), _folder: folder }
    }

    /// Runs `moodbox COMMAND --serial` with the host's end of the cable.
    fn host(&self, command: &str, arguments: &[&str]) -> Command {
        let mut tool = Command::new(program("moodbox"));
        tool.args([command, "--serial", &self.cable.host_end]).args(arguments);
        tool
    }

    /// Tells the box something as soon as it answers.
    fn send(&self, request: &[&str]) -> Value {
        let arguments = [&["--json"], request].concat();
        let output = answered(|| self.host("send", &arguments).output().unwrap());
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Silence at 16 kHz, mono, 16 bit.
fn silence(length: Duration) -> Vec<u8> {
    let bytes = 32_000 * length.as_secs() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    file.extend(bytes.to_le_bytes());
    file.resize(file.len() + bytes as usize, 0);
    file
}

/// Asks again until the box is there.
fn answered(mut ask: impl FnMut() -> Output) -> Output {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = ask();
        if output.status.success() {
            return output;
        }
        assert!(Instant::now() < deadline, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The lines that a program prints, until one pleases; fails where the program ends before.
fn lines_until(program: &mut Command, mut pleases: impl FnMut(&Value) -> bool) -> Vec<Value> {
    let mut running = Running(program.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = Vec::new();
    for line in BufReader::new(running.0.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let is_enough = pleases(&line);
        lines.push(line);
        if is_enough {
            return lines;
        }
    }
    panic!("it ended after {lines:?}");
}

#[test]
fn a_box_does_what_it_is_told_and_says_so() {
    let bench = Bench::new();
    assert_eq!(bench.send(&["ping"])["type"], "pong");
    assert_eq!(bench.send(&["hello"])["type"], "hello");
    let status = bench.send(&["brightness", "40"]);
    assert_eq!((&status["type"], &status["brightness_percent"]), (&json!("status"), &json!(40)));
    for (request, field, expected) in [
        ("mute", "leds_muted", true),
        ("unmute", "leds_muted", false),
        ("pause", "paused", true),
        ("resume", "paused", false),
    ] {
        assert_eq!(bench.send(&[request])[field], expected, "{request}");
    }
    assert_eq!(bench.send(&["host-speaks", "1500"])["host_speaking"], true);
}

#[test]
fn a_request_that_makes_no_sense_is_refused_before_anything_is_sent() {
    let cable = Cable::new().unwrap();
    for (request, part) in [(&["brightness", "140"][..], "140"), (&["sing"], "sing")] {
        let mut send = Command::new(program("moodbox"));
        let output = send.args(["send", "--serial", &cable.host_end]).args(request).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{output:?}");
    }
}

#[test]
fn a_line_without_a_box_gives_no_answer() {
    let cable = Cable::new().unwrap();
    let output = Command::new(program("moodbox")).args(["send", "--serial", &cable.host_end, "ping"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no answer within 2 s"), "{output:?}");
}

#[test]
fn who_sends_beside_a_listener_leaves_the_answer_to_it() {
    let bench = Bench::new();
    bench.send(&["ping"]);
    let mut told = None;
    let heard = lines_until(&mut bench.host("listen", &["--json"]), |line| {
        if told.is_none() {
            let output = bench.host("send", &["ping"]).output().unwrap();
            told = Some(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        line["type"] == "pong"
    });
    assert!(told.unwrap().contains("gets the answer"));
    assert!(heard.iter().any(|line| line["type"] == "decision"));
}

/// `read_link.py` with the Python of `MOODBOX_PYTHON`, else `python3`.
fn reader(path: impl AsRef<Path>) -> Command {
    let mut reader = Command::new(std::env::var("MOODBOX_PYTHON").unwrap_or_else(|_| "python3".into()));
    reader.arg(peers_dir().join("read_link.py")).arg(path.as_ref()).args(["--seconds", "20"]);
    reader
}

/// The golden frames of `shared/LINK.md`.
fn golden_frames() -> Vec<Vec<u8>> {
    let page = std::fs::read_to_string(peers_dir().join("../../shared/LINK.md")).unwrap();
    let is_frame = |line: &&str| line.len() > 9 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    page.lines().filter(is_frame).map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

#[test]
#[cfg_attr(not(moodbox_python), ignore = "needs python3")]
fn a_reader_in_python_reads_the_golden_frames_between_garbage() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("line.bin");
    let mut line = std::fs::File::create(&path).unwrap();
    let golden = golden_frames();
    assert_eq!(golden.len(), 12, "six of each direction");
    for frame in &golden[..6] {
        line.write_all(b"\0noise\xff\x05").unwrap();
        line.write_all(frame).unwrap();
        line.write_all(&frame[..frame.len() / 2]).unwrap(); // broken off
    }
    let output = reader(&path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let read: Vec<Value> = output.stdout.split(|&byte| byte == b'\n').flat_map(serde_json::from_slice).collect();
    let expected = json!([
        {"type": "hello", "sequence": 0, "time_ms": 1500, "protocol": 0, "software": "0.1.0", "face_model": 0x1234_5678,
         "speech_model": null, "capabilities": 5},
        {"type": "decision", "sequence": 1, "time_ms": 1500, "verdict": "happy", "confidence": 0.75,
         "fused": [0.125, 0.0, 0.75, 0.125, 0.0, 0.0, 0.0, 0.0], "face": [0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0], "speech": null,
         "face_box": [200, 120, 240, 240],
         "face_quality": {"flaws": 2, "brightness": 101, "contrast": 40, "sharpness": 0.03125, "width_pixels": 240}},
        {"type": "event", "sequence": 2, "time_ms": 1500, "phase": "end", "verdict": "unsure", "began_ms": 1000, "duration_ms": 500,
         "peak_confidence": 0.5},
        {"type": "heartbeat", "sequence": 3, "time_ms": 1500, "frames": 300, "frames_with_face": 290, "face_runs": 290, "hops": 625,
         "hops_with_speech": 100, "speech_runs": 7, "decisions": 300, "link_dropped": 0, "link_damaged": 3, "device_errors": 1,
         "audio_overruns": 2, "latency_median_us": 3000, "latency_p99_us": 4000, "worst_latency_us": 4200,
         "temperature_centi_celsius": 4850},
        {"type": "status", "sequence": 4, "time_ms": 1500, "camera": "working", "microphone": "lost", "faults": 1, "is_paused": 0,
         "is_host_speaking": 1, "are_leds_muted": 0, "brightness_percent": 40},
        {"type": "pong", "sequence": 5, "time_ms": 1500, "token": 0x1234_5678},
    ]);
    assert_eq!(Value::from(read), expected);
    assert!(String::from_utf8_lossy(&output.stderr).contains("11 damaged"), "the last one has no end: {output:?}");
}

#[test]
#[cfg_attr(not(moodbox_python), ignore = "needs python3")]
fn a_reader_in_python_listens_to_a_running_box_and_is_understood() {
    let bench = Bench::new();
    bench.send(&["ping"]);
    let (mut has_pong, mut has_heartbeat) = (false, false);
    let mut python = reader(&bench.cable.host_end);
    let heard = lines_until(python.args(["--send", "ping 7"]), |line| {
        has_pong |= line["type"] == "pong" && line["token"] == 7;
        has_heartbeat |= line["type"] == "heartbeat";
        has_pong && has_heartbeat
    });
    let sequences: Vec<u64> = heard.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1), "nothing is lost: {sequences:?}");
    let decision = heard.iter().find(|line| line["type"] == "decision").unwrap();
    assert!(decision["confidence"].is_number(), "{decision}");
    let heartbeat = heard.iter().find(|line| line["type"] == "heartbeat").unwrap();
    assert_eq!((&heartbeat["link_damaged"], &heartbeat["device_errors"]), (&json!(0), &json!(0)));

    let mut python = reader(&bench.cable.host_end);
    let heard = lines_until(python.args(["--send", "brightness 40"]), |line| line["brightness_percent"] == 40);
    assert_eq!(heard.last().unwrap()["type"], "status");
}
