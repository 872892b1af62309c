//! Care of a journal: a copy of it while it is written, and what can be checked of it besides its chains.
//!
//! Invariant: nothing here changes a journal that an owner may be writing; what mends takes a file that nobody has open.
//!
//! Not here: the chains (`verify`), and which files belong to a workspace (`loomwork-app`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use loomwork_run::LogSeal;
use loomwork_workflow::Durability;
use rusqlite::{Connection, params};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::{Reader, RunFilter, RunRow, StoreError, by_run, projection, schema};

/// An attempt whose log was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLog {
    /// The run.
    pub run: String,
    /// The step's path, as the log has it.
    pub step: String,
    /// Number of the attempt.
    pub attempt: u32,
    /// Its length and content.
    pub seal: LogSeal,
}

/// What the large values of a journal are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueCheck {
    /// Values that were checked.
    pub values: u64,
    /// Hashes of those whose content is not what their name says.
    pub changed: Vec<String>,
    /// Those that events name and that are not there.
    pub missing: Vec<String>,
    /// How many nothing names, and their bytes.
    pub unused: (u64, u64),
}

#[derive(Deserialize)]
struct Sealed {
    log: Option<LogSeal>,
}

/// Copies a journal to a file that does not exist, as it is at one moment, while others read and write it. The copy is durable.
///
/// # Errors
/// When the journal cannot be read, or the copy not be written.
pub fn snapshot(journal: &Path, to: &Path) -> Result<(), StoreError> {
    // What is protected from writing, or looked at through views, cannot be copied this way.
    let connection = schema::open_as_it_is(journal)?;
    let target = to.to_str().ok_or_else(|| StoreError::CannotWrite(format!("{} is no UTF-8 path", to.display())))?;
    connection.execute("VACUUM INTO ?1", [target]).map_err(StoreError::write)?;
    let sync = File::open(to).and_then(|file| file.sync_all());
    sync.map_err(|error| StoreError::CannotWrite(format!("{}: {error}", to.display())))
}

/// Gives a journal another identity. Nobody else may have it open.
///
/// # Errors
/// When it cannot be opened or written.
pub fn rename_journal(journal: &Path, id: &str) -> Result<(), StoreError> {
    let connection = schema::open_for_writing(journal, id, Durability::Full)?;
    connection.execute("UPDATE meta SET value = ?1 WHERE key = 'journal_id'", [id]).map_err(StoreError::write)?;
    Ok(())
}

/// Makes the list of runs and the index of the events by run anew from the events. Nobody else may have the journal open.
///
/// # Errors
/// When it cannot be opened or written.
pub fn rebuild_list(journal: &Path) -> Result<(), StoreError> {
    let mut connection = schema::open_for_writing(journal, "", Durability::Full)?;
    projection::forget(&mut connection).map_err(StoreError::write)?;
    projection::catch_up(&mut connection).map(|_| ())
}

/// Deletes the large values that no event names, and gives free room back to the disk; says how many, and their bytes.
/// Nobody else may have the journal open.
///
/// # Errors
/// When it cannot be opened, read or written.
pub fn sweep_values(journal: &Path) -> Result<(u64, u64), StoreError> {
    let (unused, _) = Reader::open(journal)?.unused_values()?;
    let mut connection = schema::open_for_writing(journal, "", Durability::Full)?;
    let transaction = connection.transaction().map_err(StoreError::write)?;
    for (hash, _) in &unused {
        let mut delete = transaction.prepare_cached("DELETE FROM value WHERE hash = ?1").map_err(StoreError::write)?;
        delete.execute([hash]).map_err(StoreError::write)?;
    }
    transaction.commit().map_err(StoreError::write)?;
    connection.execute_batch("VACUUM").map_err(StoreError::write)?;
    Ok((unused.len() as u64, unused.iter().map(|(_, bytes)| bytes).sum()))
}

