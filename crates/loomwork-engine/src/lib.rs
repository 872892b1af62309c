//! The loop: load, decide, commit, perform.
//!
//! Invariants: no effect starts before the event that intends it is durable; nothing is published or answered before it
//! is durable; pure steps never wait for a commit of their own. [`Core`] is the loop without a clock, a thread or a
//! runtime, so that a simulated world can drive it; [`Engine`] drives it for real.
//!
//! Not here: what happens next in a run (`loomwork-run`), SQL (`loomwork-store`), processes (`loomwork-steps`).

mod call;
mod checkpoints;
mod core;
mod driver;
mod engine;
mod error;
mod fork;
mod groups;
mod load;
mod performer;
mod request;
mod retention;
mod schedule;

pub use crate::core::{Core, QueueLine, Queued};
pub use call::Library;
pub use checkpoints::{load_checkpoint, load_run_from};
pub use driver::Published;
pub use engine::{Engine, EngineConfig, Figures, StartRun, surroundings};
pub use error::EngineError;
pub use fork::Fork;
pub use load::{Programs, fold_on, fold_run, load_run, read_values};
pub use loomwork_run::AttemptOutcome;
pub use performer::{AttemptKey, AttemptReport, AttemptSpec, FingerprintSpec, FingerprintTo, Performer, ReportTo};
pub use request::{Active, After, Answer, Ask, Leave, Look, NewRun, Request, RunWaits, Wish};
pub use retention::{Going, Kept, Outcome, Plan, Selection, Way, clear_leftovers, plan};
pub use schedule::{AGEING_MS, Limits, Needs, WaitReason};
