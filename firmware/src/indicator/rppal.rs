//! One LED an emotion on the pins of a Raspberry Pi. Nothing outside this file knows `rppal`.

use super::{Indicator, IndicatorError, Scene, lit};
use crate::config::LedPins;
use ::rppal::gpio::{Gpio, Level, OutputPin};

/// Eight pins, in the order of [`Emotion::ALL`](moodbox_shared::Emotion::ALL); dark again when they are dropped.
pub struct RppalLeds {
    pins: Vec<OutputPin>,
}

impl RppalLeds {
    /// Takes the pins by their BCM numbers and turns them off.
    pub fn open(pins: &LedPins) -> Result<Self, IndicatorError> {
        let failed = |error: ::rppal::gpio::Error| IndicatorError::Device {
            device: "rppal".to_owned(),
            reason: error.to_string(),
        };
        let gpio = Gpio::new().map_err(failed)?;
        let pins = pins.iter().map(|&pin| Ok(gpio.get(pin).map_err(failed)?.into_output_low()));
        Ok(Self { pins: pins.collect::<Result<_, IndicatorError>>()? })
    }
}

impl Indicator for RppalLeds {
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        for (is_lit, pin) in lit(scene.decision.verdict).into_iter().zip(&mut self.pins) {
            pin.write(if is_lit { Level::High } else { Level::Low });
        }
        Ok(())
    }
}

impl Drop for RppalLeds {
    fn drop(&mut self) {
        self.pins.iter_mut().for_each(OutputPin::set_low);
    }
}
