//! The guest's console: commands go in, and each is answered by `lab: NUMBER STATUS` (see `tests/lab/guest/init`).

use crate::log::Log;
use anyhow::{Context, Result, bail};
use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How long the guest may take for a command.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);

/// The console of a running machine.
pub struct Console {
    socket: UnixStream,
    lines: Log<String>,
    commands: Cell<u32>,
}

impl Console {
    /// Keeps everything that is said in `record`.
    pub fn new(socket: UnixStream, record: &Path) -> Result<Self> {
        let lines = Log::default();
        let mut record = File::create(record).with_context(|| record.display().to_string())?;
        let (reader, log) = (BufReader::new(socket.try_clone()?), lines.clone());
        thread::spawn(move || {
            for line in reader.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                // A full disk must not stop the run.
                let _ = writeln!(record, "{line}");
                log.push(line);
            }
        });
        Ok(Self { socket, lines, commands: Cell::new(0) })
    }

    /// Waits until a line begins with `start`, from the machine's start on, and returns its rest.
    pub fn wait(&self, start: &str, patience: Duration) -> Option<String> {
        self.lines.wait(0, patience, |line| line.strip_prefix(start).map(str::to_owned))
    }

    /// Has the guest do something, and returns what it said meanwhile. A command that fails is an error.
    pub fn command(&self, command: &str) -> Result<Vec<String>> {
        let mark = self.lines.mark();
        let number = self.say(command)?;
        let answer = format!("lab: {number} ");
        let status = self.lines.wait(mark, COMMAND_PATIENCE, |line| line.strip_prefix(&answer).map(str::to_owned));
        match status.as_deref() {
            Some("0") => Ok(self.lines.since(mark)),
            Some(status) => bail!("`{command}` failed on the board with status {status}"),
            None => bail!("`{command}` was not answered within {} s", COMMAND_PATIENCE.as_secs()),
        }
    }

    /// Has the guest do something and does not wait for it; returns the command's number.
    pub fn say(&self, command: &str) -> Result<u32> {
        let number = self.commands.get() + 1;
        self.commands.set(number);
        (&self.socket).write_all(format!("{number} {command}\n").as_bytes()).context("the console is closed")?;
        Ok(number)
    }
}
