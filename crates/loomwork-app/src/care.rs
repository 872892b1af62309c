//! Care of the state of a workspace: backups, their way back, and whether all is whole.
//!
//! Invariant: a backup is either whole and checked, or not there; a restore loses nothing of what was there before.
//!
//! Not here: what a request does with them (`cases`), SQL (`loomwork-store`).

mod backup;
mod check;
mod repair;
mod restore;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use loomwork_api::ApiResult;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::problem;

pub(crate) use backup::back_up;
pub(crate) use check::check;
pub use repair::{Repaired, repair};
pub(crate) use restore::finish_restore;
pub use restore::{Restored, restore};

/// The file that says what a backup is.
const MANIFEST: &str = "backup.json";
/// The form of backups that this version writes and reads.
const FORMAT: u32 = 1;
/// What of the state folder belongs to a backup, besides the journal.
const PARTS: [&str; 4] = ["logs", "checkpoints", "archive", "engine.yaml"];

/// What a backup is.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    made_by: String,
    created_at: String,
    journal_id: String,
    runs: u32,
    open_runs: u32,
    last_seq: u64,
    files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Copies a file, or a folder with all in it; what does not exist is left out. The copies are durable.
fn copy(from: &Path, to: &Path) -> ApiResult<()> {
    let facts = match from.symlink_metadata() {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(problem::file("read", from, &error)),
    };
    if facts.is_dir() {
        fs::create_dir_all(to).map_err(|error| problem::file("make the folder", to, &error))?;
        for entry in fs::read_dir(from).map_err(|error| problem::file("read", from, &error))? {
            let name = entry.map_err(|error| problem::file("read", from, &error))?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return sync(to);
    }
    if !facts.is_file() {
        return Ok(());
    }
    match fs::copy(from, to) {
        Ok(_) => sync(to),
        // A draft that became what it was written for.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => Ok(()),
        Err(error) => Err(problem::file("copy to", to, &error)),
    }
}

fn sync(path: &Path) -> ApiResult<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| problem::file("write", path, &error))
}

/// All files below a folder, relative to it, in order.
fn files_below(folder: &Path) -> ApiResult<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        for entry in fs::read_dir(&here).map_err(|error| problem::file("read", &here, &error))? {
            let entry = entry.map_err(|error| problem::file("read", &here, &error))?;
            let path = below.join(entry.file_name());
            if entry.path().is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Length and SHA-256 of a file.
fn measure(path: &Path) -> ApiResult<(u64, String)> {
    let failed = |error: io::Error| problem::file("read", path, &error);
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let count = io::Read::read(&mut file, &mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
}
