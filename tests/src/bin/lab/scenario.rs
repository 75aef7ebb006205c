//! What happens to the box, step by step, and what is expected of it. Nothing waits for a time: each step waits for what it is about.

use crate::board::Board;
use crate::expectation::{Expectation, Findings, Found};
use crate::faults::{CameraFault, MicrophoneFault};
use crate::link::{distinct_verdicts, heartbeat};
use crate::material::{EMPTY, FRAME_FORMAT, FRAME_SIZE, Picture, Pictures};
use crate::pins::StatusLight;
use crate::reference::{Film, lit};
use crate::voices::Voice;
use anyhow::{Context, Result};
use moodbox_shared::Emotion;
use moodbox_shared::decision::Verdict;
use moodbox_shared::link::{Heartbeat, Message, SenseState};
use std::time::Duration;

/// How long anything may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// How long a light may take once the decision is there.
pub(super) const PIN_PATIENCE: Duration = Duration::from_secs(10);

/// Heartbeats, about as many seconds, that a picture is shown at least.
const SHOWN_HEARTBEATS: usize = 3;

/// How often a voice is played where the box says that it has lost sound.
const VOICE_TRIES: usize = 3;

/// A box under test.
pub struct Scenario<'a> {
    pub(super) board: &'a mut Board,
    pub(super) findings: &'a mut Findings,
    /// Emotions that were seen on their pins.
    seen: Vec<Emotion>,
}

impl<'a> Scenario<'a> {
    /// Waits for the kernel and starts the box.
    pub fn start(board: &'a mut Board, findings: &'a mut Findings, box_command: &str) -> Result<Self> {
        let model = board.console.wait("lab: up on ", PATIENCE).context("the kernel does not start")?;
        findings.judge(&Expectation::Boots, Ok(model));
        board.console.command(&format!("show {EMPTY}"))?;
        board.console.command(&light_screen())?;
        board.console.command("sound")?;
        board.console.command(&format!("box {box_command}"))?;
        let said = board.link.wait(0, PATIENCE, |message| match message {
            Message::Hello(hello) => Some(format!("moodbox {}, protocol {}", hello.software, hello.protocol)),
            _ => None,
        });
        let decides = board.link.wait_decision(0, PATIENCE, |report| report.verdict == Verdict::Nobody);
        let found = said.filter(|_| decides).ok_or_else(|| "it says nothing".to_owned());
        findings.judge(&Expectation::Starts, found);
        Ok(Self { board, findings, seen: Vec::new() })
    }

    /// Shows every picture, nobody in between.
    pub fn pictures(&mut self, pictures: &Pictures, film: &Film) -> Result<()> {
        self.nobody()?;
        let mark = self.board.link.mark();
        self.heartbeats(1)?;
        for (picture, &verdict) in pictures.faces.iter().zip(&film.verdicts) {
            let found = self.show(picture, verdict)?;
            self.heartbeats(SHOWN_HEARTBEATS)?;
            self.findings.judge(&Expectation::Picture(picture.name.clone()), found);
            self.nobody()?;
        }
        let found = same_sequence(&distinct_verdicts(&self.board.link.since(mark)), &film.sequence);
        self.findings.judge(&Expectation::Sequence, found);
        Ok(())
    }

    /// Plays a voice to an empty room. `sequence`: the verdicts of its replay.
    pub fn voice(&mut self, voice: &Voice, sequence: &[Verdict]) -> Result<()> {
        let found = self.speak(voice, sequence)?;
        self.findings.judge(&Expectation::Voice(voice.name.clone()), found);
        Ok(())
    }

    /// Has the camera fail and shows `picture` afterwards.
    pub fn camera_fault(&mut self, fault: CameraFault, picture: &Picture, verdict: Verdict) -> Result<()> {
        self.nobody()?;
        let before = self.heartbeats(1)?;
        let mark = self.board.link.mark();
        // The screen has the same driver: lit, it could meet the fault in the camera's place.
        self.board.console.command("darken")?;
        self.board.console.command(fault.command())?;
        let is_felt = self.are_errors_counted(before, fault.errors())?;
        if fault == CameraFault::Unplugged {
            let blinks = self.board.pins.wait_status(StatusLight::Blinking, PIN_PATIENCE)?;
            self.board.console.command("plug_in_camera")?;
            let steady = self.board.pins.wait_status(StatusLight::Steady, PATIENCE)?;
            self.findings.judge(&Expectation::Told, self.told(mark, blinks, steady));
        }
        self.board.console.command(&light_screen())?;
        let found = match self.show(picture, verdict)? {
            Ok(found) if is_felt => Ok(found),
            Ok(_) => Err("the box has not noticed anything".to_owned()),
            Err(found) => Err(found),
        };
        self.findings.judge(&Expectation::Camera(fault), found);
        Ok(())
    }

    /// What light and link say while the camera is away from `mark` on.
    fn told(&self, mark: usize, blinks: Found, steady: Found) -> Found {
        let states: Vec<SenseState> =
            self.board.link.since(mark).iter().filter_map(|packet| camera_state(&packet.message)).collect();
        let (blinks, steady) = (blinks?, steady?);
        match states[..] {
            [SenseState::Lost, SenseState::Working] => Ok(format!("{blinks}, then {steady}; link: lost, working")),
            _ => Err(format!("the link says {states:?}")),
        }
    }

