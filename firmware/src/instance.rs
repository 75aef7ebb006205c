//! Sees to it that only one box at a time works with the devices of a machine.

use std::fs::{File, OpenOptions, TryLockError, symlink_metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where the service holds its lock while it runs.
const SERVICE_LOCK: &str = "/run/moodbox/lock";

/// The devices are not ours.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// Another box is at work.
    #[error("another moodbox is running on this machine ({} is locked): stop it first, or give --lock-file another path", path.display())]
    Running {
        /// The file that it holds.
        path: PathBuf,
    },
    /// The lock is somebody else's, and can't even be looked at.
    #[error("{} may not be opened: the service has the devices; stop it first: sudo systemctl stop moodbox", path.display())]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be made.
    #[error("cannot lock {}: {source}: give --lock-file a path that can be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Held while the box runs. The system lets it go when the program ends, however that happens.
#[derive(Debug)]
pub struct Instance {
    _file: File,
}

impl Instance {
    /// Claims the machine; `path` is the file that is locked, where it is not the usual one.
    pub fn claim(path: Option<&Path>) -> Result<Self, InstanceError> {
        let path = path.map_or_else(usual_path, Path::to_owned);
        // Whoever may not write the service's file can still see whether it is held.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .or_else(|error| File::open(&path).map_err(|_| error))
            .map_err(|source| match source.kind() {
                ErrorKind::PermissionDenied => InstanceError::Denied { path: path.clone() },
                _ => InstanceError::Io { path: path.clone(), source },
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(InstanceError::Running { path }),
            Err(TryLockError::Error(source)) => Err(InstanceError::Io { path, source }),
        }
    }
}

fn usual_path() -> PathBuf {
    let service = Path::new(SERVICE_LOCK);
    // The folder may be closed to us, and is there all the same.
    if service.parent().is_some_and(|folder| symlink_metadata(folder).is_ok()) {
        service.to_owned()
    } else {
        std::env::temp_dir().join("moodbox.lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_box_is_told_of_the_first_and_may_start_when_it_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Instance::claim(Some(&path)).unwrap();
        let second = Instance::claim(Some(&path)).unwrap_err();
        assert!(second.to_string().contains("another moodbox is running"), "{second}");
        drop(first);
        Instance::claim(Some(&path)).unwrap();
    }
}
