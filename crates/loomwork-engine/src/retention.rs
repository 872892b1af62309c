//! Runs that leave the journal for good or for the archive, and come back from there.
//!
//! Invariants: only runs that have ended leave, and none that another one still needs; a run leaves for the archive after its
//! file is there, durable and read again; its logs and checkpoints go after it has left. So a crash at any moment leaves it
//! in the journal or in the archive, and doing it again finishes what is left.
//!
//! Not here: which may go (`plan`), what the engine does by itself (`keeper`), files and SQL (`loomwork-store`).

mod keeper;
mod plan;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use loomwork_run::RunStatus;
use loomwork_store::{Archive, ArchiveError, ArchiveHead, Reader, Removed, RunRow};

use crate::driver::now_ms;
use crate::engine::blocking;
use crate::request::{Leave, Request};
use crate::{Engine, EngineError};

pub use keeper::clear_leftovers;
pub(crate) use keeper::keep;
pub use plan::{Plan, plan};

/// Runs of one commit: so few that no other commit waits long.
const PIECE_RUNS: usize = 32;
/// Events of one commit, unless a single run has more.
const PIECE_EVENTS: u64 = 5_000;
/// Values of one commit.
const PIECE_VALUES: usize = 500;

/// Where runs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into the archive.
    Archive,
    /// Nowhere: they are deleted.
    Purge,
}

/// Which runs are meant: those that are named, or all for which everything else holds that is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// These and no others.
    pub runs: Vec<String>,
    /// That ended in one of these ways; none for all.
    pub statuses: Vec<RunStatus>,
    /// Of this workflow.
    pub workflow: Option<String>,
    /// That ended so long ago, in milliseconds.
    pub older_than_ms: Option<u64>,
    /// That are not among the newest so many of their workflow and their way of ending.
    pub keep: Option<u32>,
}

/// A run that goes, or is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Going {
    /// The run.
    pub row: RunRow,
    /// Its events.
    pub events: u64,
    /// What it takes of journal, logs and checkpoints, in bytes, without large values.
    pub bytes: u64,
    /// Size of its file in the archive.
    pub archive_bytes: Option<u64>,
}

/// A run that was meant and stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The run.
    pub row: RunRow,
    /// Why.
    pub why: String,
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The runs that are gone.
    pub runs: Vec<Going>,
    /// Those that were meant and stay.
    pub kept: Vec<Kept>,
    /// Whether there are more than one removal takes.
    pub more: bool,
    /// Large values that went with them.
    pub values: u64,
    /// Their bytes.
    pub value_bytes: u64,
}

impl Engine {
    /// Takes runs out of the journal. Those that cannot go stay, with the reason.
    ///
    /// # Errors
    /// When a named run does not exist, or the journal cannot be read or written. What was done until then is done.
    pub async fn remove_runs(&self, way: Way, selection: Selection, actor: &str) -> Result<Outcome, EngineError> {
        let journal = Arc::clone(self.journal());
        let Plan { going, kept, more, family } = blocking(move || plan(&journal, &selection, now_ms())).await?;
        let mut outcome = Outcome { kept, more, ..Outcome::default() };
        let ids: Vec<Arc<str>> = going.iter().map(|going| Arc::from(going.row.id.as_str())).collect();
        let (claimed, refused) = Claimed::claim(self, ids).await?;
        let (going, late) = plan::without(going, &family, refused);
        outcome.kept.extend(late);
        for piece in pieces(going) {
            self.remove_piece(way, piece, actor, &mut outcome).await?;
        }
        drop(claimed);
        if !outcome.runs.is_empty() {
            (outcome.values, outcome.value_bytes) = self.sweep_values(actor).await?;
        }
        Ok(outcome)
    }

    async fn remove_piece(&self, way: Way, piece: Vec<Going>, actor: &str, outcome: &mut Outcome) -> Result<(), EngineError> {
        let (journal, who) = (Arc::clone(self.journal()), actor.to_owned());
        let Ready { runs, removed, numbers, kept } = blocking(move || ready(&journal, way, piece, &who)).await?;
        outcome.kept.extend(kept);
        if removed.is_empty() {
            return Ok(());
        }
        let kind = match way {
            Way::Archive => "runs_archived",
            Way::Purge => "runs_purged",
        };
        let actor = actor.to_owned();
        self.ask(|answer| Request::Leave(Leave::Remove { kind, actor, runs: removed, numbers, answer })).await?;
        let (archive, ids) = (self.archive(), runs.iter().map(|going| going.row.id.clone()).collect::<Vec<_>>());
        outcome.runs.extend(runs);
        blocking(move || Ok(ids.iter().try_for_each(|id| archive.clear_up(id))?)).await
    }

