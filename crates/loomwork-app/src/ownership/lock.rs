//! The lock of a workspace, held for as long as its owner lives.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use loomwork_api::ApiResult;

use crate::problem;

/// The lock, held. Dropping it (or the end of the process, however it ends) lets it go.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock; none when somebody holds it.
    pub(crate) fn take(path: &Path) -> ApiResult<Option<Self>> {
        let file = open(path).map_err(|error| problem::file("open the lock", path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(problem::file("lock", path, &error)),
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
        drop(first);
        assert!(!is_owned(&path));
        assert!(OwnerLock::take(&path).unwrap().is_some());
    }
}
