//! The actions `run` and `command`: a script or a program in a process group of its own.
//!
//! Invariants: values reach a script through its environment and standard input only, never through its text; the engine never
//! blocks on a process (an attempt has a thread of its own, which sleeps until something happens); when an attempt ends, for
//! whatever reason, so does its whole process tree, `setsid` children included.
//!
//! Each attempt is marked in its environment ([`ENGINE_MARK`] and the attempt's name), which is how its processes are found
//! again: by the attempt itself, by the sweeper after it, and by [`end_orphans`] after a crash of the engine. A process that
//! both leaves the group and clears its environment while its parent dies escapes this net.
//!
//! Not here: isolation of what a script may touch.

mod attend;
mod child;
mod input;
mod launch;
mod outcome;
mod performer;
mod place;
mod sweep;
mod threads;
mod tree;

pub use performer::{ProcessConfig, ProcessPerformer};
pub(crate) use performer::{defect, failed};
pub use tree::{ENGINE_MARK, MARKS, end_orphans};
