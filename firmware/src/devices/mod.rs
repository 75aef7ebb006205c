//! What is plugged in, for whoever writes the configuration: cameras, microphones, GPIO chips and serial lines, each with the line that
//! selects it.

#[cfg(any(feature = "v4l", test))]
mod cameras;
mod entry;
#[cfg(any(feature = "gpiocdev", test))]
mod gpio;
mod links;
#[cfg(any(feature = "alsa", test))]
mod microphones;
mod serial;

use entry::{Section, write_sections};
use std::io::{self, Write};
use std::path::Path;

/// Writes what there is and how to select it. A part that has nothing, can't be asked or is not in this build says so, and nothing fails but
/// the writing.
pub fn list(out: &mut impl Write) -> io::Result<()> {
    let serial = serial::section(Path::new("/sys/class/tty"), Path::new("/dev"));
    write_sections(out, &[camera_section(), microphone_section(), gpio_section(), serial])
}

fn camera_section() -> Section {
    #[cfg(feature = "v4l")]
    return cameras::section();
    #[cfg(not(feature = "v4l"))]
    Section::not_built_in("Cameras", "v4l")
}

fn microphone_section() -> Section {
    #[cfg(feature = "alsa")]
    return microphones::section();
    #[cfg(not(feature = "alsa"))]
    Section::not_built_in("Microphones", "alsa")
}

fn gpio_section() -> Section {
    #[cfg(feature = "gpiocdev")]
    return gpio::section();
    #[cfg(not(feature = "gpiocdev"))]
    Section::not_built_in("GPIO chips", "gpiocdev")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_list() {
        let mut out = Vec::new();
        list(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for heading in ["Cameras", "Microphones", "GPIO chips", "Serial lines"] {
            assert!(text.lines().any(|line| line == heading), "{text}");
        }
        assert_eq!(text.contains("--features alsa"), !cfg!(feature = "alsa"), "{text}");
    }
}
