//! The state of a run: the fold of its events, and nothing that cannot be derived from them.
//!
//! A run is a tree of instances. The root stands for the run itself; a group's steps, a for-each's elements and a loop's
//! passes are the children of their container.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::event::{CachedFrom, ForkedFrom, Parent, Waiting};
use crate::snapshot::{is_default, is_true, present};
use crate::{
    AttemptStatus, LogSeal, Program, RunCreated, RunError, RunStatus, RunTrigger, Shape, StepStatus, Usage, ValueRef, Waits,
    WaitsFor,
};

/// Index of the root among the instances.
pub const ROOT: usize = 0;

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
    /// The step of another run that called it.
    pub parent: Option<Parent>,
    /// The moment of another run from which it goes on.
    pub forked_from: Option<ForkedFrom>,
    /// Its concurrency group, evaluated.
    pub group: Option<String>,
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
    /// What an `end` step said: none for `succeeded`, else the failure's message.
    pub end: Option<Option<String>>,
    /// Whether a failure asked for compensation.
    pub undo: bool,
    /// The first failure at the top that nothing handles since the run was last taken up: unless `on_failure` is `finish`, it
    /// stops the run. Failures that a retry left alone do not, or nothing beside them could ever be repaired.
    pub stopped_by: Option<usize>,
    /// The instances; the first is the root.
    pub steps: Vec<Instance>,
    /// Instances that have not ended, without the root.
    pub open: usize,
    /// Leaves that are queued or have an attempt under way.
    pub busy: usize,
    /// Steps that wait. Derived.
    pub(crate) waits: Waits,
    /// Definitions with which the run may be told to go on, by hash.
    pub(crate) known: HashMap<String, Arc<Program>>,
    /// Path → instance.
    pub(crate) index: HashMap<Arc<str>, usize>,
    /// Steps that ended on a port so far; orders compensation.
    pub(crate) completions: u64,
    /// Instances whose surroundings changed since they were last decided. Derived; order is that of the events.
    pub(crate) frontier: VecDeque<usize>,
}

/// A cancel that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether completed steps are undone.
    pub compensate: bool,
}

/// Which part of its definition an instance is.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The whole step.
    #[default]
    Step,
    /// An element of a for-each, from 0.
    Element(u32),
    /// A pass of a loop, from 1.
    Pass(u32),
}

/// The port that a step ended on. Nearly all end on one of two, whose names take no memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Port(Cow<'static, str>);

impl From<&str> for Port {
    fn from(name: &str) -> Self {
        Self(match name {
            "succeeded" => Cow::Borrowed("succeeded"),
            "failed" => Cow::Borrowed("failed"),
            other => Cow::Owned(other.to_owned()),
        })
    }
}

impl std::ops::Deref for Port {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*Cow::<str>::deserialize(deserializer)?))
    }
}

/// A step, an element, a pass, or the root. A long run has a hundred thousand, so what few of them have stands in boxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// Its definition; without meaning for the root.
    pub definition: usize,
    /// Which part of it.
    #[serde(skip_serializing_if = "is_default")]
    pub role: Role,
    /// What it is in. The root is in itself.
    pub parent: usize,
    /// Path within the run; empty for the root.
    pub path: Arc<str>,
    /// False for what an earlier attempt of its container had made and the present one has not made again.
    #[serde(skip_serializing_if = "is_true")]
    pub attached: bool,
    /// State.
    pub status: StepStatus,
    /// The port it ended on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// The attempts, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptState>,
    /// Attempts that were made before it was last reset: the retry policy does not count them.
    #[serde(skip_serializing_if = "is_default")]
    pub earlier_attempts: u32,
    /// How often a person had it done anew; part of its idempotency key.
    #[serde(skip_serializing_if = "is_default")]
    pub edits: u32,
    /// Merge patch on its resolved input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<Box<Value>>,
    /// The rule of `on_error` whose fallback takes the place of the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<u32>,
    /// When it was first under way, since the last reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at_ms: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<i64>,
    /// When something about it comes due: its next attempt, or the first of its timers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at_ms: Option<i64>,
    /// Why it was skipped or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// Resolved input of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub input: Option<ValueRef>,
    /// Output.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub output: Option<ValueRef>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<RunError>>,
    /// Why it is being stopped, and whether for lack of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Box<Stop>>,
    /// Incoming edges, counted.
    #[serde(skip_serializing_if = "is_default")]
    pub edges: EdgeCounts,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Box<Waiting>>,
    /// Its children, if it is a container that has started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<Box<Container>>,
    /// How far it is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<Undo>>,
    /// Its place in the order of completion.
    #[serde(skip_serializing_if = "is_default")]
    pub completion: u64,
    /// The run that it called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<Box<str>>,
    /// Whether the next start of this container keeps what it has, or of this call the run that it called.
    #[serde(skip_serializing_if = "is_default")]
    pub resume: bool,
    /// The definition with which it began, when the run went on with another one meanwhile.
    #[serde(skip)]
    pub(crate) former: Option<Box<crate::rebase::Former>>,
    /// What its output may be used again for, if it has `cache`; of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Box<str>>,
    /// The success whose output it used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<Box<CachedFrom>>,
    /// Whether a person had it done again: then it, and what it contains, uses no earlier output.
    #[serde(skip_serializing_if = "is_default")]
    pub again: bool,
    /// What it is counted as waiting for. Derived.
    #[serde(skip)]
    pub(crate) counted_as: Option<WaitsFor>,
}

