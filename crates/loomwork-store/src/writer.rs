//! The one thread that writes. It commits each batch as one transaction and then acknowledges it; when idle it brings
//! the projection up to date. Whoever waits for nothing else can commit a batch without it, as long as it has nothing to do.
//!
//! Invariant: whether a commit that failed is durable is unknown until the database is opened anew. When the disk is full
//! or does not answer, the thread opens it again and again, looks, and writes what is missing; nothing is written after a
//! batch before that batch is durable. After any other failure nothing more is written.
//!
//! Not here: what one commit writes (`chain`), and how one that failed is outlasted (`keeper`).

mod keeper;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use loomwork_workflow::Durability;

use crate::chain::Entry;
use crate::{Batch, Record, StoreError};
use keeper::{Done, Keeper};

#[cfg(test)]
mod tests;

/// Called once a batch is durable, with its records, or when it could not be written.
pub type Acknowledge = Box<dyn FnOnce(Result<Vec<Record>, StoreError>) + Send>;

/// Told why the journal cannot be written for now, and none once it can again. The batch at hand is kept meanwhile.
pub type Trouble = Box<dyn Fn(Option<&StoreError>) + Send>;

/// Pause before a batch that could not be written is tried again.
const AGAIN: Duration = Duration::from_millis(250);

enum Work {
    Commit(Batch, Acknowledge),
    /// A commit that failed on another thread, for a reason that may pass.
    Outlast(Box<Entry>, StoreError, Acknowledge),
    /// Somebody else has written something.
    Look,
    Stop,
}

/// A handle of the writing thread. Dropping it writes what is waiting and ends the thread; a batch that cannot be written
/// at that moment is given up.
#[derive(Debug)]
pub struct Writer {
    work: Sender<Work>,
    keeper: Arc<Mutex<Keeper>>,
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
        let keeper = Keeper::open(path, fresh_id, durability)?;
        let (journal_id, next_seq) = (keeper.journal_id().to_owned(), keeper.next_seq());
        let keeper = Arc::new(Mutex::new(keeper));
        let (work, waiting) = channel();
        let mut thread = Thread { keeper: Arc::clone(&keeper), trouble, waiting, backlog: VecDeque::new() };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || thread.run());
        let thread = thread.map_err(|error| StoreError::Write(format!("no thread for the journal: {error}")))?;
        Ok(Self { work, keeper, thread: Some(thread), journal_id, next_seq })
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
        self.hand_over(Work::Commit(batch, acknowledge));
    }

    /// Commits a batch on the thread of the caller, which spares two changes of threads; one that must be outlasted, and any
    /// while the thread is at work, is handed to it. For a caller all of whose batches have been acknowledged: this one would
    /// overtake another.
    pub fn commit_here(&self, batch: Batch, acknowledge: Acknowledge) {
        let Ok(mut keeper) = self.keeper.try_lock() else { return self.commit(batch, acknowledge) };
        let done = keeper.commit(batch);
        let wake = keeper.wants_watch();
        drop(keeper);
        match done {
            Done::Outlast(entry, error) => self.hand_over(Work::Outlast(entry, error, acknowledge)),
            Done::Committed(records) => acknowledge(Ok(records)),
            Done::Failed(error) => acknowledge(Err(error)),
        }
        if wake {
            // A thread that is gone looks after nothing.
            let _ = self.work.send(Work::Look);
        }
    }

    fn hand_over(&self, work: Work) {
        if let Err(refused) = self.work.send(work)
            && let Work::Commit(_, acknowledge) | Work::Outlast(_, _, acknowledge) = refused.0
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

/// What the thread has besides.
struct Thread {
    keeper: Arc<Mutex<Keeper>>,
    trouble: Trouble,
    waiting: Receiver<Work>,
    /// What came while a batch could not be written.
    backlog: VecDeque<Work>,
}

impl Thread {
    fn run(&mut self) {
        loop {
            match self.next() {
                Ok(Work::Commit(batch, acknowledge)) => self.carry_out(|keeper| keeper.commit(batch), acknowledge),
                Ok(Work::Outlast(entry, error, acknowledge)) => self.carry_out(|_| Done::Outlast(entry, error), acknowledge),
                Ok(Work::Look) => {}
                Err(RecvTimeoutError::Timeout) => self.with_keeper(Keeper::project),
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => return self.with_keeper(Keeper::project),
            }
        }
    }

    /// Whoever panicked with the keeper in hands has left it broken, and it says so itself.
    fn with_keeper<T>(&self, what: impl FnOnce(&mut Keeper) -> T) -> T {
        let mut keeper = self.keeper.lock().unwrap_or_else(|poisoned| {
            let mut keeper = poisoned.into_inner();
            keeper.give_up();
            keeper
        });
        what(&mut keeper)
    }

    fn next(&mut self) -> Result<Work, RecvTimeoutError> {
        if let Some(work) = self.backlog.pop_front() {
            return Ok(work);
        }
        loop {
            let pause = self.with_keeper(Keeper::pause);
            let Some(pause) = pause else { return self.waiting.recv().map_err(|_| RecvTimeoutError::Disconnected) };
            match self.waiting.recv_timeout(pause) {
                // Something may have been written meanwhile.
                Err(RecvTimeoutError::Timeout)
                    if self.with_keeper(|keeper| keeper.pause().is_some_and(|pause| !pause.is_zero())) => {}
                heard => return heard,
            }
        }
    }

    fn carry_out(&mut self, what: impl FnOnce(&mut Keeper) -> Done, acknowledge: Acknowledge) {
        let done = self.with_keeper(what);
        let result = match done {
            Done::Committed(records) => Ok(records),
            Done::Failed(error) => Err(error),
            Done::Outlast(entry, error) => self.outlast(*entry, error),
        };
        acknowledge(result);
    }

    /// Keeps an entry until it is durable, or until there is no hope.
    fn outlast(&mut self, entry: Entry, mut error: StoreError) -> Result<Vec<Record>, StoreError> {
        loop {
            (self.trouble)(Some(&error));
            match self.waiting.recv_timeout(AGAIN) {
                Ok(Work::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.backlog.push_front(Work::Stop);
                    self.with_keeper(Keeper::give_up);
                    return Err(error);
                }
                Ok(work) => self.backlog.push_back(work),
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.with_keeper(|keeper| keeper.write_anew(&entry)) {
                Err(still) if still.may_pass() => error = still,
                done => {
                    (self.trouble)(None);
                    if done.is_err() {
                        self.with_keeper(Keeper::give_up);
                    }
                    return done.map(|()| entry.records);
                }
            }
        }
    }
}
