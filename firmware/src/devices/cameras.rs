//! The cameras, with what they offer; and the other video nodes, with why they are none.

use super::entry::Entry;
use crate::camera::node::Node;
use crate::camera::offer::{FormatOffer, attempts, is_readable};
use crate::config::CameraSettings;
use std::path::Path;

#[cfg(feature = "v4l")]
pub use system::section;

/// A camera that answers; `stable` is the name under which it is found again.
fn camera(node: &Node, stable: &Path, offers: &[FormatOffer]) -> Entry {
    let settings = CameraSettings::default();
    let mut details = Vec::new();
    if let Some(taken) = attempts(offers, settings.size, settings.rate_hz).first() {
        let size = taken.size;
        details.push(format!("taken unless told otherwise: {} {}x{}", letters(taken.code), size.width, size.height));
    }
    let (readable, others): (Vec<_>, Vec<_>) = offers.iter().partition(|offer| is_readable(offer.code));
    for FormatOffer { code, sizes } in readable {
        let code = letters(*code);
        if sizes.is_empty() {
            details.push(format!("{code} in sizes that the driver does not tell"));
        }
        details.extend(sizes.iter().map(|size| format!("{code} {size}")));
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|offer| letters(offer.code)).collect();
        details.push(format!("not read: {}", others.join(", ")));
    }
    Entry { title: title(node), setting: Some(("camera", format!("v4l:{}", stable.display()))), details }
}

/// A node that is no camera.
fn skipped(node: &Node, refusal: &str) -> Entry {
    Entry { title: title(node), setting: None, details: vec![format!("skipped: {refusal}")] }
}

fn title(node: &Node) -> String {
    format!("{}, {} ({})", node.identity.card, node.path.display(), node.identity.driver)
}

/// The name of a format; some end in a space, or in a letter with its highest bit set.
fn letters(code: [u8; 4]) -> String {
    code.trim_ascii_end().escape_ascii().to_string()
}

#[cfg(feature = "v4l")]
mod system {
    use super::super::entry::{Entry, Section};
    use super::super::links;
    use crate::camera::node::Node;
    use crate::camera::v4l::{nodes, offers_of, remedy};
    use crate::config::CameraSettings;
    use std::io;
    use std::path::PathBuf;

    /// All video nodes.
    pub fn section() -> Section {
        let folders = ["/dev/v4l/by-id", "/dev/v4l/by-path"].map(PathBuf::from);
        let silent = |path: PathBuf, error| Entry {
            title: path.display().to_string(),
            setting: None,
            details: vec![remedy(&error)],
        };
        let entry = |(path, node): (PathBuf, io::Result<Node>)| match node {
            Ok(node) => match node.kind.refusal() {
                Some(refusal) => super::skipped(&node, refusal),
                None => match offers_of(&path, CameraSettings::default().size) {
                    Ok(offers) => super::camera(&node, &links::stable(&path, &folders), &offers),
                    Err(error) => silent(path, error),
                },
            },
            Err(error) => silent(path, error),
        };
        let entries = nodes().into_iter().map(entry).collect();
        Section { heading: "Cameras", entries, none: "none: there is no /dev/video*".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::node::{Identity, NodeKind};
    use crate::camera::offer::SizeOffer;
    use crate::config::FrameSize;

    fn node(driver: &str, card: &str) -> Node {
        let identity = Identity { driver: driver.into(), card: card.into(), bus: String::new() };
        Node { path: "/dev/video0".into(), kind: NodeKind::of(driver, true), identity }
    }

    #[test]
    fn a_camera_tells_its_formats_and_what_is_taken() {
        let single = |width, height, rate_hz| SizeOffer::single(FrameSize { width, height }, vec![rate_hz]);
        let offers = [
            FormatOffer { code: *b"H264", sizes: vec![single(1920, 1080, 30.0)] },
            FormatOffer { code: *b"YUYV", sizes: vec![single(640, 480, 30.0), single(1280, 720, 10.0)] },
            FormatOffer { code: *b"Y16\xa0", sizes: vec![] },
            FormatOffer { code: *b"MJPG", sizes: vec![] },
        ];
        let entry = camera(&node("uvcvideo", "C525"), Path::new("/dev/v4l/by-id/usb-C525-index0"), &offers);
        assert_eq!(entry.title, "C525, /dev/video0 (uvcvideo)");
        assert_eq!(entry.setting, Some(("camera", "v4l:/dev/v4l/by-id/usb-C525-index0".into())));
        let details = [
            "taken unless told otherwise: YUYV 640x480",
            "YUYV 640x480 at 30 Hz",
            "YUYV 1280x720 at 10 Hz",
            "MJPG in sizes that the driver does not tell",
            r"not read: H264, Y16\xa0",
        ];
        assert_eq!(entry.details, details);
    }

    #[test]
    fn a_codec_is_skipped_and_says_why() {
        let codec = node("bcm2835-codec", "bcm2835-codec-decode");
        let entry = skipped(&codec, codec.kind.refusal().unwrap());
        assert_eq!(entry.setting, None);
        assert!(entry.details[0].starts_with("skipped: it converts pictures"), "{entry:?}");
    }
}
