//! What shows the decision to people in the room: a trait, and one file for each kind of light.

#[cfg(feature = "gpiocdev")]
pub mod gpiocdev;
#[cfg(feature = "rppal")]
pub mod rppal;
pub mod terminal;

#[cfg(any(feature = "rppal", feature = "gpiocdev"))]
use crate::config::LedLayout;
use crate::config::{LedSettings, LedSink, PinDriver};
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::link::Status;
use thiserror::Error;

/// What there is to show at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Monotonic time, in milliseconds; moves on between decisions too, so that a light can blink.
    pub time_ms: u64,
    /// The last decision.
    pub decision: &'a Decision,
    /// How the box is doing, and what the host has asked for.
    pub status: &'a Status,
}

/// Something that shows the current decision to people in the room.
pub trait Indicator {
    /// Shows the scene of this moment; called after each decision, and at least 20 times a second where time is real.
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError>;
}

/// Which of the eight LEDs are lit, in the order of [`Emotion::ALL`]: that of the shown emotion, or none.
pub fn lit(verdict: Verdict) -> [bool; Emotion::ALL.len()] {
    Emotion::ALL.map(|emotion| verdict == Verdict::Emotion(emotion))
}

impl<I: Indicator + ?Sized> Indicator for &mut I {
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        (**self).show(scene)
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
pub fn open_pins(settings: &LedSettings) -> Result<Option<Box<dyn Indicator>>, IndicatorError> {
    let LedSink::Pins { driver, layout } = &settings.sink else { return Ok(None) };
    match (driver, layout) {
        #[cfg(feature = "rppal")]
        (PinDriver::Rppal, LedLayout::PerEmotion(pins)) => Ok(Some(Box::new(rppal::RppalLeds::open(pins)?))),
        #[cfg(not(feature = "rppal"))]
        (PinDriver::Rppal, _) => Err(IndicatorError::NotBuiltIn { device: "rppal", feature: "rppal" }),
        #[cfg(feature = "gpiocdev")]
        (PinDriver::Gpiocdev(crate::config::GpioChip::Path(chip)), LedLayout::PerEmotion(pins)) => {
            Ok(Some(Box::new(gpiocdev::GpiocdevLeds::open(chip, pins)?)))
        }
        #[cfg(not(feature = "gpiocdev"))]
        (PinDriver::Gpiocdev(_), _) => Err(IndicatorError::NotBuiltIn { device: "gpiocdev", feature: "gpiocdev" }),
        #[cfg(any(feature = "rppal", feature = "gpiocdev"))]
        _ => Err(IndicatorError::Device { device: "pins".to_owned(), reason: "not yet".to_owned() }),
    }
}

/// No light at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIndicator;

impl Indicator for NoIndicator {
    fn show(&mut self, _: &Scene<'_>) -> Result<(), IndicatorError> {
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
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        self.shown.push(*scene.decision);
        Ok(())
    }
}

/// Fails at every step, for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultyIndicator;

impl Indicator for FaultyIndicator {
    fn show(&mut self, _: &Scene<'_>) -> Result<(), IndicatorError> {
        Err(IndicatorError::Device { device: "faulty".into(), reason: "burnt out on purpose".into() })
    }
}
