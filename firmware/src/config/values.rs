//! Values that read the same on the command line and in the configuration file.

use super::ConfigError;
use super::{CameraSource, Engine, FrameSize, LedSink, MicrophoneSource, Rotation};
use serde::de::{Deserialize, Deserializer, Error};
use std::fmt;
use std::str::FromStr;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Bounded<MIN, MAX> {
    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    fn new(number: i64) -> Result<Self, ConfigError> {
        let number_or = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        number_or.map(Self).ok_or_else(|| out_of_bounds::<MIN, MAX>(number))
    }
}

fn out_of_bounds<const MIN: u32, const MAX: u32>(text: impl fmt::Display) -> ConfigError {
    ConfigError::Number { text: text.to_string(), min: MIN, max: MAX }
}

impl<const MIN: u32, const MAX: u32> FromStr for Bounded<MIN, MAX> {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        text.parse().map_err(|_| out_of_bounds::<MIN, MAX>(text)).and_then(Self::new)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        i64::deserialize(from).and_then(|number| Self::new(number).map_err(D::Error::custom))
    }
}

/// Processors of the machine, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpus(Vec<usize>);

impl Cpus {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().copied()
    }
}

/// Most processors that Linux's sets hold.
const MAX_CPUS: usize = 1_024;

impl FromStr for Cpus {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = first.trim().parse().ok()?..=last.trim().parse().ok()?;
            (!range.is_empty() && *range.end() < MAX_CPUS).then_some(range)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(|ranges| Self(ranges.into_iter().flatten().collect())).ok_or_else(|| ConfigError::Cpus(text.into()))
    }
}

impl<'de> Deserialize<'de> for Rotation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        i64::deserialize(from)?.to_string().parse().map_err(D::Error::custom)
    }
}

/// Reads values from a string, as the command line does.
macro_rules! from_text {
    ($($value:ty),+) => {$(
        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

from_text!(CameraSource, Cpus, Engine, FrameSize, LedSink, MicrophoneSource);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_within_their_bounds() {
        assert_eq!("120".parse::<Bounded<1, 120>>().map(Bounded::get), Ok(120));
        for text in ["0", "121", "-1", "many", "99999999999"] {
            assert!(text.parse::<Bounded<1, 120>>().is_err(), "{text}");
        }
    }

    #[test]
    fn processors_are_named_one_by_one_or_by_ranges() {
        let cpus: Cpus = "0, 2-4".parse().unwrap();
        assert_eq!(cpus.iter().collect::<Vec<_>>(), [0, 2, 3, 4]);
        for text in ["", "3-1", "2000", "a"] {
            assert_eq!(text.parse::<Cpus>(), Err(ConfigError::Cpus(text.into())));
        }
    }
}
