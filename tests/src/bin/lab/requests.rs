//! What comes down the serial line to the box: garbage, and what a host may ask for.

use crate::expectation::{Expectation, Found};
use crate::material::Picture;
use crate::scenario::{PATIENCE, PIN_PATIENCE, Scenario};
use anyhow::Result;
use moodbox_shared::decision::Verdict;
use moodbox_shared::link::{HostMessage, Message, SenseState, Status};
use moodbox_tests::scene::Random;

/// Bytes of garbage: many frames' worth, and less than what a line holds if nobody reads it.
const GARBAGE_BYTES: usize = 2_000;

/// What a ping carries, and its answer must.
const TOKEN: u32 = 0xC0FF_EE00;

impl Scenario<'_> {
    /// Sends garbage to the box, which must go on and hear what comes behind, and whose own packets must stay whole.
    pub fn garbage(&mut self, picture: &Picture, verdict: Verdict) -> Result<()> {
        self.nobody()?;
        let heard_before = self.garbage_heard(0)?.unwrap_or_default();
        let (damaged, mark) = (self.board.link.damaged(), self.board.link.mark());
        let mut random = Random::new(4);
        let garbage: Vec<u8> = (0..GARBAGE_BYTES).map(|_| random.below(256) as u8).collect();
        self.board.link.send(&garbage)?;
        self.board.link.ask(HostMessage::Ping(TOKEN))?;
        let answer = |message: &Message| matches!(message, Message::Pong(token) if *token == TOKEN).then_some(());
        let is_answered = self.board.link.wait(mark, PATIENCE, answer).is_some();
        let found = self.show(picture, verdict)?;
        let is_heard = self.garbage_heard(heard_before + 1)?.is_some();
        let found = match (self.board.link.damaged() - damaged, is_answered) {
            _ if !is_heard => Err("the box has met no garbage".to_owned()),
            (0, true) => found.map(|shown| format!("a ping is answered, {shown}")),
            (0, false) => Err("the ping behind it is not answered".to_owned()),
            (damaged, _) => Err(format!("{damaged} packets of the box are damaged")),
        };
        self.findings.judge(&Expectation::Garbage, found);
        Ok(())
    }

    /// Damaged frames that the box has counted, once there are so many.
    fn garbage_heard(&self, at_least: u32) -> Result<Option<u32>> {
        let counted = |message: &Message| match message {
            Message::Heartbeat(heartbeat) => Some(heartbeat.link_damaged).filter(|&damaged| damaged >= at_least),
            _ => None,
        };
        let mark = self.board.link.mark();
        Ok(self.board.link.wait(mark, PATIENCE, counted))
    }

    /// Has the lights switched off and on while `picture` is on show.
    pub fn mute(&mut self, picture: &Picture, verdict: Verdict) -> Result<()> {
        let shown = self.show(picture, verdict)?;
        self.board.link.ask(HostMessage::MuteLeds(true))?;
        let dark = self.board.pins.wait(&[], PIN_PATIENCE)?;
        self.board.link.ask(HostMessage::MuteLeds(false))?;
        let lit = self.light(verdict)?;
        let found = shown.and_then(|_| Ok(format!("{} while muted, then {}", dark?, lit?)));
        self.findings.judge(&Expectation::Muted, found);
        Ok(())
    }

    /// Pauses the senses: nobody may hold their devices then. Shows `picture` afterwards.
    pub fn pause(&mut self, picture: &Picture, verdict: Verdict) -> Result<()> {
        self.nobody()?;
        self.board.console.command("! senses_are_closed")?;
        let paused = |status: &Status| {
            status.is_paused && [status.camera, status.microphone] == [SenseState::Paused, SenseState::Paused]
        };
        let is_told = self.request(HostMessage::PausePrivacy(true), paused)?;
        let is_closed = self.board.console.command("senses_are_closed").is_ok();
        let is_back = |state: SenseState| !matches!(state, SenseState::Paused | SenseState::Lost);
        let are_back = |status: &Status| !status.is_paused && is_back(status.camera) && is_back(status.microphone);
        let is_over = self.request(HostMessage::PausePrivacy(false), are_back)?;
        let shown = self.show(picture, verdict)?;
        let found: Found = match (is_told, is_closed, is_over) {
            (true, true, true) => shown.map(|shown| format!("camera and microphone closed, then {shown}")),
            (true, false, _) => Err("camera or microphone are still open".to_owned()),
            _ => Err("the link does not tell".to_owned()),
        };
        self.findings.judge(&Expectation::Privacy, found);
        Ok(())
    }

    /// Asks for something and waits for a status that `wanted` says yes to.
    fn request(&self, message: HostMessage, wanted: impl Fn(&Status) -> bool) -> Result<bool> {
        let mark = self.board.link.mark();
        self.board.link.ask(message)?;
        let told = |message: &Message| matches!(message, Message::Status(status) if wanted(status)).then_some(());
        Ok(self.board.link.wait(mark, PATIENCE, told).is_some())
    }
}
