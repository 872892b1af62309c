//! Outputs that may be used again, by fingerprint: the latest success of each. A fold of the journal like the list of runs,
//! under the same watermark.
//!
//! Not here: whether an output may be used (`loomwork-run`), and successes of the last moments, which the engine remembers.

use loomwork_run::{Event, EventKind, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::StoreError;

pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS cached (
  fingerprint TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  step TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  output TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cached_run ON cached (run);
";

/// An output that may be used again.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedOutput {
    /// The run whose step succeeded.
    pub run: String,
    /// Path of the step.
    pub step: String,
    /// When it succeeded, in milliseconds since 1970.
    pub at_ms: i64,
    /// The output.
    pub output: ValueRef,
}

/// What an event of a run adds, with its fingerprint.
pub(crate) fn of_event(run: &str, event: &Event) -> Option<(String, CachedOutput)> {
    let EventKind::StepSucceeded(data) = &event.kind else { return None };
    let output = CachedOutput { run: run.to_owned(), step: event.step.clone()?, at_ms: event.at_ms, output: data.output.clone() };
    Some((data.fingerprint.clone()?, output))
}

pub(crate) fn keep(connection: &Connection, fingerprint: &str, kept: &CachedOutput) -> rusqlite::Result<()> {
    // Serialising a reference fails only for maps with keys that are no strings, which it cannot hold.
    let output = serde_json::to_string(&kept.output).unwrap_or_default();
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO cached VALUES (?1, ?2, ?3, ?4, ?5)")?;
    insert.execute(params![fingerprint, kept.run, kept.step, kept.at_ms, output])?;
    Ok(())
}

pub(crate) fn find(connection: &Connection, fingerprint: &str) -> Result<Option<CachedOutput>, StoreError> {
    let found = connection
        .prepare_cached("SELECT run, step, at_ms, output FROM cached WHERE fingerprint = ?1")
        .and_then(|mut statement| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?));
            statement.query_row([fingerprint], row).optional()
        })
        .map_err(StoreError::read)?;
    let Some((run, step, at_ms, output)) = found else { return Ok(None) };
    let output =
        serde_json::from_str(&output).map_err(|error| StoreError::Read(format!("an output to be used again: {error}")))?;
    Ok(Some(CachedOutput { run, step, at_ms, output }))
}
