//! The one thread that writes. It commits each batch as one transaction and then acknowledges it; when idle it brings
//! the projection up to date.
//!
//! Invariant: whether a commit that failed is durable is unknown until the database is opened anew. When the disk is full
//! or does not answer, the thread opens it again and again, looks, and writes what is missing; nothing is written after a
//! batch before that batch is durable. After any other failure nothing more is written.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use loomwork_workflow::Durability;

use crate::chain::{Chain, Entry, Standing};
use crate::{Batch, Reader, Record, StoreError, projection};

#[cfg(test)]
mod tests;

/// Called once a batch is durable, with its records, or when it could not be written.
pub type Acknowledge = Box<dyn FnOnce(Result<Vec<Record>, StoreError>) + Send>;

/// Told why the journal cannot be written for now, and none once it can again. The batch at hand is kept meanwhile.
pub type Trouble = Box<dyn Fn(Option<&StoreError>) + Send>;

/// How long the writer must be idle before it updates the projection.
const IDLE: Duration = Duration::from_millis(40);

/// The projection follows at the latest after so many records.
const MOST_BEHIND: u64 = 20_000;

/// Pause before a batch that could not be written is tried again.
const AGAIN: Duration = Duration::from_millis(250);

enum Work {
    Commit(Batch, Acknowledge),
    Stop,
}

/// A handle of the writing thread. Dropping it writes what is waiting and ends the thread; a batch that cannot be written
/// at that moment is given up.
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
        Self::open_with(path, fresh_id, Durability::Full, Box::new(|_| {}))
    }

    /// The same, with a choice of what a commit survives, and somebody who is told of trouble.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn open_with(path: &Path, fresh_id: &str, durability: Durability, trouble: Trouble) -> Result<Self, StoreError> {
        let chain = Chain::open(path, fresh_id, durability)?;
        let journal_id = projection::meta(&chain.connection, "journal_id").map_err(StoreError::read)?.unwrap_or_default();
        let next_seq = chain.next_seq;
        let projected = chain.projected()?;
        let (work, waiting) = channel();
        let mut keeper = Keeper {
            path: path.to_owned(),
            durability,
            journal_id: journal_id.clone(),
            _held: Reader::open(path)?,
            chain: Some(chain),
            projected,
            trouble,
            waiting,
            backlog: VecDeque::new(),
            broken: false,
            #[cfg(test)]
            faults: tests::Faults::default(),
        };
        #[cfg(test)]
        keeper.faults.clone_from(&tests::faults_of(path));
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || keeper.run());
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

/// What the thread has.
struct Keeper {
    path: PathBuf,
    durability: Durability,
    journal_id: String,
    /// Keeps the index that all connections share from being removed while the database is opened anew: without room it could not
    /// be made again, and nobody could read. Goes before the chain, which tidies up when it is the last.
    _held: Reader,
    /// None while the database is being opened anew.
    chain: Option<Chain>,
    /// The last number that the list of runs knows.
    projected: u64,
    trouble: Trouble,
    waiting: Receiver<Work>,
    /// What came while a batch could not be written.
    backlog: VecDeque<Work>,
    broken: bool,
    #[cfg(test)]
    faults: tests::Faults,
}

impl Keeper {
    fn run(&mut self) {
        loop {
            match self.next() {
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

    fn next(&mut self) -> Result<Work, RecvTimeoutError> {
        if let Some(work) = self.backlog.pop_front() {
            return Ok(work);
        }
        let behind = self.chain.as_ref().map_or(0, |chain| (chain.next_seq - 1).saturating_sub(self.projected));
        if behind == 0 || self.broken {
            self.waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else if behind > MOST_BEHIND {
            self.waiting.try_recv().map_err(|_| RecvTimeoutError::Timeout)
        } else {
            self.waiting.recv_timeout(IDLE)
        }
    }

    fn project(&mut self) {
        let Some(chain) = self.chain.as_mut().filter(|_| !self.broken) else { return };
        match projection::catch_up(&mut chain.connection) {
            Ok(watermark) => self.projected = watermark,
            Err(error) => {
                // The journal itself is whole; lists fold the tail until this succeeds.
                tracing::warn!(%error, "the list of runs could not be brought up to date");
                self.projected = chain.next_seq - 1;
            }
        }
    }

    fn commit(&mut self, batch: Batch) -> Result<Vec<Record>, StoreError> {
        if !batch.moves.is_empty() {
            // What leaves and comes back changes the list, which must know all that happened before.
            self.project();
        }
        let Some(chain) = self.chain.as_ref().filter(|_| !self.broken) else { return Err(StoreError::Closed) };
        let entry = match chain.enter(batch) {
            Ok(entry) => entry,
            Err(error) => {
                self.broken = true;
                return Err(StoreError::read(error));
            }
        };
        let written = match self.write(&entry) {
            Err(error) if error.may_pass() => self.outlast(&entry, error),
            written => written,
        };
        self.broken = written.is_err();
        written.map(|()| entry.records)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let chain = self.chain.as_mut().ok_or(StoreError::Closed)?;
        #[cfg(test)]
        self.faults.before()?;
        chain.write(entry).map_err(StoreError::write)?;
        #[cfg(test)]
        self.faults.after()?;
        Ok(())
    }

    /// Keeps an entry until it is durable, or until there is no hope.
    fn outlast(&mut self, entry: &Entry, mut error: StoreError) -> Result<(), StoreError> {
        loop {
            (self.trouble)(Some(&error));
            match self.waiting.recv_timeout(AGAIN) {
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.backlog.push_front(Work::Stop);
                    return Err(error);
                }
                Ok(work) => self.backlog.push_back(work),
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.write_anew(entry) {
                Err(still) if still.may_pass() => error = still,
                done => {
                    (self.trouble)(None);
                    return done;
                }
            }
        }
    }

    /// Opens the database anew, since only what the file says counts, and writes the entry unless it is there.
    fn write_anew(&mut self, entry: &Entry) -> Result<(), StoreError> {
        // First the old connection goes: two writers of one process would wait for each other.
        self.chain = None;
        if !self.path.exists() {
            return Err(StoreError::CannotOpen { path: self.path.clone(), reason: "it does not exist any more".to_owned() });
        }
        let chain = self.chain.insert(Chain::open(&self.path, &self.journal_id, self.durability)?);
        match chain.standing(entry) {
            Standing::After => Ok(()),
            Standing::Before => self.write(entry),
            Standing::Elsewhere => Err(StoreError::Write("somebody else has written the journal meanwhile".to_owned())),
        }
    }
}
