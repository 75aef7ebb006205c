//! Names that stay: links to device nodes that the system makes of what a device calls itself, or of where it is plugged in.

use std::path::{Path, PathBuf};

/// The first link in `folders`, in the order of the folders and of the links' names, that leads to `node`; else `node` itself.
pub fn stable(node: &Path, folders: &[PathBuf]) -> PathBuf {
    let Ok(target) = node.canonicalize() else { return node.to_path_buf() };
    let leads_there = |link: &PathBuf| link.is_symlink() && link.canonicalize().is_ok_and(|path| path == target);
    let in_folder = |folder: &PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(leads_there).min()
    };
    folders.iter().find_map(in_folder).unwrap_or_else(|| node.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_device_is_called_by_its_id_rather_than_its_place_or_number() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        for folder in ["by-id", "by-path"] {
            std::fs::create_dir(path(folder)).unwrap();
        }
        for (node, links) in
            [("video0", &["by-id/b", "by-id/a", "by-path/c"][..]), ("video1", &["by-path/d"]), ("video2", &[])]
        {
            std::fs::write(path(node), "").unwrap();
            links.iter().for_each(|link| symlink(path(node), path(link)).unwrap());
        }
        symlink(path("gone"), path("by-id/broken")).unwrap();
        let folders = [path("absent"), path("by-id"), path("by-path")];
        for (node, name) in [("video0", "by-id/a"), ("video1", "by-path/d"), ("video2", "video2"), ("gone", "gone")] {
            assert_eq!(stable(&path(node), &folders), path(name));
        }
    }
}
