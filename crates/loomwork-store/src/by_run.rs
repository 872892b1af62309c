//! Which records are of which run: an index that follows the journal under the watermark of the list of runs, so that a
//! commit writes to the one table of the events only. What lies beyond the watermark is looked through.
//!
//! Invariant: up to the watermark it names every record, the workspace's under an empty name.

use rusqlite::{Connection, OptionalExtension as _};

use crate::record::Hash;

pub(crate) const TABLE: &str = "
CREATE TABLE event_of_run (
  of_run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (of_run, seq)
) WITHOUT ROWID;
";

const WATERMARK: &str = "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'projected_seq')";

/// The SQL that asks for columns, of which `seq` is the first, of the records of the run `?1` from the number `?2` on, in
/// their order, as far as a condition (`AND …`) takes them. An empty run is the workspace.
pub(crate) fn select(columns: &str, condition: &str) -> String {
    format!(
        "SELECT {columns} FROM event_of_run CROSS JOIN event USING (seq)
         WHERE of_run = ?1 AND seq >= ?2 AND seq <= {WATERMARK} AND coalesce(run, '') = ?1 {condition}
         UNION ALL
         SELECT {columns} FROM event WHERE seq > max(?2 - 1, {WATERMARK}) AND coalesce(run, '') = ?1 {condition}
         ORDER BY 1"
    )
}

/// The hash of the last record that a run has up to the watermark.
pub(crate) fn head(connection: &Connection, run: &str) -> rusqlite::Result<Option<Hash>> {
    let sql = "SELECT hash FROM event WHERE seq = (SELECT max(seq) FROM event_of_run WHERE of_run = ?1)";
    connection.prepare_cached(sql)?.query_row([run], |row| row.get(0)).optional()
}

/// Brings it from one watermark to the next.
pub(crate) fn follow(connection: &Connection, from: u64, to: u64) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO event_of_run SELECT coalesce(run, ''), seq FROM event
               WHERE seq > ?1 AND seq <= ?2 ORDER BY 1, 2";
    connection.prepare_cached(sql)?.execute([from, to]).map(|_| ())
}

/// Notes a record that came back.
pub(crate) fn note(connection: &Connection, run: &str, seq: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR IGNORE INTO event_of_run VALUES (?1, ?2)")?.execute((run, seq)).map(|_| ())
}

/// Whether it names every record up to the watermark, and rightly, and no other up to there.
pub(crate) fn is_right(connection: &Connection) -> rusqlite::Result<bool> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
    let records = count(&format!("SELECT count(*) FROM event WHERE seq <= {WATERMARK}"))?;
    let named = count(&format!("SELECT count(*) FROM event_of_run WHERE seq <= {WATERMARK}"))?;
    let rightly = "SELECT count(*) FROM event_of_run CROSS JOIN event USING (seq) WHERE of_run = coalesce(run, '') AND seq <=";
    Ok(records == named && records == count(&format!("{rightly} {WATERMARK}"))?)
}
