//! The folder `.loomwork/`: journal, logs, lock and the owner's address. Made when first needed, never committed.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
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

    /// Makes the folder, for its owner alone, with a `.gitignore` of its own that covers everything in it.
    pub(crate) fn create(&self) -> ApiResult<()> {
        let failed = |error: std::io::Error| problem::file("make the folder", &self.folder, &error);
        // Inputs, outputs and logs are nobody else's business. A folder that is there keeps the rights that somebody gave it.
        match fs::DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed)?,
        }
        fs::create_dir_all(self.logs()).map_err(failed)?;
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
