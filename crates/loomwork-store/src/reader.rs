//! Reading the journal, on a connection of one's own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use loomwork_run::{BreakerRecord, LetterRecord, RunStatus};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::{CachedOutput, Record, RunFilter, RunRow, StoreError, by_run, cached, projection, schema, standing};

/// The columns that [`record_of`] reads, in its order.
pub(crate) const ROW: &str = "seq, run, at_ms, actor, kind, v, step, attempt, data, prev, hash";

pub(crate) fn record_of(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        seq: row.get(0)?,
        run: row.get::<_, Option<String>>(1)?.map(Arc::from),
        at_ms: row.get(2)?,
        actor: row.get(3)?,
        kind: row.get(4)?,
        v: row.get(5)?,
        step: row.get(6)?,
        attempt: row.get(7)?,
        data: row.get(8)?,
        prev: row.get(9)?,
        hash: row.get(10)?,
    })
}

/// A reading connection. Sees what was committed when a question begins.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
}

impl Reader {
    /// Opens an existing journal.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or is of a newer format.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_for_reading(path).map(|connection| Self { connection })
    }

    /// Identifies the journal for all its life.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn journal_id(&self) -> Result<String, StoreError> {
        Ok(projection::meta(&self.connection, "journal_id").map_err(StoreError::read)?.unwrap_or_default())
    }

    /// The records of a run from a number on, by number.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn records(&self, run: &str, from_seq: u64) -> Result<Vec<Record>, StoreError> {
        let sql = by_run::select(ROW, "");
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        let rows = statement.query_map((run, from_seq), record_of).map_err(StoreError::read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::read)
    }

    /// The first record of a run from a number on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_record(&self, run: &str, from_seq: u64) -> Result<Option<Record>, StoreError> {
        let sql = by_run::select(ROW, "") + " LIMIT 1";
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        statement.query_row((run, from_seq), record_of).optional().map_err(StoreError::read)
    }

    /// How many records a run has from a number on.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn count_records(&self, run: &str, from_seq: u64) -> Result<usize, StoreError> {
        let sql = format!("SELECT count(*) FROM ({})", by_run::select("seq", ""));
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        statement.query_row((run, from_seq), |row| row.get(0)).map_err(StoreError::read)
    }

    /// The text of a workflow by its hash.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn definition(&self, hash: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT text FROM definition WHERE hash = ?1", hash)
    }

    /// The compact JSON of a large value by its hash.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn value(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.one("SELECT json FROM value WHERE hash = ?1", hash)
    }

    /// The latest output that was kept under a fingerprint. One of the last moments may be missing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cached(&self, fingerprint: &str) -> Result<Option<CachedOutput>, StoreError> {
        cached::find(&self.connection, fingerprint)
    }

    /// The circuit breakers that attempts have asked, by key.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        standing::breakers(&at_once, projection::changes(&at_once)?)
    }

    /// The dead letters, and failed runs that may become some, by run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn letters(&self) -> Result<Vec<LetterRecord>, StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        standing::letters(&at_once, projection::changes(&at_once)?)
    }

    /// The same with their runs.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn dead_letters(&self) -> Result<Vec<(LetterRecord, RunRow)>, StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        projection::dead_letters(&at_once)
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str, key: &str) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(StoreError::read)?;
        statement.query_row([key], |row| row.get(0)).optional().map_err(StoreError::read)
    }

    /// The ids of the runs of a status, in no order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn ids_of(&self, status: RunStatus) -> Result<Vec<String>, StoreError> {
        projection::ids(&self.connection, status)
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        projection::list(&self.connection, filter)
    }

    /// How many runs there are of each status.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn counts(&self) -> Result<HashMap<RunStatus, u32>, StoreError> {
        projection::counts(&self.connection)
    }

    /// The runs that have not ended, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut rows = Vec::new();
        for status in RunStatus::ALL.into_iter().filter(|status| !status.is_final()) {
            rows.extend(self.runs(&RunFilter { status: Some(status), limit: u32::MAX / 2, ..RunFilter::default() })?);
        }
        rows.sort_by(|a, b| (a.created_at_ms, &a.id).cmp(&(b.created_at_ms, &b.id)));
        Ok(rows)
    }

    /// The largest number that a run of a workflow has; 0 when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_number(&self, workflow: &str) -> Result<u32, StoreError> {
        projection::last_number(&self.connection, workflow)
    }

    /// The ids of runs that begin with a text, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn run_ids(&self, beginning: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM run WHERE id >= ?1 AND id < ?1 || x'7f'
                   UNION SELECT run FROM event WHERE seq > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'projected_seq')
                   AND run >= ?1 AND run < ?1 || x'7f' AND kind = 'run_created' LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(StoreError::read)?;
        let rows = statement.query_map((beginning, limit), |row| row.get(0)).map_err(StoreError::read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::read)
    }
}
