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
    /// The system does not write at this moment: an I/O error, a read-only file system, a lock of another program.
    #[error("the journal cannot be written: {0}")]
    CannotWrite(String),
    /// Writing failed in another way, which leaves unknown whether the commit is durable.
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
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::DiskFull,
            Some(SystemIoFailure | CannotOpen | DatabaseBusy | DatabaseLocked | ReadOnly | PermissionDenied) => {
                Self::CannotWrite(error.to_string())
            }
            _ => Self::Write(error.to_string()),
        }
    }

    /// Whether the same may succeed later without anybody changing the journal: when there is room, or the disk answers.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::DiskFull | Self::CannotWrite(_) | Self::CannotOpen { .. })
    }
}
