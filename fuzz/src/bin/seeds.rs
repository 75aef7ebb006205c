//! Writes the files that fuzzing begins with into a folder.

use moodbox_fuzz::infer::{Outcome, load_and_infer};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "corpus/model".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, file) in moodbox_fuzz::seeds::all() {
        assert_eq!(
            load_and_infer(&file),
            Outcome::Ran,
            "{name}: {:?}",
            moodbox_shared::model::Model::load(&file).err()
        );
        std::fs::write(folder.join(&name), &file)?;
        println!("{name}: {} bytes", file.len());
    }
    Ok(())
}
