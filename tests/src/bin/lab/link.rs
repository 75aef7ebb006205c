//! The far end of the box's serial line.

use crate::log::Log;
use anyhow::{Context, Result};
use moodbox_shared::decision::Verdict;
use moodbox_shared::link::{
    DecisionReport, Heartbeat, HostMessage, HostPacket, LinkReader, MAX_FRAME_BYTES, Message, Packet, encode,
};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What a line has brought so far, and the way back.
pub struct Link {
    port: File,
    packets: Log<Packet>,
    damaged: Arc<AtomicU64>,
    asked: AtomicU32,
}

impl Link {
    /// Listens on a pseudo-terminal of QEMU, which has set it to raw bytes already.
    ///
    /// * `record`: keeps the bytes as they arrive
    pub fn open(terminal: &Path, record: &Path) -> Result<Self> {
        let at = |path: &Path| path.display().to_string();
        let port = OpenOptions::new().read(true).write(true).open(terminal).with_context(|| at(terminal))?;
        let mut record = File::create(record).with_context(|| at(record))?;
        let link = Self { port, packets: Log::default(), damaged: Arc::default(), asked: AtomicU32::new(0) };
        let (mut port, packets, damaged) = (link.port.try_clone()?, link.packets.clone(), link.damaged.clone());
        thread::spawn(move || {
            let mut reader = LinkReader::new();
            let mut bytes = [0; 4096];
            // The machine's end is an error here.
            while let Ok(count @ 1..) = port.read(&mut bytes) {
                let _ = record.write_all(&bytes[..count]);
                for packet in bytes[..count].iter().filter_map(|&byte| reader.push(byte)) {
                    match packet {
                        Ok(packet) => packets.push(packet),
                        Err(_) => {
                            damaged.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        });
        Ok(link)
    }

    /// The place behind the last packet.
    pub fn mark(&self) -> usize {
        self.packets.mark()
    }

    /// Everything from `mark` on.
    pub fn since(&self, mark: usize) -> Vec<Packet> {
        self.packets.since(mark)
    }

    /// Waits for a message from `mark` on that `wanted` makes something of.
    pub fn wait<R>(&self, mark: usize, patience: Duration, wanted: impl Fn(&Message) -> Option<R>) -> Option<R> {
        self.packets.wait(mark, patience, |packet| wanted(&packet.message))
    }

    /// Waits for a decision from `mark` on that `wanted` says yes to.
    pub fn wait_decision(&self, mark: usize, patience: Duration, wanted: impl Fn(&DecisionReport) -> bool) -> bool {
        let decided = |message: &Message| match message {
            Message::Decision(report) if wanted(report) => Some(()),
            _ => None,
        };
        self.wait(mark, patience, decided).is_some()
    }

    /// Waits for `count` heartbeats from now on, about as many seconds, and returns the last.
    pub fn wait_heartbeats(&self, count: usize, patience: Duration) -> Option<Heartbeat> {
        let mut last = None;
        for _ in 0..count {
            last = Some(self.wait(self.mark(), patience, heartbeat)?);
        }
        last
    }

    /// How many frames were damaged or unknown.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Asks the box for something.
    pub fn ask(&self, message: HostMessage) -> Result<()> {
        let packet = HostPacket { sequence: self.asked.fetch_add(1, Ordering::Relaxed), message };
        let mut buffer = [0; MAX_FRAME_BYTES];
        self.send(encode(&packet, &mut buffer)?)
    }

    /// Sends bytes to the box.
    pub fn send(&self, bytes: &[u8]) -> Result<()> {
        (&self.port).write_all(bytes).context("the serial line is closed")
    }
}

/// The counters of a heartbeat.
pub fn heartbeat(message: &Message) -> Option<Heartbeat> {
    match message {
        Message::Heartbeat(heartbeat) => Some(*heartbeat),
        _ => None,
    }
}

/// The verdicts of all decisions in order, each one that stays the same once.
pub fn distinct_verdicts(packets: &[Packet]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = packets.iter().filter_map(|packet| verdict(&packet.message)).collect();
    verdicts.dedup();
    verdicts
}

fn verdict(message: &Message) -> Option<Verdict> {
    match message {
        Message::Decision(report) => Some(report.verdict),
        _ => None,
    }
}

/// Reads the packets that a box has written to a file.
pub fn read_recorded(path: &Path) -> Result<Vec<Packet>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let mut reader = LinkReader::new();
    let packets = bytes.into_iter().filter_map(|byte| reader.push(byte));
    packets.collect::<Result<_, _>>().with_context(|| format!("{} is damaged", path.display()))
}
