//! A device as it is listed: what it is, the configuration that selects it, and what else there is to know.

use std::io::{self, Write};

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub title: String,
    /// Key and value that select it; `None` for what can't be used.
    pub setting: Option<(&'static str, String)>,
    /// More about it, a line each.
    pub details: Vec<String>,
}

/// Devices of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What they are.
    pub heading: &'static str,
    /// The devices.
    pub entries: Vec<Entry>,
    /// Said where there are none.
    pub none: String,
}

impl Section {
    /// A kind of devices that this binary can't ask for.
    #[cfg_attr(
        all(feature = "v4l", feature = "alsa", feature = "gpiocdev"),
        allow(dead_code, reason = "nothing is left out")
    )]
    pub fn not_built_in(heading: &'static str, feature: &str) -> Self {
        let none = format!("not in this build, which lacks the feature `{feature}`: cargo build --features {feature}");
        Self { heading, entries: Vec::new(), none }
    }
}

/// Writes the devices kind by kind.
pub fn write_sections(out: &mut impl Write, sections: &[Section]) -> io::Result<()> {
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", section.heading)?;
        if section.entries.is_empty() {
            writeln!(out, "  {}", section.none)?;
        }
        for entry in &section.entries {
            writeln!(out, "  {}", entry.title)?;
            if let Some((key, value)) = &entry.setting {
                writeln!(out, "    {key} = {}", quoted(value))?;
            }
            for detail in &entry.details {
                writeln!(out, "    {detail}")?;
            }
        }
    }
    Ok(())
}

/// A string of TOML, which takes all that JSON writes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_stand_under_their_kind_with_the_line_that_selects_them() {
        let camera = Entry {
            title: "C525, /dev/video0".into(),
            setting: Some(("camera", "v4l:/dev/v4l/by-id/a\"b\\c".into())),
            details: vec!["YUYV 640x480 at 30 Hz".into()],
        };
        let codec = Entry { title: "/dev/video10".into(), setting: None, details: vec!["skipped".into()] };
        let sections = [
            Section { heading: "Cameras", entries: vec![camera, codec], none: "none".into() },
            Section { heading: "Microphones", entries: vec![], none: "none: plug one in".into() },
            Section::not_built_in("GPIO chips", "gpiocdev"),
        ];
        let mut out = Vec::new();
        write_sections(&mut out, &sections).unwrap();
        let expected = r#"Cameras
  C525, /dev/video0
    camera = "v4l:/dev/v4l/by-id/a\"b\\c"
    YUYV 640x480 at 30 Hz
  /dev/video10
    skipped

Microphones
  none: plug one in

GPIO chips
  not in this build, which lacks the feature `gpiocdev`: cargo build --features gpiocdev
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
