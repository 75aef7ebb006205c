//! A cable between two pseudo-terminals: what is written at one end is read at the other, and what nobody reads is lost, as on a wire.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

/// How long a thread of the cable waits at most before it looks whether the cable is gone.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// From one time that a side is found closed to the next.
const PAUSE: Duration = Duration::from_millis(20);

/// Two lines that are connected. Dropping it unplugs both.
pub struct Cable {
    /// The path of one end.
    pub box_end: String,
    /// The path of the other.
    pub host_end: String,
    is_cut: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Cable {
    /// A new cable.
    pub fn new() -> std::io::Result<Self> {
        let (box_side, box_end) = terminal()?;
        let (host_side, host_end) = terminal()?;
        let is_cut = Arc::new(AtomicBool::new(false));
        let (box_side, host_side) = (Arc::new(box_side), Arc::new(host_side));
        let threads = [(box_side.clone(), host_side.clone()), (host_side, box_side)].map(|(from, to)| {
            let is_cut = is_cut.clone();
            std::thread::spawn(move || while !is_cut.load(Ordering::Relaxed) && carry(&from, &to).is_ok() {})
        });
        Ok(Self { box_end, host_end, is_cut, threads: threads.into() })
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.is_cut.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The far side of a new pseudo-terminal, raw, and the path of its near side.
fn terminal() -> std::io::Result<(OwnedFd, String)> {
    let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&side)?;
    unlockpt(&side)?;
    ioctl_fionbio(&side, true)?;
    // Else it would send back whatever arrives before a program has opened it.
    let mut modes = tcgetattr(&side)?;
    modes.make_raw();
    tcsetattr(&side, OptionalActions::Now, &modes)?;
    let path = ptsname(&side, Vec::new())?;
    Ok((side, path.to_string_lossy().into_owned()))
}

/// Takes what has arrived on one side to the other, if a program has that open.
fn carry(from: &OwnedFd, to: &OwnedFd) -> rustix::io::Result<()> {
    if wait_for(from, PollFlags::IN)?.is_empty() {
        return Ok(());
    }
    let mut bytes = [0; 1_024];
    let count = match read(from, &mut bytes) {
        Err(Errno::IO) => {
            sleep(PAUSE); // no program has it open
            return Ok(());
        }
        count => count?,
    };
    let mut rest = &bytes[..count];
    while !rest.is_empty() && wait_for(to, PollFlags::OUT)? == PollFlags::OUT {
        match write(to, rest) {
            Err(Errno::AGAIN) => {}
            count => rest = &rest[count?..],
        }
    }
    Ok(())
}

/// What happens to `side` within a tick: `what` is waited for, or that no program has its other end open.
fn wait_for(side: &OwnedFd, what: PollFlags) -> rustix::io::Result<PollFlags> {
    let mut ends = [PollFd::new(side, what)];
    poll(&mut ends, Some(&TICK))?;
    Ok(ends[0].revents())
}
