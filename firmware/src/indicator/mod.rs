//! What shows the decision to people in the room: a trait, text on a terminal, and LEDs on pins.
//!
//! ```text
//! scene ──► pattern, status_light ──► levels ──► dimmer (thread "leds") ──► pins: rppal or gpiocdev
//! ```

mod dimmer;
pub mod flash;
#[cfg(feature = "gpiocdev")]
pub mod gpiocdev;
mod levels;
#[cfg(any(feature = "gpiocdev", test))]
pub(crate) mod line_names;
mod pattern;
pub mod pin_leds;
pub mod pins;
pub mod returning;
#[cfg(feature = "rppal")]
pub mod rppal;
mod status_light;
pub mod terminal;

pub use flash::{StartFault, flash_code, probe};
pub use pattern::{Colour, emotion_colour};

use crate::config::{LedSettings, LedSink, PinDriver};
use moodbox_shared::decision::Decision;
use moodbox_shared::link::Status;
use pin_leds::PinLeds;
use pins::{Pins, Wiring};
use std::path::PathBuf;
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
    /// The user may not use the pins.
    #[error("{device} may not be used: run as a member of the group `gpio`, or as root")]
    Denied {
        /// Which file.
        device: String,
    },
    /// Somebody else has a pin.
    #[error("line {line} of {} is held by `{holder}`: stop that, or wire the LED to another pin", chip.display())]
    LineTaken {
        /// On which chip.
        chip: PathBuf,
        /// Which line, by its offset.
        line: u32,
        /// Who holds it, as they call themselves.
        holder: String,
    },
    /// The chip is smaller than the pin's number.
    #[error("{} has {lines} lines, from 0 on, and no line {line}: choose pins of this chip", chip.display())]
    NoSuchLine {
        /// Which chip.
        chip: PathBuf,
        /// Which line, by its offset.
        line: u32,
        /// How many it has.
        lines: u32,
    },
    /// No chip is like that of a Raspberry Pi.
    #[error(
        "no GPIO chip has these pins as lines named GPIO17 and so on: name the chip, as gpiocdev:/dev/gpiochip0:PINS"
    )]
    NoNamedLines,
    /// Two LEDs on one pin.
    #[error("pin {0} is wired to two LEDs: give each a pin of its own")]
    PinTwice(u8),
    /// They failed a moment ago, and will be tried again.
    #[error("the LEDs are away for the moment")]
    Away,
    /// This binary can't drive such pins.
    #[error("LEDs on {device} need a build with the feature `{feature}`: cargo build --features {feature}")]
    NotBuiltIn {
        /// As they were asked for.
        device: &'static str,
        /// What is missing.
        feature: &'static str,
    },
    /// The system gives no thread.
    #[error("cannot start the thread of the LEDs: {0}")]
    Thread(#[source] std::io::Error),
    /// The thread of the LEDs has panicked.
    #[error("the thread of the LEDs has ended; they are dark until they are opened again")]
    Stopped,
}

impl IndicatorError {
    /// Whether no later attempt can succeed: the binary or the configuration must change first.
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::NotBuiltIn { .. } | Self::PinTwice(_))
    }
}

/// Opens LEDs on pins, all dark; `None` for none and for the terminal, which the caller opens where it wants the text.
///
/// Where it fails, no pin has changed, and it can be called again.
pub fn open_pins(settings: &LedSettings) -> Result<Option<Box<dyn Indicator>>, IndicatorError> {
    let LedSink::Pins { layout, .. } = settings.sink else { return Ok(None) };
    let Some((pins, wiring)) = open_driver(settings)? else { return Ok(None) };
    Ok(Some(Box::new(PinLeds::start(pins, layout, wiring)?)))
}

/// Pins, and what is wired to them.
type WiredPins = (Box<dyn Pins>, Wiring);

/// Takes the pins of these settings and turns them off; `None` where there are none.
fn open_driver(settings: &LedSettings) -> Result<Option<WiredPins>, IndicatorError> {
    let (LedSink::Pins { driver, .. }, Some(wiring)) = (&settings.sink, Wiring::new(settings)?) else {
        return Ok(None);
    };
    Ok(Some((open_with(driver, &wiring)?, wiring)))
}

#[cfg_attr(not(any(feature = "rppal", feature = "gpiocdev")), expect(unused_variables))]
fn open_with(driver: &PinDriver, wiring: &Wiring) -> Result<Box<dyn Pins>, IndicatorError> {
    match driver {
        #[cfg(feature = "rppal")]
        PinDriver::Rppal => Ok(Box::new(rppal::RppalPins::open(wiring)?)),
        #[cfg(not(feature = "rppal"))]
        PinDriver::Rppal => Err(IndicatorError::NotBuiltIn { device: "rppal", feature: "rppal" }),
        #[cfg(feature = "gpiocdev")]
        PinDriver::Gpiocdev(chip) => Ok(Box::new(gpiocdev::GpiocdevPins::open(chip, wiring)?)),
        #[cfg(not(feature = "gpiocdev"))]
        PinDriver::Gpiocdev(_) => Err(IndicatorError::NotBuiltIn { device: "gpiocdev", feature: "gpiocdev" }),
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