/// Why something is being stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// For people.
    pub reason: String,
    /// Whether it ran out of time: then it fails instead of being cancelled.
    pub timed_out: bool,
}

/// The children of a container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// The children, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<usize>,
    /// Elements of its list.
    #[serde(skip_serializing_if = "is_default")]
    pub count: u32,
    /// Its list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub list: Option<ValueRef>,
    /// Children that have not ended.
    #[serde(skip_serializing_if = "is_default")]
    pub open: u32,
    /// Children that have started and not ended.
    #[serde(skip_serializing_if = "is_default")]
    pub active: u32,
    /// Children that ended on a port other than `failed`.
    #[serde(skip_serializing_if = "is_default")]
    pub succeeded: u32,
    /// Failed children that nothing handles, in the order of their failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<usize>,
    /// Children that are ready and wait because `max_parallel` are active. Derived.
    #[serde(skip)]
    pub(crate) held: VecDeque<usize>,
}

/// How far a step is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// Attempts so far.
    pub attempts: u32,
    /// State: running, retrying, succeeded or failed.
    pub status: StepStatus,
    /// When the next attempt is due.
    pub due_at_ms: Option<i64>,
    /// Why the last one failed.
    pub error: Option<RunError>,
}

/// The incoming edges of a step, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeCounts {
    /// Edges of `needs` that are taken.
    #[serde(skip_serializing_if = "is_default")]
    pub taken: u32,
    /// Edges of `needs` that are dead.
    #[serde(skip_serializing_if = "is_default")]
    pub dead: u32,
    /// Implied edges that are taken.
    #[serde(skip_serializing_if = "is_default")]
    pub implied_taken: u32,
    /// Implied edges that are dead.
    #[serde(skip_serializing_if = "is_default")]
    pub implied_dead: u32,
}

/// The state of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptState {
    /// State.
    pub status: AttemptStatus,
    /// When it started.
    pub started_at_ms: i64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<i64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<RunError>>,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Box<LogSeal>>,
    /// What it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Box<Usage>>,
}

impl Default for Instance {
    /// What a snapshot leaves out is as in an instance that was just made.
    fn default() -> Self {
        Self::new(usize::MAX, Role::Step, ROOT, Arc::from(""))
    }
}

impl Instance {
    pub(crate) fn new(definition: usize, role: Role, parent: usize, path: Arc<str>) -> Self {
        Self {
            definition,
            role,
            parent,
            path,
            attached: true,
            status: StepStatus::Pending,
            port: None,
            attempts: Vec::new(),
            earlier_attempts: 0,
            edits: 0,
            set: None,
            fallback: None,
            started_at_ms: None,
            ended_at_ms: None,
            due_at_ms: None,
            reason: None,
            input: None,
            output: None,
            error: None,
            stop: None,
            edges: EdgeCounts::default(),
            waiting: None,
            inner: None,
            undo: None,
            completion: 0,
            child: None,
            resume: false,
            former: None,
            fingerprint: None,
            cached: None,
            again: false,
            counted_as: None,
        }
    }

    /// Whether it is an element or a pass.
    pub fn is_part(&self) -> bool {
        self.role != Role::Step
    }

