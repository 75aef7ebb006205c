//! One LED an emotion on the lines of a GPIO chip: any Linux board.

use super::{Indicator, IndicatorError, Scene, lit};
use crate::config::LedPins;
use ::gpiocdev::Request;
use ::gpiocdev::line::{Offset, Value, Values};
use moodbox_shared::Emotion;
use moodbox_shared::decision::Verdict;

/// Eight lines, in the order of [`Emotion::ALL`]; dark again when they are dropped.
pub struct GpiocdevLeds {
    chip: String,
    lines: [Offset; Emotion::ALL.len()],
    request: Request,
}

impl GpiocdevLeds {
    /// Takes the lines of `chip` and turns them off.
    pub fn open(chip: &str, pins: &LedPins) -> Result<Self, IndicatorError> {
        let lines = pins.map(Offset::from);
        let request = Request::builder()
            .on_chip(chip)
            .with_consumer("moodbox")
            .with_lines(&lines)
            .as_output(Value::Inactive)
            .request()
            .map_err(|error| device_error(chip, &error))?;
        Ok(Self { chip: chip.to_owned(), lines, request })
    }

    fn light(&self, verdict: Verdict) -> Result<(), IndicatorError> {
        let mut values = Values::default();
        for (is_lit, line) in lit(verdict).into_iter().zip(self.lines) {
            values.set(line, if is_lit { Value::Active } else { Value::Inactive });
        }
        self.request.set_values(&values).map_err(|error| device_error(&self.chip, &error))
    }
}

impl Indicator for GpiocdevLeds {
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        self.light(scene.decision.verdict)
    }
}

impl Drop for GpiocdevLeds {
    fn drop(&mut self) {
        // Nobody is left who could be told of an error here.
        let _ = self.light(Verdict::Nobody);
    }
}

fn device_error(chip: &str, error: &::gpiocdev::Error) -> IndicatorError {
    IndicatorError::Device { device: chip.to_owned(), reason: error.to_string() }
}
