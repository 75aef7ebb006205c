//! LEDs on pins: scenes come in, a pattern turns them into levels, and the dimmer's thread drives the pins.

use super::dimmer::Dimmer;
use super::levels::Levels;
use super::pins::{Pins, Wiring};
use super::{Indicator, IndicatorError, Scene, pattern};
use crate::config::LedLayout;

/// Eight LEDs or one RGB LED, and a status LED where it has a pin. All are dark when it is dropped.
pub struct PinLeds {
    layout: LedLayout,
    wiring: Wiring,
    dimmer: Dimmer,
    /// What the dimmer was last told; `None` where it must be told again.
    shown: Option<Levels>,
}

impl PinLeds {
    /// Starts the dimmer on `pins`, everything dark. Nothing is allocated from here on, unless the pins fail.
    pub fn start(pins: Box<dyn Pins>, layout: LedLayout, wiring: Wiring) -> Result<Self, IndicatorError> {
        Ok(Self { layout, wiring, dimmer: Dimmer::start(pins, wiring)?, shown: None })
    }
}

impl Indicator for PinLeds {
    /// Never waits for the pins: an error is that of an earlier scene. The pins are tried again with each scene until they work.
    fn show(&mut self, scene: &Scene<'_>) -> Result<(), IndicatorError> {
        let levels = pattern::levels(&self.layout, scene).wired_to(&self.wiring);
        if self.shown != Some(levels) {
            self.dimmer.set(levels);
            self.shown = Some(levels);
        }
        match self.dimmer.error() {
            Some(error) => {
                self.shown = None;
                Err(error)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pins::{FaultyPins, RecordingPins, STATUS};
    use super::*;
    use crate::config::{LedSettings, LedSink, PinDriver};
    use moodbox_shared::Emotion;
    use moodbox_shared::decision::{Decision, Verdict};
    use moodbox_shared::link::Status;
    use std::time::{Duration, Instant};

    const EIGHT: LedLayout = LedLayout::PerEmotion([17, 27, 22, 5, 6, 13, 19, 26]);

    fn wiring() -> Wiring {
        let sink = LedSink::Pins { driver: PinDriver::Rppal, layout: EIGHT };
        Wiring::new(&LedSettings { sink, status_pin: Some(4), is_active_low: false }).unwrap().unwrap()
    }

    fn show(leds: &mut PinLeds, verdict: Verdict) -> Result<(), IndicatorError> {
        let decision = Decision { verdict, ..Decision::nobody(1_000) };
        leds.show(&Scene { time_ms: 1_000, decision: &decision, status: &Status::default() })
    }

    #[test]
    fn a_box_shows_what_it_sees_beside_its_status_and_goes_dark_at_its_end() {
        let (pins, recording) = RecordingPins::new(&wiring());
        let mut leds = PinLeds::start(Box::new(pins), EIGHT, wiring()).unwrap();
        let status = 1 << STATUS;
        for emotion in Emotion::ALL {
            show(&mut leds, Verdict::Emotion(emotion)).unwrap();
            assert!(recording.waits_for(status | 1 << emotion.index()), "{emotion}: {:?}", recording.writes());
        }
        show(&mut leds, Verdict::Nobody).unwrap();
        assert!(recording.waits_for(status));
        drop(leds);
        assert_eq!(recording.writes().last(), Some(&0));
    }

    #[test]
    fn pins_that_fail_are_told_of_again_and_again() {
        let mut leds = PinLeds::start(Box::new(FaultyPins), EIGHT, wiring()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut errors = 0;
        while errors < 3 {
            assert!(Instant::now() < deadline, "told {errors} times");
            errors += usize::from(show(&mut leds, Verdict::Nobody).is_err());
            std::thread::yield_now();
        }
    }
}
