//! LEDs that may be denied or taken: the box runs without them, and asks for them again and again.

use super::{Indicator, IndicatorError, Scene};

/// From one attempt to the next, in milliseconds.
const RETRY_MS: u64 = 5_000;

/// Opens LEDs.
pub type IndicatorOpener<'a> = Box<dyn FnMut() -> Result<Box<dyn Indicator>, IndicatorError> + 'a>;

/// Opens the LEDs when they can be had, and anew after they failed.
pub struct Returning<'a> {
    opener: IndicatorOpener<'a>,
    leds: Option<Box<dyn Indicator>>,
    /// What went wrong at the start, until it is told.
    trouble: Option<IndicatorError>,
    next_try_ms: u64,
}

impl<'a> Returning<'a> {
    /// Opens the LEDs, if they can be had. Only those that can never be had are an error.
    pub fn start(mut opener: IndicatorOpener<'a>) -> Result<Self, IndicatorError> {
        match opener() {
            Ok(leds) => Ok(Self { opener, leds: Some(leds), trouble: None, next_try_ms: 0 }),
            Err(error) if error.is_lasting() => Err(error),
            Err(error) => Ok(Self { opener, leds: None, trouble: Some(error), next_try_ms: RETRY_MS }),
        }
    }
}

impl Indicator for Returning<'_> {
    /// An error stands for the whole time until the next attempt, and is given at each attempt.
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        if self.leds.is_none() {
            if scene.time_ms < self.next_try_ms {
                return Err(IndicatorError::Away);
            }
            self.next_try_ms = scene.time_ms + RETRY_MS;
            self.leds = Some((self.opener)()?);
        }
        let Some(leds) = &mut self.leds else { return Err(IndicatorError::Away) };
        leds.show(scene).inspect_err(|_| self.leds = None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::{FaultyIndicator, NoIndicator};
    use moodbox_shared::decision::Decision;
    use moodbox_shared::link::Status;
    use std::cell::Cell;

    #[test]
    fn leds_denied_then_given_then_burnt_out() {
        let opened = Cell::new(0);
        let opener: IndicatorOpener<'_> = Box::new(|| {
            opened.set(opened.get() + 1);
            match opened.get() {
                1 => Err(IndicatorError::Device { device: "pins".into(), reason: "taken".into() }),
                2 => Ok(Box::new(FaultyIndicator)),
                _ => Ok(Box::new(NoIndicator)),
            }
        });
        let mut leds = Returning::start(opener).unwrap();
        let mut show =
            |time_ms| leds.show(&Scene { time_ms, decision: &Decision::nobody(time_ms), status: &Status::default() });
        assert!(matches!(show(0), Err(IndicatorError::Device { .. })));
        assert!(matches!(show(RETRY_MS - 1), Err(IndicatorError::Away)), "not asked at every step");
        assert!(matches!(show(RETRY_MS), Err(IndicatorError::Device { .. })), "it opens, and fails to show");
        assert!(show(2 * RETRY_MS).is_ok());
        assert!(show(2 * RETRY_MS + 1).is_ok());
        assert_eq!(opened.get(), 3);
    }

    #[test]
    fn leds_that_can_never_be_had_stop_the_start() {
        let missing = || Err(IndicatorError::NotBuiltIn { device: "rppal", feature: "rppal" });
        assert!(Returning::start(Box::new(missing)).is_err());
        assert!(Returning::start(Box::new(|| Err(IndicatorError::PinTwice(17)))).is_err());
    }
}
