//! A step: its action, when it starts, and how often it is done.
//!
//! Not here: its incoming edges (`Graph`), what happens when it fails (`policy`).

use serde_json::Value;

use super::{Action, Breaker, Cache, Compensation, ErrorRule, OnRestart, Retry};
use crate::Template;

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its id, unique in its scope.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub action: Action,
    /// When it starts, given its incoming edges.
    pub join: Join,
    /// What happens to what lies only on the other paths into a satisfied join.
    pub rest: Rest,
    /// Whether it is done for each element of a list, or again and again.
    pub repeat: Option<Repeat>,
    /// Asked once the join is satisfied; false skips the step.
    pub when: Option<Template>,
    /// Retries, replacing those of the defaults.
    pub retry: Option<Retry>,
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What happens to an attempt that was in flight when the engine died.
    pub on_restart: OnRestart,
    /// What happens when its attempts are used up; the first rule that matches decides.
    pub on_error: Vec<ErrorRule>,
    /// How it is undone.
    pub compensate: Option<Box<Compensation>>,
    /// When its attempts are refused because earlier ones failed.
    pub breaker: Option<Breaker>,
    /// When the output of an earlier success is used in place of an attempt.
    pub cache: Option<Cache>,
    /// The value to use in place of running it, in test runs.
    pub pin: Option<Value>,
    /// What an attempt takes of the machine, if it says so.
    pub resources: Option<Box<Resources>>,
    /// From 0 (last) to 9 (first) among the steps that wait to be started; none for the run's own.
    pub priority: Option<u8>,
    /// Fields that are checked and need no type of their own for comparing (`isolation`, `resources`, …), as they are written.
    pub other: serde_json::Map<String, Value>,
}

/// What an attempt takes of the machine while it is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    /// Slots of the engine.
    pub slots: u32,
    /// Amounts by kind, all above 0: `cpu` in processors, `memory` in bytes, others as the engine's settings count them.
    pub amounts: Vec<(String, f64)>,
}

/// When a step with several incoming edges starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// All edges are taken.
    #[default]
    All,
    /// All edges are settled and at least one was taken.
    Any,
    /// The first edge was taken.
    First,
    /// So many edges were taken.
    AtLeast(u32),
}

/// What happens to the rest once enough has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// It goes on, and nobody waits for it.
    #[default]
    Ignore,
    /// It is cancelled.
    Cancel,
}

/// How a step is repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum Repeat {
    /// Once for each element of a list.
    ForEach(ForEach),
    /// Again and again.
    Loop(Loop),
}

/// Repetition over a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// The list.
    pub list: Template,
    /// Elements under way at one time; none for no bound of its own.
    pub max_parallel: Option<u32>,
    /// Whether a failed element leaves the rest to go on, and stands as null.
    pub on_item_failure: OnItemFailure,
    /// How many elements are enough.
    pub enough: Option<Template>,
    /// What happens to the others then.
    pub rest: Rest,
}

/// What a failed element does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnItemFailure {
    /// No new element starts, those under way end, and the step fails.
    #[default]
    Fail,
    /// The others go on; the element stands as null in the output.
    Continue,
}

/// Repetition by condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// Asked before each pass; false ends the loop.
    pub while_: Option<Template>,
    /// Asked after each pass; true ends the loop.
    pub until: Option<Template>,
    /// Asked after each pass; true ends the loop.
    pub break_when: Option<Template>,
    /// Passes at the most.
    pub max: u32,
}
