//! The video nodes of the system: which of them are cameras, and which is the one that was there before.
//!
//! A number as in `/dev/video0` is given away anew whenever something is plugged in. What stays are the names that the driver gives.

use std::path::{Path, PathBuf};

/// Drivers of nodes that convert pictures instead of taking them: the codecs and image processors of a Raspberry Pi.
const CONVERTERS: [&str; 5] = ["bcm2835-codec", "bcm2835-isp", "rpi-hevc-dec", "rpivid", "pispbe"];

/// Drivers of a Raspberry Pi's CSI receivers: what they give is what the sensor sends, unprocessed.
const RAW_SENSORS: [&str; 2] = ["unicam", "rp1-cfe"];

/// How a driver names a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// As `uvcvideo`.
    pub driver: String,
    /// As `HD Webcam C525`.
    pub card: String,
    /// Where it is plugged in, as `usb-3f980000.usb-1.2`.
    pub bus: String,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// It gives pictures.
    Camera,
    /// It converts pictures.
    Converter,
    /// It gives the raw data of a CSI sensor.
    RawSensor,
    /// It takes pictures, or gives something else.
    Other,
}

impl NodeKind {
    /// What the node of `driver` is, which offers pictures or not.
    pub fn of(driver: &str, gives_pictures: bool) -> Self {
        let is_any = |drivers: &[&str]| drivers.iter().any(|known| driver.starts_with(known));
        if is_any(&CONVERTERS) {
            Self::Converter
        } else if is_any(&RAW_SENSORS) {
            Self::RawSensor
        } else if gives_pictures {
            Self::Camera
        } else {
            Self::Other
        }
    }

    /// Why such a node can't be used, and what can; `None` for a camera.
    pub const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Camera => None,
            Self::Converter => Some("it converts pictures and takes none: `moodbox devices` lists the cameras"),
            Self::RawSensor => Some(
                "it gives the raw data of a CSI sensor, which libcamera has to develop: send its pictures through v4l2loopback (see the \
                 README) and use that device",
            ),
            Self::Other => Some("it gives no pictures: `moodbox devices` lists the cameras"),
        }
    }
}

/// A video node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// As `/dev/video0`.
    pub path: PathBuf,
    /// How its driver names it.
    pub identity: Identity,
    /// What it is.
    pub kind: NodeKind,
}

/// The first camera.
pub fn first(nodes: &[Node]) -> Option<&Node> {
    nodes.iter().find(|node| node.kind == NodeKind::Camera)
}

/// The camera that was known as `identity` at `path`: the same one in the same place, else what is plugged in there now, else the same one
/// anywhere; of several nodes alike the one at `path`, or else the first.
pub fn find<'a>(nodes: &'a [Node], identity: &Identity, path: &Path) -> Option<&'a Node> {
    let cameras = || nodes.iter().filter(|node| node.kind == NodeKind::Camera);
    let best = |is_alike: &dyn Fn(&Identity) -> bool| {
        let mut alike = cameras().filter(|node| is_alike(&node.identity));
        let first = alike.next()?;
        Some(std::iter::once(first).chain(alike).find(|node| node.path == path).unwrap_or(first))
    };
    let is_here = |other: &Identity| !identity.bus.is_empty() && other.bus == identity.bus;
    best(&|other| other == identity)
        .or_else(|| best(&is_here))
        .or_else(|| best(&|other| (&other.driver, &other.card) == (&identity.driver, &identity.card)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(path: &str, driver: &str, card: &str, bus: &str) -> Node {
        let identity = Identity { driver: driver.into(), card: card.into(), bus: bus.into() };
        Node { path: path.into(), kind: NodeKind::of(driver, true), identity }
    }

    fn path(node: Option<&Node>) -> Option<&str> {
        node.and_then(|node| node.path.to_str())
    }

    #[test]
    fn the_nodes_of_a_raspberry_pi_that_are_no_cameras_are_passed_over() {
        let nodes = [
            node("/dev/video0", "unicam", "unicam", "platform:3f801000.csi"),
            node("/dev/video10", "bcm2835-codec", "bcm2835-codec-decode", "platform:bcm2835-codec"),
            node("/dev/video13", "bcm2835-isp", "bcm2835-isp", "platform:bcm2835-isp"),
            node("/dev/video19", "rpi-hevc-dec", "rpi-hevc-dec", "platform:rpi-hevc-dec"),
            node("/dev/video20", "pispbe", "pispbe", "platform:1000880000.pisp_be"),
            node("/dev/video21", "rp1-cfe", "rp1-cfe", "platform:1f00110000.csi"),
            node("/dev/video22", "uvcvideo", "HD Webcam C525", "usb-3f980000.usb-1.2"),
        ];
        assert_eq!(path(first(&nodes)), Some("/dev/video22"));
        assert_eq!(path(first(&nodes[..6])), None);
        assert!(nodes[0].kind.refusal().unwrap().contains("libcamera"));
        assert_eq!(NodeKind::of("uvcvideo", false), NodeKind::Other, "as the node of a webcam that gives metadata");
    }

    #[test]
    fn a_camera_is_found_again_under_another_number() {
        let known = node("/dev/video0", "uvcvideo", "C525", "usb-1.2");
        let other = node("/dev/video0", "uvcvideo", "C920", "usb-1.3");
        let moved = Node { path: "/dev/video2".into(), ..known.clone() };
        let nodes = [other.clone(), moved];
        assert_eq!(path(find(&nodes, &known.identity, &known.path)), Some("/dev/video2"));
        let elsewhere = node("/dev/video3", "uvcvideo", "C525", "usb-1.4");
        assert_eq!(path(find(&[other.clone(), elsewhere], &known.identity, &known.path)), Some("/dev/video3"));
        assert_eq!(path(find(&[other], &known.identity, &known.path)), None);
    }

    #[test]
    fn another_camera_at_the_same_plug_takes_its_place() {
        let known = node("/dev/video0", "uvcvideo", "C525", "usb-1.2");
        let twin = node("/dev/video1", "uvcvideo", "C525", "usb-1.3");
        let replaced = node("/dev/video2", "uvcvideo", "C920", "usb-1.2");
        assert_eq!(path(find(&[twin, replaced], &known.identity, &known.path)), Some("/dev/video2"));
    }

    #[test]
    fn of_nodes_alike_the_one_at_the_known_path_is_taken() {
        let nodes = [
            node("/dev/video0", "vivid", "vivid", "platform:vivid-000"),
            node("/dev/video1", "vivid", "vivid", "platform:vivid-000"),
        ];
        assert_eq!(path(find(&nodes, &nodes[1].identity, &nodes[1].path)), Some("/dev/video1"));
        assert_eq!(path(find(&nodes, &nodes[1].identity, Path::new("/dev/video7"))), Some("/dev/video0"));
    }
}
