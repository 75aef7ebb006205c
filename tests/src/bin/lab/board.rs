//! A machine that QEMU emulates, with everything that can be reached from outside: console, serial line, pins.

use crate::console::Console;
use crate::link::Link;
use crate::machine::Machine;
use crate::pins::Pins;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long QEMU may take until it can be talked to.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running machine; gone when it is dropped.
pub struct Board {
    qemu: Process,
    /// Where commands go.
    pub console: Console,
    /// The box's serial line.
    pub link: Link,
    /// The box's LEDs.
    pub pins: Pins,
}

impl Board {
    /// Starts a machine.
    ///
    /// * `base`: the folder that `tests/lab/prepare` has made
    /// * `initramfs`: what the kernel unpacks and begins with
    /// * `place`: a folder with a short path, for sockets
    /// * `records`: the folder that keeps what the machine says
    pub fn start(machine: Machine, base: &Path, initramfs: &Path, place: &Path, records: &Path) -> Result<Self> {
        let socket = |name: &str| place.join(name);
        let said = records.join("qemu.log");
        let output = File::create(&said).with_context(|| said.display().to_string())?;
        let child = Command::new("qemu-system-aarch64")
            .args(["-chardev", "pty,id=link", "-chardev"])
            .arg(format!("socket,id=console,path={},server=on,wait=on", socket("console").display()))
            .args(machine.arguments(base))
            .arg("-kernel")
            .arg(base.join("vmlinuz"))
            .arg("-initrd")
            .arg(initramfs)
            .args(["-display", "none", "-monitor", "none", "-no-reboot", "-qtest-log", "/dev/null", "-qtest"])
            .arg(format!("unix:{},server=on,wait=off", socket("qtest").display()))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start qemu-system-aarch64: run tests/lab/prepare first")?;
        let mut qemu = Process(child);
        let console = eventually(&mut qemu.0, || UnixStream::connect(socket("console")).ok())?;
        let terminal = eventually(&mut qemu.0, || terminal(&fs::read_to_string(&said).ok()?))?;
        let pins = eventually(&mut qemu.0, || UnixStream::connect(socket("qtest")).ok())?;
        Ok(Self {
            qemu,
            console: Console::new(console, &records.join("console.log"))?,
            link: Link::open(&terminal, &records.join("link.bin"))?,
            pins: Pins::new(pins, machine),
        })
    }

    /// Whether the machine ends by itself in time.
    pub fn has_ended(&mut self, patience: Duration) -> Result<bool> {
        let until = Instant::now() + patience;
        while self.qemu.0.try_wait()?.is_none() {
            if Instant::now() >= until {
                return Ok(false);
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(true)
    }
}

/// A process that does not outlive its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again and again until there is an answer, or QEMU is gone.
fn eventually<T>(qemu: &mut Child, ask: impl Fn() -> Option<T>) -> Result<T> {
    let until = Instant::now() + START_PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if let Some(status) = qemu.try_wait()? {
            bail!("QEMU has ended at once, {status}: see qemu.log");
        }
        if Instant::now() >= until {
            bail!("QEMU does not answer within {} s: see qemu.log", START_PATIENCE.as_secs());
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The pseudo-terminal of the link, as QEMU tells it: `char device redirected to /dev/pts/7 (label link)`.
fn terminal(said: &str) -> Option<PathBuf> {
    let line = said.lines().find(|line| line.ends_with("(label link)"))?;
    line.split_whitespace().find(|word| word.starts_with("/dev/")).map(PathBuf::from)
}
