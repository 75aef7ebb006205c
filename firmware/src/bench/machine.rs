//! Which machine this is, as its makers call it.

use std::fs;

/// The board where it has a name (`Raspberry Pi 5 Model B Rev 1.0`), else the processor, else its architecture.
pub fn name() -> String {
    let board = || fs::read_to_string("/proc/device-tree/model").ok();
    let cpus = || fs::read_to_string("/proc/cpuinfo").ok();
    let name = board().or_else(|| Some(field(&cpus()?, "model name")?.to_owned()));
    let name = name.map(|name| name.trim_matches(['\0', ' ', '\n']).to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// What stands behind a name in `name : value` lines.
fn field<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    lines
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_known_by_its_field() {
        let lines =
            "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nflags\t\t: fpu\n\nprocessor\t: 1\nmodel name\t: Other\n";
        assert_eq!(field(lines, "model name"), Some("Some CPU @ 2.00GHz"));
        assert_eq!(field("processor: 0\nBogoMIPS: 108.00", "model name"), None);
    }

    #[test]
    fn every_machine_has_a_name() {
        assert!(!name().is_empty());
    }
}
