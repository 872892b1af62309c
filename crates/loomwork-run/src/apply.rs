//! The fold: one event changes the state. It evaluates nothing and decides nothing.

use std::sync::Arc;

use loomwork_workflow::{EdgeKind, Trigger};

use crate::event::Waiting;
use crate::machine::{attempt_transition, run_transition, step_transition};
use crate::state::{Container, EdgeCounts, Instance, Port, ROOT, Stop, Undo};
use crate::{AttemptState, CancelRequest, Event, EventKind, Role, RunError, RunState, RunStatus, Shape, StepStatus};

/// An event that cannot happen in this state: the journal is damaged, or Loomwork has a defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The event names a step that the run does not have.
    #[error("event `{kind}` names the step `{step}`, which the run does not have")]
    UnknownStep {
        /// The event's kind.
        kind: &'static str,
        /// The step's path.
        step: String,
    },
    /// The event cannot happen in this state.
    #[error("event `{kind}` cannot happen to {subject}, which is {status}")]
    Illegal {
        /// The event's kind.
        kind: &'static str,
        /// `the run`, `step x` or `attempt 2 of step x`.
        subject: String,
        /// Its present state.
        status: &'static str,
    },
    /// The run goes on with a definition that was not made known.
    #[error("the workflow {definition}, with which the run goes on, is missing")]
    UnknownDefinition {
        /// Its hash.
        definition: String,
    },
}

impl RunState {
    /// Folds one event in. On an error the state is unchanged.
    ///
    /// # Errors
    /// When the event cannot happen in this state.
    pub fn apply(&mut self, event: &Event) -> Result<(), ApplyError> {
        match &event.step {
            None => self.apply_to_run(event),
            Some(path) => {
                let step = match self.step(path) {
                    Some(step) => step,
                    None => self.next_part(path, event)?,
                };
                self.apply_to_step(step, event)
            }
        }
    }

    fn apply_to_run(&mut self, event: &Event) -> Result<(), ApplyError> {
        let Some(status) = run_transition(self.status, &event.kind) else {
            return Err(self.illegal(event, "the run".to_owned(), self.status.as_str()));
        };
        if matches!(event.kind, EventKind::CheckpointCreated(_) | EventKind::CheckpointRestored(_)) {
            return Ok(());
        }
        if let EventKind::RunAmended(data) = &event.kind {
            self.rebase(data)?;
        }
        self.status = status;
        match &event.kind {
            EventKind::RunStarted(_) => {
                self.started_at_ms = Some(event.at_ms);
                self.taken_up_at_ms = Some(event.at_ms);
            }
            EventKind::RunTakenUp(_) => {
                self.taken_up_at_ms = Some(event.at_ms);
                self.started_at_ms.get_or_insert(event.at_ms);
                self.ended_at_ms = None;
                self.outputs = None;
                self.error = None;
                self.cancel = None;
                self.timed_out = false;
                self.end = None;
                self.undo = false;
                self.stopped_by = None;
            }
            EventKind::RunCancelRequested(data) => {
                let compensate = data.compensate;
                self.cancel = Some(CancelRequest { actor: event.actor.clone(), reason: data.reason.clone(), compensate });
            }
            EventKind::RunEndRequested(data) => self.end = Some(data.failed.clone()),
            EventKind::TimerFired(_) => self.timed_out = true,
            EventKind::RunSucceeded(data) => self.outputs = Some(data.outputs.clone()),
            EventKind::RunFailed(data) => self.error = Some(data.error.clone()),
            EventKind::RunCompensated(data) => self.error.clone_from(&data.error),
            _ => {}
        }
        if self.status.is_final() {
            self.ended_at_ms = Some(event.at_ms);
        }
        self.frontier.push_back(ROOT);
        // What was looked at while nothing might start is looked at again.
        let goes_on = matches!(event.kind, EventKind::RunStarted(_) | EventKind::RunResumed(_) | EventKind::RunTakenUp(_));
        if self.status == RunStatus::Running && goes_on {
            self.revisit();
        }
        Ok(())
    }

    /// Everything that has not ended is decided again.
    pub(crate) fn revisit(&mut self) {
        let open = self.steps.iter().enumerate().filter(|(_, step)| step.attached && !step.status.is_final());
        self.frontier = open.map(|(ix, _)| ix).collect();
    }

    /// After a fold: whatever has not ended is decided again, the run included.
    pub fn revisit_all(&mut self) {
        self.revisit();
        self.frontier.push_back(ROOT);
    }

