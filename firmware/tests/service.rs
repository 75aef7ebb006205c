//! The program as a service: what it tells the service manager, how it ends, and that it survives what the system denies it.

mod support;

use moodbox_shared::Emotion;
use moodbox_shared::model::Task;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with two models, and pictures that take minutes to play.
struct Room {
    folder: TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: TempDir::new().unwrap() };
        std::fs::write(room.path("face.moodnet"), support::one_track_mind(Task::Face, Emotion::Happy)).unwrap();
        std::fs::create_dir(room.path("film")).unwrap();
        let picture = image::GrayImage::from_fn(160, 120, |x, y| image::Luma([(x ^ y) as u8]));
        for frame in 0..300 {
            picture.save(room.path("film").join(format!("{frame:03}.png"))).unwrap();
        }
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `moodbox run` on ten seconds of pictures, as they were recorded.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
        command.current_dir(&self.folder).args(["run", "--face-model", "face.moodnet", "--camera", "file:film"]);
        command.args(["--realtime", "--json", "--leds", "none"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Reads JSON lines from a running box until one is as wanted.
fn wait_for(child: &mut Child, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let objects = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    objects.into_iter().find(|object| is_wanted(object)).expect("the box says so before it ends")
}

fn is_decision(object: &Value) -> bool {
    object["type"] == "decision"
}

fn stop(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What the child said, and how long it took to end after a signal.
fn end(child: Child, signal: Signal) -> (Output, Duration) {
    let asked = Instant::now();
    stop(&child, signal);
    (child.wait_with_output().unwrap(), asked.elapsed())
}

#[test]
fn sigterm_and_ctrl_c_end_it_in_order_within_a_second() {
    let room = Room::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut child = room.command().spawn().unwrap();
        wait_for(&mut child, is_decision);
        let (output, took) = end(child, signal);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(took < Duration::from_secs(1), "{took:?}");
        let last = String::from_utf8(output.stdout).unwrap().lines().last().map(serde_json::from_str::<Value>);
        assert_eq!(last.unwrap().unwrap()["type"], "heartbeat", "it said how it went");
    }
}

#[test]
fn the_service_manager_hears_that_it_is_ready_that_it_lives_and_that_it_stops() {
    let room = Room::new();
    let path = room.path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let hear = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).expect("the box says something");
        String::from_utf8_lossy(&message[..length]).trim().to_owned()
    };
    let mut child = room
        .command()
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "800000")
        .env_remove("WATCHDOG_PID")
        .spawn()
        .unwrap();
    let mut heard = vec![hear()];
    while !(heard.iter().any(|line| line == "READY=1") && heard.iter().filter(|line| *line == "WATCHDOG=1").count() > 4)
    {
        heard.push(hear());
    }
    stop(&child, Signal::TERM);
    while heard.last().is_some_and(|line| line != "STOPPING=1") {
        heard.push(hear());
    }
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_full_disk_turns_the_history_off_and_nothing_else() {
    let room = Room::new();
    // Files may not grow beyond 24 KiB, and whoever writes on is told so instead of being killed: as a disk that is full.
    let program = env!("CARGO_BIN_EXE_moodbox");
    let script = format!(
        "trap '' XFSZ; ulimit -f 48; exec {program} run --face-model face.moodnet --camera file:film \
                          --realtime --json --leds none --history history.db"
    );
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&room.folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let is_off = |object: &Value| object["type"] == "status" && object["faults"][0] == "history";
    wait_for(&mut child, |object| is_off(object) && object["camera"] == "working");
    wait_for(&mut child, is_decision);
    let (output, _) = end(child, Signal::TERM);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing is kept from now on"), "{said}");
}

/// Memory grows from far too little to enough: every start ends by itself, well or with an error, and some say that memory is short.
#[test]
fn a_box_without_enough_memory_says_so_and_ends() {
    let room = Room::new();
    let program = env!("CARGO_BIN_EXE_moodbox");
    let (mut has_said_so, mut runs) = (false, 0);
    let mut kib = 12_000;
    // A few more once it is enough: what fails just there, fails at random.
    while runs < 10 {
        kib += 1_000;
        assert!(kib < 200_000, "it never runs");
        let run = "run --face-model face.moodnet --camera file:film/000.png --realtime --json";
        let script = format!("ulimit -v {kib}; exec {program} {run}");
        let mut limited = Command::new("timeout");
        limited.args(["20", "sh", "-c", &script]).env("RUST_BACKTRACE", "0").current_dir(&room.folder);
        let output = limited.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(124), "{kib} KiB: it hangs: {said}");
        has_said_so |= !output.status.success()
            && (said.contains("give the box more memory") || said.contains("cannot start the camera thread"));
        runs += usize::from(output.status.success());
    }
    assert!(has_said_so);
}

#[test]
#[cfg(feature = "pi")]
fn devices_that_are_away_do_not_stop_the_start_and_a_second_box_does_not_take_them() {
    let room = Room::new();
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
        command.current_dir(&room.folder).args(["run", "--json", "--lock-file", "lock"]);
        command.args(["--camera", "v4l:/dev/video99", "--microphone", "alsa:nobody"]);
        command.args(["--leds", "gpiocdev:/dev/gpiochip99:1,2,3,4,5,6,7,8", "--serial", "/dev/ttyUSB99"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut first = start();
    let status = wait_for(&mut first, |object| object["type"] == "status" && object["microphone"] == "lost");
    assert_eq!((&status["faults"][0], &status["camera"]), (&Value::from("leds"), &Value::from("lost")));

    let second = start().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("another moodbox is running"), "{said}");

    let (output, took) = end(first, Signal::TERM);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && took < Duration::from_secs(1), "{took:?}: {said}");
    for device in ["video99", "nobody", "gpiochip99"] {
        assert_eq!(said.matches(device).count(), 1, "told once: {said}");
    }
}

/// Every socket that the running box asks for, by its system calls.
#[test]
#[ignore = "needs strace: cargo test -p moodbox --test service -- --ignored"]
fn the_running_box_opens_no_socket_but_the_service_managers() {
    let room = Room::new();
    let (path, calls) = (room.path("notify"), room.path("calls"));
    let _manager = UnixDatagram::bind(&path).unwrap();
    let box_command = room.command();
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=%network", "-o"]).arg(&calls).arg(box_command.get_program());
    traced.args(box_command.get_args()).args(["--history", "history.db"]).current_dir(&room.folder);
    traced.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "800000").env_remove("WATCHDOG_PID");
    let child = traced.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("strace is installed");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let calls = std::fs::read_to_string(&calls).unwrap();
    let sockets: Vec<&str> = calls.lines().filter(|line| line.contains("socket(")).collect();
    assert!(sockets.len() > 3, "it notified: {calls}");
    assert!(sockets.iter().all(|call| call.contains("AF_UNIX, SOCK_DGRAM")), "{sockets:#?}");
    let manager = path.to_string_lossy().into_owned();
    let is_to_manager = |line: &&str| line.contains(&manager) || !line.contains("sun_path");
    assert!(calls.lines().all(|line| is_to_manager(&line)), "{calls}");
    assert!(Path::new(&room.path("history.db")).exists());
}
