//! Light without a box that runs: a code for a start that failed, and a walk over all LEDs for whoever checks the wiring.

use super::pins::{Pins, STATUS, Wiring};
use super::status_light::FLASH_MS;
use super::{IndicatorError, open_driver};
use crate::config::LedSettings;
use std::thread::sleep;
use std::time::Duration;

/// How long each LED is lit by [`probe`].
const PROBE: Duration = Duration::from_millis(150);

/// Why a box did not start, as flashes of the status LED: so many, 200 ms each.
///
/// They come once a start, with every other LED dark; a box that runs flashes its faults beside its emotions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StartFault {
    /// A model can't be used.
    Model = 2,
    /// Memory or threads can't be had.
    Resources = 3,
    /// Anything else.
    Other = 4,
}

impl StartFault {
    /// How many flashes tell of it.
    pub const fn flashes(self) -> u8 {
        self as u8
    }
}

/// Flashes why a start failed, where there is a status LED, and leaves everything dark. Takes 0.4 s a flash.
///
/// Whatever stands in its way is passed over: the fault itself is what must be told, and that is done elsewhere.
pub fn flash_code(settings: &LedSettings, fault: StartFault) {
    let Ok(Some((mut pins, wiring))) = open_driver(settings) else { return };
    if wiring.has_status() {
        let _ = flash(&mut *pins, &wiring, fault.flashes(), sleep);
    }
}

/// Lights each LED for 150 ms, one after the other, the status LED last. Nothing happens without pins.
pub fn probe(settings: &LedSettings) -> Result<(), IndicatorError> {
    let Some((mut pins, wiring)) = open_driver(settings)? else { return Ok(()) };
    walk(&mut *pins, &wiring, sleep)
}

fn flash(
    pins: &mut dyn Pins,
    wiring: &Wiring,
    flashes: u8,
    mut wait: impl FnMut(Duration),
) -> Result<(), IndicatorError> {
    for _ in 0..flashes {
        for lit in [1 << STATUS, 0] {
            pins.write(wiring.levels(lit))?;
            wait(Duration::from_millis(FLASH_MS));
        }
    }
    Ok(())
}

fn walk(pins: &mut dyn Pins, wiring: &Wiring, mut wait: impl FnMut(Duration)) -> Result<(), IndicatorError> {
    for (channel, _) in wiring.pins() {
        pins.write(wiring.levels(1 << channel))?;
        wait(PROBE);
    }
    pins.write(wiring.dark())
}

#[cfg(test)]
mod tests {
    use super::super::pins::{FaultyPins, RecordingPins};
    use super::*;
    use crate::config::{LedLayout, LedSink, PinDriver};

    fn wiring(is_active_low: bool) -> Wiring {
        let sink = LedSink::Pins { driver: PinDriver::Rppal, layout: LedLayout::Rgb([1, 2, 3]) };
        Wiring::new(&LedSettings { sink, status_pin: Some(4), is_active_low }).unwrap().unwrap()
    }

    #[test]
    fn another_box_that_runs_is_three_flashes_and_dark() {
        let (mut pins, recording) = RecordingPins::new(&wiring(false));
        let mut waited = Vec::new();
        flash(&mut pins, &wiring(false), StartFault::Resources.flashes(), |time| waited.push(time)).unwrap();
        let status = 1 << STATUS;
        assert_eq!(recording.writes(), [0, status, 0, status, 0, status, 0]);
        assert_eq!(waited, [Duration::from_millis(200); 6]);
    }

    #[test]
    fn a_check_lights_each_led_in_turn() {
        let (mut pins, recording) = RecordingPins::new(&wiring(true));
        let mut waits = 0;
        walk(&mut pins, &wiring(true), |time| waits += usize::from(time == PROBE)).unwrap();
        let lit: Vec<u16> = recording.writes().into_iter().map(|levels| !levels).collect();
        assert_eq!(lit, [0, 1, 2, 4, 1 << STATUS, 0]);
        assert_eq!(waits, 4);
    }

    #[test]
    fn a_check_of_pins_that_fail_says_so() {
        assert!(walk(&mut FaultyPins, &wiring(false), |_| {}).is_err());
    }

    #[test]
    fn leds_that_are_no_pins_have_nothing_to_flash() {
        let settings = LedSettings { sink: LedSink::Terminal, status_pin: Some(4), is_active_low: false };
        flash_code(&settings, StartFault::Model);
        assert!(probe(&settings).is_ok());
    }
}
