//! Performs the attempts of steps, one module a kind of action: processes (`run`, `command`), requests (`http`), programs (`jq`).
//! [`Actions`] takes them all.
//!
//! Invariants: an attempt reports exactly once; when it has reported, its processes have ended; its output is in its log file
//! before anyone is told of it; a slow or absent watcher never slows a process down.
//!
//! Not here: what to run and when (`loomwork-run`, `loomwork-engine`), and how log files are laid out (`loomwork-store`).
//! This crate needs Linux 5.3 or newer: processes are watched by descriptors and found through `/proc`.

mod actions;
mod capture;
mod fingerprint;
mod http;
mod hub;
mod jq;
mod process;
mod redact;
mod secrets;
mod sink;
mod tasks;

pub use actions::Actions;
pub use fingerprint::Fingerprints;
pub use hub::{LogBatch, LogHub, LogWatch, WatchedLine};
pub use jq::{JqFault, check_jq};
pub use process::{ENGINE_MARK, MARKS, ProcessConfig, ProcessPerformer, end_orphans};
pub use secrets::{SecretError, SecretSource, WorkspaceSecrets};
