//! The one thread that writes. It commits each batch as one transaction and then acknowledges it; when idle it brings
//! the projection up to date.
//!
//! Invariant: after a failed commit nothing more is written: whether that commit is durable is unknown until the
//! database is opened anew.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use loomwork_workflow::Durability;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::record::{Hash, encode_heads, link_hash};
use crate::{Batch, Record, StoreError, projection, schema};

/// Called once a batch is durable, with its records, or when it could not be written.
pub type Acknowledge = Box<dyn FnOnce(Result<Vec<Record>, StoreError>) + Send>;

/// How long the writer must be idle before it updates the projection.
const IDLE: Duration = Duration::from_millis(40);

/// The projection follows at the latest after so many records.
const MOST_BEHIND: u64 = 20_000;

enum Work {
    Commit(Batch, Acknowledge),
    Stop,
}

/// A handle of the writing thread. Dropping it writes what is waiting and ends the thread.
#[derive(Debug)]
pub struct Writer {
    work: Sender<Work>,
    thread: Option<JoinHandle<()>>,
    journal_id: String,
    next_seq: u64,
}

impl Writer {
    /// Opens or makes the database and starts the thread. `fresh_id` becomes the journal's id if it is new.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or is of a newer format.
    pub fn open(path: &Path, fresh_id: &str) -> Result<Self, StoreError> {
        Self::open_with(path, fresh_id, Durability::Full)
    }

    /// The same, with a choice of what a commit survives.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn open_with(path: &Path, fresh_id: &str, durability: Durability) -> Result<Self, StoreError> {
        let connection = schema::open_for_writing(path, fresh_id, durability)?;
        let mut chain = Chain::load(connection)?;
        let journal_id = projection::meta(&chain.connection, "journal_id").map_err(StoreError::read)?.unwrap_or_default();
        let next_seq = chain.next_seq;
        let (work, waiting) = channel();
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || chain.run(&waiting));
        let thread = thread.map_err(|error| StoreError::Write(format!("no thread for the journal: {error}")))?;
        Ok(Self { work, thread: Some(thread), journal_id, next_seq })
    }

    /// Identifies the journal for all its life.
    pub fn journal_id(&self) -> &str {
        &self.journal_id
    }

    /// The number that the first record of the first batch will have.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Hands a batch to the thread; `acknowledge` is called from there, always.
    pub fn commit(&self, batch: Batch, acknowledge: Acknowledge) {
        if let Err(refused) = self.work.send(Work::Commit(batch, acknowledge))
            && let Work::Commit(_, acknowledge) = refused.0
        {
            acknowledge(Err(StoreError::Closed));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.work.send(Work::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread panicked");
        }
    }
}

/// The connection with the ends of the chains.
struct Chain {
    connection: Connection,
    next_seq: u64,
    heads: HashMap<Arc<str>, Hash>,
    workspace_head: Hash,
    next_link: u64,
    last_link: Hash,
    projected: u64,
    broken: bool,
}

