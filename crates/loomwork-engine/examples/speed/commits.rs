//! What the disk allows: commits of SQLite with nothing around them, of records of the same size as those of the engine.

use std::path::Path;
use std::time::Instant;

use loomwork_store::Reader;
use rusqlite::Connection;

use super::engine::journal;

/// Commits to a table of their own, one after the other.
pub(super) struct Bare {
    connection: Connection,
    records: Vec<Vec<u8>>,
}

/// The bytes of the link that the last record of each commit of the journal has: a hash, and the head of a run.
const LINK_BYTES: usize = 32 + 72;

impl Bare {
    /// Each commit writes so many records of so many bytes, the last one with a link, with the settings of the journal.
    pub(super) fn new(folder: &Path, records: usize, bytes: usize) -> Self {
        let connection = Connection::open(folder.join("bare.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 4000).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS record (n INTEGER PRIMARY KEY, data BLOB NOT NULL)").unwrap();
        let mut records = vec![vec![b'x'; bytes]; records];
        records.last_mut().unwrap().resize(bytes + LINK_BYTES, b'x');
        let bare = Self { connection, records };
        bare.wrap();
        bare
    }

    /// Fills the write-ahead log once, so that it is written over from here on: a file that grows takes several times as long.
    fn wrap(&self) {
        let large = vec![b'x'; 20 << 20];
        self.connection.execute("INSERT INTO record (data) VALUES (?1)", [&large]).unwrap();
        self.connection.execute("DELETE FROM record", []).unwrap();
        self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
    }

    /// The milliseconds that each of some commits took.
    pub(super) fn commit(&mut self, count: usize) -> Vec<f64> {
        let one = |_| {
            let began = Instant::now();
            let transaction = self.connection.transaction().unwrap();
            for record in &self.records {
                let mut insert = transaction.prepare_cached("INSERT INTO record (data) VALUES (?1)").unwrap();
                insert.execute([record]).unwrap();
            }
            transaction.commit().unwrap();
            super::engine::ms(began)
        };
        (0..count).map(one).collect()
    }
}

/// The bytes that a record of a run has in the middle, as they are stored.
pub(super) fn bytes_of_record(folder: &Path, run: &str) -> usize {
    let records = Reader::open(&journal(folder)).unwrap().records(run, 0).unwrap();
    // Two hashes, and four numbers.
    let size = |record: &loomwork_store::Record| {
        let texts = [record.run.as_deref(), Some(record.actor.as_str()), Some(&record.kind), record.step.as_deref()];
        texts.into_iter().flatten().map(str::len).sum::<usize>() + record.data.len() + 64 + 16
    };
    records.iter().map(size).sum::<usize>() / records.len()
}
