//! The log files: one append-only file an attempt, outside the journal's database, so that a flood of output never delays a commit.
//!
//! Invariants: a file is a header and whole frames in the order in which the output arrived, bytes exactly as they were written
//! by the process; a reader never sees half a frame, whatever crashed; the seal (length and SHA-256) that stands in the attempt's
//! outcome says whether the file is still what it was. Memory is bounded by what is asked for, never by the size of a file.
//!
//! Files are not synced one by one: after a power failure the tail of a log can be missing, which its seal then shows.
//!
//! Not here: who is told about new lines (`loomwork-steps`), and the events of a run (the journal).

mod frame;
mod lines;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use loomwork_run::LogSeal;
use sha2::{Digest, Sha256};

pub use frame::LogStream;
pub use lines::{LogLine, MAX_LINE_BYTES};
pub use reader::{LogReader, Stretch, StretchLimit};
pub use writer::LogWriter;

/// Why a log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system refused.
    #[error("the log file {path} cannot be {action}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`, `deleted`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else, or of a newer version.
    #[error("{path} is not a log file that this version of Loomwork can read")]
    NotALog {
        /// The file.
        path: PathBuf,
    },
}

impl LogError {
    fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    /// What the system said, when it was the system.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::NotALog { .. } => None,
        }
    }
}

/// Whether a log is still what its seal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealCheck {
    /// Same length, same content.
    Intact,
    /// There is no file.
    Missing,
    /// Shorter than sealed: the tail was lost.
    Shortened,
    /// Something was appended or changed.
    Changed,
}

/// The folder of all logs of a workspace.
#[derive(Debug, Clone)]
pub struct Logs {
    folder: PathBuf,
}

impl Logs {
    /// The logs in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The logs beside a journal.
    pub fn beside(journal: &Path) -> Self {
        Self::new(journal.with_file_name("logs"))
    }

    /// Deletes the logs of a run, if it has any.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub fn delete(&self, run: &str) -> Result<(), LogError> {
        let folder = self.folder.join(file_name(run));
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            deleted => deleted.map_err(|error| LogError::io(&folder, "deleted", error)),
        }
    }

    /// The ids of the runs that have a folder here.
    ///
    /// # Errors
    /// When the folder cannot be read; one that does not exist holds nothing.
    pub fn runs(&self) -> Result<Vec<String>, LogError> {
        let failed = |error| LogError::io(&self.folder, "read", error);
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            // The id of a run is its folder's name.
            runs.extend(entry.map_err(failed)?.file_name().to_str().map(str::to_owned));
        }
        Ok(runs)
    }

    /// The file of an attempt, whether it exists or not. An attempt that wrote nothing has none.
    pub fn path(&self, run: &str, step: &str, attempt: u32) -> PathBuf {
        self.folder.join(file_name(run)).join(format!("{}.{attempt}.log", file_name(step)))
    }

    /// Opens the log of an attempt for writing. What a crash left there is kept, without a torn tail.
    ///
    /// # Errors
    /// When the folder or the file cannot be written, or the file is no log.
    pub fn write(&self, run: &str, step: &str, attempt: u32) -> Result<LogWriter, LogError> {
        LogWriter::open(self.path(run, step, attempt))
    }

    /// Opens the log of an attempt for reading; none if it wrote nothing.
    ///
    /// # Errors
    /// When the file cannot be read or is no log.
    pub fn read(&self, run: &str, step: &str, attempt: u32) -> Result<Option<LogReader>, LogError> {
        LogReader::open(self.path(run, step, attempt))
    }

    /// Compares the log of an attempt with its seal. Reads the whole file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn verify(&self, run: &str, step: &str, attempt: u32, seal: &LogSeal) -> Result<SealCheck, LogError> {
        let path = self.path(run, step, attempt);
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(SealCheck::Missing),
            Err(error) => return Err(LogError::io(&path, "read", error)),
        };
        let mut hash = Sha256::new();
        let bytes = io::copy(&mut file, &mut HashSink(&mut hash)).map_err(|error| LogError::io(&path, "read", error))?;
        Ok(match bytes.cmp(&seal.bytes) {
            std::cmp::Ordering::Less => SealCheck::Shortened,
            std::cmp::Ordering::Equal if hex::encode(hash.finalize()) == seal.sha256 => SealCheck::Intact,
            _ => SealCheck::Changed,
        })
    }
}

struct HashSink<'a>(&'a mut Sha256);

impl io::Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Longest escaped name; a file name may have 255 bytes, and the attempt and ending follow.
const MAX_NAME_BYTES: usize = 160;

/// A name that is one path component on every system: what is not a plain letter, digit, `_`, `-` or `.` stands as `%XX`.
/// A long one is cut and told apart by its hash, so that two paths never share a file.
pub(crate) fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if index > 0 => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > MAX_NAME_BYTES {
        name.truncate(MAX_NAME_BYTES - 33);
        name.push('~');
        name.push_str(&hex::encode(&Sha256::digest(text.as_bytes())[..16]));
    }
    name
}