impl Chain {
    fn load(connection: Connection) -> Result<Self, StoreError> {
        let last_seq: u64 =
            connection.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0)).map_err(StoreError::read)?;
        let workspace_head = connection
            .query_row("SELECT hash FROM event WHERE run IS NULL ORDER BY seq DESC LIMIT 1", [], |row| row.get(0))
            .optional()
            .map_err(StoreError::read)?
            .unwrap_or_default();
        let (last_n, last_link) = connection
            .query_row("SELECT n, hash FROM link ORDER BY n DESC LIMIT 1", [], |row| Ok((row.get::<_, u64>(0)?, row.get(1)?)))
            .optional()
            .map_err(StoreError::read)?
            .unwrap_or_default();
        let projected = projection::watermark(&connection).map_err(StoreError::read)?;
        Ok(Self {
            connection,
            next_seq: last_seq + 1,
            heads: HashMap::new(),
            workspace_head,
            next_link: last_n + 1,
            last_link,
            projected,
            broken: false,
        })
    }

    fn run(&mut self, waiting: &Receiver<Work>) {
        loop {
            let behind = self.next_seq - 1 - self.projected;
            let work = if behind == 0 || self.broken {
                waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else if behind > MOST_BEHIND {
                waiting.try_recv().map_err(|_| RecvTimeoutError::Timeout)
            } else {
                waiting.recv_timeout(IDLE)
            };
            match work {
                Ok(Work::Commit(batch, acknowledge)) => {
                    let result = self.commit(batch);
                    acknowledge(result);
                }
                Err(RecvTimeoutError::Timeout) => self.project(),
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.project();
                    return;
                }
            }
        }
    }

    fn project(&mut self) {
        if self.broken {
            return;
        }
        match projection::catch_up(&mut self.connection) {
            Ok(watermark) => self.projected = watermark,
            Err(error) => {
                // The journal itself is whole; lists fold the tail until this succeeds.
                tracing::warn!(%error, "the list of runs could not be brought up to date");
                self.projected = self.next_seq - 1;
            }
        }
    }

    fn commit(&mut self, batch: Batch) -> Result<Vec<Record>, StoreError> {
        if self.broken {
            return Err(StoreError::Closed);
        }
        match self.write(batch) {
            Ok(records) => Ok(records),
            Err(error) => {
                self.broken = true;
                Err(StoreError::write(error))
            }
        }
    }

    fn write(&mut self, batch: Batch) -> rusqlite::Result<Vec<Record>> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut touched: BTreeMap<Arc<str>, Hash> = BTreeMap::new();
        let workspace: Arc<str> = Arc::from("");
        let mut records = Vec::with_capacity(batch.records.len());
        {
            let mut definition = transaction.prepare_cached("INSERT OR IGNORE INTO definition VALUES (?1, ?2)")?;
            for (hash, text) in &batch.definitions {
                definition.execute(params![hash, text])?;
            }
            let mut value = transaction.prepare_cached("INSERT OR IGNORE INTO value VALUES (?1, ?2)")?;
            for (hash, json) in &batch.values {
                value.execute(params![hash, json])?;
            }
            let mut event = transaction.prepare_cached("INSERT INTO event VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)")?;
            for (offset, new) in batch.records.into_iter().enumerate() {
                let name = new.run.clone().unwrap_or_else(|| Arc::clone(&workspace));
                let prev = match touched.get(&name).or_else(|| self.heads.get(&name)) {
                    Some(head) => *head,
                    None if name.is_empty() => self.workspace_head,
                    None => head_of(&transaction, &name)?,
                };
                let record = Record::chained(self.next_seq + offset as u64, prev, new);
                let Record { seq, run, at_ms, actor, kind, v, step, attempt, data, prev, hash } = &record;
                event.execute(params![seq, run.as_deref(), at_ms, actor, kind, v, step, attempt, data, prev, hash])?;
                touched.insert(name, record.hash);
                records.push(record);
            }
        }
        let last_seq = self.next_seq + records.len() as u64 - 1;
        let heads = encode_heads(touched.iter().map(|(name, hash)| (&**name, hash)));
        let link = link_hash(&self.last_link, last_seq, &heads);
        transaction.prepare_cached("INSERT INTO link VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            self.next_link,
            last_seq,
            heads,
            self.last_link,
            link
        ])?;
        transaction.commit()?;
        self.next_seq = last_seq + 1;
        self.next_link += 1;
        self.last_link = link;
        for (name, hash) in touched {
            if name.is_empty() {
                self.workspace_head = hash;
            } else {
                self.heads.insert(name, hash);
            }
        }
        // Heads of ended runs are read again when they are needed.
        if self.heads.len() > 10_000 {
            self.heads.clear();
        }
        Ok(records)
    }
}

fn head_of(connection: &Connection, run: &str) -> rusqlite::Result<Hash> {
    connection
        .prepare_cached("SELECT hash FROM event WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([run], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}
