//! What the box says of the same material when the same program replays it from files, under QEMU's user emulation.

use crate::link::{distinct_verdicts, read_recorded};
use crate::machine::WATCHING;
use crate::material::{Picture, Pictures, write_film};
use crate::voices::{Voice, noise, write_wav};
use anyhow::{Context, Result, ensure};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};
use moodbox_shared::decision::Verdict;
use moodbox_shared::link::{Message, Packet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pictures a second of the film: few, because each is looked at.
const FILM_RATE: u32 = 5;

/// Frames that a picture of the film lasts.
const SHOWN_FRAMES: usize = 6;

/// Frames without anybody between two pictures: long enough for nobody to be there.
const EMPTY_FRAMES: usize = 8;

/// Sound of the room before and after a voice, in samples.
const ROOM_SAMPLES: usize = 2 * SAMPLE_RATE;

/// Where a voice's first hop may begin: nobody knows where it will, live.
const HOP_OFFSETS: [usize; 4] = [0, HOP / 4, HOP / 2, 3 * HOP / 4];

/// Runs the box's program on this machine.
pub struct Replayer<'a> {
    /// The program, built for aarch64.
    pub binary: &'a Path,
    /// The folder whose `lib` holds the libraries that the program has on the board.
    pub root: PathBuf,
    /// The folder that receives what is replayed and what comes of it.
    pub records: &'a Path,
}

/// What a replay of all pictures has said.
pub struct Film {
    /// The verdict on each picture, as long as it is shown.
    pub verdicts: Vec<Verdict>,
    /// The verdicts from the beginning to the end, each one that stays the same once.
    pub sequence: Vec<Verdict>,
    /// One JSON object a frame.
    pub trace: String,
}

impl Replayer<'_> {
    /// Replays all pictures, nobody between them.
    pub fn film(&self, pictures: &Pictures) -> Result<Film> {
        let path = self.records.join("film.y4m");
        let mut cuts: Vec<(&Picture, usize)> = vec![(&pictures.empty, EMPTY_FRAMES)];
        for face in &pictures.faces {
            cuts.extend([(face, SHOWN_FRAMES), (&pictures.empty, EMPTY_FRAMES)]);
        }
        let frames = cuts.iter().flat_map(|&(picture, count)| (0..count).map(|index| picture.frame(index)));
        write_film(&path, FILM_RATE, frames)?;
        let trace = self.records.join("film.trace");
        let camera = format!("file:{}", path.display());
        let mut arguments = vec!["--camera", &camera];
        arguments.extend(WATCHING.split(' '));
        let trace_path = trace.display().to_string();
        arguments.extend(["--trace", &trace_path]);
        let packets = self.run("film", &arguments)?;
        let verdicts = (0..pictures.faces.len()).map(|index| {
            let last_frame = (index + 1) * (EMPTY_FRAMES + SHOWN_FRAMES) - 1;
            let time_ms = last_frame as u64 * 1_000 / u64::from(FILM_RATE);
            verdict_at(&packets, time_ms).with_context(|| format!("the replay decides nothing at {time_ms} ms"))
        });
        Ok(Film {
            verdicts: verdicts.collect::<Result<_>>()?,
            sequence: distinct_verdicts(&packets),
            trace: fs::read_to_string(&trace).with_context(|| trace.display().to_string())?,
        })
    }

    /// The first so many voices that light something of their own, each with the distinct verdicts of its replay; all, if there are none at all.
    ///
    /// Passed over are those of which something else is said when their hops begin elsewhere: live it could be the one or the other.
    pub fn voices(&self, candidates: Vec<Voice>, count: usize) -> Result<Vec<(Voice, Vec<Verdict>)>> {
        let mut found: Vec<(Voice, Vec<Verdict>)> = Vec::new();
        let tried = candidates.len();
        for voice in candidates {
            if found.len() == count {
                break;
            }
            let Some(sequence) = self.voice(&voice)? else { continue };
            let last = lit(&sequence);
            if last.is_some_and(|last| last.emotion().is_some()) && found.iter().all(|(_, other)| lit(other) != last) {
                found.push((voice, sequence));
            }
        }
        ensure!(
            tried == 0 || found.len() == count,
            "only {} of {tried} voices light the same wherever their hops begin, {count} are needed: name more in voices.rs",
            found.len()
        );
        Ok(found)
    }

    /// Replays a voice in its room and returns its distinct verdicts; `None` where they depend on where the hops begin.
    fn voice(&self, voice: &Voice) -> Result<Option<Vec<Verdict>>> {
        let mut first: Option<Vec<Verdict>> = None;
        for offset in HOP_OFFSETS {
            let path = self.records.join(format!("{}_{offset}.wav", voice.name));
            let sound = [noise(ROOM_SAMPLES + offset), voice.samples.clone(), noise(ROOM_SAMPLES)].concat();
            write_wav(&path, &sound)?;
            let microphone = format!("file:{}", path.display());
            let packets = self.run(&format!("{}_{offset}", voice.name), &["--microphone", &microphone])?;
            let sequence = distinct_verdicts(&packets);
            if *first.get_or_insert_with(|| sequence.clone()) != sequence {
                return Ok(None);
            }
        }
        Ok(first)
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Result<Vec<Packet>> {
        let link = self.records.join(format!("{name}.link"));
        // The program goes on at a file's end.
        let _ = fs::remove_file(&link);
        let output = Command::new("qemu-aarch64-static")
            .arg("-L")
            .arg(&self.root)
            .arg(self.binary)
            .arg("run")
            .args(arguments)
            .args(["--leds", "none", "--serial"])
            .arg(&link)
            .output()
            .context("cannot start qemu-aarch64-static: run tests/lab/prepare first")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the replay of {name} fails, {}: {said}", output.status);
        read_recorded(&link)
    }
}

/// What stays alight at the end of a voice.
pub fn lit(sequence: &[Verdict]) -> Option<Verdict> {
    sequence.iter().rev().copied().find(|verdict| *verdict != Verdict::Nobody)
}

fn verdict_at(packets: &[Packet], time_ms: u64) -> Option<Verdict> {
    packets.iter().find_map(|packet| match &packet.message {
        Message::Decision(report) if packet.time_ms == time_ms => Some(report.verdict),
        _ => None,
    })
}
