//! The workspace and one function per use case: what every shell of Loomwork (window, server, command line) is made of.
//!
//! Invariants: one process owns a workspace and with it the engine; every other one is its guest and gets the same
//! answers. Every request of the contract has exactly one function here.
//!
//! Not here: HTTP, terminals and windows (the shells), what a workflow says (`loomwork-workflow`), what a run does
//! (`loomwork-run`, `loomwork-engine`).

mod actor;
mod attach;
mod backend;
mod care;
mod cases;
mod design;
mod history;
mod journal;
mod library;
mod news;
mod owner;
mod ownership;
mod picture;
mod plan;
mod problem;
mod reader;
mod settings;
mod trust;
pub mod views;
mod waits;
mod wire;
mod workspace;

pub use actor::actor;
pub use backend::{Backend, Mode, OpenOptions};
pub use care::{Repaired, Restored, repair, restore};
pub use cases::{
    CheckedFile, ImportPlan, ImportTarget, check_file, compare_texts, explanation, export_alone, input_values, plan_alone,
    read_foreign, read_workflow, write_imported,
};
pub use workspace::{Workspace, init, read_text, workflow_files};

pub use loomwork_workflow::format_bytes;
pub use loomwork_workflow::json_schema;
