//! The board's pins, read from outside: through QEMU's `qtest` socket, without the guest's knowledge.

use crate::expectation::Found;
use crate::machine::Machine;
use anyhow::{Context, Result, bail};
use moodbox_shared::Emotion;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks in a row that must find the same: longer than an LED is lit that only flashes or blinks.
const STEADY_LOOKS: u32 = 14;

/// Changes of an LED that blinks; one that starts or stops being lit changes once.
const BLINKS: u32 = 4;

/// What the status LED does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusLight {
    /// All is well.
    Steady,
    /// A sense does not work.
    Blinking,
}

/// The LEDs of a running machine.
pub struct Pins {
    socket: BufReader<UnixStream>,
    machine: Machine,
}

impl Pins {
    /// Reads through a `qtest` socket.
    pub fn new(socket: UnixStream, machine: Machine) -> Self {
        Self { socket: BufReader::new(socket), machine }
    }

    /// Waits until exactly the LEDs of `wanted` are lit, and stay so; says which pins those are, else which LEDs were lit last.
    pub fn wait(&mut self, wanted: &[Emotion], patience: Duration) -> Result<Found> {
        let until = Instant::now() + patience;
        let mut looks = 0;
        loop {
            let lit = self.lit()?;
            looks = if lit == wanted { looks + 1 } else { 0 };
            if looks == STEADY_LOOKS {
                let pins: Vec<String> = lit.iter().map(|emotion| self.machine.pin(*emotion).to_string()).collect();
                return Ok(Ok(if pins.is_empty() { "no pin".to_owned() } else { format!("pin {}", pins.join(", ")) }));
            }
            if Instant::now() >= until {
                return Ok(Err(format!("the pins show {lit:?} instead of {wanted:?}")));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until the status LED does as it should.
    pub fn wait_status(&mut self, light: StatusLight, patience: Duration) -> Result<Found> {
        let Some(pin) = self.machine.status_pin() else { return Ok(Ok("no status LED".to_owned())) };
        let until = Instant::now() + patience;
        // How many looks in a row have found the same, and how often that has changed.
        let (mut looks, mut changes, mut was_lit) = (0, 0, false);
        loop {
            let is_lit = self.levels()? & (1 << pin) != 0;
            (looks, changes) = if is_lit == was_lit { (looks + 1, changes) } else { (1, changes + 1) };
            was_lit = is_lit;
            let is_so = match light {
                StatusLight::Steady => is_lit && looks == STEADY_LOOKS,
                StatusLight::Blinking => changes == BLINKS,
            };
            if is_so {
                return Ok(Ok(format!("status LED {light:?}").to_lowercase()));
            }
            if Instant::now() >= until {
                return Ok(Err(format!("the status LED is not {light:?}").to_lowercase()));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn lit(&mut self) -> Result<Vec<Emotion>> {
        Ok(self.machine.lit(self.levels()?))
    }

    fn levels(&mut self) -> Result<u32> {
        self.socket.get_mut().write_all(format!("readl {:#x}\n", self.machine.level_register()).as_bytes())?;
        let mut answer = String::new();
        self.socket.read_line(&mut answer).context("QEMU does not tell the pins' levels")?;
        // A word of 32 bits, written with 64.
        match answer.trim().strip_prefix("OK 0x").map(|hex| u64::from_str_radix(hex, 16)) {
            Some(Ok(levels)) => Ok(levels as u32),
            _ => bail!("QEMU does not tell the pins' levels, but: {answer}"),
        }
    }
}
