//! The archive: runs that have left the journal, one file a run, with all that belonged to them: the records with their
//! hashes, the definitions, the large values, the logs, and the checkpoints that people made.
//!
//! Invariants: a file appears whole, durable and checked, or not at all; it needs nothing of the journal to be read; a run
//! leaves the journal only after its file is there. What a crash leaves is the run in the journal, or in the archive, or
//! in both, and doing it again finishes it.
//!
//! Not here: the format (`file`), which runs may leave (`loomwork-engine`), and how they do (`removal`).

mod file;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loomwork_run::EventKind;
use serde::{Deserialize, Serialize};

use crate::logs::file_name;
use crate::{Reader, Record, Returned, RunRow, StoreError};
use file::{Kind, Section};

/// What an archived run says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchiveHead {
    /// The run, as lists showed it.
    pub run: RunRow,
    /// Its records.
    pub events: u64,
    /// Hash of the last one, in hex.
    pub head: String,
    /// What it took of journal, logs and checkpoints, in bytes, without the large values.
    pub took_bytes: u64,
    /// Who archived it.
    pub actor: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// An archived run whose head was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Archived {
    /// What it says of itself.
    pub head: ArchiveHead,
    /// Size of its file.
    pub file_bytes: u64,
}

/// A file of the archive.
#[derive(Debug)]
pub struct ListedArchive {
    /// Its name, which is the run's id.
    pub id: String,
    /// What it says of itself, or why it cannot be read.
    pub checked: Result<Archived, ArchiveError>,
}

/// Why an archived run cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is none.
    #[error("the run `{0}` is not in the archive")]
    None(String),
    /// The file is not what it was.
    #[error("the archived run is damaged: {0}")]
    Damaged(String),
    /// A newer version wrote it.
    #[error("the archived run has the format {0}, and this version of Loomwork knows formats up to {known}; use a newer version", known = file::FORMAT)]
    TooNew(u32),
    /// The system refused.
    #[error("{path} cannot be {action}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }
}

/// The folder of archived runs.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
    logs: PathBuf,
    checkpoints: PathBuf,
}

/// How the names of the files end.
const ENDING: &str = ".run";
/// Records that are read from the journal at one time.
const PAGE: usize = 2_000;

impl Archive {
    /// The archive beside a journal, whose logs and checkpoints lie there too. The folder need not exist yet.
    pub fn beside(journal: &Path) -> Self {
        let at = |name: &str| journal.with_file_name(name);
        Self { folder: at("archive"), logs: at("logs"), checkpoints: at("checkpoints") }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a run, whether it exists or not.
    pub fn path(&self, run: &str) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", file_name(run)))
    }

    /// Writes the file of a run that nothing changes meanwhile, and checks it by reading it again. One that is there
    /// already and is whole is kept if it holds the same.
    ///
    /// # Errors
    /// When the journal cannot be read, the file not be written, or what was written cannot be read again.
    pub fn write(&self, reader: &Reader, head: &ArchiveHead) -> Result<Archived, ArchiveError> {
        let run = &head.run.id;
        let path = self.path(run);
        if let Ok(there) = self.check(run)
            && (there.head.events, &there.head.head) == (head.events, &head.head)
        {
            return Ok(there);
        }
        crate::checkpoints::make_folder(&self.folder).map_err(ArchiveError::io(&self.folder, "made"))?;
        let draft = path.with_extension("draft");
        let written = self.fill(reader, head, &draft).and_then(|()| check_file(&draft, run));
        let placed = written.and_then(|checked| {
            fs::rename(&draft, &path).map_err(ArchiveError::io(&path, "written"))?;
            crate::checkpoints::settle(&self.folder).map_err(ArchiveError::io(&self.folder, "written"))?;
            Ok(checked)
        });
        if placed.is_err() {
            // The disk may be full: what is half written only takes room.
            let _ = fs::remove_file(&draft);
        }
        placed
    }

