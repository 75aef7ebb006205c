//! The serial lines.
//!
//! They are taken from the system's list of terminals: `serialport`'s own list leaves out lines on the chip itself that older kernels file
//! under "platform", as the second one of a Raspberry Pi, and gives up where there is no such list.

use super::entry::{Entry, Section};
use super::links;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines among the terminals in `terminals`, as `/sys/class/tty`, of which `devices` holds the nodes and links.
pub fn section(terminals: &Path, devices: &Path) -> Section {
    let folders = ["serial/by-id", "serial/by-path", ""].map(|folder| devices.join(folder));
    let entries = fs::read_dir(terminals).into_iter().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let entries = names.iter().filter_map(|name| line(&terminals.join(name), &devices.join(name), &folders)).collect();
    Section { heading: "Serial lines", entries, none: "none: no port, and no adapter is plugged in".into() }
}

/// The line behind a terminal; `None` where there is no hardware behind it.
fn line(terminal: &Path, node: &Path, folders: &[PathBuf]) -> Option<Entry> {
    let device = terminal.join("device").canonicalize().ok()?;
    // Places that a PC has for ports are there without a port, of type 0.
    let is_empty = attribute(terminal, "type").is_some_and(|kind| kind == "0");
    if is_empty || !node.exists() {
        return None;
    }
    // Of a USB adapter: the port, its interface, and the device that has a name.
    let product = device.ancestors().take(3).find_map(|device| attribute(device, "product"));
    let title = match product {
        Some(product) => format!("{product}, {}", node.display()),
        None => node.display().to_string(),
    };
    let is_console = attribute(terminal, "console").is_some_and(|console| console == "Y");
    let console = "the system's console is on it: take `console=` for it out of the kernel's command line first";
    let details = if is_console { vec![console.to_owned()] } else { Vec::new() };
    Some(Entry { title, setting: Some(("serial", links::stable(node, folders).display().to_string())), details })
}

fn attribute(folder: &Path, name: &str) -> Option<String> {
    Some(fs::read_to_string(folder.join(name)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A system with the given files, folders (ending in `/`) and links.
    fn system(files: &[(&str, &str)], links: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        for (name, text) in files {
            fs::write(path(name), text).unwrap();
        }
        for (name, target) in links {
            symlink(place.path().join(target), path(name)).unwrap();
        }
        place
    }

    #[test]
    fn lines_with_hardware_behind_them_are_found_by_names_that_stay() {
        let place = system(
            &[
                ("devices/usb1/1-1/product", "USB Serial\n"),
                ("devices/usb1/1-1/1-1:1.0/ttyUSB0/port_number", "0"),
                ("devices/soc/serial@7e215040/driver", ""),
                ("devices/serial8250/driver", ""),
                ("class/ttyUSB0/dev", ""),
                ("class/ttyS0/type", "0"),
                ("class/ttyS1/type", "4"),
                ("class/ttyS1/console", "Y\n"),
                ("class/tty1/dev", ""),
                ("dev/ttyUSB0", ""),
                ("dev/ttyS0", ""),
                ("dev/ttyS1", ""),
                ("dev/tty1", ""),
            ],
            &[
                ("class/ttyUSB0/device", "devices/usb1/1-1/1-1:1.0/ttyUSB0"),
                ("class/ttyS0/device", "devices/serial8250"),
                ("class/ttyS1/device", "devices/soc/serial@7e215040"),
                ("dev/serial/by-id/usb-Serial-if00", "dev/ttyUSB0"),
                ("dev/serial0", "dev/ttyS1"),
            ],
        );
        let section = section(&place.path().join("class"), &place.path().join("dev"));
        let path = |name: &str| place.path().join("dev").join(name).display().to_string();
        let told: Vec<_> = section.entries.iter().map(|entry| (&entry.title[..], entry.setting.clone())).collect();
        let expected = [
            (&path("ttyS1")[..], Some(("serial", path("serial0")))),
            (&format!("USB Serial, {}", path("ttyUSB0")), Some(("serial", path("serial/by-id/usb-Serial-if00")))),
        ];
        assert_eq!(told, expected);
        assert!(section.entries[0].details[0].contains("console"));
    }

    #[test]
    fn a_system_without_terminals_has_none() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(section(&place.path().join("class"), place.path()).entries, []);
    }
}
