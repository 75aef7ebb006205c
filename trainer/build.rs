//! Tells the tests whether the real data lies beside the repository, so that those which need it are run or shown as ignored.

use std::path::Path;

fn main() {
    const DATA: &str = "../../shared/data";
    println!("cargo::rustc-check-cfg=cfg(moodbox_data)");
    println!("cargo::rerun-if-changed={DATA}");
    println!("cargo::rerun-if-changed=build.rs");
    // Asked for now, not when this was compiled: another checkout may have compiled it, in a build folder that both use.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells where the package lies");
    if Path::new(&package).join(DATA).is_dir() {
        println!("cargo::rustc-cfg=moodbox_data");
    }
}