    fn fill(&self, reader: &Reader, head: &ArchiveHead, draft: &Path) -> Result<(), ArchiveError> {
        let failed = || ArchiveError::io(draft, "written");
        let mut out = file::Writer::begin(draft, head).map_err(failed())?;
        let run = head.run.id.as_str();
        let (mut named, mut definitions) = (Vec::<String>::new(), Vec::<String>::new());
        let mut from = 0;
        loop {
            let records = reader.some_records(run, from, PAGE)?;
            let Some(last) = records.last() else { break };
            from = last.seq + 1;
            for record in &records {
                named.extend(crate::care::names_in(&record.data).map(str::to_owned));
                definitions.extend(definition_of(record));
                out.section(Kind::Record, "", &file::of_record(record)).map_err(failed())?;
            }
        }
        sorted(&mut named);
        sorted(&mut definitions);
        for hash in definitions {
            if let Some(text) = reader.definition(&hash)? {
                out.section(Kind::Definition, &hash, text.as_bytes()).map_err(failed())?;
            }
        }
        for hash in named {
            // One that is missing was missing before.
            if let Some(json) = reader.value(&hash)? {
                out.section(Kind::Value, &hash, &json).map_err(failed())?;
            }
        }
        for (kind, folder) in [(Kind::Log, &self.logs), (Kind::Checkpoint, &self.checkpoints)] {
            let folder = folder.join(file_name(run));
            for name in files_of(&folder)? {
                let path = folder.join(&name);
                if kind == Kind::Checkpoint && name.contains(crate::checkpoints::AUTOMATIC) {
                    continue;
                }
                let mut source = File::open(&path).map_err(ArchiveError::io(&path, "read"))?;
                let length = source.metadata().map_err(ArchiveError::io(&path, "read"))?.len();
                out.stream(kind, &name, length, &mut source).map_err(failed())?;
            }
        }
        out.end().map_err(failed())
    }

    /// Checks the whole file of a run: its hash, and that each part is what its name says.
    ///
    /// # Errors
    /// When there is none, or it is not whole.
    pub fn check(&self, run: &str) -> Result<Archived, ArchiveError> {
        check_file(&self.path(run), run)
    }

    /// What is in the archive, in the order of the runs' ids, which is that of their creation. Only heads are read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<ListedArchive>, ArchiveError> {
        let mut listed = Vec::new();
        for name in files_of(&self.folder)? {
            let Some(id) = name.strip_suffix(ENDING) else { continue };
            let path = self.folder.join(&name);
            listed.push(ListedArchive { id: id.to_owned(), checked: file::head(&path) });
        }
        Ok(listed)
    }

    /// The ids of archived runs that begin with a text.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self, beginning: &str) -> Result<Vec<String>, ArchiveError> {
        let names = files_of(&self.folder)?.into_iter();
        let ids = names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned));
        Ok(ids.filter(|id| id.starts_with(beginning)).collect())
    }

    /// Reads a run for the journal, and puts its logs and checkpoints where they were.
    ///
    /// # Errors
    /// When there is none, it is not whole, or files cannot be written.
    pub fn unpack(&self, run: &str) -> Result<(Archived, Returned), ArchiveError> {
        let path = self.path(run);
        let archived = check_file(&path, run)?;
        let mut returned = Returned { run: Arc::from(run), records: Vec::new(), values: Vec::new(), definitions: Vec::new() };
        file::read(&path, &mut |section, content| {
            match section.kind {
                Kind::Record => returned.records.push(file::record(&file::whole(&section, content)?)?),
                Kind::Value => returned.values.push((section.name.clone(), file::whole(&section, content)?)),
                Kind::Definition => {
                    let text = String::from_utf8(file::whole(&section, content)?);
                    let text = text.map_err(|_| ArchiveError::Damaged("a definition is no text".to_owned()))?;
                    returned.definitions.push((section.name.clone(), text));
                }
                Kind::Log => put(&self.logs.join(file_name(run)), &section.name, content)?,
                Kind::Checkpoint => put(&self.checkpoints.join(file_name(run)), &section.name, content)?,
            }
            Ok(())
        })?;
        Ok((archived, returned))
    }

    /// Deletes the file of a run.
    ///
    /// # Errors
    /// When there is none, or it cannot be deleted.
    pub fn delete(&self, run: &str) -> Result<(), ArchiveError> {
        let path = self.path(run);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ArchiveError::None(run.to_owned())),
            deleted => deleted.map_err(ArchiveError::io(&path, "deleted")),
        }
    }

    /// Deletes files that a crash left half written.
    ///
    /// # Errors
    /// When the folder cannot be read, or one not be deleted.
    pub fn clear_drafts(&self) -> Result<(), ArchiveError> {
        for name in files_of(&self.folder)?.iter().filter(|name| name.ends_with(".draft")) {
            let path = self.folder.join(name);
            fs::remove_file(&path).map_err(ArchiveError::io(&path, "deleted"))?;
        }
        Ok(())
    }

    /// Deletes the logs and checkpoints of a run that has left the journal.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub fn clear_up(&self, run: &str) -> Result<(), ArchiveError> {
        for folder in [&self.logs, &self.checkpoints].map(|folder| folder.join(file_name(run))) {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                deleted => deleted.map_err(ArchiveError::io(&folder, "deleted"))?,
            }
        }
        Ok(())
    }

    /// Bytes of the logs and checkpoints of a run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn file_bytes(&self, run: &str) -> Result<u64, ArchiveError> {
        let mut bytes = 0;
        for folder in [&self.logs, &self.checkpoints].map(|folder| folder.join(file_name(run))) {
            for name in files_of(&folder)? {
                bytes += folder.join(name).metadata().map_or(0, |facts| facts.len());
            }
        }
        Ok(bytes)
    }
}

