//! The tables, their versions, and how a database is opened.
//!
//! The format is `user_version`. A database of a newer format is refused; one of an older format is migrated when it is
//! opened for writing, and read through views that make it look like the present one until then.

use std::path::Path;
use std::time::Duration;

use loomwork_workflow::Durability;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{StoreError, by_run, projection};

/// The format that this code writes.
pub(crate) const FORMAT: u32 = 2;

/// SQLite before this version can corrupt a database when its write-ahead log is reset (sqlite.org/wal.html).
const OLDEST_SQLITE: i32 = 3_051_003;

/// Without the index of the records by run, which is `by_run`.
const FORMAT_2: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The journal. Append-only. The last record of a commit has its link: the chain of the workspace over the heads of its runs.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  run TEXT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  v INTEGER NOT NULL,
  step TEXT,
  attempt INTEGER,
  data BLOB NOT NULL,
  prev BLOB NOT NULL,
  hash BLOB NOT NULL,
  link BLOB,
  heads BLOB
);

-- The links of records that have left.
CREATE TABLE link (
  last_seq INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  heads BLOB NOT NULL
);

-- Texts of workflows and large values, by content hash.
CREATE TABLE definition (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE value (hash TEXT PRIMARY KEY, json BLOB NOT NULL);

-- Projection of the journal up to meta.projected_seq; can be dropped and rebuilt.
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  workflow TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  number INTEGER NOT NULL,
  json TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX run_created ON run (created_at_ms DESC, id DESC);
CREATE INDEX run_workflow ON run (workflow, created_at_ms DESC, id DESC);
CREATE INDEX run_status ON run (status, created_at_ms DESC, id DESC);
";

/// Format 1 had the links in a table of their own, and an index of the events that each commit wrote to.
const FROM_1_TO_2: &str = "
ALTER TABLE event ADD COLUMN link BLOB;
ALTER TABLE event ADD COLUMN heads BLOB;
ALTER TABLE link RENAME TO link_1;
CREATE TABLE link (last_seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, heads BLOB NOT NULL);
INSERT INTO link SELECT last_seq, hash, heads FROM link_1 ORDER BY n;
DROP TABLE link_1;
INSERT INTO event_of_run SELECT coalesce(run, ''), seq FROM event
  WHERE seq <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'projected_seq') ORDER BY 1, 2;
DROP INDEX event_run;
";

/// How format 1 is read.
const VIEWS_OF_1: &str = "
CREATE TEMP VIEW event AS SELECT *, NULL AS link, NULL AS heads FROM main.event;
CREATE TEMP VIEW link AS SELECT last_seq, hash, heads FROM main.link;
CREATE TEMP VIEW event_of_run AS
  SELECT run AS of_run, seq FROM main.event WHERE run IS NOT NULL UNION ALL SELECT '', seq FROM main.event WHERE run IS NULL;
";

fn classify(path: &Path, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged { path: path.to_owned(), reason: error.to_string() },
        _ => StoreError::CannotOpen { path: path.to_owned(), reason: error.to_string() },
    }
}

/// Opens the database for writing, makes or migrates its tables.
pub(crate) fn open_for_writing(path: &Path, journal_id: &str, durability: Durability) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| classify(path, &error);
    if rusqlite::version_number() < OLDEST_SQLITE {
        let reason = format!("SQLite {} can corrupt a write-ahead log", rusqlite::version());
        return Err(StoreError::CannotOpen { path: path.to_owned(), reason });
    }
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    known_format(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000).map_err(failed)?;
    // Writing appends: more than the ends of the tables and of the indices of many runs is not needed again.
    connection.pragma_update(None, "cache_size", -2_000).map_err(failed)?;
    // Those of a commit and of the projection together.
    connection.set_prepared_statement_cache_capacity(64);
    // A large commit lets the write-ahead log grow; a later checkpoint gives the room back.
    connection.pragma_update(None, "journal_size_limit", 64 << 20).map_err(failed)?;
    make(&mut connection, path, journal_id)?;
    // Nothing but a fold of the journal, so that a version that does not know it is not in its way.
    connection.execute_batch(crate::cached::TABLE).map_err(failed)?;
    connection.execute_batch(crate::standing::TABLE).map_err(failed)?;
    crate::projection::renew(&mut connection).map_err(failed)?;
    Ok(connection)
}

/// Makes the tables, or brings those of an earlier format to the present one, all or nothing; looks whether all is there that
/// the list of runs knows.
fn make(connection: &mut Connection, path: &Path, journal_id: &str) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| classify(path, &error);
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    // Whoever else opens it waits, and finds it made.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found = format_of(&transaction).map_err(failed)?;
    if found == 0 {
        if table_exists(&transaction, "event").map_err(failed)? {
            return Err(damaged("it has tables but no format".to_owned()));
        }
        transaction.execute_batch(FORMAT_2).and_then(|()| transaction.execute_batch(by_run::TABLE)).map_err(failed)?;
        transaction
            .execute("INSERT INTO meta VALUES ('journal_id', ?1), ('projected_seq', '0')", [journal_id])
            .map_err(failed)?;
    }
    if found == 1 {
        transaction.execute_batch(by_run::TABLE).and_then(|()| transaction.execute_batch(FROM_1_TO_2)).map_err(failed)?;
    }
    let last: u64 = transaction.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0)).map_err(failed)?;
    let known = projection::watermark(&transaction).map_err(failed)?;
    if last < known {
        return Err(damaged(format!("it ends at record {last}, and its list of runs knows {known}")));
    }
    if found != FORMAT {
        transaction.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Opens an existing database for reading only, in the terms of the present format.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| classify(path, &error);
    let connection = open_as_it_is(path)?;
    if known_format(&connection, path)? == 1 {
        connection.execute_batch(VIEWS_OF_1).map_err(failed)?;
    }
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// Opens an existing database of a known format.
pub(crate) fn open_as_it_is(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| classify(path, &error);
    // Read-write flags, because a reader may have to recover the write-ahead log of a dead writer; it never writes rows.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    match known_format(&connection, path)? {
        0 => Err(StoreError::Damaged { path: path.to_owned(), reason: "it has no format".to_owned() }),
        _ => Ok(connection),
    }
}

/// The format, unless it is a newer one.
fn known_format(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    match format_of(connection).map_err(|error| classify(path, &error))? {
        found if found > FORMAT => Err(StoreError::TooNew { path: path.to_owned(), found, known: FORMAT }),
        found => Ok(found),
    }
}

fn format_of(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

pub(crate) fn table_exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) FROM sqlite_master WHERE name = ?1", [name], |row| Ok(row.get::<_, u32>(0)? > 0))
}
