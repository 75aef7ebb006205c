//! The pins of a Raspberry Pi, by their BCM numbers. Nothing outside this file knows `rppal`.

use super::IndicatorError;
use super::pins::{Pins, Wiring};
use ::rppal::gpio::{Error, Gpio, Level, OutputPin};

/// Output pins, each with its channel; they stay outputs, and dark, when they are dropped.
pub struct RppalPins {
    pins: Vec<(usize, OutputPin)>,
    dark: u16,
}

impl RppalPins {
    /// Takes the pins and turns them off. Where one can't be had, none has changed.
    pub fn open(wiring: &Wiring) -> Result<Self, IndicatorError> {
        let gpio = Gpio::new().map_err(explained)?;
        let taken: Vec<_> = wiring
            .pins()
            .map(|(channel, pin)| Ok((channel, gpio.get(pin).map_err(explained)?)))
            .collect::<Result<_, IndicatorError>>()?;
        let dark = wiring.dark();
        let as_output = |(channel, pin): (usize, ::rppal::gpio::Pin)| {
            let mut pin = match level(dark, channel) {
                Level::Low => pin.into_output_low(),
                Level::High => pin.into_output_high(),
            };
            // An input floats, and an LED on it may glow.
            pin.set_reset_on_drop(false);
            (channel, pin)
        };
        Ok(Self { pins: taken.into_iter().map(as_output).collect(), dark })
    }
}

impl Pins for RppalPins {
    fn write(&mut self, levels: u16) -> Result<(), IndicatorError> {
        for (channel, pin) in &mut self.pins {
            pin.write(level(levels, *channel));
        }
        Ok(())
    }
}

impl Drop for RppalPins {
    fn drop(&mut self) {
        // Writing to registers can't fail.
        let _ = self.write(self.dark);
    }
}

fn level(levels: u16, channel: usize) -> Level {
    Level::from(levels >> channel & 1 == 1)
}

fn explained(error: Error) -> IndicatorError {
    let device = "rppal".to_owned();
    let reason = match error {
        Error::PermissionDenied(device) => return IndicatorError::Denied { device },
        Error::UnknownModel => "this is no Raspberry Pi that it knows: use gpiocdev:auto:PINS instead".to_owned(),
        Error::PinNotAvailable(pin) => format!("there is no pin {pin}: give BCM numbers"),
        Error::PinUsed(pin) => format!("pin {pin} is in use within this program"),
        error => error.to_string(),
    };
    IndicatorError::Device { device, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let text = |error| explained(error).to_string();
        assert!(text(Error::PermissionDenied("/dev/gpiomem".into())).contains("/dev/gpiomem may not be used: "));
        assert!(text(Error::UnknownModel).contains("use gpiocdev:auto:PINS instead"));
        assert!(text(Error::PinNotAvailable(99)).contains("there is no pin 99: "));
    }
}