    /// Has the microphone fail and plays `voice` afterwards.
    pub fn microphone_fault(&mut self, fault: MicrophoneFault, voice: &Voice, sequence: &[Verdict]) -> Result<()> {
        self.nobody()?;
        let before = self.heartbeats(1)?;
        self.board.console.command(fault.command())?;
        let is_felt = self.are_errors_counted(before, fault.errors())?;
        self.heartbeats(2)?;
        self.board.console.command(fault.end_command())?;
        self.heartbeats(2)?;
        let found = match self.speak(voice, sequence)? {
            Ok(found) if is_felt => Ok(found),
            Ok(_) => Err("the box has not noticed anything".to_owned()),
            Err(found) => Err(found),
        };
        self.findings.judge(&Expectation::Microphone(fault), found);
        Ok(())
    }

    /// Ends the box, whose lights must go out, and returns what its trace says of every frame.
    pub fn end(self) -> Result<Vec<String>> {
        let found = match self.seen.len() {
            0..4 => Err(format!("only {:?}", self.seen)),
            _ => Ok(format!("{:?}", self.seen)),
        };
        self.findings.judge(&Expectation::Emotions, found);
        self.board.console.command("stop_box")?;
        let status = self.board.console.wait("box: ended with ", PATIENCE);
        let found = match status.as_deref() {
            Some("0") => self.board.pins.wait(&[], PIN_PATIENCE)?.map(|lit| format!("exit code 0, {lit} is lit")),
            Some(status) => Err(format!("exit code {status}")),
            None => Err("it goes on".to_owned()),
        };
        self.findings.judge(&Expectation::Ends, found);
        let lines = self.board.console.command("trace")?;
        Ok(lines.iter().filter_map(|line| line.strip_prefix("trace: ")).map(str::to_owned).collect())
    }

    /// Shows a picture and waits for its verdict, and for its light where it is an emotion.
    pub(super) fn show(&mut self, picture: &Picture, verdict: Verdict) -> Result<Found> {
        let link = &self.board.link;
        let mark = link.mark();
        self.board.console.command(&format!("show {}", picture.name))?;
        if !link.wait_decision(mark, PATIENCE, |report| report.verdict == verdict && report.face_box.is_some()) {
            return Ok(Err(format!("{} instead of {verdict}", list(&distinct_verdicts(&link.since(mark))))));
        }
        self.light(verdict)
    }

    /// Waits for the light of a verdict, if it is an emotion.
    pub(super) fn light(&mut self, verdict: Verdict) -> Result<Found> {
        let Some(emotion) = verdict.emotion() else { return Ok(Ok(verdict.to_string())) };
        let lit = self.board.pins.wait(&[emotion], PIN_PATIENCE)?;
        if lit.is_ok() && !self.seen.contains(&emotion) {
            self.seen.push(emotion);
        }
        Ok(lit.map(|pins| format!("{verdict} on {pins}")))
    }

    /// Shows nobody, and waits until the box says so.
    pub(super) fn nobody(&mut self) -> Result<bool> {
        let mark = self.board.link.mark();
        self.board.console.command(&format!("show {EMPTY}"))?;
        Ok(self.board.link.wait_decision(mark, PATIENCE, |report| report.verdict == Verdict::Nobody))
    }

    /// Plays a voice; once more where the box has lost some of it, which an emulated one may.
    fn speak(&mut self, voice: &Voice, sequence: &[Verdict]) -> Result<Found> {
        self.nobody()?;
        let last = lit(sequence).with_context(|| format!("the replay hears nobody in {}", voice.name))?;
        for attempt in 1.. {
            let before = self.heartbeats(1)?;
            let mark = self.board.link.mark();
            self.board.console.command(&format!("play {}", voice.name))?;
            let lit = match self.board.link.wait_decision(mark, PATIENCE, |report| report.verdict == last) {
                true => self.light(last)?,
                false => Ok(String::new()),
            };
            let behind = self.board.link.mark();
            self.board.link.wait_decision(behind, PATIENCE, |report| report.verdict == Verdict::Nobody);
            let after = self.heartbeats(1)?;
            let live = distinct_verdicts(&self.board.link.since(mark));
            let has_lost_sound = after.audio_overruns != before.audio_overruns;
            if live == sequence || !has_lost_sound || attempt == VOICE_TRIES {
                let told = same_sequence(&live, sequence);
                return Ok(lit.and_then(|lit| told.map(|told| format!("{told}; {lit}"))));
            }
        }
        unreachable!("the last try returns")
    }

    /// Waits for some heartbeats and returns the counters of the last.
    pub(super) fn heartbeats(&self, count: usize) -> Result<Heartbeat> {
        self.board.link.wait_heartbeats(count, PATIENCE).context("the box has fallen silent: its heart does not beat")
    }

    /// Waits until the box has counted so many more errors of devices.
    fn are_errors_counted(&self, before: Heartbeat, errors: u32) -> Result<bool> {
        let enough = |now: &Heartbeat| now.device_errors.wrapping_sub(before.device_errors) >= errors;
        let counted = |message: &Message| heartbeat(message).filter(enough);
        Ok(self.board.link.wait(self.board.link.mark(), PATIENCE, counted).is_some())
    }
}

/// How the camera is doing, where a message tells that.
fn camera_state(message: &Message) -> Option<SenseState> {
    match message {
        Message::Status(status) => Some(status.camera),
        _ => None,
    }
}

/// The guest's command that puts pictures before the camera.
fn light_screen() -> String {
    format!("screen {FRAME_FORMAT} {} {}", FRAME_SIZE.0, FRAME_SIZE.1)
}

fn same_sequence(live: &[Verdict], replayed: &[Verdict]) -> Found {
    if live == replayed { Ok(list(live)) } else { Err(format!("{}; the replay: {}", list(live), list(replayed))) }
}

fn list(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(|verdict| verdict.name()).collect::<Vec<_>>().join(" ")
}
