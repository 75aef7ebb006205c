//! The devices that networks are trained on, by name: a backend of this build and, where it has several, the device's number.

use burn::tensor::Device;
use thiserror::Error;

/// Why a name stands for no device.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is no such backend.
    #[error("device '{name}' is none that the trainer knows ({}); this build has {}", known(), AVAILABLE.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The backend is left out of this build.
    #[error(
        "device '{name}' is not in this build, which has {}: build the trainer with --no-default-features --features {feature}",
        AVAILABLE.join(", ")
    )]
    NotBuilt {
        /// What was asked for.
        name: String,
        /// The trainer's feature that brings it.
        feature: &'static str,
    },
    /// What stands behind the colon is no number, or the backend has a single device.
    #[error("device '{name}': a number from 0 may stand behind cuda: and wgpu: alone")]
    Number {
        /// What was asked for.
        name: String,
    },
    /// The backend finds no such device.
    #[error(
        "device '{name}' is not on this machine: {found} of its kind found (numbered from 0); are card and driver there?"
    )]
    Missing {
        /// What was asked for.
        name: String,
        /// Devices that were found.
        found: usize,
    },
}

/// Backends that can be built, each a feature of its own name.
const KNOWN: &[&str] = &["flex", "ndarray", "tch", "cuda", "wgpu"];

/// Names of the devices in this build; the first is the default.
pub const AVAILABLE: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "ndarray")]
    "ndarray",
    #[cfg(feature = "tch")]
    "tch",
    #[cfg(feature = "cuda")]
    "cuda",
    #[cfg(feature = "wgpu")]
    "wgpu",
];

fn known() -> String {
    KNOWN.join(", ")
}

/// The device where nobody has named one.
pub fn default_device() -> Result<Device, DeviceError> {
    by_name(AVAILABLE.first().copied().unwrap_or("none"))
}

/// The device of a name: a backend's, or `cuda:1`, `wgpu:1` for the second of several.
pub fn by_name(name: &str) -> Result<Device, DeviceError> {
    let (backend, number) = match name.split_once(':') {
        None => (name, None),
        Some((backend @ ("cuda" | "wgpu"), number)) => {
            let number = number.parse::<usize>().map_err(|_| DeviceError::Number { name: name.to_owned() })?;
            (backend, Some(number))
        }
        Some((backend, _)) if KNOWN.contains(&backend) => return Err(DeviceError::Number { name: name.to_owned() }),
        Some(_) => return Err(DeviceError::Unknown { name: name.to_owned() }),
    };
    // Builds without a backend of several devices have no use for it.
    let _ = number;
    match backend {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        // burn means to retire it for flex; until then it is a second opinion in pure Rust.
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "tch")]
        #[allow(deprecated)] // burn means to retire LibTorch; on a CPU it still trains twice as fast.
        "tch" => Ok(Device::libtorch()),
        #[cfg(feature = "cuda")]
        "cuda" => numbered(name, burn::tensor::DeviceType::Cuda, number),
        #[cfg(feature = "wgpu")]
        "wgpu" => numbered(name, burn::tensor::DeviceType::Wgpu, number),
        _ => Err(match KNOWN.iter().find(|known| **known == backend) {
            Some(feature) => DeviceError::NotBuilt { name: name.to_owned(), feature },
            None => DeviceError::Unknown { name: name.to_owned() },
        }),
    }
}

/// The devices of these names: at least one.
pub fn by_names(names: &[String]) -> Result<Vec<Device>, DeviceError> {
    if names.is_empty() {
        return default_device().map(|device| vec![device]);
    }
    names.iter().map(|name| by_name(name)).collect()
}

/// One of several devices, the first if no number is given.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn numbered(name: &str, kind: burn::tensor::DeviceType, number: Option<usize>) -> Result<Device, DeviceError> {
    let devices = Device::enumerate(kind).into_vec();
    let found = devices.len();
    let device = devices.into_iter().nth(number.unwrap_or(0));
    device.ok_or_else(|| DeviceError::Missing { name: name.to_owned(), found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_of_this_build_is_known() {
        assert!(AVAILABLE.iter().all(|name| KNOWN.contains(name)));
        assert!(default_device().is_ok());
    }

    #[test]
    fn what_is_not_to_be_had_says_what_to_do() {
        let message = |name: &str| by_name(name).unwrap_err().to_string();
        for name in KNOWN.iter().filter(|name| !AVAILABLE.contains(name)) {
            assert!(message(name).contains(&format!("--features {name}")), "{}", message(name));
        }
        assert!(message("abacus").contains("flex, ndarray, tch, cuda, wgpu"), "{}", message("abacus"));
        assert!(message("abacus:1").contains("none that the trainer knows"), "{}", message("abacus:1"));
        for name in ["flex:0", "cuda:first", "wgpu:-1", "cuda:"] {
            assert!(message(name).contains("a number from 0"), "{}", message(name));
        }
    }
}
