//! The devices that networks are trained on, by name.

use burn::tensor::Device;
use thiserror::Error;

/// A device that this build does not have.
#[derive(Debug, Error)]
#[error("device '{name}' is not in this build: it has {}; others are features of the trainer (flex, tch)", AVAILABLE.join(", "))]
pub struct UnknownDevice {
    name: String,
}

/// Names of the devices in this build; the first is the default.
pub const AVAILABLE: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "tch")]
    "tch",
];

/// The device where nobody has named one.
pub fn default_device() -> Result<Device, UnknownDevice> {
    by_name(AVAILABLE.first().copied().unwrap_or("none"))
}

/// The device of a name.
pub fn by_name(name: &str) -> Result<Device, UnknownDevice> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "tch")]
        #[allow(deprecated)] // burn means to retire LibTorch; on a CPU it still trains twice as fast.
        "tch" => Ok(Device::libtorch()),
        _ => Err(UnknownDevice { name: name.to_owned() }),
    }
}
