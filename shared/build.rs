//! With the feature `face-detector`: finds the detector's model in the folder of the package `rustface`, which brings it, and writes
//! `detector_model.rs`, which `src/media/face_detector.rs` includes. Otherwise it does nothing.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "face-detector")]
    face_detector::embed_model()?;
    Ok(())
}

#[cfg(feature = "face-detector")]
mod face_detector {
    use std::env;
    use std::error::Error;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    pub fn embed_model() -> Result<(), Box<dyn Error>> {
        let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
        let out_dir = PathBuf::from(env::var("OUT_DIR")?);
        println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());
        let model = rustface_folder(&root, &out_dir)?.join("model/seeta_fd_frontal_v1.0.bin");
        fs::write(out_dir.join("detector_model.rs"), format!("static MODEL: &[u8] = include_bytes!({model:?});\n"))?;
        Ok(())
    }

    /// The folder into which cargo has unpacked `rustface`, from a registry or vendored.
    ///
    /// A package can't ask for the folder of another one, but `cargo metadata` can. It is asked about a workspace of its own that holds
    /// nothing but this dependency at the locked version: all of that is on the disk, because this build needs it too.
    fn rustface_folder(root: &Path, out_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
        let probe = out_dir.join("locate-rustface");
        fs::create_dir_all(&probe)?;
        fs::write(probe.join("lib.rs"), "")?;
        fs::write(
            probe.join("Cargo.toml"),
            "[package]\nname = \"locate-rustface\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n\
             [dependencies]\nrustface = { version = \"*\", default-features = false }\n[workspace]\n",
        )?;
        fs::copy(root.join("Cargo.lock"), probe.join("Cargo.lock"))?;

        let output = Command::new(env::var("CARGO")?)
            .current_dir(root)
            .args(["metadata", "--offline", "--format-version=1", "--filter-platform"])
            .arg(env::var("TARGET")?)
            .arg("--manifest-path")
            .arg(probe.join("Cargo.toml"))
            .output()?;
        if !output.status.success() {
            return Err(format!("cargo can't locate rustface: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        metadata["packages"]
            .as_array()
            .and_then(|packages| packages.iter().find(|package| package["name"] == "rustface"))
            .and_then(|package| package["manifest_path"].as_str())
            .and_then(|manifest| Path::new(manifest).parent())
            .map(Path::to_path_buf)
            .ok_or_else(|| "cargo knows no package rustface".into())
    }
}
