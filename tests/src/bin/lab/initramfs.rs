//! Puts what a run needs behind the base of the initramfs: the kernel unpacks archives one after the other.

use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes to `path` what the machine begins with: `base`, then `root`'s folders and files.
pub fn write(path: &Path, base: &Path, root: &Path) -> Result<()> {
    let mut archive = File::create(path).with_context(|| path.display().to_string())?;
    let mut base = File::open(base).with_context(|| format!("{}: run tests/lab/prepare first", base.display()))?;
    io::copy(&mut base, &mut archive)?;
    let mut names = Vec::new();
    list(root, Path::new(""), &mut names)?;
    let mut cpio = Command::new("cpio")
        .args(["--quiet", "-o", "-H", "newc", "-R", "0:0"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(archive)
        .spawn()
        .context("cannot start cpio: run tests/lab/prepare first")?;
    // Closed at once, so that `cpio` comes to its end.
    cpio.stdin.take().context("cpio takes no names")?.write_all(names.join("\n").as_bytes())?;
    let status = cpio.wait()?;
    ensure!(status.success(), "cpio fails, {status}");
    Ok(())
}

/// Copies a program and makes it one.
pub fn install(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(0o755))?)
}

/// Every path under `root`, a folder before what is in it.
fn list(root: &Path, folder: &Path, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        names.push(path.display().to_string());
        if entry.file_type()?.is_dir() {
            list(root, &path, names)?;
        }
    }
    Ok(())
}
