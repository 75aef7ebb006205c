//! What shows the decision, and by which pins.

use super::ConfigError;
use moodbox_shared::Emotion;
use std::str::FromStr;

/// Pin numbers of the LEDs, one an emotion, in the order of [`Emotion::ALL`].
pub type LedPins = [u8; Emotion::ALL.len()];

/// Pin numbers of an RGB LED: red, green, blue.
pub type RgbPins = [u8; 3];

/// What shows the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedSink {
    /// Nothing.
    None,
    /// Coloured text.
    Terminal,
    /// LEDs on pins.
    Pins {
        /// Who drives them.
        driver: PinDriver,
        /// What is wired to them.
        layout: LedLayout,
    },
}

/// Who drives the pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinDriver {
    /// `rppal`, on a Raspberry Pi; pins by their BCM numbers.
    Rppal,
    /// The kernel's GPIO character device; pins by their offsets.
    Gpiocdev(GpioChip),
}

/// A GPIO chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpioChip {
    /// The one whose lines are named `GPIO17` and so on, as those on the header of a Raspberry Pi are.
    Auto,
    /// As `/dev/gpiochip0`.
    Path(String),
}

/// What is wired to the pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedLayout {
    /// One LED an emotion.
    PerEmotion(LedPins),
    /// One LED of three colours.
    Rgb(RgbPins),
}

impl LedLayout {
    /// All its pins.
    pub fn pins(&self) -> &[u8] {
        match self {
            Self::PerEmotion(pins) => pins,
            Self::Rgb(pins) => pins,
        }
    }
}

/// The LEDs of a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedSettings {
    /// What shows the decision.
    pub sink: LedSink,
    /// Pin of the status LED, driven as the others.
    pub status_pin: Option<u8>,
    /// Whether an LED is lit by a low level.
    pub is_active_low: bool,
}

impl FromStr for LedSink {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::Leds(text.into());
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            None if text == "terminal" => Ok(Self::Terminal),
            Some(("rppal", pins)) => {
                Ok(Self::Pins { driver: PinDriver::Rppal, layout: parse_layout(pins).ok_or_else(refused)? })
            }
            Some(("gpiocdev", rest)) => {
                let (chip, pins) = rest.rsplit_once(':').ok_or_else(refused)?;
                let chip = if chip == "auto" { GpioChip::Auto } else { GpioChip::Path(chip.into()) };
                Ok(Self::Pins { driver: PinDriver::Gpiocdev(chip), layout: parse_layout(pins).ok_or_else(refused)? })
            }
            _ => Err(refused()),
        }
    }
}

fn parse_layout(text: &str) -> Option<LedLayout> {
    match text.strip_prefix("rgb=") {
        Some(pins) => parse_pins(pins).map(LedLayout::Rgb),
        None => parse_pins(text).map(LedLayout::PerEmotion),
    }
}

/// So many different numbers, comma between.
fn parse_pins<const N: usize>(text: &str) -> Option<[u8; N]> {
    let pins: Vec<u8> = text.split(',').map(|pin| pin.trim().parse().ok()).collect::<Option<_>>()?;
    let are_different = pins.iter().enumerate().all(|(place, pin)| !pins[..place].contains(pin));
    pins.try_into().ok().filter(|_| are_different)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINS: LedPins = [17, 27, 22, 5, 6, 13, 19, 26];

    #[test]
    fn leds_are_named_as_the_manual_says() {
        let on = |driver, layout| Ok(LedSink::Pins { driver, layout });
        assert_eq!("terminal".parse(), Ok(LedSink::Terminal));
        assert_eq!("rppal:17,27,22,5,6,13,19,26".parse(), on(PinDriver::Rppal, LedLayout::PerEmotion(PINS)));
        assert_eq!("rppal:rgb=17,27,22".parse(), on(PinDriver::Rppal, LedLayout::Rgb([17, 27, 22])));
        let chip = PinDriver::Gpiocdev(GpioChip::Path("/dev/gpiochip0".into()));
        assert_eq!("gpiocdev:/dev/gpiochip0:17,27,22,5,6,13,19,26".parse(), on(chip, LedLayout::PerEmotion(PINS)));
        let found = PinDriver::Gpiocdev(GpioChip::Auto);
        assert_eq!("gpiocdev:auto:rgb=1,2,3".parse(), on(found, LedLayout::Rgb([1, 2, 3])));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for leds in ["rppal:1,2", "rppal:rgb=1,2", "gpiocdev:1,2,3,4,5,6,7,8", "rppal:1,1,2,3,4,5,6,7", "lamp"] {
            assert_eq!(leds.parse::<LedSink>(), Err(ConfigError::Leds(leds.into())));
        }
    }
}