    /// The run itself is decided again: time has passed.
    pub fn look_at_run(&mut self) {
        self.frontier.push_back(ROOT);
    }

    /// An event of the next element or pass makes it.
    fn next_part(&mut self, path: &str, event: &Event) -> Result<usize, ApplyError> {
        let unknown = || ApplyError::UnknownStep { kind: event.kind.name(), step: path.to_owned() };
        let (base, role) = split_part(path).ok_or_else(unknown)?;
        let container = self.step(base).ok_or_else(unknown)?;
        let inner = self.container(container).ok_or_else(unknown)?;
        let next = u32::try_from(inner.children.len()).unwrap_or(u32::MAX);
        let expected = match (self.shape(container), role) {
            (Shape::Each, Role::Element(index)) => index == next && index < inner.count,
            (Shape::Loop, Role::Pass(number)) => number == next + 1,
            _ => false,
        };
        if !expected || step_transition(StepStatus::Pending, &event.kind).is_none() {
            return Err(unknown());
        }
        let definition = self.steps[container].definition;
        let child = self.attach(definition, role, container, path);
        self.frontier.push_back(child);
        Ok(child)
    }

    /// Makes a child, or takes one up again that an earlier attempt had made.
    pub(crate) fn attach(&mut self, definition: usize, role: Role, parent: usize, path: &str) -> usize {
        let child = match self.index.get(path) {
            Some(known) => {
                let known = *known;
                self.steps[known].reset();
                let state = &mut self.steps[known];
                state.edges = EdgeCounts::default();
                // It may come from another definition of the workflow.
                (state.definition, state.role, state.parent) = (definition, role, parent);
                known
            }
            None => {
                let path: Arc<str> = Arc::from(path);
                self.index.insert(Arc::clone(&path), self.steps.len());
                self.steps.push(Instance::new(definition, role, parent, path));
                self.steps.len() - 1
            }
        };
        self.open += 1;
        if let Some(inner) = &mut self.steps[parent].inner {
            inner.children.push(child);
            inner.open += 1;
        }
        child
    }

    /// Makes the children of a group that starts.
    pub(crate) fn expand_scope(&mut self, container: usize, scope: usize) {
        let program = Arc::clone(&self.program);
        let base = Arc::clone(&self.steps[container].path);
        for definition in program.scopes[scope].steps.clone() {
            let id = &program.definitions[definition].step.id;
            let path = if base.is_empty() { id.clone() } else { format!("{base}.{id}") };
            let child = self.attach(definition, Role::Step, container, &path);
            self.frontier.push_back(child);
        }
    }

    fn apply_to_step(&mut self, step: usize, event: &Event) -> Result<(), ApplyError> {
        let before = self.steps[step].status;
        let Some(after) = step_transition(before, &event.kind) else {
            let subject = format!("step {}", self.steps[step].path);
            return Err(self.illegal(event, subject, before.as_str()));
        };
        let of_attempt = !matches!(
            event.kind,
            EventKind::CompensationStarted(_) | EventKind::CompensationSucceeded(_) | EventKind::CompensationFailed(_)
        );
        if event.attempt.is_some() && of_attempt {
            self.apply_to_attempt(step, event)?;
        }
        self.steps[step].status = after;
        self.change(step, event);
        self.count(step, before, event);
        self.count_wait(step);
        if let EventKind::AttemptStarted(data) = &event.kind {
            self.start_container(step, data);
        }
        Ok(())
    }

