//! LEDs for those who have none: text on a terminal, live, or plain lines where the output is none.

use super::{Indicator, IndicatorError, Scene};
use crate::sample::Labels;
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};
use std::io::Write;

/// How often a plain output repeats a verdict that stays, in milliseconds.
const REPEAT_MS: u64 = 1_000;

/// Cells of a whole bar.
const BAR_CELLS: usize = 20;

/// Lines of the live picture: the LEDs, the verdict, a head, and the emotions.
const LIVE_LINES: usize = 3 + Emotion::ALL.len();

/// Draws the LEDs, both streams' posteriors and the fused decision.
pub struct TerminalLeds<W> {
    out: W,
    live: bool,
    labels: Labels,
    last: Option<(u64, Verdict, Option<Emotion>)>,
    drawn: bool,
    reader_gone: bool,
}

impl<W: Write> TerminalLeds<W> {
    /// Writes to `out`: a picture that is drawn over and over where it is a terminal (`live`), else a line whenever something changes.
    ///
    /// `labels` says what is really shown, where that is known.
    pub fn new(out: W, live: bool, labels: Labels) -> Self {
        Self { out, live, labels, last: None, drawn: false, reader_gone: false }
    }

    fn draw(&mut self, decision: &Decision, label: Option<Emotion>) -> std::io::Result<()> {
        if self.drawn {
            write!(self.out, "\x1b[{LIVE_LINES}A")?;
        }
        self.drawn = true;
        write!(self.out, "\x1b[2K ")?;
        for emotion in Emotion::ALL {
            let lit = decision.verdict == Verdict::Emotion(emotion);
            if lit {
                write!(self.out, "\x1b[{}m●\x1b[0m \x1b[1m{emotion}\x1b[0m  ", colour(emotion))?;
            } else {
                write!(self.out, "\x1b[2m○ {emotion}\x1b[0m  ")?;
            }
        }
        write!(self.out, "\n\x1b[2K ")?;
        self.write_verdict(decision, label)?;
        writeln!(self.out, "\n\x1b[2K {:>10}  {:<BAR_CELLS$}  {:<BAR_CELLS$}  together", "", "face", "voice")?;
        for emotion in Emotion::ALL {
            let face = decision.face.zip(emotion.face_index()).map(|(posteriors, index)| posteriors.as_array()[index]);
            let speech = decision.speech.map(|posteriors| posteriors.as_array()[emotion.index()]);
            let fused = decision.fused.map(|posteriors| posteriors.as_array()[emotion.index()]);
            write!(self.out, "\x1b[2K {emotion:>10}")?;
            for share in [face, speech, fused] {
                let cells = (share.unwrap_or(0.0) * BAR_CELLS as f32).round() as usize;
                write!(
                    self.out,
                    "  \x1b[{}m{:<BAR_CELLS$}\x1b[0m",
                    colour(emotion),
                    &BAR[..cells.min(BAR_CELLS) * BAR_BYTES]
                )?;
            }
            writeln!(self.out)?;
        }
        self.out.flush()
    }

    fn write_line(&mut self, decision: &Decision, label: Option<Emotion>) -> std::io::Result<()> {
        write!(self.out, "{:>8.2} s  ", decision.time_ms as f64 / 1e3)?;
        self.write_verdict(decision, label)?;
        let streams = [
            ("face", decision.face.map(|posteriors| posteriors.best_emotion())),
            ("voice", decision.speech.map(|posteriors| posteriors.best_emotion())),
        ];
        for (stream, best) in streams {
            match best {
                Some((emotion, share)) => write!(self.out, "  {stream}: {emotion:<9} {share:.2}")?,
                None => write!(self.out, "  {stream}: –             ")?,
            }
        }
        writeln!(self.out)?;
        self.out.flush()
    }

    fn write_verdict(&mut self, decision: &Decision, label: Option<Emotion>) -> std::io::Result<()> {
        let light = if decision.verdict.emotion().is_some() { '●' } else { '○' };
        write!(self.out, "{light} {:<9} {:.2}", decision.verdict, decision.confidence)?;
        match label {
            Some(label) => write!(self.out, "  intended: {label:<9}"),
            None => Ok(()),
        }
    }
}

impl<W: Write> Indicator for TerminalLeds<W> {
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        if self.reader_gone {
            return Ok(());
        }
        let shown = self.show_or_fail(scene.decision);
        // Whoever read along has had enough; the box goes on for its other outputs.
        self.reader_gone = shown.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
        if self.reader_gone { Ok(()) } else { Ok(shown?) }
    }
}

impl<W: Write> TerminalLeds<W> {
    fn show_or_fail(&mut self, decision: &Decision) -> std::io::Result<()> {
        let label = self.labels.at(decision.time_ms);
        if self.live {
            return self.draw(decision, label);
        }
        let unchanged = self.last.is_some_and(|(time_ms, verdict, last_label)| {
            verdict == decision.verdict && last_label == label && decision.time_ms < time_ms + REPEAT_MS
        });
        if !unchanged {
            self.last = Some((decision.time_ms, decision.verdict, label));
            self.write_line(decision, label)?;
        }
        Ok(())
    }
}

const BAR: &str = "████████████████████";
const BAR_BYTES: usize = '█'.len_utf8();

/// SGR colour of an emotion's LED.
const fn colour(emotion: Emotion) -> u8 {
    match emotion {
        Emotion::Neutral => 97,
        Emotion::Calm => 96,
        Emotion::Happy => 93,
        Emotion::Sad => 94,
        Emotion::Angry => 91,
        Emotion::Fearful => 95,
        Emotion::Disgust => 92,
        Emotion::Surprised => 33,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::SpeechPosteriors;
    use moodbox_shared::link::Status;

    /// A pipe whose reader has gone.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_fault() {
        let mut leds = TerminalLeds::new(Gone, false, Labels::default());
        assert!(show(&mut leds, &happy(0)).is_ok() && show(&mut leds, &happy(5_000)).is_ok());
    }

    fn show(leds: &mut impl Indicator, decision: &Decision) -> Result<(), IndicatorError> {
        leds.show(&Scene { time_ms: decision.time_ms, decision, status: &Status::default() })
    }

    fn happy(time_ms: u64) -> Decision {
        Decision {
            verdict: Verdict::Emotion(Emotion::Happy),
            confidence: 0.9,
            fused: Some(SpeechPosteriors::uniform()),
            ..Decision::nobody(time_ms)
        }
    }

    #[test]
    fn a_plain_output_gets_a_line_a_change_and_one_a_second() {
        let mut text = Vec::new();
        let mut leds = TerminalLeds::new(&mut text, false, Labels::default());
        for time_ms in (0..=1_500).step_by(100) {
            show(&mut leds, &happy(time_ms)).unwrap();
        }
        show(&mut leds, &Decision::nobody(1_600)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().next().unwrap().contains("happy") && !text.contains('\x1b'), "{text}");
    }

    #[test]
    fn a_live_picture_is_drawn_over_itself() {
        let mut text = Vec::new();
        let mut leds = TerminalLeds::new(&mut text, true, Labels::default());
        show(&mut leds, &happy(0)).unwrap();
        show(&mut leds, &happy(33)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 2 * LIVE_LINES, "{text}");
        assert_eq!(text.matches(&format!("\x1b[{LIVE_LINES}A")).count(), 1);
    }
}
