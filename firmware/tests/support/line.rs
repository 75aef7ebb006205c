//! A pseudo-terminal whose far end is held by the test, and a symbolic link that stays its name, as udev does for adapters.

use moodbox::config::SerialSettings;
use moodbox_shared::link::{HostMessage, HostPacket, LinkReader, MAX_FRAME_BYTES, Packet, encode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time that anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Where the line is found: its name stays while lines come and go.
pub struct Socket {
    folder: TempDir,
}

impl Socket {
    /// With nothing plugged in.
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// The name of the line.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("line")
    }

    /// What the box is told of it.
    pub fn settings(&self) -> SerialSettings {
        SerialSettings::new(self.path())
    }

    /// Plugs a host in, in place of the one before.
    pub fn plug(&self) -> Host {
        // Closed on exec: a box that inherits the far end would never see it hang up.
        let end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&end).unwrap();
        unlockpt(&end).unwrap();
        let device = ptsname(&end, Vec::new()).unwrap().into_string().unwrap();
        let new = self.folder.path().join("new");
        std::os::unix::fs::symlink(device, &new).unwrap();
        std::fs::rename(new, self.path()).unwrap();
        Host { end: File::from(end), reader: LinkReader::new(), sequence: 0, damaged: 0 }
    }
}

/// Whoever is wired to the box. Dropping it hangs up.
pub struct Host {
    end: File,
    reader: LinkReader,
    sequence: u32,
    /// Frames of the box that could not be read.
    pub damaged: u32,
}

impl Host {
    /// The same end once more, for a second thread.
    pub fn another_end(&self) -> Self {
        Self { end: self.end.try_clone().unwrap(), reader: LinkReader::new(), sequence: 0, damaged: 0 }
    }

    /// Says something to the box.
    pub fn say(&mut self, message: HostMessage) {
        let packet = HostPacket { sequence: self.sequence, message };
        self.sequence += 1;
        self.write(encode(&packet, &mut [0; MAX_FRAME_BYTES]).unwrap());
    }

    /// Writes bytes of any kind.
    pub fn write(&mut self, bytes: &[u8]) {
        self.end.write_all(bytes).unwrap();
    }

    /// Everything that arrives until `is_enough` is content with it; fails if that never happens.
    pub fn read_until(&mut self, mut is_enough: impl FnMut(&[Packet]) -> bool) -> Vec<Packet> {
        let (mut packets, deadline) = (Vec::new(), Instant::now() + PATIENCE);
        while !is_enough(&packets) {
            assert!(Instant::now() < deadline, "{packets:?}");
            self.read_some(&mut packets);
        }
        packets
    }

    fn read_some(&mut self, packets: &mut Vec<Packet>) {
        let mut ends = [PollFd::new(&self.end, PollFlags::IN)];
        let tick = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        poll(&mut ends, Some(&tick)).unwrap();
        if !ends[0].revents().contains(PollFlags::IN) {
            return;
        }
        let mut buffer = [0; 4_096];
        let count = self.end.read(&mut buffer).unwrap();
        for packet in buffer[..count].iter().filter_map(|&byte| self.reader.push(byte)) {
            match packet {
                Ok(packet) => packets.push(packet),
                Err(_) => self.damaged += 1,
            }
        }
    }
}
