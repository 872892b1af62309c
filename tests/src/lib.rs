//! What the tests of the whole system stand on: the real `loomwork` program, workspaces in temporary folders, and
//! waiting for conditions.
//!
//! Invariants: a test sees the program only from outside (commands, files, signals); nothing of this user's own
//! folders is read or written; every process that a workspace started has ended when it is dropped.
//!
//! Not here: what must hold (`tests/tests/system`), the browser (`tests/browser`), the window (`tests/window`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod example;
mod histories;
mod http;
mod journal;
mod owner;
mod program;
mod run;
mod stage;
mod wait;
mod workspace;

pub use example::{Deed, Example, Kind, examples};
pub use histories::histories;
pub use http::{Answer, HttpServer};
pub use journal::Journal;
pub use owner::Owner;
pub use program::program;
pub use run::{RunView, effects_of};
pub use stage::differences;
pub use wait::{PATIENCE, wait_for, wait_until};
pub use workspace::{Ran, Workspace};
