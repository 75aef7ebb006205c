//! The GPIO chips, and which of them is the header of a Raspberry Pi.

use super::entry::Entry;
use crate::config::LedPins;
use crate::indicator::line_names::{ChipLines, find};

#[cfg(feature = "gpiocdev")]
pub use system::section;

/// Pins of a header that have no other use unless they are given one, in the order of the emotions.
const FREE_PINS: LedPins = [17, 27, 22, 5, 6, 13, 19, 26];

/// A chip that answers, at `path`, with the lines' names and the number of those that somebody uses.
fn chip(path: &str, label: &str, names: Vec<String>, used: usize) -> Entry {
    let title = format!("{path} ({label}): {} lines, {used} of them in use", names.len());
    match find(&[ChipLines { chip: (), names }], &FREE_PINS) {
        Some(((), offsets)) => {
            let offsets: Vec<String> = offsets.iter().map(u32::to_string).collect();
            let setting = Some(("leds", format!("gpiocdev:{path}:{}", offsets.join(","))));
            Entry { title, setting, details: vec!["the header of a Raspberry Pi; other pins will do as well".into()] }
        }
        None => {
            let details =
                vec![format!("for eight LEDs on lines of your choice: leds = \"gpiocdev:{path}:0,1,2,3,4,5,6,7\"")];
            Entry { title, setting: None, details }
        }
    }
}

#[cfg(feature = "gpiocdev")]
mod system {
    use super::super::entry::{Entry, Section};
    use ::gpiocdev::chip::{Chip, chips};
    use std::path::{Path, PathBuf};

    /// All GPIO chips.
    pub fn section() -> Section {
        let entry = |path: PathBuf| {
            let title = path.display().to_string();
            ask(&path).unwrap_or_else(|error| {
                let reason = format!("{error}: if it may not be opened, add the user to the group `gpio`");
                Entry { title, setting: None, details: vec![reason] }
            })
        };
        let entries = chips().unwrap_or_default().into_iter().map(entry).collect();
        Section { heading: "GPIO chips", entries, none: "none: there is no /dev/gpiochip*".into() }
    }

    fn ask(path: &Path) -> Result<Entry, ::gpiocdev::Error> {
        let chip = Chip::from_path(path)?;
        let label = chip.info()?.label;
        let lines = chip.line_info_iter()?.collect::<Result<Vec<_>, _>>()?;
        let used = lines.iter().filter(|line| line.used).count();
        let names = lines.into_iter().map(|line| line.name).collect();
        Ok(super::chip(&path.display().to_string(), &label, names, used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LedSink;

    #[test]
    fn the_header_of_a_raspberry_pi_is_told_with_pins_that_are_free() {
        let names = (0..54).map(|pin| format!("GPIO{pin}")).collect();
        let entry = chip("/dev/gpiochip0", "pinctrl-bcm2835", names, 2);
        assert_eq!(entry.title, "/dev/gpiochip0 (pinctrl-bcm2835): 54 lines, 2 of them in use");
        let (key, value) = entry.setting.unwrap();
        assert_eq!((key, &value[..]), ("leds", "gpiocdev:/dev/gpiochip0:17,27,22,5,6,13,19,26"));
        assert!(value.parse::<LedSink>().is_ok());
    }

    #[test]
    fn on_another_chip_the_choice_is_left_to_whoever_wired_it() {
        let entry = chip("/dev/gpiochip1", "raspberrypi-exp-gpio", vec!["BT_ON".into(); 8], 8);
        assert_eq!(entry.setting, None);
        assert!(entry.details[0].contains("gpiocdev:/dev/gpiochip1:"), "{entry:?}");
    }
}
