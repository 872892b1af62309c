//! Writing a log: frames go to the file whole and in order; length and SHA-256 are kept along the way.
//!
//! Invariant: after a failed write the file still ends at a whole frame, and the seal counts what is in the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use loomwork_run::LogSeal;
use sha2::{Digest, Sha256};

use super::LogError;
use super::frame::{FILE_HEADER, FrameReader, LogStream, encode};

/// Frames are written together up to this many bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes the log of one attempt.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    file: File,
    hash: Sha256,
    /// Bytes in the file, all of them hashed.
    written: u64,
    /// Frames not in the file yet.
    waiting: Vec<u8>,
}

impl LogWriter {
    /// Opens a log, making it and its folder. What is there already is kept up to its last whole frame.
    ///
    /// # Errors
    /// When folder or file cannot be written, or the file is no log.
    pub fn open(path: PathBuf) -> Result<Self, LogError> {
        let file = match create(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Self::reopen(path),
            Err(error) => return Err(LogError::io(&path, "written", error)),
        };
        Ok(Self { path, file, hash: Sha256::new(), written: 0, waiting: FILE_HEADER.to_vec() })
    }

    fn reopen(path: PathBuf) -> Result<Self, LogError> {
        let failed = |error| LogError::io(&path, "written", error);
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        let whole = match super::LogReader::open(path.clone())? {
            Some(reader) => {
                let mut frames = FrameReader::at(&file, reader.position()).map_err(failed)?;
                while frames.next().map_err(failed)?.is_some() {}
                frames.position()
            }
            None => 0,
        };
        let mut hash = Sha256::new();
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        io::copy(&mut Read::by_ref(&mut file).take(whole), &mut super::HashSink(&mut hash)).map_err(failed)?;
        let waiting = if whole == 0 { FILE_HEADER.to_vec() } else { Vec::new() };
        Ok(Self { file, hash, written: whole, waiting, path })
    }

    /// Takes output; it is in the file after [`flush`](Self::flush), or earlier when much has come together.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, stream: LogStream, at_ms: u64, bytes: &[u8]) -> Result<(), LogError> {
        encode(&mut self.waiting, stream, at_ms, bytes);
        if self.waiting.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is waiting, so that readers see it. Does not force it to the disk.
    ///
    /// # Errors
    /// When the file cannot be written; what was waiting goes on waiting.
    pub fn flush(&mut self) -> Result<(), LogError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.waiting) {
            // A part may have got in. If it cannot be cut off either, readers stop before it, as after a crash.
            let _ = self.file.set_len(self.written);
            let _ = self.file.seek(SeekFrom::Start(self.written));
            return Err(LogError::io(&self.path, "written", error));
        }
        self.hash.update(&self.waiting);
        self.written += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Bytes that are in the file.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is waiting and says what the file is now.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn seal(mut self) -> Result<LogSeal, LogError> {
        self.flush()?;
        Ok(LogSeal { bytes: self.written, sha256: hex::encode(self.hash.finalize()) })
    }
}

/// Makes the file, and its folder when that is missing. Logs can hold what is nobody else's business: only the owner reads them.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            options.open(path)
        }
        opened => opened,
    }
}