    fn change(&mut self, step: usize, event: &Event) {
        if let EventKind::StepReset(data) = &event.kind {
            self.forget(step, data.resume);
            let state = &mut self.steps[step];
            state.resume = data.resume;
            state.again = data.anew || data.set.is_some() || !state.attempts.is_empty();
            state.edits += u32::from(data.anew || data.set.is_some());
            state.set = data.set.clone().map(Box::new).or(if data.anew { None } else { state.set.take() });
            return;
        }
        let state = &mut self.steps[step];
        match &event.kind {
            EventKind::AttemptStarted(data) => {
                state.started_at_ms.get_or_insert(event.at_ms);
                state.input = Some(data.input.clone());
                state.due_at_ms = data.timeout_at_ms;
                state.child = data.child.as_deref().map(Box::from);
                state.fingerprint = data.fingerprint.as_deref().map(Box::from);
                state.error = None;
                // Only the first attempt of a call that is taken up goes on with the run that it called.
                state.resume &= state.inner.is_some();
            }
            EventKind::StepRetrying(data) => {
                state.due_at_ms = Some(data.due_at_ms);
                // A workflow has not so many rules.
                state.fallback = data.fallback.and_then(|rule| u32::try_from(rule).ok());
                state.waiting = None;
                state.stop = None;
            }
            EventKind::StepQueued(_) => state.due_at_ms = None,
            EventKind::StepWaiting(data) => {
                state.started_at_ms.get_or_insert(event.at_ms);
                state.due_at_ms = data.waits.iter().filter_map(|wait| wait.due_at_ms).min();
                state.waiting = Some(Box::new(Waiting::For(data.waits.clone())));
            }
            EventKind::StepApprovalRequested(data) => {
                state.started_at_ms.get_or_insert(event.at_ms);
                state.due_at_ms = data.due_at_ms;
                let waiting = Waiting::Approval { message: data.message.clone(), due_at_ms: data.due_at_ms };
                state.waiting = Some(Box::new(waiting));
            }
            EventKind::TimerFired(data) if data.timer == "timeout" => {
                state.stop = Some(Box::new(Stop { reason: "it ran out of time".to_owned(), timed_out: true }));
            }
            EventKind::StepCancelRequested(data) => {
                state.stop.get_or_insert_with(|| Box::new(Stop { reason: data.reason.clone(), timed_out: false }));
            }
            EventKind::StepNeedsAttention(data) => state.error = Some(Box::new(data.error.clone())),
            EventKind::StepSucceeded(data) => {
                state.port = Some(Port::from(&*data.port));
                state.output = Some(data.output.clone());
                state.cached = data.cached.clone().map(Box::new);
                state.error = None;
                state.reason = None;
            }
            EventKind::StepFailed(data) => {
                state.port = Some(Port::from("failed"));
                state.error = Some(Box::new(data.error.clone()));
                self.undo |= data.compensate;
            }
            EventKind::StepSkipped(data) => {
                state.port = None;
                state.reason = Some(Box::from(&*data.reason));
            }
            EventKind::StepCancelled(data) => state.reason = data.reason.as_deref().map(Box::from),
            _ => self.change_undo(step, event),
        }
    }

    fn change_undo(&mut self, step: usize, event: &Event) {
        let state = &mut self.steps[step];
        let fresh = || Box::new(Undo { attempts: 0, status: StepStatus::Running, due_at_ms: None, error: None });
        let undo = match &event.kind {
            EventKind::CompensationStarted(_) => {
                let undo = state.undo.get_or_insert_with(fresh);
                undo.attempts += 1;
                undo.status = StepStatus::Running;
                undo.due_at_ms = None;
                return;
            }
            EventKind::CompensationSucceeded(_) | EventKind::CompensationFailed(_) => state.undo.get_or_insert_with(fresh),
            _ => return,
        };
        match &event.kind {
            EventKind::CompensationFailed(data) => {
                undo.status = if data.due_at_ms.is_some() { StepStatus::Retrying } else { StepStatus::Failed };
                undo.due_at_ms = data.due_at_ms;
                undo.error = Some(data.error.clone());
            }
            _ => undo.status = StepStatus::Succeeded,
        }
        self.frontier.push_back(ROOT);
    }

    /// A reset: back to the beginning, with what it contains unless that is kept.
    fn forget(&mut self, step: usize, keep: bool) {
        if !keep {
            self.detach_children(step);
        }
        self.steps[step].reset();
    }

    pub(crate) fn detach_children(&mut self, container: usize) {
        let children = match &mut self.steps[container].inner {
            Some(inner) => std::mem::take(inner).children,
            None => return,
        };
        for child in children {
            self.detach_children(child);
            let state = &mut self.steps[child];
            if state.attached && !state.status.is_final() {
                self.open -= 1;
                self.busy -=
                    usize::from(matches!(state.status, StepStatus::Queued | StepStatus::Running) && state.inner.is_none());
            }
            state.attached = false;
            self.count_wait(child);
        }
    }

    fn start_container(&mut self, step: usize, data: &crate::event::AttemptStarted) {
        let shape = self.shape(step);
        if shape == Shape::Leaf {
            return;
        }
        self.frontier.push_back(step);
        if data.resume && self.steps[step].inner.is_some() {
            let children = self.children(step).to_vec();
            self.frontier.extend(children);
            return;
        }
        self.detach_children(step);
        self.steps[step].inner = Some(Box::new(Container {
            count: data.count.unwrap_or(0),
            list: data.count.map(|_| data.input.clone()),
            ..Container::default()
        }));
        if let Shape::Scope(scope) = shape {
            self.expand_scope(step, scope);
        }
    }

