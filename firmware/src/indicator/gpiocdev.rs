//! The lines of a GPIO chip, on any Linux board: by their offsets on a named chip, or by their names wherever they are.

use super::IndicatorError;
use super::line_names::{self, ChipLines};
use super::pins::{Pins, Wiring};
use crate::config::GpioChip;
use ::gpiocdev::chip::{Chip, chips};
use ::gpiocdev::line::{Offset, Value, Values};
use ::gpiocdev::{Error, Request};
use std::io;
use std::path::{Path, PathBuf};

/// Who holds the lines, for whoever lists them.
const CONSUMER: &str = "moodbox";

/// Output lines, each with its channel; dark when they are dropped. What a released line does then is up to the chip's driver: that of a
/// Raspberry Pi keeps it, or makes it an input.
pub struct GpiocdevPins {
    chip: PathBuf,
    lines: Vec<(usize, Offset)>,
    request: Request,
    /// What is written, kept so that a write allocates nothing.
    values: Values,
    dark: u16,
}

impl GpiocdevPins {
    /// Takes the lines, all or none, and turns them off.
    pub fn open(chip: &GpioChip, wiring: &Wiring) -> Result<Self, IndicatorError> {
        let (path, lines) = match chip {
            GpioChip::Path(path) => on_chip(Path::new(path), wiring)?,
            GpioChip::Auto => by_name(wiring)?,
        };
        let mut values = Values::default();
        fill(&mut values, &lines, wiring.dark());
        let request = Request::builder()
            .on_chip(&path)
            .with_consumer(CONSUMER)
            .with_output_lines(&values)
            .request()
            .map_err(|error| holder(&path, &lines).unwrap_or_else(|| explained(&path, &error)))?;
        Ok(Self { chip: path, lines, request, values, dark: wiring.dark() })
    }
}

impl Pins for GpiocdevPins {
    fn write(&mut self, levels: u16) -> Result<(), IndicatorError> {
        fill(&mut self.values, &self.lines, levels);
        self.request.set_values(&self.values).map_err(|error| explained(&self.chip, &error))
    }
}

impl Drop for GpiocdevPins {
    fn drop(&mut self) {
        // Nobody is left who could be told of an error here.
        let _ = self.write(self.dark);
    }
}

fn fill(values: &mut Values, lines: &[(usize, Offset)], levels: u16) {
    for &(channel, line) in lines {
        values.set(line, if levels >> channel & 1 == 1 { Value::Active } else { Value::Inactive });
    }
}

/// The chip and lines of each channel.
type Lines = (PathBuf, Vec<(usize, Offset)>);

/// Pins are the offsets of lines on this chip.
fn on_chip(path: &Path, wiring: &Wiring) -> Result<Lines, IndicatorError> {
    let info = Chip::from_path(path).and_then(|chip| chip.info()).map_err(|error| explained(path, &error))?;
    let lines: Vec<_> = wiring.pins().map(|(channel, pin)| (channel, Offset::from(pin))).collect();
    match lines.iter().find(|(_, line)| *line >= info.num_lines) {
        Some(&(_, line)) => Err(IndicatorError::NoSuchLine { chip: path.into(), line, lines: info.num_lines }),
        None => Ok((path.to_owned(), lines)),
    }
}

/// Pins are named lines, on whichever chip has them.
fn by_name(wiring: &Wiring) -> Result<Lines, IndicatorError> {
    let (mut known, mut unreadable) = (Vec::new(), None);
    for path in chips().map_err(|error| explained(Path::new("/dev"), &error))? {
        match names(&path) {
            Ok(names) => known.push(ChipLines { chip: path, names }),
            Err(error) => unreadable = Some(explained(&path, &error)),
        }
    }
    let (channels, pins): (Vec<usize>, Vec<u8>) = wiring.pins().unzip();
    match line_names::find(&known, &pins) {
        Some((path, offsets)) => Ok((path.clone(), channels.into_iter().zip(offsets).collect())),
        // It may be the one that can't be read.
        None => Err(unreadable.unwrap_or(IndicatorError::NoNamedLines)),
    }
}

fn names(path: &Path) -> Result<Vec<String>, Error> {
    Chip::from_path(path)?.line_info_iter()?.map(|info| Ok(info?.name)).collect()
}

/// Who has a line that we want.
fn holder(path: &Path, lines: &[(usize, Offset)]) -> Option<IndicatorError> {
    let chip = Chip::from_path(path).ok()?;
    lines.iter().find_map(|&(_, line)| {
        let info = chip.line_info(line).ok().filter(|info| info.used)?;
        Some(IndicatorError::LineTaken { chip: path.into(), line, holder: info.consumer })
    })
}

fn explained(path: &Path, error: &Error) -> IndicatorError {
    let device = path.display().to_string();
    match error {
        Error::Os(errno) if io::Error::from_raw_os_error(errno.0).kind() == io::ErrorKind::PermissionDenied => {
            IndicatorError::Denied { device }
        }
        error => IndicatorError::Device { device, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LedLayout, LedSettings, LedSink, PinDriver};

    fn open(chip: GpioChip) -> Result<GpiocdevPins, IndicatorError> {
        let sink = LedSink::Pins { driver: PinDriver::Gpiocdev(chip.clone()), layout: LedLayout::Rgb([1, 2, 3]) };
        let wiring = Wiring::new(&LedSettings { sink, status_pin: None, is_active_low: false }).unwrap().unwrap();
        GpiocdevPins::open(&chip, &wiring)
    }

    fn refusal(path: &str) -> String {
        open(GpioChip::Path(path.into())).err().expect("no chip").to_string()
    }

    #[test]
    fn a_chip_that_is_none_is_named() {
        assert!(refusal("/dev/gpiochip-none").starts_with("LEDs on /dev/gpiochip-none: No such file"));
        assert!(refusal("/dev/null").starts_with("LEDs on /dev/null: "));
    }

    #[test]
    fn a_chip_that_is_denied_says_who_may_use_it() {
        let denied = Error::from(io::Error::from(rustix::io::Errno::ACCESS));
        let text = explained(Path::new("/dev/gpiochip0"), &denied).to_string();
        assert_eq!(text, "/dev/gpiochip0 may not be used: run as a member of the group `gpio`, or as root");
    }

    #[test]
    fn values_are_filled_in_place() {
        let mut values = Values::default();
        let lines = [(0, 17), (2, 5)];
        fill(&mut values, &lines, 0b100);
        assert_eq!((values.get(17), values.get(5)), (Some(Value::Inactive), Some(Value::Active)));
        fill(&mut values, &lines, 0b001);
        assert_eq!((values.get(17), values.get(5), values.len()), (Some(Value::Active), Some(Value::Inactive), 2));
    }
}
