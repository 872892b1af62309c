//! The writing connection with the ends of the chains: what a batch becomes, and how it is written.
//!
//! Invariant: the ends move only when a transaction has been committed; after an error they are where they were, and the
//! same entry can be written again.
//!
//! Not here: threads, and what becomes of a commit that failed (`writer`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use loomwork_run::Json;
use loomwork_workflow::Durability;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::record::{Hash, encode_heads, link_hash};
use crate::{Batch, Move, Record, StoreError, by_run, projection, removal, schema};

/// A batch with its places in the chains: what one transaction writes.
pub(crate) struct Entry {
    pub(crate) records: Vec<Record>,
    values: Vec<(String, Json)>,
    definitions: Vec<(String, Arc<str>)>,
    moves: Vec<Move>,
    touched: BTreeMap<Arc<str>, Hash>,
    last_seq: u64,
    heads: Vec<u8>,
    before: Hash,
    link: Hash,
}

/// Where the journal stands, seen from an entry.
pub(crate) enum Standing {
    /// The entry is the next one.
    Before,
    /// It is the last one.
    After,
    /// Neither: somebody else has written.
    Elsewhere,
}

/// Writes a record.
pub(crate) const INSERT: &str = "INSERT INTO event VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)";
/// The same, for one that may be there already.
pub(crate) const INSERT_AGAIN: &str = "INSERT OR IGNORE INTO event VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)";

/// The link of a commit and the heads that it is over.
pub(crate) type Link<'l> = (&'l Hash, &'l [u8]);

/// Inserts a record; the last one of a commit with the commit's link.
pub(crate) fn insert(statement: &mut rusqlite::Statement<'_>, record: &Record, link: Option<Link<'_>>) -> rusqlite::Result<()> {
    let Record { seq, run, at_ms, actor, kind, v, step, attempt, data, prev, hash } = record;
    let (link, heads) = link.unzip();
    statement.execute(params![seq, run.as_deref(), at_ms, actor, kind, v, step, attempt, data, prev, hash, link, heads])?;
    Ok(())
}

/// Above so many heads, those that the index by run knows are forgotten whenever it has followed.
const MOST_HEADS: usize = 10_000;

/// The connection with the ends of the chains.
pub(crate) struct Chain {
    pub(crate) connection: Connection,
    pub(crate) next_seq: u64,
    /// Of every run with records that the index by run does not know yet, and of some others; the workspace's has no name.
    heads: HashMap<Arc<str>, Hash>,
    last_link: Hash,
}

impl Chain {
    /// Opens or makes the database and finds the ends.
    pub(crate) fn open(path: &Path, fresh_id: &str, durability: Durability) -> Result<Self, StoreError> {
        let connection = schema::open_for_writing(path, fresh_id, durability)?;
        let (next_seq, heads, last_link) = ends(&connection).map_err(StoreError::write)?;
        Ok(Self { connection, next_seq, heads, last_link })
    }

    /// The last number up to which the list of runs is brought.
    pub(crate) fn projected(&self) -> Result<u64, StoreError> {
        projection::watermark(&self.connection).map_err(StoreError::write)
    }

    /// Gives a batch its places in the chains. Writes nothing.
    pub(crate) fn enter(&self, batch: Batch) -> rusqlite::Result<Entry> {
        let workspace: Arc<str> = Arc::from("");
        let mut touched: BTreeMap<Arc<str>, Hash> = BTreeMap::new();
        for new in &batch.records {
            let name = new.run.as_ref().unwrap_or(&workspace);
            if !touched.contains_key(name) {
                touched.insert(Arc::clone(name), self.head_of(name)?);
            }
        }
        let mut records = Vec::with_capacity(batch.records.len());
        for (offset, new) in batch.records.into_iter().enumerate() {
            let name = new.run.clone().unwrap_or_else(|| Arc::clone(&workspace));
            let prev = touched.get(&name).copied().unwrap_or_default();
            let record = Record::chained(self.next_seq + offset as u64, prev, new);
            touched.insert(name, record.hash);
            records.push(record);
        }
        let last_seq = self.next_seq + records.len() as u64 - 1;
        let heads = encode_heads(touched.iter().map(|(name, hash)| (&**name, hash)));
        Ok(Entry {
            values: batch.values,
            definitions: batch.definitions,
            moves: batch.moves,
            touched,
            last_seq,
            before: self.last_link,
            link: if records.is_empty() { self.last_link } else { link_hash(&self.last_link, last_seq, &heads) },
            records,
            heads,
        })
    }