    /// Keeps the derived figures: open, active and busy steps, failures, edges, frontier.
    fn count(&mut self, step: usize, before: StepStatus, event: &Event) {
        let after = self.steps[step].status;
        let parent = self.steps[step].parent;
        let leaf = self.shape(step) == Shape::Leaf;
        let busy = |status| leaf && matches!(status, StepStatus::Queued | StepStatus::Running);
        self.busy += usize::from(busy(after));
        self.busy -= usize::from(busy(before));
        let active = |status: StepStatus| !status.is_final() && status != StepStatus::Pending;
        if let Some(inner) = &mut self.steps[parent].inner {
            inner.active += u32::from(active(after));
            inner.active -= u32::from(active(before));
        }
        if before == after {
            self.touch(step, event);
            return;
        }
        if after.is_final() && !before.is_final() {
            let state = &mut self.steps[step];
            state.started_at_ms.get_or_insert(event.at_ms);
            state.ended_at_ms = Some(event.at_ms);
            state.due_at_ms = None;
            state.waiting = None;
            self.open -= 1;
            self.ended(step, parent, true);
        } else if !after.is_final() && before.is_final() {
            self.open += 1;
            self.unfail(step, parent, before);
            if let Some(inner) = &mut self.steps[parent].inner {
                inner.open += 1;
            }
            self.recount_edges(parent);
        } else if after.is_final() && !matches!(after, StepStatus::Compensating | StepStatus::Compensated) {
            // A person's word about a step that had ended: what follows is decided anew.
            if before != StepStatus::Compensating {
                self.unfail(step, parent, before);
                self.steps[step].ended_at_ms = Some(event.at_ms);
                self.ended(step, parent, false);
                self.recount_edges(parent);
            }
        }
        self.touch(step, event);
    }

    fn unfail(&mut self, step: usize, parent: usize, before: StepStatus) {
        if let Some(inner) = &mut self.steps[parent].inner {
            inner.failures.retain(|failed| *failed != step);
            inner.succeeded -=
                u32::from(matches!(before, StepStatus::Succeeded | StepStatus::Compensated) && inner.succeeded > 0);
        }
    }

    fn ended(&mut self, step: usize, parent: usize, was_open: bool) {
        let after = self.steps[step].status;
        let unhandled = after == StepStatus::Failed && (self.steps[step].is_part() || !self.definition(step).handles_failure);
        if after == StepStatus::Succeeded {
            self.completions += 1;
            self.steps[step].completion = self.completions;
        }
        if unhandled && parent == ROOT {
            self.stopped_by.get_or_insert(step);
        }
        if let Some(inner) = &mut self.steps[parent].inner {
            inner.open -= u32::from(was_open);
            inner.succeeded += u32::from(after == StepStatus::Succeeded);
            if unhandled {
                inner.failures.push(step);
            }
            self.frontier.extend(inner.held.drain(..));
        }
        if was_open {
            self.settle_edges(step);
        }
        self.frontier.push_back(parent);
    }

    /// What else is looked at because of an event.
    fn touch(&mut self, step: usize, event: &Event) {
        match &event.kind {
            EventKind::AttemptLost(_)
            | EventKind::StepCancelRequested(_)
            | EventKind::TimerFired(_)
            | EventKind::StepReset(_) => self.frontier.push_back(step),
            EventKind::StepQueued(_) if crate::container::bound_around(self, step).is_some() => self.frontier.push_back(step),
            _ => {}
        }
    }

