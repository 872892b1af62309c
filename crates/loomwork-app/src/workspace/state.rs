//! The folder `.loomwork/`: journal, logs, lock and the owner's address. Made when first needed, never committed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loomwork_api::ApiResult;

use crate::problem;

/// Paths inside `.loomwork/`.
#[derive(Debug, Clone)]
pub(crate) struct StateFolder {
    folder: PathBuf,
}

impl StateFolder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder, with a `.gitignore` of its own that covers everything in it.
    pub(crate) fn create(&self) -> ApiResult<()> {
        fs::create_dir_all(self.logs()).map_err(|error| problem::file("make the folder", &self.folder, &error))?;
        let ignore = self.folder.join(".gitignore");
        if ignore.symlink_metadata().is_err() {
            fs::write(&ignore, "*\n").map_err(|error| problem::file("write", &ignore, &error))?;
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("journal.db")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.folder.join("engine.yaml")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.folder.join("secrets.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.join("owner.lock")
    }

    pub(crate) fn owner(&self) -> PathBuf {
        self.folder.join("owner.json")
    }
}
