//! Finds what the binary embeds, the networks and the sample in `models/`, and writes `embedded.rs`, which `src/embedded.rs` includes.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    let mut code = String::new();

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
