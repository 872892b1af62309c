//! Checkpoints: states of runs as files, one a checkpoint, outside the journal's database, so that they delay no commit.
//!
//! Invariants: a file appears whole or not at all; its content is compressed and covered by SHA-256, and names the hash of
//! the journal's record at which it was made, so that it is never taken for the state of another history; what cannot be
//! read is listed with the reason and never used. Everything here can be lost: the journal alone makes every state.
//!
//! Not here: what a state is (`loomwork-run`), when checkpoints are made and used (`loomwork-engine`).

mod file;

pub(crate) use file::{make_folder, settle};

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::logs::file_name;

/// How much a checkpoint holds. Each level holds what the ones before it hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The state; large values by their hash.
    Minimal,
    /// And variables and outputs: the large values themselves.
    Standard,
    /// And an index of the logs, and what the attempts used.
    Comprehensive,
    /// And the surroundings of the engine. Never secrets.
    Debug,
}

impl Level {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Standard => "standard",
            Self::Comprehensive => "comprehensive",
            Self::Debug => "debug",
        }
    }
}

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointHead {
    /// The run's id.
    pub run: String,
    /// Number of the last event that the state holds.
    pub seq: u64,
    /// Hash of that event's record, in hex.
    pub record: String,
    /// Hash of the definition that the run had then.
    pub definition: String,
    /// How much it holds.
    pub level: Level,
    /// Made by the engine to spare folding, and deleted by it.
    pub automatic: bool,
    /// The name that a person gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who made it.
    pub actor: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A checkpoint of the list.
#[derive(Debug)]
pub struct Listed {
    /// Its id within the run.
    pub id: String,
    /// What it says of itself and its sizes, or why it cannot be used.
    pub checked: Result<Checked, CheckpointError>,
}

/// A checkpoint whose content is what its hash says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it says of itself.
    pub head: CheckpointHead,
    /// Bytes of its content.
    pub content_bytes: u64,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// SHA-256 of the content as it is stored, in hex.
    pub sha256: String,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// There is none with this id or name.
    #[error("the run has no checkpoint `{0}`")]
    None(String),
    /// The file is not what it was.
    #[error("the checkpoint is damaged: {0}")]
    Damaged(&'static str),
    /// A newer version of Loomwork wrote it.
    #[error("the checkpoint has the format {0}, and this version of Loomwork knows formats up to {known}", known = file::FORMAT)]
    TooNew(u32),
    /// The system refused.
    #[error("the checkpoint {} cannot be {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `written`, `deleted`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Which of the automatic checkpoints of a run stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// At most so many, the newest.
    pub count: usize,
    /// None that is older, in milliseconds.
    pub age_ms: i64,
}

/// The folder of all checkpoints of a workspace.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// The checkpoints in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Those that belong to a journal.
    pub fn beside(journal: &Path) -> Self {
        Self::new(journal.with_file_name("checkpoints"))
    }

    fn folder_of(&self, run: &str) -> PathBuf {
        self.folder.join(file_name(run))
    }

    fn path(&self, run: &str, id: &str) -> PathBuf {
        self.folder_of(run).join(format!("{id}{ENDING}"))
    }

    /// Writes a checkpoint; it is durable when this returns.
    ///
    /// # Errors
    /// When folder or file cannot be written.
    pub fn write(&self, head: &CheckpointHead, content: &[u8]) -> Result<Listed, CheckpointError> {
        let folder = self.folder_of(&head.run);
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| CheckpointError::Io { path, action: "written", source }
        };
        file::make_folder(&folder).map_err(failed(&folder))?;
        let bytes = file::encode(head, content).map_err(failed(&folder))?;
        let kind = if head.automatic { AUTOMATIC } else { "-kept" };
        let id = (1_u32..)
            .map(|nth| if nth == 1 { format!("{}{kind}", head.seq) } else { format!("{}{kind}-{nth}", head.seq) })
            .find(|id| head.automatic || !self.path(&head.run, id).exists())
            .unwrap_or_else(|| head.seq.to_string());
        let path = self.path(&head.run, &id);
        file::replace(&path, &bytes).map_err(failed(&path))?;
        Ok(Listed { checked: file::check(&bytes).map(|(checked, _)| checked), id })
    }

    /// The checkpoints of a run, newest state first; each is read and checked.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, run: &str) -> Result<Vec<Listed>, CheckpointError> {
        Ok(self.ids(run)?.into_iter().map(|id| self.look(run, id)).collect())
    }

    fn look(&self, run: &str, id: String) -> Listed {
        let path = self.path(run, &id);
        let read = fs::read(&path).map_err(|source| CheckpointError::Io { path, action: "read", source });
        let checked = read.and_then(|bytes| file::check(&bytes).map(|(checked, _)| checked));
        let own = checked.and_then(|checked| {
            let own = checked.head.run == run;
            if own { Ok(checked) } else { Err(CheckpointError::Damaged("it is of another run")) }
        });
        Listed { id, checked: own }
    }

    /// The ids of the checkpoints of a run, newest state first, without a look at what is in them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self, run: &str) -> Result<Vec<String>, CheckpointError> {
        let folder = self.folder_of(run);
        let failed = |source| CheckpointError::Io { path: folder.clone(), action: "read", source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            ids.extend(name.to_str().and_then(|name| name.strip_suffix(ENDING)).map(str::to_owned));
        }
        ids.sort_by(|a, b| (seq_of(b), b).cmp(&(seq_of(a), a)));
        Ok(ids)
    }

    /// Number of the last event that the newest checkpoint of a run holds, by its id.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest(&self, run: &str) -> Result<Option<u64>, CheckpointError> {
        Ok(self.ids(run)?.first().and_then(|id| seq_of(id)))
    }

    /// The id of the checkpoint with an id or a name; of several with one name the newest.
    ///
    /// # Errors
    /// When there is none, or the folder cannot be read.
    pub fn find(&self, run: &str, id_or_name: &str) -> Result<String, CheckpointError> {
        let listed = self.list(run)?;
        let named = |listed: &&Listed| listed.checked.as_ref().is_ok_and(|it| it.head.name.as_deref() == Some(id_or_name));
        let found = listed.iter().find(|listed| listed.id == id_or_name).or_else(|| listed.iter().find(named));
        found.map(|listed| listed.id.clone()).ok_or_else(|| CheckpointError::None(id_or_name.to_owned()))
    }

    /// A checkpoint with its content, which is what its hash says.
    ///
    /// # Errors
    /// When there is none, it is damaged, or of a newer version.
    pub fn read(&self, run: &str, id: &str) -> Result<(CheckpointHead, Vec<u8>), CheckpointError> {
        let path = self.path(run, id);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CheckpointError::None(id.to_owned())),
            Err(source) => return Err(CheckpointError::Io { path, action: "read", source }),
        };
        let (checked, body) = file::check(&bytes)?;
        let content = file::content(&checked, body)?;
        Ok((checked.head, content))
    }

    /// Deletes a checkpoint.
    ///
    /// # Errors
    /// When there is none, or it cannot be deleted.
    pub fn delete(&self, run: &str, id: &str) -> Result<(), CheckpointError> {
        let path = self.path(run, id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CheckpointError::None(id.to_owned())),
            Err(source) => Err(CheckpointError::Io { path, action: "deleted", source }),
            Ok(()) => {
                // Others are in it, or it goes; neither is of interest.
                let _ = fs::remove_dir(self.folder_of(run));
                Ok(())
            }
        }
    }

    /// The runs that have checkpoints.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn runs(&self) -> Result<Vec<String>, CheckpointError> {
        let failed = |source| CheckpointError::Io { path: self.folder.clone(), action: "read", source };
        let entries = match fs::read_dir(&self.folder) {
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

    /// Deletes the automatic checkpoints of a run that need not stay; says how many. The newest of an open run stays
    /// however old it is.
    ///
    /// # Errors
    /// When the folder cannot be read or a file not be deleted.
    pub fn retain(&self, run: &str, retention: Retention, open: bool, now_ms: i64) -> Result<usize, CheckpointError> {
        let automatic = |listed: &Listed| match &listed.checked {
            Ok(checked) => checked.head.automatic,
            Err(_) => listed.id.ends_with(AUTOMATIC),
        };
        let mut deleted = 0;
        for (place, listed) in self.list(run)?.iter().filter(|listed| automatic(listed)).enumerate() {
            // A damaged one does not say how old it is: it goes when enough newer ones are there.
            let at_ms = listed.checked.as_ref().map_or(now_ms, |checked| checked.head.at_ms);
            let old = now_ms.saturating_sub(at_ms) > retention.age_ms && !(open && place == 0);
            if place >= retention.count || old {
                self.delete(run, &listed.id)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}

/// The number of the last event in a checkpoint, as its id says it.
fn seq_of(id: &str) -> Option<u64> {
    id.split('-').next().and_then(|seq| seq.parse().ok())
}

/// How the ids of those end that the engine made.
pub(crate) const AUTOMATIC: &str = "-auto";

/// How the names of the files end.
const ENDING: &str = ".checkpoint";
