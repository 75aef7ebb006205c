//! Sets `cfg(moodbox_data)` where the data sets lie beside the repository, so that tests that need them are counted as ignored elsewhere.

use std::path::Path;

fn main() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    println!("cargo:rustc-check-cfg=cfg(moodbox_data)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", data.display());
    if data.is_dir() {
        println!("cargo:rustc-cfg=moodbox_data");
    }
}
