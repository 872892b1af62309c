//! The fold: one event changes the state. It evaluates nothing and decides nothing.

use loomwork_workflow::{EdgeKind, Trigger};

use crate::machine::{attempt_transition, run_transition, step_transition};
use crate::{AttemptState, CancelRequest, Event, EventKind, RunState, RunStatus, StepStatus};

/// An event that cannot happen in this state: the journal is damaged, or Loomwork has a defect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The event names a step that the workflow does not have.
    #[error("event `{kind}` names the step `{step}`, which the workflow does not have")]
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
                let Some(step) = self.program.step(path) else {
                    return Err(ApplyError::UnknownStep { kind: event.kind.name(), step: path.clone() });
                };
                self.apply_to_step(step, event)
            }
        }
    }

    fn apply_to_run(&mut self, event: &Event) -> Result<(), ApplyError> {
        let Some(status) = run_transition(self.status, &event.kind) else {
            return Err(self.illegal(event, "the run".to_owned(), self.status.as_str()));
        };
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
                self.error = None;
                self.cancel = None;
                self.timed_out = false;
                self.stopped_by = None;
            }
            EventKind::RunCancelRequested(data) => {
                self.cancel = Some(CancelRequest { actor: event.actor.clone(), reason: data.reason.clone() });
            }
            EventKind::TimerFired(_) => self.timed_out = true,
            EventKind::RunSucceeded(data) => self.outputs = Some(data.outputs.clone()),
            EventKind::RunFailed(data) => self.error = Some(data.error.clone()),
            _ => {}
        }
        if self.status.is_final() {
            self.ended_at_ms = Some(event.at_ms);
        }
        Ok(())
    }

    fn apply_to_step(&mut self, step: usize, event: &Event) -> Result<(), ApplyError> {
        let before = self.steps[step].status;
        let Some(after) = step_transition(before, &event.kind) else {
            let subject = format!("step {}", self.program.path(step));
            return Err(self.illegal(event, subject, before.as_str()));
        };
        if event.attempt.is_some() {
            self.apply_to_attempt(step, event)?;
        }
        if before.is_final() && !after.is_final() {
            // While its port is still known.
            self.count_edges(step, false);
        }
        let state = &mut self.steps[step];
        state.status = after;
        match &event.kind {
            EventKind::AttemptStarted(data) => {
                state.started_at_ms.get_or_insert(event.at_ms);
                state.input = Some(data.input.clone());
                state.due_at_ms = None;
            }
            EventKind::StepRetrying(data) => state.due_at_ms = Some(data.due_at_ms),
            EventKind::StepQueued(_) => state.due_at_ms = None,
            EventKind::StepSucceeded(data) => {
                state.port = Some(data.port.clone());
                state.output = Some(data.output.clone());
            }
            EventKind::StepFailed(data) => {
                state.port = Some("failed".to_owned());
                state.error = Some(data.error.clone());
            }
            EventKind::StepSkipped(data) => state.reason = Some(data.reason.clone()),
            EventKind::StepCancelled(data) => state.reason.clone_from(&data.reason),
            EventKind::StepReset(data) => {
                state.reset();
                if let Some(set) = &data.set {
                    state.set = Some(set.clone());
                    state.edits += 1;
                }
            }
            _ => {}
        }
        self.count(step, before, event);
        Ok(())
    }

    /// Keeps the derived figures: open and running steps, failures, edges, frontier.
    fn count(&mut self, step: usize, before: StepStatus, event: &Event) {
        let after = self.steps[step].status;
        self.running += usize::from(after == StepStatus::Running);
        self.running -= usize::from(before == StepStatus::Running);
        if after.is_final() {
            let state = &mut self.steps[step];
            state.started_at_ms.get_or_insert(event.at_ms);
            state.ended_at_ms = Some(event.at_ms);
            state.due_at_ms = None;
            self.open -= 1;
            if after == StepStatus::Failed && !self.program.handles_failure(step) {
                self.failures.push(step);
                self.stopped_by.get_or_insert(step);
            }
            self.count_edges(step, true);
        } else if before.is_final() {
            self.open += 1;
            self.failures.retain(|failed| *failed != step);
            self.frontier.push_back(step);
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
            let subject = format!("attempt {number} of step {}", self.program.path(step));
            return Err(self.illegal(event, subject, if present.is_some() { "over" } else { "unknown" }));
        };
        if present.is_none() {
            let started_at_ms = event.at_ms;
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
                attempt.error = Some(data.error.clone());
                (&data.log, &data.usage)
            }
            _ => return Ok(()),
        };
        attempt.log.clone_from(log);
        attempt.usage.clone_from(usage);
        Ok(())
    }

    /// A step has ended: its outgoing edges are taken or dead, and their targets may be decided. Or it is about to be open
    /// again (`settled` is false), which takes that back.
    fn count_edges(&mut self, step: usize, settled: bool) {
        let program = std::sync::Arc::clone(&self.program);
        let graph = &program.workflow.graph;
        for edge in graph.outgoing[step].iter().map(|edge| &graph.edges[*edge]) {
            let taken = self.edge_taken(step, &edge.trigger);
            let target = &mut self.steps[edge.to];
            let counter = match (edge.kind, taken) {
                (EdgeKind::Needs, true) => &mut target.edges.taken,
                (EdgeKind::Needs, false) => &mut target.edges.dead,
                (EdgeKind::Implied, true) => &mut target.edges.implied_taken,
                (EdgeKind::Implied, false) => &mut target.edges.implied_dead,
            };
            if !settled {
                *counter -= 1;
                continue;
            }
            *counter += 1;
            if target.status == StepStatus::Pending {
                self.frontier.push_back(edge.to);
            }
        }
    }

    fn edge_taken(&self, step: usize, trigger: &Trigger) -> bool {
        let port = self.steps[step].port.as_deref();
        match trigger {
            Trigger::Success => port.is_some_and(|port| port != "failed"),
            Trigger::Port(wanted) => port == Some(wanted),
            Trigger::Settled => true,
        }
    }

    fn illegal(&self, event: &Event, subject: String, status: &'static str) -> ApplyError {
        ApplyError::Illegal { kind: event.kind.name(), subject, status }
    }
}

impl crate::StepState {
    fn reset(&mut self) {
        self.earlier_attempts = self.attempts.len();
        self.port = None;
        self.started_at_ms = None;
        self.ended_at_ms = None;
        self.due_at_ms = None;
        self.reason = None;
        self.output = None;
        self.error = None;
    }
}

impl RunState {
    /// Whether the run has just been created and nothing happened yet.
    pub fn is_new(&self) -> bool {
        self.status == RunStatus::Queued
    }
}
