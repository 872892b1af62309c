//! The durable journal: one SQLite database a workspace, written by one thread, read by anyone.
//!
//! Invariants: what a commit acknowledged survives the death of the process and of the power; the journal is append-only
//! but for whole runs, which leave with an event that says so, and chained by hashes; every table that is not the journal can
//! be rebuilt from it.
//!
//! Not here: what events mean (`loomwork-run`), when they are written (`loomwork-engine`). Nobody else knows SQL.

mod archive;
mod by_run;
mod cached;
mod care;
mod chain;
mod checkpoints;
mod error;
mod projection;
mod reader;
mod record;
mod removal;
mod schema;
mod selection;
mod standing;
mod verify;
mod versions;
mod writer;

pub mod logs;

pub use archive::{Archive, ArchiveError, ArchiveHead, Archived, ListedArchive};
pub use cached::CachedOutput;
pub use care::{SealedLog, ValueCheck, rebuild_list, rename_journal, snapshot, sweep_values};
pub use checkpoints::{Checked, CheckpointError, CheckpointHead, Checkpoints, Level, Listed, Retention};
pub use error::StoreError;
pub use projection::{RunFilter, RunRow};
pub use reader::Reader;
pub use record::{Batch, NewRecord, Record};
pub use removal::{Move, Removed, Returned};
pub use selection::{Call, Ended, Weight};
pub use verify::{Verdict, verify};
pub use versions::VersionRow;
pub use writer::{Acknowledge, Trouble, Writer};
