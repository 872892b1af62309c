//! What is ready and has not started yet, and why.

use serde::{Deserialize, Serialize};

/// Asks what waits to be started, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct GetQueue {
    /// Only of this run; null for all.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub run: Option<String>,
    /// At most so many, those that come first; null for 1,000.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub limit: Option<u32>,
}

/// What there is to give out, and what waits for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct Queue {
    /// Attempts that may be under way at one time; 0 when no engine runs.
    pub slots: u32,
    /// Slots that are taken.
    pub taken: u32,
    /// What is taken of the machine, by kind.
    pub resources: Vec<ResourceUse>,
    /// Those that wait: steps in the order in which they would start, then what cannot start before something else happens.
    pub waiting: Vec<QueueEntry>,
    /// How many more steps wait than are listed.
    pub more: u32,
}

/// What is taken of a kind, and how much there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct ResourceUse {
    /// `cpu` in processors, `memory` in bytes, others as the engine's settings count them.
    pub kind: String,
    /// What is taken.
    pub taken: f64,
    /// How much there is.
    pub of: f64,
}

/// A step that is ready, or a run, that waits to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct QueueEntry {
    /// The run.
    #[serde(flatten)]
    pub run: RunName,
    /// The step's path; null when the run itself waits.
    pub step: Option<String>,
    /// From 0 (last) to 9 (first).
    pub priority: u8,
    /// The priority that counts by now: who waits long rises.
    pub rank: Option<u32>,
    /// Since when it stands in line, RFC 3339 in UTC.
    pub since: Option<String>,
    /// Why, in one word.
    pub reason: QueueReason,
    /// Why, in a sentence.
    pub message: String,
    /// The runs that it waits for, with `group`.
    pub held_by: Vec<RunName>,
}

/// What a run is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct RunName {
    /// Its id.
    #[serde(rename = "run")]
    pub id: String,
    /// Its workflow's id.
    pub workflow: String,
    /// Its number within the workflow.
    pub number: u32,
}

/// Why something that is ready does not start yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum QueueReason {
    /// The slots are taken.
    Slots,
    /// As many attempts of its workflow are under way as may be.
    Workflow,
    /// There is not enough left of a kind.
    Resource,
    /// There is enough for it, but others come first.
    Turn,
    /// Its run is paused.
    Paused,
    /// The concurrency group of its run has no room.
    Group,
}
