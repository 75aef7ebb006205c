//! What the LEDs are wired to: channels come in as bits of light, levels of pins go out.
//!
//! A [`Wiring`] knows which pin each channel has and which level lights it; a [`Pins`] is the smallest thing that a driver must be: it
//! takes levels, and leaves every LED dark when it is dropped. Beside the real drivers stand one that records and one that fails.

use super::IndicatorError;
use crate::config::{LedLayout, LedSettings, LedSink};
use moodbox_shared::Emotion;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Channels of light: eight for the emotions in the order of [`Emotion::ALL`], or three for red, green and blue, and the status LED.
pub const CHANNELS: usize = STATUS + 1;

/// The channel of the status LED.
pub const STATUS: usize = Emotion::ALL.len();

/// Drives output pins, one for each wired channel. Turns every LED off when it is dropped.
pub trait Pins: Send {
    /// Sets all pins at once: bit `channel` is the level of that channel's pin, 1 for high. Bits of unwired channels mean nothing.
    fn write(&mut self, levels: u16) -> Result<(), IndicatorError>;
}

/// Which pin each channel has, and which level lights an LED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wiring {
    pins: [Option<u8>; CHANNELS],
    is_active_low: bool,
}

impl Wiring {
    /// As `settings` say; `None` where there are no pins. An error names a pin that is given twice.
    pub fn new(settings: &LedSettings) -> Result<Option<Self>, IndicatorError> {
        let LedSink::Pins { layout, .. } = &settings.sink else { return Ok(None) };
        let leds: &[u8] = match layout {
            LedLayout::PerEmotion(pins) => pins,
            LedLayout::Rgb(pins) => pins,
        };
        let mut pins = [None; CHANNELS];
        for (channel, &pin) in pins.iter_mut().zip(leds) {
            *channel = Some(pin);
        }
        pins[STATUS] = settings.status_pin;
        for (channel, pin) in pins.iter().enumerate() {
            if let Some(pin) = *pin
                && pins[..channel].contains(&Some(pin))
            {
                return Err(IndicatorError::PinTwice(pin));
            }
        }
        Ok(Some(Self { pins, is_active_low: settings.is_active_low }))
    }

    /// The wired channels with their pins.
    pub fn pins(&self) -> impl Iterator<Item = (usize, u8)> + use<> {
        self.pins.into_iter().enumerate().filter_map(|(channel, pin)| Some((channel, pin?)))
    }

    /// Whether the status LED has a pin.
    pub const fn has_status(&self) -> bool {
        self.pins[STATUS].is_some()
    }

    /// The levels that light the channels whose bits are set, and darken the others.
    pub const fn levels(&self, lit: u16) -> u16 {
        if self.is_active_low { !lit } else { lit }
    }

    /// The levels that leave everything dark.
    pub const fn dark(&self) -> u16 {
        self.levels(0)
    }
}

/// What [`RecordingPins`] were told, for tests.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<(Mutex<Vec<u16>>, Condvar)>);

impl Recording {
    /// All levels so far, in the order in which they were written.
    pub fn writes(&self) -> Vec<u16> {
        self.lock().clone()
    }

    /// Waits until the newest levels are `levels`, for ten seconds at most; returns whether they are.
    pub fn waits_for(&self, levels: u16) -> bool {
        let others = |writes: &mut Vec<u16>| writes.last() != Some(&levels);
        let patience = Duration::from_secs(10);
        let waited = self.0.1.wait_timeout_while(self.lock(), patience, others).unwrap_or_else(PoisonError::into_inner);
        !waited.1.timed_out()
    }

    fn push(&self, levels: u16) {
        self.lock().push(levels);
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u16>> {
        // What was recorded before a test panicked is still true.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what it was told, for tests.
#[derive(Debug)]
pub struct RecordingPins {
    recording: Recording,
    dark: u16,
}

impl RecordingPins {
    /// Pins that start dark, and what they will be told.
    pub fn new(wiring: &Wiring) -> (Self, Recording) {
        let recording = Recording::default();
        recording.push(wiring.dark());
        (Self { recording: recording.clone(), dark: wiring.dark() }, recording)
    }
}

impl Pins for RecordingPins {
    fn write(&mut self, levels: u16) -> Result<(), IndicatorError> {
        self.recording.push(levels);
        Ok(())
    }
}

impl Drop for RecordingPins {
    fn drop(&mut self) {
        self.recording.push(self.dark);
    }
}

/// Fails at every write, for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultyPins;

impl Pins for FaultyPins {
    fn write(&mut self, _: u16) -> Result<(), IndicatorError> {
        Err(IndicatorError::Device { device: "faulty".into(), reason: "pulled out on purpose".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PinDriver;

    fn settings(layout: LedLayout, status_pin: Option<u8>, is_active_low: bool) -> LedSettings {
        LedSettings { sink: LedSink::Pins { driver: PinDriver::Rppal, layout }, status_pin, is_active_low }
    }

    #[test]
    fn every_led_has_its_channel_and_the_status_led_the_last() {
        let eight = settings(LedLayout::PerEmotion([17, 27, 22, 5, 6, 13, 19, 26]), Some(4), false);
        let wiring = Wiring::new(&eight).unwrap().unwrap();
        assert_eq!(wiring.pins().collect::<Vec<_>>()[6..], [(6, 19), (7, 26), (STATUS, 4)]);
        let rgb = settings(LedLayout::Rgb([1, 2, 3]), None, false);
        let wiring = Wiring::new(&rgb).unwrap().unwrap();
        assert_eq!(wiring.pins().collect::<Vec<_>>(), [(0, 1), (1, 2), (2, 3)]);
        assert!(!wiring.has_status());
    }

    #[test]
    fn an_active_low_led_is_dark_at_a_high_level() {
        let wiring = |is_active_low| Wiring::new(&settings(LedLayout::Rgb([1, 2, 3]), Some(4), is_active_low));
        let (high, low) = (wiring(false).unwrap().unwrap(), wiring(true).unwrap().unwrap());
        assert_eq!((high.levels(0b010), high.dark()), (0b010, 0));
        assert_eq!((low.levels(0b010), low.dark()), (!0b010, !0));
    }

    #[test]
    fn a_pin_for_two_leds_is_refused_by_its_number() {
        let twice = settings(LedLayout::Rgb([1, 2, 3]), Some(2), false);
        assert!(matches!(Wiring::new(&twice), Err(IndicatorError::PinTwice(2))));
    }

    #[test]
    fn no_pins_have_no_wiring() {
        let terminal = LedSettings { sink: LedSink::Terminal, status_pin: Some(4), is_active_low: false };
        assert!(Wiring::new(&terminal).unwrap().is_none());
    }
}