    fn apply_to_attempt(&mut self, step: usize, event: &Event) -> Result<(), ApplyError> {
        let attempts = &mut self.steps[step].attempts;
        let number = event.attempt.unwrap_or(0) as usize;
        let present = attempts.get(number.wrapping_sub(1)).map(|attempt| attempt.status);
        let next = attempt_transition(present, &event.kind);
        // A new attempt has the next number, and only one is under way at a time.
        let in_order = present.is_some() || number == attempts.len() + 1;
        let Some(status) = next.filter(|_| in_order) else {
            let subject = format!("attempt {number} of step {}", self.steps[step].path);
            return Err(self.illegal(event, subject, if present.is_some() { "over" } else { "unknown" }));
        };
        if present.is_none() {
            let started_at_ms = event.at_ms;
            if attempts.len() == attempts.capacity() {
                // One is enough for nearly all; a vector would make room for four.
                attempts.reserve_exact(attempts.len().max(1));
            }
            attempts.push(AttemptState { status, started_at_ms, ended_at_ms: None, error: None, log: None, usage: None });
            return Ok(());
        }
        let attempt = &mut attempts[number - 1];
        attempt.status = status;
        attempt.ended_at_ms = Some(event.at_ms);
        let (log, usage) = match &event.kind {
            EventKind::AttemptSucceeded(data) => (&data.log, &data.usage),
            EventKind::AttemptCancelled(data) => (&data.log, &data.usage),
            EventKind::AttemptFailed(data) => {
                attempt.error = Some(Box::new(data.error.clone()));
                (&data.log, &data.usage)
            }
            _ => return Ok(()),
        };
        attempt.log = log.clone().map(Box::new);
        attempt.usage = usage.clone().map(Box::new);
        Ok(())
    }

    /// A step has ended: its outgoing edges are taken or dead, and their targets may be decided.
    fn settle_edges(&mut self, step: usize) {
        if self.steps[step].is_part() {
            return;
        }
        let program = Arc::clone(&self.program);
        let scope = &program.scopes[program.definitions[self.steps[step].definition].scope];
        let local = self.steps[step].definition - scope.steps.start;
        let parent = self.steps[step].parent;
        for edge in scope.graph.outgoing[local].iter().map(|edge| &scope.graph.edges[*edge]) {
            let Some(target) = self.container(parent).and_then(|inner| inner.children.get(edge.to)).copied() else { continue };
            let taken = edge_taken(&self.steps[step], &edge.trigger);
            let target_state = &mut self.steps[target];
            let counter = match (edge.kind, taken) {
                (EdgeKind::Needs, true) => &mut target_state.edges.taken,
                (EdgeKind::Needs, false) => &mut target_state.edges.dead,
                (EdgeKind::Implied, true) => &mut target_state.edges.implied_taken,
                (EdgeKind::Implied, false) => &mut target_state.edges.implied_dead,
            };
            *counter += 1;
            if target_state.status == StepStatus::Pending {
                self.frontier.push_back(target);
            }
        }
    }

    /// After a reset: counts all edges of a scope anew, and lets every pending step of it be decided again.
    pub(crate) fn recount_edges(&mut self, container: usize) {
        if !matches!(self.shape(container), Shape::Scope(_)) {
            self.frontier.push_back(container);
            return;
        }
        let children = self.children(container).to_vec();
        for child in &children {
            self.steps[*child].edges = EdgeCounts::default();
        }
        for child in &children {
            if self.steps[*child].status.is_final() {
                self.settle_edges(*child);
            }
        }
        self.frontier.extend(children.into_iter().filter(|child| self.steps[*child].status == StepStatus::Pending));
        self.frontier.push_back(container);
    }

    fn illegal(&self, event: &Event, subject: String, status: &'static str) -> ApplyError {
        ApplyError::Illegal { kind: event.kind.name(), subject, status }
    }
}

fn edge_taken(source: &Instance, trigger: &Trigger) -> bool {
    let port = source.port.as_deref();
    match trigger {
        Trigger::Success => port.is_some_and(|port| port != "failed"),
        Trigger::Port(wanted) => port == Some(wanted),
        Trigger::Settled => true,
    }
}

/// `describe[3]` → `describe`, element 3; `poll#2` → `poll`, pass 2.
pub(crate) fn split_part(path: &str) -> Option<(&str, Role)> {
    if let Some(inside) = path.strip_suffix(']') {
        let (base, index) = inside.rsplit_once('[')?;
        return Some((base, Role::Element(index.parse().ok()?)));
    }
    let (base, number) = path.rsplit_once('#')?;
    Some((base, Role::Pass(number.parse().ok()?)))
}

/// The first unhandled failure below an instance, as deep as it goes: its error with the path.
pub(crate) fn deepest_failure(state: &RunState, ix: usize) -> Option<RunError> {
    let mut at = ix;
    while let Some(first) = state.container(at).and_then(|inner| inner.failures.first()) {
        at = *first;
    }
    let instance = &state.steps[at];
    let mut error = RunError::clone(instance.error.as_deref()?);
    error.step.get_or_insert_with(|| instance.path.to_string());
    Some(error)
}