impl Reader {
    /// What SQLite finds wrong with the file, at most 20 findings.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(20)").map_err(StoreError::read)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(StoreError::read)?;
        let mut found = rows.collect::<rusqlite::Result<Vec<_>>>().map_err(StoreError::read)?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// Checks the large values against their names and the events.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn check_values(&self) -> Result<ValueCheck, StoreError> {
        let mut check = ValueCheck::default();
        let mut sizes = BTreeMap::new();
        let mut statement = self.connection.prepare("SELECT hash, json FROM value").map_err(StoreError::read)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)));
        for row in rows.map_err(StoreError::read)? {
            let (hash, json) = row.map_err(StoreError::read)?;
            check.values += 1;
            if hex::encode(Sha256::digest(&json)) != hash {
                check.changed.push(hash.clone());
            }
            sizes.insert(hash, json.len() as u64);
        }
        let named = named_values(&self.connection)?;
        check.missing = named.iter().filter(|hash| !sizes.contains_key(*hash)).cloned().collect();
        let unused: Vec<u64> = sizes.iter().filter(|(hash, _)| !named.contains(*hash)).map(|(_, size)| *size).collect();
        check.unused = (unused.len() as u64, unused.iter().sum());
        Ok(check)
    }

    /// The logs that events have sealed, by event.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn sealed_logs(&self) -> Result<Vec<SealedLog>, StoreError> {
        let sql = "SELECT run, step, attempt, data, kind FROM event WHERE run IS NOT NULL AND step IS NOT NULL \
            AND attempt IS NOT NULL AND (kind LIKE 'attempt\\_%' ESCAPE '\\' OR kind LIKE 'compensation\\_%' ESCAPE '\\') ORDER BY seq";
        let mut statement = self.connection.prepare(sql).map_err(StoreError::read)?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get::<_, String>(4)?,
            ))
        });
        let mut logs = Vec::new();
        for row in rows.map_err(StoreError::read)? {
            let (run, step, attempt, data, kind) = row.map_err(StoreError::read)?;
            let Some(seal) = serde_json::from_slice::<Sealed>(&data).ok().and_then(|sealed| sealed.log) else { continue };
            // The undoing of a step has a log of its own.
            let step = if kind.starts_with("compensation_") { format!("{step}~undo") } else { step };
            logs.push(SealedLog { run, step, attempt, seal });
        }
        Ok(logs)
    }

    /// The runs that the list tells otherwise than the events do.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn wrong_in_list(&self) -> Result<Vec<String>, StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        let listed = projection::list(&at_once, &RunFilter { limit: u32::MAX / 2, ..RunFilter::default() })?;
        let mut listed: BTreeMap<String, RunRow> = listed.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut wrong = Vec::new();
        for (id, row) in projection::folded(&at_once)? {
            if listed.remove(&id).as_ref() != Some(&row) {
                wrong.push(id);
            }
        }
        wrong.extend(listed.into_keys());
        wrong.sort();
        Ok(wrong)
    }

    /// Whether the index of the records by run says the same as the records.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn index_is_right(&self) -> Result<bool, StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        by_run::is_right(&at_once).map_err(StoreError::read)
    }

    /// Number of the last record; 0 when there is none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn last_seq(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM event";
        self.connection.query_row(sql, params![], |row| row.get(0)).map_err(StoreError::read)
    }
}

/// The hashes that stand in events as `{"$value": HASH}`.
pub(crate) fn named_values(connection: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut named = BTreeSet::new();
    let mut statement = connection.prepare("SELECT data FROM event").map_err(StoreError::read)?;
    let mut rows = statement.query([]).map_err(StoreError::read)?;
    while let Some(row) = rows.next().map_err(StoreError::read)? {
        let data = row.get_ref(0).and_then(|data| data.as_bytes().map_err(Into::into)).map_err(StoreError::read)?;
        for hash in names_in(data) {
            if !named.contains(hash) {
                named.insert(hash.to_owned());
            }
        }
    }
    Ok(named)
}

/// The hashes that the data of one event names.
pub(crate) fn names_in(data: &[u8]) -> impl Iterator<Item = &str> {
    const MARK: &[u8] = b"\"$value\":\"";
    const HASH_DIGITS: usize = 64;
    memchr::memmem::find_iter(data, MARK).filter_map(|at| {
        let from = at + MARK.len();
        data.get(from..from + HASH_DIGITS).and_then(|hash| std::str::from_utf8(hash).ok())
    })
}
