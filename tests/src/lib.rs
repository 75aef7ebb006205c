//! What the integration tests of Moodbox share.

use std::path::PathBuf;

/// The folder of data sets beside the repository.
///
/// Tests that use it carry `#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]`.
pub fn data_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))
}

/// The folder of golden vectors.
pub fn golden_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden"))
}
