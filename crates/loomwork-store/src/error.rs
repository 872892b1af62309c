//! Errors of the store.

use std::path::PathBuf;

/// Why the store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file cannot be opened or made.
    #[error("the journal {} cannot be opened: {reason}. Check that the folder exists and can be written", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no journal of Loomwork, or is damaged.
    #[error("the journal {} is damaged or is no journal of Loomwork: {reason}. It was left as it is; restore a backup or move it aside", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A newer version of Loomwork wrote the file.
    #[error("the journal {} has the format {found}, and this version of Loomwork knows formats up to {known}; use a newer version", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk is full: the journal cannot be written")]
    DiskFull,
    /// Writing failed in a way that leaves unknown whether the commit is durable.
    #[error("writing the journal failed: {0}")]
    Write(String),
    /// Reading failed.
    #[error("reading the journal failed: {0}")]
    Read(String),
    /// The writer has stopped after an earlier failure.
    #[error("the journal is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn read(error: rusqlite::Error) -> Self {
        Self::Read(error.to_string())
    }

    pub(crate) fn write(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Write(error.to_string()),
        }
    }
}
