//! The state of a run: the fold of its events, and nothing that cannot be derived from them.

use std::collections::VecDeque;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::{AttemptStatus, LogSeal, Program, RunCreated, RunError, RunStatus, RunTrigger, StepStatus, Usage, ValueRef};

/// The state of a run.
#[derive(Debug, Clone)]
pub struct RunState {
    /// The workflow that it runs.
    pub program: Arc<Program>,
    /// UUID version 7.
    pub id: String,
    /// Path of the workflow's file when the run was created.
    pub path: String,
    /// Number within the workflow.
    pub number: u32,
    /// The workflow's version.
    pub version: Option<String>,
    /// State.
    pub status: RunStatus,
    /// What started it.
    pub trigger: RunTrigger,
    /// Labels.
    pub labels: IndexMap<String, String>,
    /// From 0 to 9.
    pub priority: u8,
    /// Inputs, an object.
    pub inputs: ValueRef,
    /// The workflow's `env`, an object.
    pub env: ValueRef,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it started.
    pub started_at_ms: Option<i64>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// When it was last started or taken up: the run's timeout counts from here.
    pub taken_up_at_ms: Option<i64>,
    /// Outputs, once it succeeded.
    pub outputs: Option<ValueRef>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// A cancel that was asked for.
    pub cancel: Option<CancelRequest>,
    /// Whether it ran out of time.
    pub timed_out: bool,
    /// The steps, by index.
    pub steps: Vec<StepState>,
    /// Steps that have not ended.
    pub open: usize,
    /// Steps with an attempt under way.
    pub running: usize,
    /// Failed steps that nothing handles, in the order of their failure.
    pub failures: Vec<usize>,
    /// The first such failure since the run was last taken up: with `on_failure: stop`, it stops the run. Failures that a
    /// retry left alone do not, or nothing beside them could ever be repaired.
    pub stopped_by: Option<usize>,
    /// Pending steps whose incoming edges changed since they were last decided. Derived; order is that of the events.
    pub(crate) frontier: VecDeque<usize>,
}

/// A cancel that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// The state of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// State.
    pub status: StepStatus,
    /// The port it ended on.
    pub port: Option<String>,
    /// The attempts, oldest first.
    pub attempts: Vec<AttemptState>,
    /// Attempts that were made before the step was last reset: the retry policy does not count them.
    pub earlier_attempts: usize,
    /// How often its input was edited; part of its idempotency key.
    pub edits: u32,
    /// Merge patch on its resolved input.
    pub set: Option<Value>,
    /// When it was first under way, since the last reset.
    pub started_at_ms: Option<i64>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// When the next attempt is due.
    pub due_at_ms: Option<i64>,
    /// Why it was skipped or cancelled.
    pub reason: Option<String>,
    /// Resolved input of the last attempt.
    pub input: Option<ValueRef>,
    /// Output.
    pub output: Option<ValueRef>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// Incoming edges, counted.
    pub edges: EdgeCounts,
}

/// The incoming edges of a step, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EdgeCounts {
    /// Edges of `needs` that are taken.
    pub taken: u32,
    /// Edges of `needs` that are dead.
    pub dead: u32,
    /// Implied edges that are taken.
    pub implied_taken: u32,
    /// Implied edges that are dead.
    pub implied_dead: u32,
}

/// The state of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptState {
    /// State.
    pub status: AttemptStatus,
    /// When it started.
    pub started_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// Its log.
    pub log: Option<LogSeal>,
    /// What it used.
    pub usage: Option<Usage>,
}

impl StepState {
    pub(crate) fn new() -> Self {
        Self {
            status: StepStatus::Pending,
            port: None,
            attempts: Vec::new(),
            earlier_attempts: 0,
            edits: 0,
            set: None,
            started_at_ms: None,
            ended_at_ms: None,
            due_at_ms: None,
            reason: None,
            input: None,
            output: None,
            error: None,
            edges: EdgeCounts::default(),
        }
    }

    /// Attempts since the last reset that the retry policy counts: those that were lost do not.
    pub fn counted_attempts(&self) -> u32 {
        let counted = self.attempts[self.earlier_attempts..].iter().filter(|a| a.status != AttemptStatus::Lost);
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    /// The number of the attempt under way, if there is one.
    pub fn attempt_under_way(&self) -> Option<u32> {
        let last = self.attempts.last()?;
        (last.status == AttemptStatus::Running).then(|| u32::try_from(self.attempts.len()).unwrap_or(u32::MAX))
    }
}

impl RunState {
    /// The state after `run_created`.
    pub fn created(program: Arc<Program>, id: String, at_ms: i64, event: &RunCreated) -> Self {
        let steps = vec![StepState::new(); program.len()];
        Self {
            id,
            path: event.path.clone(),
            number: event.number,
            version: event.version.clone(),
            status: RunStatus::Queued,
            trigger: event.trigger.clone(),
            labels: event.labels.clone(),
            priority: event.priority,
            inputs: event.inputs.clone(),
            env: event.env.clone(),
            created_at_ms: at_ms,
            started_at_ms: None,
            ended_at_ms: None,
            taken_up_at_ms: None,
            outputs: None,
            error: None,
            cancel: None,
            timed_out: false,
            open: steps.len(),
            running: 0,
            failures: Vec::new(),
            stopped_by: None,
            frontier: (0..steps.len()).collect(),
            steps,
            program,
        }
    }

    /// Whether the run is on its way to an end and starts nothing more: a cancel, its timeout, or `on_failure: stop`.
    pub fn stopping(&self) -> bool {
        self.status == RunStatus::Cancelling
            || self.timed_out
            || (self.stopped_by.is_some() && self.program.workflow.on_failure == loomwork_workflow::OnFailure::Stop)
    }

    /// When the run's own timeout comes due, in milliseconds since 1970.
    pub fn deadline_ms(&self) -> Option<i64> {
        if self.status != RunStatus::Running || self.timed_out {
            return None;
        }
        let timeout = i64::try_from(self.program.workflow.timeout_ms?).unwrap_or(i64::MAX);
        Some(self.taken_up_at_ms?.saturating_add(timeout))
    }

    /// References to all large values that the state holds.
    pub fn value_refs(&self) -> impl Iterator<Item = &ValueRef> {
        let steps = self.steps.iter().flat_map(|step| step.input.iter().chain(step.output.iter()));
        [&self.inputs, &self.env].into_iter().chain(self.outputs.iter()).chain(steps)
    }
}