    /// Takes large values out of the journal that no event names any more; returns how many, and their bytes.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn sweep_values(&self, actor: &str) -> Result<(u64, u64), EngineError> {
        let journal = Arc::clone(self.journal());
        let (unused, since) = blocking(move || Ok(Reader::open(&journal)?.unused_values()?)).await?;
        let (mut count, mut bytes) = (0, 0);
        for piece in unused.chunks(PIECE_VALUES) {
            let values = piece.iter().map(|(hash, _)| hash.clone()).collect();
            let who = actor.to_owned();
            let taken = self.ask(|answer| Request::Leave(Leave::Sweep { values, since, actor: who, answer })).await?;
            count += taken as u64;
            // A value that a run in memory holds stays until the next time: its bytes are too few to matter here.
            bytes += piece.iter().map(|(_, bytes)| bytes).sum::<u64>();
        }
        Ok((count, bytes))
    }

    /// Brings a run back from the archive.
    ///
    /// # Errors
    /// When it is not there, is damaged, did not leave this journal, or the journal cannot be written.
    pub async fn restore_archived(&self, run: &str, actor: &str) -> Result<(), EngineError> {
        let (journal, archive, id) = (Arc::clone(self.journal()), self.archive(), run.to_owned());
        let returned = blocking(move || {
            let reader = Reader::open(&journal)?;
            let head = archive.check(&id)?.head;
            if reader.weigh(&id)?.is_some_and(|weight| hex::encode(weight.head) == head.head) {
                // It was back already when a crash came.
                return Ok(None);
            }
            if reader.removed()?.get(&id).is_none_or(|removed| removed.head != head.head) {
                return Err(EngineError::ForeignArchive(id));
            }
            Ok(Some(archive.unpack(&id)?.1))
        });
        if let Some(returned) = returned.await? {
            let actor = actor.to_owned();
            self.ask(|answer| Request::Leave(Leave::Return { returned: Box::new(returned), actor, answer })).await?;
        }
        let (archive, id) = (self.archive(), run.to_owned());
        blocking(move || Ok(archive.delete(&id)?)).await
    }

    /// Deletes a run from the archive, and says so in the journal.
    ///
    /// # Errors
    /// When it is not there, or cannot be deleted.
    pub async fn delete_archived(&self, run: &str, actor: &str) -> Result<(), EngineError> {
        if !self.archive().path(run).exists() {
            return Err(ArchiveError::None(run.to_owned()).into());
        }
        let (data, actor) = (serde_json::json!({ "run": run }), actor.to_owned());
        self.ask(|answer| Request::Leave(Leave::Note { kind: "archive_deleted", actor, data, answer })).await?;
        let (archive, id) = (self.archive(), run.to_owned());
        blocking(move || Ok(archive.delete(&id)?)).await
    }

    /// The runs that have left the journal for the archive.
    pub fn archive(&self) -> Archive {
        Archive::beside(self.journal())
    }
}

/// Runs that were claimed. When it is dropped, those that are not gone are given back.
struct Claimed {
    engine: Engine,
    runs: Vec<Arc<str>>,
}

impl Claimed {
    /// Claims runs; those that cannot be come with the reason.
    async fn claim(engine: &Engine, runs: Vec<Arc<str>>) -> Result<(Self, BTreeMap<Arc<str>, String>), EngineError> {
        // Before it is asked for: what is taken in while the disk is full is claimed without an answer.
        let mut claimed = Self { engine: engine.clone(), runs: runs.clone() };
        let refused: BTreeMap<_, _> =
            engine.ask(|answer| Request::Leave(Leave::Claim { runs, answer })).await?.into_iter().collect();
        claimed.runs.retain(|id| !refused.contains_key(id));
        Ok((claimed, refused))
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.engine.tell(Request::Leave(Leave::Release(std::mem::take(&mut self.runs))));
    }
}

/// Claimed runs that can leave at once.
struct Ready {
    runs: Vec<Going>,
    removed: Vec<Removed>,
    numbers: BTreeMap<String, u32>,
    kept: Vec<Kept>,
}

/// Looks at claimed runs as they are now, and puts them into the archive if they go there.
fn ready(journal: &Path, way: Way, piece: Vec<Going>, actor: &str) -> Result<Ready, EngineError> {
    let reader = Reader::open(journal)?;
    let archive = Archive::beside(journal);
    let mut ready = Ready { runs: Vec::new(), removed: Vec::new(), numbers: BTreeMap::new(), kept: Vec::new() };
    for mut going in piece {
        // Gone by other hands, which is as good.
        let (Some(weight), Some(row)) = (reader.weigh(&going.row.id)?, reader.run(&going.row.id)?) else { continue };
        // Between the plan and the claim it may have been taken up and have ended again.
        if !row.status.is_final() || row.ended_at_ms != going.row.ended_at_ms {
            ready.kept.push(Kept { row, why: "it was taken up meanwhile".to_owned() });
            continue;
        }
        going.row = row;
        let (row, head) = (&going.row, hex::encode(weight.head));
        if way == Way::Archive {
            let head = ArchiveHead {
                run: row.clone(),
                events: weight.events,
                head: head.clone(),
                took_bytes: going.bytes,
                actor: actor.to_owned(),
                at_ms: now_ms(),
            };
            match archive.write(&reader, &head) {
                Ok(archived) => going.archive_bytes = Some(archived.file_bytes),
                Err(error @ ArchiveError::Damaged(_)) => {
                    ready.kept.push(Kept { row: row.clone(), why: error.to_string() });
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !ready.numbers.contains_key(&row.workflow) {
            ready.numbers.insert(row.workflow.clone(), reader.last_number(&row.workflow)?);
        }
        ready.removed.push(Removed {
            run: row.id.clone(),
            workflow: row.workflow.clone(),
            number: row.number,
            status: row.status.as_str().to_owned(),
            ended_at_ms: row.ended_at_ms,
            events: weight.events,
            head,
        });
        ready.runs.push(going);
    }
    Ok(ready)
}

/// Runs in pieces of one commit.
fn pieces(going: Vec<Going>) -> Vec<Vec<Going>> {
    let (mut pieces, mut piece, mut events) = (Vec::new(), Vec::new(), 0);
    for run in going {
        if !piece.is_empty() && (piece.len() == PIECE_RUNS || events + run.events > PIECE_EVENTS) {
            pieces.push(std::mem::take(&mut piece));
            events = 0;
        }
        events += run.events;
        piece.push(run);
    }
    pieces.extend((!piece.is_empty()).then_some(piece));
    pieces
}

/// The ids of runs.
fn ids(going: &[Going]) -> HashSet<String> {
    going.iter().map(|going| going.row.id.clone()).collect()
}