    /// Attempts since the last reset that the retry policy counts: those that were lost do not.
    pub fn counted_attempts(&self) -> u32 {
        let counted = self.attempts[self.earlier_attempts as usize..].iter().filter(|a| a.status != AttemptStatus::Lost);
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    /// The number of the attempt under way, if there is one.
    pub fn attempt_under_way(&self) -> Option<u32> {
        let last = self.attempts.last()?;
        (last.status == AttemptStatus::Running).then(|| u32::try_from(self.attempts.len()).unwrap_or(u32::MAX))
    }

    /// Forgets everything but its history.
    pub(crate) fn reset(&mut self) {
        let fresh = Self::new(self.definition, self.role, self.parent, Arc::clone(&self.path));
        let Self { attempts, edits, set, inner, undo, input, child, edges, counted_as, .. } = std::mem::replace(self, fresh);
        self.earlier_attempts = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        self.attempts = attempts;
        self.edits = edits;
        self.set = set;
        self.inner = inner;
        self.input = input;
        self.child = child;
        self.edges = edges;
        self.counted_as = counted_as;
        // What was undone is done anew, so its undo is none of the new round's.
        drop(undo);
    }
}

impl RunState {
    /// The state after `run_created`.
    pub fn created(program: Arc<Program>, id: String, at_ms: i64, event: &RunCreated) -> Self {
        let mut root = Instance::new(usize::MAX, Role::Step, ROOT, Arc::from(""));
        root.status = StepStatus::Running;
        root.inner = Some(Box::default());
        let mut state = Self {
            id,
            path: event.path.clone(),
            number: event.number,
            version: event.version.clone(),
            status: RunStatus::Queued,
            trigger: event.trigger.clone(),
            parent: event.parent.clone(),
            forked_from: event.forked_from.clone(),
            group: event.group.clone(),
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
            end: None,
            undo: false,
            stopped_by: None,
            open: 0,
            busy: 0,
            waits: Waits::default(),
            steps: vec![root],
            known: HashMap::new(),
            index: HashMap::new(),
            completions: 0,
            frontier: VecDeque::new(),
            program,
        };
        state.expand_scope(ROOT, 0);
        state
    }

    /// What an instance does.
    pub fn shape(&self, ix: usize) -> Shape {
        if ix == ROOT {
            return Shape::Scope(0);
        }
        let instance = &self.steps[ix];
        self.program.shape(instance.definition, instance.is_part())
    }

    /// The definition of an instance other than the root.
    pub fn definition(&self, ix: usize) -> &crate::program::Definition {
        &self.program.definitions[self.steps[ix].definition]
    }

    /// The instance with a path.
    pub fn step(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied().filter(|ix| self.steps[*ix].attached)
    }

    /// The children of a container that has started.
    pub fn container(&self, ix: usize) -> Option<&Container> {
        self.steps[ix].inner.as_deref()
    }

    /// What a container holds, in order; nothing while it is none.
    pub fn children(&self, ix: usize) -> &[usize] {
        self.container(ix).map(|inner| inner.children.as_slice()).unwrap_or_default()
    }

    /// Failed steps at the top that nothing handles, in the order of their failure.
    pub fn failures(&self) -> &[usize] {
        self.container(ROOT).map_or(&[], |root| &root.failures)
    }

    /// All instances in the order of the file, each followed by its children; without the root.
    pub fn in_order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.steps.len());
        let mut stack = vec![ROOT];
        while let Some(ix) = stack.pop() {
            if ix != ROOT {
                order.push(ix);
            }
            if let Some(container) = self.container(ix) {
                stack.extend(container.children.iter().rev().filter(|child| self.steps[**child].attached));
            }
        }
        order
    }

    /// Whether the run is on its way to an end and starts nothing more.
    pub fn stopping(&self) -> bool {
        matches!(self.status, RunStatus::Cancelling | RunStatus::Compensating) || self.stop_reason().is_some()
    }

    /// Why the run starts nothing more, for people.
    pub fn stop_reason(&self) -> Option<String> {
        if let Some(cancel) = &self.cancel {
            return Some(match &cancel.reason {
                Some(reason) => format!("cancelled by {}: {reason}", cancel.actor),
                None => format!("cancelled by {}", cancel.actor),
            });
        }
        if self.timed_out {
            return Some("the run ran out of time".to_owned());
        }
        if self.end.is_some() {
            return Some("the workflow ended the run".to_owned());
        }
        let stops = self.undo || self.program.workflow.on_failure != loomwork_workflow::OnFailure::Finish;
        let first = self.stopped_by.filter(|_| stops)?;
        Some(format!("`{}` failed", self.steps[first].path))
    }

    /// When the run's own timeout comes due, in milliseconds since 1970.
    pub fn deadline_ms(&self) -> Option<i64> {
        if !matches!(self.status, RunStatus::Running | RunStatus::Paused) || self.timed_out {
            return None;
        }
        let timeout = i64::try_from(self.program.workflow.timeout_ms?).unwrap_or(i64::MAX);
        Some(self.taken_up_at_ms?.saturating_add(timeout))
    }

    /// References to all large values that the state holds.
    pub fn value_refs(&self) -> impl Iterator<Item = &ValueRef> {
        let steps = self.steps.iter().flat_map(|step| {
            let list = step.inner.as_ref().and_then(|inner| inner.list.as_ref());
            step.input.iter().chain(step.output.iter()).chain(list)
        });
        [&self.inputs, &self.env].into_iter().chain(self.outputs.iter()).chain(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_a_long_run_takes_little_memory() {
        assert!(size_of::<Instance>() <= 352, "an instance takes {} bytes", size_of::<Instance>());
        assert!(size_of::<AttemptState>() <= 56, "an attempt takes {} bytes", size_of::<AttemptState>());
    }
}
