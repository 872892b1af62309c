//! Errors of the engine's requests.

use loomwork_run::RefusedRequest;
use loomwork_store::{ArchiveError, CheckpointError, StoreError};

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(String),
    /// The run is not in memory; load it and ask again. Never leaves this crate.
    #[error("the run `{0}` is not loaded")]
    NotLoaded(String),
    /// There is no such circuit breaker: no attempt has asked it yet.
    #[error("there is no circuit breaker `{0}`")]
    NoSuchBreaker(String),
    /// There is no such dead letter.
    #[error("the run `{0}` is no dead letter")]
    NoSuchLetter(String),
    /// Not possible in the present state of the run.
    #[error(transparent)]
    Refused(#[from] RefusedRequest),
    /// The workflow's `env` cannot be evaluated with these inputs.
    #[error("`env.{name}`: {message}")]
    Env {
        /// The variable.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The name of the concurrency group cannot be evaluated with these inputs.
    #[error("`concurrency.group`: {0}")]
    Group(String),
    /// The journal of a run cannot be folded: damage, or a newer version wrote it.
    #[error("the run `{run}` cannot be read: {reason}")]
    Unreadable {
        /// The run's id.
        run: String,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint cannot be used or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint does not fit the journal.
    #[error("the checkpoint `{checkpoint}` cannot be used: {reason}")]
    UnfitCheckpoint {
        /// Its id.
        checkpoint: String,
        /// Why.
        reason: String,
    },
    /// An archived run cannot be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An archived run is not one that left this journal.
    #[error("the archived run `{0}` is not one that left this journal: it cannot come back to it")]
    ForeignArchive(String),
    /// The journal failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be written for now. What is under way goes on; nothing new begins until it can.
    #[error("{reason}; {}", if *.taken { "what was asked for is done once it can be written, without being asked again" } else { "nothing was changed. The engine goes on by itself once there is room or the disk answers" })]
    Stalled {
        /// Why.
        reason: String,
        /// Whether the request had been taken in before, so that it still takes effect.
        taken: bool,
    },
    /// The engine has stopped after the journal failed, or is shutting down.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
}
