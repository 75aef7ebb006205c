//! Which chip, and which of its lines, pins are: found by the lines' names, since the number of a chip changes from board to board.
//!
//! The lines on the header of a Raspberry Pi are named `GPIO17` and so on, by the BCM number, whichever chip drives them; on older device
//! trees some bear the name of another use (`SPI_CE0_N`) instead.

/// A chip's lines by name, in the order of their offsets; those without a name are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipLines<P> {
    /// Which chip.
    pub chip: P,
    /// Its lines.
    pub names: Vec<String>,
}

/// The name of a pin's line.
fn line_name(pin: u8) -> String {
    format!("GPIO{pin}")
}

/// The first chip that has any of `pins` by name, and the offset of each; `None` where there is no such chip.
///
/// A pin whose name is missing is the line at that offset, but only where the chip numbers all its named lines so.
pub fn find<'a, P>(chips: &'a [ChipLines<P>], pins: &[u8]) -> Option<(&'a P, Vec<u32>)> {
    chips.iter().find_map(|chip| Some((&chip.chip, offsets(&chip.names, pins)?)))
}

fn offsets(names: &[String], pins: &[u8]) -> Option<Vec<u32>> {
    let named: Vec<Option<usize>> =
        pins.iter().map(|&pin| names.iter().position(|name| *name == line_name(pin))).collect();
    let is_any_named = named.iter().any(Option::is_some);
    let are_numbered_so =
        named.iter().zip(pins).all(|(offset, &pin)| offset.is_none_or(|offset| offset == usize::from(pin)));
    let offsets = named.iter().zip(pins).map(|(offset, &pin)| {
        let by_number = Some(usize::from(pin)).filter(|&offset| are_numbered_so && offset < names.len());
        u32::try_from(offset.or(by_number)?).ok()
    });
    if is_any_named { offsets.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(path: &'static str, names: impl IntoIterator<Item = String>) -> ChipLines<&'static str> {
        ChipLines { chip: path, names: names.into_iter().collect() }
    }

    #[test]
    fn on_a_pi_5_the_header_is_found_behind_other_chips() {
        let expander = chip("/dev/gpiochip0", ["BT_ON", "WL_ON"].map(str::to_owned));
        let header = chip("/dev/gpiochip4", (0..54).map(line_name));
        assert_eq!(find(&[expander, header], &[17, 27]), Some((&"/dev/gpiochip4", vec![17, 27])));
    }

    #[test]
    fn a_line_that_is_named_for_another_use_is_found_by_its_number() {
        let mut names: Vec<String> = (0..54).map(line_name).collect();
        names[8] = "SPI_CE0_N".into();
        assert_eq!(find(&[chip("pi", names)], &[17, 8]), Some((&"pi", vec![17, 8])));
    }

    #[test]
    fn a_chip_that_counts_otherwise_is_believed_by_name_only() {
        let shifted = chip("odd", (10..40).map(line_name));
        assert_eq!(find(std::slice::from_ref(&shifted), &[17, 27]), Some((&"odd", vec![7, 17])));
        assert_eq!(find(&[shifted], &[17, 5]), None, "line 5 of this chip is another pin");
    }

    #[test]
    fn without_such_names_nothing_is_guessed() {
        let nameless = chip("virt", std::iter::repeat_n(String::new(), 54));
        assert_eq!(find(&[nameless], &[17]), None);
        assert_eq!(find(&[chip("pi", (0..20).map(line_name))], &[17, 99]), None, "no line 99");
    }
}
