//! What writes: the connection with the ends of the chains, and how far the list of runs has followed.
//!
//! Invariant: after a failure that does not pass it refuses everything.
//!
//! Not here: whose thread it is (`writer`).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use loomwork_workflow::Durability;

use crate::chain::{Chain, Entry, Standing};
use crate::{Batch, Reader, Record, StoreError, projection};

/// How long nothing must have been written before the projection is updated.
const IDLE: Duration = Duration::from_millis(40);

/// The projection follows at the latest after so many records, which each question about one run looks through.
const MOST_BEHIND: u64 = 8_000;

/// What became of a batch.
pub(super) enum Done {
    Committed(Vec<Record>),
    Failed(StoreError),
    /// Whether it is durable is unknown, and may be found out.
    Outlast(Box<Entry>, StoreError),
}

pub(super) struct Keeper {
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
    /// When something was last written.
    written: Instant,
    /// Whether the thread looks after the list of runs by itself.
    watched: bool,
    broken: bool,
    #[cfg(test)]
    faults: super::tests::Faults,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Keeper {
    pub(super) fn open(path: &Path, fresh_id: &str, durability: Durability) -> Result<Self, StoreError> {
        let chain = Chain::open(path, fresh_id, durability)?;
        let journal_id = projection::meta(&chain.connection, "journal_id").map_err(StoreError::read)?.unwrap_or_default();
        let mut keeper = Self {
            path: path.to_owned(),
            durability,
            journal_id,
            _held: Reader::open(path)?,
            projected: chain.projected()?,
            chain: Some(chain),
            written: Instant::now(),
            watched: false,
            broken: false,
            #[cfg(test)]
            faults: super::tests::faults_of(path),
        };
        // Whoever opens it reads many runs next, and each question looks through what the index does not know.
        keeper.project();
        Ok(keeper)
    }

    pub(super) fn journal_id(&self) -> &str {
        &self.journal_id
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.chain.as_ref().map_or(0, |chain| chain.next_seq)
    }

    /// Nothing more is written.
    pub(super) fn give_up(&mut self) {
        self.broken = true;
    }

    /// How long the thread may wait before it brings the list of runs up to date; none as long as nothing is written.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        let behind = self.chain.as_ref().map_or(0, |chain| (chain.next_seq - 1).saturating_sub(self.projected));
        self.watched = behind > 0 && !self.broken;
        self.watched.then(|| if behind > MOST_BEHIND { Duration::ZERO } else { IDLE.saturating_sub(self.written.elapsed()) })
    }

    /// Whether the thread has to be told that there is something to look after.
    pub(super) fn wants_watch(&mut self) -> bool {
        !std::mem::replace(&mut self.watched, true)
    }

    pub(super) fn project(&mut self) {
        let Some(chain) = self.chain.as_mut().filter(|_| !self.broken) else { return };
        match chain.project() {
            Ok(watermark) => self.projected = watermark,
            Err(error) => {
                // The journal itself is whole; lists fold the tail until this succeeds.
                tracing::warn!(%error, "the list of runs could not be brought up to date");
                self.projected = chain.next_seq - 1;
            }
        }
    }

    pub(super) fn commit(&mut self, batch: Batch) -> Done {
        if !batch.moves.is_empty() {
            // What leaves and comes back changes the list, which must know all that happened before.
            self.project();
        }
        let Some(chain) = self.chain.as_ref().filter(|_| !self.broken) else { return Done::Failed(StoreError::Closed) };
        let entry = match chain.enter(batch) {
            Ok(entry) => entry,
            Err(error) => {
                self.broken = true;
                return Done::Failed(StoreError::read(error));
            }
        };
        match self.write(&entry) {
            Ok(()) => Done::Committed(entry.records),
            Err(error) if error.may_pass() => {
                // Nothing goes on with this connection: only what the file says counts.
                self.chain = None;
                Done::Outlast(Box::new(entry), error)
            }
            Err(error) => {
                self.broken = true;
                Done::Failed(error)
            }
        }
    }

    fn write(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let chain = self.chain.as_mut().ok_or(StoreError::Closed)?;
        #[cfg(test)]
        self.faults.before()?;
        chain.write(entry).map_err(StoreError::write)?;
        self.written = Instant::now();
        #[cfg(test)]
        self.faults.after()?;
        Ok(())
    }

    /// Opens the database anew, since only what the file says counts, and writes the entry unless it is there.
    pub(super) fn write_anew(&mut self, entry: &Entry) -> Result<(), StoreError> {
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