    fn head_of(&self, run: &Arc<str>) -> rusqlite::Result<Hash> {
        match self.heads.get(run) {
            Some(head) => Ok(*head),
            None => by_run::head(&self.connection, run).map(Option::unwrap_or_default),
        }
    }

    /// Brings the list of runs and the index by run to the end; says which that is.
    pub(crate) fn project(&mut self) -> Result<u64, StoreError> {
        let watermark = match projection::catch_up(&mut self.connection) {
            Err(StoreError::Read(reason)) => {
                tracing::warn!(reason, "the list of runs is made anew");
                projection::forget(&mut self.connection).map_err(StoreError::write)?;
                projection::catch_up(&mut self.connection)?
            }
            done => done?,
        };
        if self.heads.len() > MOST_HEADS {
            self.heads.clear();
        }
        Ok(watermark)
    }

    /// Where the journal stands, seen from an entry.
    pub(crate) fn standing(&self, entry: &Entry) -> Standing {
        if self.last_link == entry.before {
            Standing::Before
        } else if self.last_link == entry.link {
            Standing::After
        } else {
            Standing::Elsewhere
        }
    }

    /// Writes an entry, all or nothing.
    pub(crate) fn write(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        // As a transaction of the library does it, but nothing is compiled anew for each.
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]);
        run("BEGIN IMMEDIATE")?;
        if let Err(error) = self.write_rows(entry).and_then(|()| run("COMMIT")) {
            // Some errors have ended it already.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            return Err(error);
        }
        self.next_seq = entry.last_seq + 1;
        self.last_link = entry.link;
        self.heads.extend(entry.touched.iter().map(|(name, hash)| (Arc::clone(name), *hash)));
        Ok(())
    }

    fn write_rows(&self, entry: &Entry) -> rusqlite::Result<()> {
        let connection = &self.connection;
        for (hash, text) in &entry.definitions {
            connection.prepare_cached("INSERT OR IGNORE INTO definition VALUES (?1, ?2)")?.execute(params![hash, text])?;
        }
        for (hash, json) in &entry.values {
            let bytes = json.text().as_bytes();
            connection.prepare_cached("INSERT OR IGNORE INTO value VALUES (?1, ?2)")?.execute(params![hash, bytes])?;
        }
        let mut event = connection.prepare_cached(INSERT)?;
        for record in &entry.records {
            insert(&mut event, record, (record.seq == entry.last_seq).then_some((&entry.link, &*entry.heads)))?;
        }
        entry.moves.iter().try_for_each(|change| removal::carry_out(connection, change))
    }
}

/// The next number, the heads of the runs that the index does not know yet, and the last link.
fn ends(connection: &Connection) -> rusqlite::Result<(u64, HashMap<Arc<str>, Hash>, Hash)> {
    let last_seq: u64 = connection.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0))?;
    let mut heads = HashMap::new();
    let mut tail = connection.prepare("SELECT coalesce(run, ''), hash FROM event WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = tail.query([projection::watermark(connection)?])?;
    while let Some(row) = rows.next()? {
        heads.insert(row.get(0)?, row.get(1)?);
    }
    let of_those_gone = "SELECT last_seq, hash FROM link ORDER BY last_seq DESC LIMIT 1";
    let gone: Option<(u64, Hash)> = connection.query_row(of_those_gone, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (after, gone) = gone.unwrap_or_default();
    let of_those_here = "SELECT link FROM event WHERE seq > ?1 AND link IS NOT NULL ORDER BY seq DESC LIMIT 1";
    let here: Option<Hash> = connection.query_row(of_those_here, [after], |row| row.get(0)).optional()?;
    Ok((last_seq + 1, heads, here.unwrap_or(gone)))
}
