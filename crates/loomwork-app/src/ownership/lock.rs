//! The lock of a workspace, held for as long as its owner lives.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use loomwork_api::ApiResult;

use crate::problem;

/// The lock, held. Dropping it (or the end of the process, however it ends) lets it go.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    file: File,
}

impl OwnerLock {
    /// Takes the lock; none when somebody holds it.
    pub(crate) fn take(path: &Path) -> ApiResult<Option<Self>> {
        let file = open(path).map_err(|error| problem::file("open the lock", path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(problem::file("lock", path, &error)),
        }
    }

    /// Whether the locked file still stands at its path. Where it was removed or replaced, another process can take the lock
    /// of what stands there now, and what we have open is seen by nobody.
    pub(crate) fn is_in_place(&self, path: &Path) -> bool {
        let identity = |facts: std::fs::Metadata| (facts.dev(), facts.ino());
        match (self.file.metadata().map(identity), std::fs::metadata(path).map(identity)) {
            (Ok(held), Ok(there)) => held == there,
            (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
            (Err(_), _) => true,
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

/// Whether somebody holds the lock at this moment. Leaves nothing behind in a folder without one.
pub(crate) fn is_owned(path: &Path) -> bool {
    // A shared lock: two that ask at one time do not see each other as owners.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_takes_the_lock_and_dropping_it_frees_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("owner.lock");
        assert!(!is_owned(&path));
        let first = OwnerLock::take(&path).unwrap();
        assert!(first.is_some());
        assert!(OwnerLock::take(&path).unwrap().is_none());
        assert!(is_owned(&path));
        assert!(first.as_ref().unwrap().is_in_place(&path));
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        assert!(!first.as_ref().unwrap().is_in_place(&path));
        std::fs::write(&path, "").unwrap();
        assert!(!first.as_ref().unwrap().is_in_place(&path));
        std::fs::rename(folder.path().join("elsewhere"), &path).unwrap();
        drop(first);
        assert!(!is_owned(&path));
        assert!(OwnerLock::take(&path).unwrap().is_some());
    }
}
