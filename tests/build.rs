//! Tells the tests what this machine has, so that those that need more are counted as ignored: `cfg(moodbox_data)` where the data sets lie
//! beside the repository, `cfg(moodbox_python)` where there is a Python.

use std::path::Path;
use std::process::Command;

fn main() {
    // Asked for now, not when this was compiled: another checkout may have compiled it, in a build folder that both use.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells where the package lies");
    let data = Path::new(&package).join("../../shared/data");
    println!("cargo:rustc-check-cfg=cfg(moodbox_data)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", data.display());
    if data.is_dir() {
        println!("cargo:rustc-cfg=moodbox_data");
    }

    println!("cargo:rustc-check-cfg=cfg(moodbox_python)");
    println!("cargo:rerun-if-env-changed=MOODBOX_PYTHON");
    let python = std::env::var("MOODBOX_PYTHON").unwrap_or_else(|_| "python3".into());
    if Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("cargo:rustc-cfg=moodbox_python");
    }
}
