//! `moodbox listen`: prints what a box says on its line.

use crate::config::SerialSettings;
use crate::report::{write_json, write_text};
use crate::serial::{LinkError, SerialInput};
use moodbox_shared::link::LinkReader;
use std::io::Write;

/// What went over the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Packets that were read.
    pub packets: u64,
    /// Frames that were damaged, or unknown.
    pub damaged: u64,
}

/// Reads to the end of a file, or until the line is hung up, and writes each packet to `out`.
pub fn listen(settings: &SerialSettings, json: bool, out: &mut impl Write) -> Result<Heard, LinkError> {
    let mut input = SerialInput::open(settings)?;
    let mut reader = LinkReader::new();
    let mut heard = Heard::default();
    let mut buffer = [0; 4096];
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(heard);
        }
        for packet in buffer[..count].iter().filter_map(|&byte| reader.push(byte)) {
            match packet {
                Ok(packet) => {
                    heard.packets += 1;
                    if json { write_json(out, &packet, None) } else { write_text(out, &packet) }?;
                }
                Err(_) => heard.damaged += 1,
            }
        }
        out.flush()?;
    }
}
