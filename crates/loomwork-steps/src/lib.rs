//! Performs the attempts of steps. One module an action; so far there is one: `run`, a script in a process.
//!
//! Invariants: an attempt reports exactly once; when it has reported, its processes have ended; its output is in its log file
//! before anyone is told of it; a slow or absent watcher never slows a process down.
//!
//! Not here: what to run and when (`loomwork-run`, `loomwork-engine`), and how log files are laid out (`loomwork-store`).
//! This crate needs Linux 5.3 or newer: processes are watched by descriptors and found through `/proc`.

mod hub;
mod process;

pub use hub::{LogBatch, LogHub, LogWatch, WatchedLine};
pub use process::{ENGINE_MARK, MARKS, ProcessConfig, ProcessPerformer, end_orphans};
