//! Finds what the binary embeds: the face detector's model in the folder of the package `rustface`, the networks and the sample in
//! `models/`. Writes `embedded.rs`, which `src/embedded.rs` includes.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());

    let detector = rustface_folder(&root, &out_dir)?.join("model/seeta_fd_frontal_v1.0.bin");
    let mut code = format!("pub(crate) static DETECTOR: &[u8] = include_bytes!({detector:?});\n");

    let wanted = env::var_os("CARGO_FEATURE_EMBEDDED_MODELS").is_some();
    for (name, file) in [("FACE_MODEL", "face.moodnet"), ("SPEECH_MODEL", "speech.moodnet")] {
        let path = root.join("models").join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        let bytes = if wanted && path.is_file() {
            format!("Some(&Aligned(*include_bytes!({:?})).0)", path.canonicalize()?)
        } else {
            if wanted {
                println!(
                    "cargo::warning=models/{file} does not exist: this binary needs its model given on the command line"
                );
            }
            String::from("None")
        };
        writeln!(code, "pub(crate) static {name}: Option<&[u8]> = {bytes};")?;
    }

    let sample = root.join("models/sample");
    println!("cargo::rerun-if-changed={}", sample.display());
    let mut files = Vec::new();
    if wanted && sample.is_dir() {
        for entry in fs::read_dir(&sample)? {
            files.push(entry?.path().canonicalize()?);
        }
        files.sort();
    }
    writeln!(code, "pub(crate) static SAMPLE: &[(&str, &[u8])] = &[")?;
    for path in files.iter().filter(|path| path.is_file()) {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a sample's name is not UTF-8")?;
        writeln!(code, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    writeln!(code, "];")?;
    fs::write(out_dir.join("embedded.rs"), code)?;
    Ok(())
}

/// The folder into which cargo has unpacked `rustface`, from a registry or vendored.
///
/// A package can't ask for the folder of another one, but `cargo metadata` can. It is asked about a workspace of its own that holds
/// nothing but this dependency at the locked version: all of that is on the disk, because this build needs it too.
fn rustface_folder(root: &Path, out_dir: &Path) -> Result<PathBuf> {
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
