//! What shows the decision to people in the room: a trait, and one file for each kind of light.

#[cfg(feature = "gpiocdev")]
pub mod gpiocdev;
#[cfg(feature = "rppal")]
pub mod rppal;
pub mod terminal;

use crate::config::LedSink;
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};
use thiserror::Error;

/// Something that shows the current decision to people in the room.
pub trait Indicator {
    /// Shows what one step decided.
    fn show(&mut self, decision: &Decision) -> Result<(), IndicatorError>;
}

/// Which of the eight LEDs are lit, in the order of [`Emotion::ALL`]: that of the shown emotion, or none.
pub fn lit(verdict: Verdict) -> [bool; Emotion::ALL.len()] {
    Emotion::ALL.map(|emotion| verdict == Verdict::Emotion(emotion))
}

impl<I: Indicator + ?Sized> Indicator for &mut I {
    fn show(&mut self, decision: &Decision) -> Result<(), IndicatorError> {
        (**self).show(decision)
    }
}

/// Why there is no light.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndicatorError {
    /// The terminal is gone.
    #[error("cannot write to the terminal: {0}")]
    Terminal(#[from] std::io::Error),
    /// The pins can't be had, or do not answer.
    #[error("LEDs on {device}: {reason}")]
    Device {
        /// As they were asked for.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// This binary can't drive such pins.
    #[error("LEDs on {device} need a build with the feature `{feature}`: cargo build --features {feature}")]
    NotBuiltIn {
        /// As they were asked for.
        device: &'static str,
        /// What is missing.
        feature: &'static str,
    },
}

/// Opens LEDs on pins; `None` for none and for the terminal, which the caller opens where it wants the text.
pub fn open_pins(sink: &LedSink) -> Result<Option<Box<dyn Indicator>>, IndicatorError> {
    match sink {
        LedSink::None | LedSink::Terminal => Ok(None),
        #[cfg(feature = "rppal")]
        LedSink::Rppal(pins) => Ok(Some(Box::new(rppal::RppalLeds::open(pins)?))),
        #[cfg(not(feature = "rppal"))]
        LedSink::Rppal(_) => Err(IndicatorError::NotBuiltIn { device: "rppal", feature: "rppal" }),
        #[cfg(feature = "gpiocdev")]
        LedSink::Gpiocdev { chip, pins } => Ok(Some(Box::new(gpiocdev::GpiocdevLeds::open(chip, pins)?))),
        #[cfg(not(feature = "gpiocdev"))]
        LedSink::Gpiocdev { .. } => Err(IndicatorError::NotBuiltIn { device: "gpiocdev", feature: "gpiocdev" }),
    }
}

/// No light at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIndicator;

impl Indicator for NoIndicator {
    fn show(&mut self, _: &Decision) -> Result<(), IndicatorError> {
        Ok(())
    }
}

/// Keeps what it was shown, for tests.
#[derive(Clone, Debug, Default)]
pub struct RecordingIndicator {
    /// Everything shown so far.
    pub shown: Vec<Decision>,
}

impl Indicator for RecordingIndicator {
    fn show(&mut self, decision: &Decision) -> Result<(), IndicatorError> {
        self.shown.push(*decision);
        Ok(())
    }
}

/// Fails at every step, for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultyIndicator;

impl Indicator for FaultyIndicator {
    fn show(&mut self, _: &Decision) -> Result<(), IndicatorError> {
        Err(IndicatorError::Device { device: "faulty".into(), reason: "burnt out on purpose".into() })
    }
}
