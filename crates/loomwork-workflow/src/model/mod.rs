//! The definition of a workflow, as types. Made by `analyze` from text; by nobody else.
//!
//! Not here: positions and problems (`Analysis`), evaluation (`Template::evaluate`).

mod action;
mod input;
mod policy;
mod process;
mod step;

use std::sync::Arc;

use indexmap::IndexMap;

pub use self::action::{Action, Approve, Call, Choose, Group, Wait};
pub use self::input::{Input, InputKind};
pub use self::policy::{Backoff, Breaker, Cache, Compensation, ErrorAction, ErrorRule, Jitter, OnRestart, Retry};
pub use self::process::{OutputAs, Process, ProgramText};
pub use self::step::{ForEach, Join, Loop, OnItemFailure, Repeat, Resources, Rest, Step};
use crate::Template;

/// A workflow without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its id, unique in the workspace.
    pub id: String,
    /// Its version, for people.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What a run asks for.
    pub inputs: IndexMap<String, Input>,
    /// Environment of all its processes, and `env` in expressions.
    pub env: IndexMap<String, Template>,
    /// What steps inherit.
    pub defaults: Defaults,
    /// Bound of a whole run, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What an unhandled failure does to the rest of the run.
    pub on_failure: OnFailure,
    /// From 0 (last) to 9 (first).
    pub priority: Option<u8>,
    /// Labels of its runs.
    pub labels: IndexMap<String, String>,
    /// The steps and their edges.
    pub body: Body,
    /// What a run gives back.
    pub outputs: IndexMap<String, Template>,
    /// Which other runs it must not overlap.
    pub concurrency: Option<Concurrency>,
    /// Names of the secrets that it may use.
    pub secrets: Vec<String>,
    /// What it takes and what it gives back.
    pub signature: crate::Signature,
    /// Fields that are checked and need no type of their own yet (`agents`, `triggers`, …), as they are written.
    pub other: serde_json::Map<String, serde_json::Value>,
    /// What it has that this version checks but cannot run: the path of the step, or the key at the top, and the feature.
    pub unsupported: Vec<(String, String)>,
}

impl Workflow {
    /// What it takes and what it gives back, with types.
    #[must_use]
    pub fn signature(&self) -> &crate::Signature {
        &self.signature
    }

    /// What it has that this version checks but cannot run: the path of the step, or the key at the top, and the feature.
    #[must_use]
    pub fn unsupported(&self) -> &[(String, String)] {
        &self.unsupported
    }
}

/// The steps of one scope, in the order of the file, and the edges between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The steps; versions of a workflow share those that are the same.
    pub steps: Vec<Arc<Step>>,
    /// The edges, by index into `steps`.
    pub graph: Arc<crate::Graph>,
}

/// What steps inherit when they do not say otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Defaults {
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Retries.
    pub retry: Option<Retry>,
}

/// What an unhandled failure does to the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Independent branches run to their end.
    #[default]
    Finish,
    /// What is under way is cancelled.
    Stop,
    /// What is under way is cancelled, and completed steps are undone.
    Compensate,
}

/// Which runs must not overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    /// Name of the group; sees `inputs`.
    pub group: Template,
    /// Runs of the group at one time.
    pub max: u32,
    /// What happens to a run too many.
    pub on_conflict: OnConflict,
}

/// What happens to a run for which its concurrency group has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// It waits.
    #[default]
    Queue,
    /// It ends `cancelled`.
    Skip,
    /// The runs of the group that are under way are cancelled.
    CancelRunning,
}