fn sorted(hashes: &mut Vec<String>) {
    hashes.sort_unstable();
    hashes.dedup();
}

/// The definition with which a run goes on from a record.
fn definition_of(record: &Record) -> Option<String> {
    match record.event().ok()?.kind {
        EventKind::RunCreated(created) => Some(created.definition),
        EventKind::RunAmended(amended) => Some(amended.definition),
        _ => None,
    }
}

/// The files in a folder by name; none when there is no folder.
fn files_of(folder: &Path) -> Result<Vec<String>, ArchiveError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ArchiveError::io(folder, "read")(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ArchiveError::io(folder, "read"))?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Writes a file of a run back, durably.
fn put(folder: &Path, name: &str, content: &mut dyn Read) -> Result<(), ArchiveError> {
    let plain = Path::new(name).components().count() == 1 && Path::new(name).file_name().is_some_and(|only| only == name);
    if !plain {
        return Err(ArchiveError::Damaged(format!("{name:?} is no name of a file")));
    }
    crate::checkpoints::make_folder(folder).map_err(ArchiveError::io(folder, "made"))?;
    let path = folder.join(name);
    let mut file = file::create(&path).map_err(ArchiveError::io(&path, "written"))?;
    io::copy(content, &mut file).and_then(|_| file.sync_all()).map_err(ArchiveError::io(&path, "written"))
}

/// Checks a file from its first byte to its last.
fn check_file(path: &Path, run: &str) -> Result<Archived, ArchiveError> {
    let archived = match file::head(path) {
        Err(ArchiveError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(ArchiveError::None(run.to_owned()));
        }
        head => head?,
    };
    let damaged = |what: &str| ArchiveError::Damaged(what.to_owned());
    if archived.head.run.id != run {
        return Err(damaged("it is of another run"));
    }
    let (mut events, mut last, mut seq) = (0, [0; 32], 0);
    file::read(path, &mut |section: Section, content| {
        match section.kind {
            Kind::Record => {
                let record = file::record(&file::whole(&section, content)?)?;
                let fits = record.prev == last && record.seq > seq && record.hash == record.computed_hash();
                if !fits || record.run.as_deref() != Some(run) {
                    return Err(damaged("its events are not the ones that were written"));
                }
                (last, seq, events) = (record.hash, record.seq, events + 1);
            }
            Kind::Value if file::hash_of(&file::whole(&section, content)?) != section.name => {
                return Err(damaged("a value is not what its name says"));
            }
            Kind::Definition if file::definition_hash(&file::whole(&section, content)?) != section.name => {
                return Err(damaged("a definition is not what its name says"));
            }
            _ => _ = io::copy(content, &mut io::sink()).map_err(|_| damaged("a log is cut off"))?,
        }
        Ok(())
    })?;
    if (events, hex::encode(last)) != (archived.head.events, archived.head.head.clone()) {
        return Err(damaged("it does not end as it says"));
    }
    Ok(archived)
}
