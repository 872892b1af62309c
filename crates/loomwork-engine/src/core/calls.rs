//! Runs that call runs: the child is created with the event that intends it, and its end is the end of the step.
//!
//! A step that is taken up goes on with the child that it has; a child that is taken up takes up the step that called it.

use std::sync::Arc;

use loomwork_run::{AttemptOutcome, RetryScope, RunState, RunStatus, StepStatus, attempt_reported, start_attempt};
use serde_json::Value;

use super::{Core, DEEPEST_CALL};
use crate::Active;

impl Core {
    pub(super) fn tell_parent(&mut self, child: &Active, now_ms: i64) {
        let Some((id, attempt)) = self.caller_waiting_for(&child.state) else { return };
        let Some(active) = self.runs.get_mut(&id) else { return };
        let events = attempt_reported(&active.state, &mut active.values, attempt, outcome_of(child), (None, None), now_ms);
        self.record(&id, events);
        self.unsettled.push_back(id);
    }

    /// The run that called another one and waits for its end, with the step and the attempt.
    pub(super) fn caller_waiting_for(&self, child: &RunState) -> Option<(Arc<str>, (usize, u32))> {
        let parent = child.parent.as_ref()?;
        let (id, active) = self.runs.get_key_value(parent.run.as_str())?;
        let step = active.state.step(&parent.step)?;
        let waits = active.state.steps[step].child.as_deref() == Some(&child.id);
        let attempt = active.state.steps[step].attempt_under_way().filter(|_| waits)?;
        Some((Arc::clone(id), (step, attempt)))
    }

    /// A step calls another workflow: the child is created with the event that intends it.
    pub(super) fn call(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        let Some(active) = self.runs.get(run) else { return };
        if !matches!(active.state.steps[step].status, StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying) {
            return;
        }
        if let Some(child) = self.kept_child(run, step) {
            return self.call_again(run, step, &child, now_ms);
        }
        let Some(active) = self.runs.get_mut(run) else { return };
        let id: Arc<str> = Arc::from(self.library.fresh_id());
        let (event, starting) = start_attempt(&active.state, &mut active.values, step, Some(id.to_string()), now_ms);
        let path = active.state.steps[step].path.to_string();
        let depth = active.state.parent.as_ref().map_or(0, |parent| parent.depth) + 1;
        let priority = active.state.priority;
        let recorded = self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
        let Some(starting) = starting.filter(|_| recorded) else { return };
        let parent = loomwork_run::Parent { run: run.to_string(), step: path, attempt: starting.attempt, depth };
        let waits = starting.input.get("wait").and_then(Value::as_bool).unwrap_or(true);
        let outcome = if let Some(error) = self.refused_by_breaker(run, step, starting.attempt, now_ms) {
            Some(AttemptOutcome::Failed(error))
        } else if depth > DEEPEST_CALL {
            let message = format!("workflows call each other {DEEPEST_CALL} deep; is a recursion without an end?");
            Some(AttemptOutcome::Failed(loomwork_run::RunError::new(loomwork_run::ErrorClass::Permanent, message)))
        } else {
            match crate::call::child(&*self.library, id, parent, &starting.input, priority) {
                Ok(child) => {
                    let output = serde_json::json!({ "run": &*child.id });
                    self.create(child, now_ms);
                    (!waits).then_some(AttemptOutcome::Succeeded { output })
                }
                Err(error) => Some(AttemptOutcome::Failed(error)),
            }
        };
        if let Some(outcome) = outcome
            && let Some(active) = self.runs.get_mut(run)
        {
            let attempt = (step, starting.attempt);
            let events = attempt_reported(&active.state, &mut active.values, attempt, outcome, (None, None), now_ms);
            self.record(run, events);
        }
    }
}

impl Core {
    /// The run with which a step that is taken up goes on. One that a fork has of its old run is not the fork's.
    fn kept_child(&mut self, run: &Arc<str>, step: usize) -> Option<Arc<str>> {
        let active = self.runs.get(run)?;
        let child = loomwork_run::called_run(&active.state, step).filter(|_| active.state.steps[step].resume)?;
        let child: Arc<str> = Arc::from(child);
        let known = self.brought(&child)?;
        (known.state.parent.as_ref()?.run == **run).then_some(child)
    }

    /// A run, read from the journal if it has left the memory; none when it cannot be.
    fn brought(&mut self, run: &Arc<str>) -> Option<&Active> {
        if self.leaving.has(run) {
            return None;
        }
        if !self.runs.contains_key(run) {
            let mut active = self.library.load_run(run).ok()?;
            self.complete(&mut active.state.program);
            self.runs.insert(Arc::clone(run), active);
        }
        self.runs.get(run)
    }

    /// A step that is taken up waits for the child that it has; one that has ended badly is taken up, too.
    fn call_again(&mut self, run: &Arc<str>, step: usize, child: &Arc<str>, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return };
        let (event, starting) = start_attempt(&active.state, &mut active.values, step, Some(child.to_string()), now_ms);
        let recorded = self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
        let Some(starting) = starting.filter(|_| recorded) else { return };
        // A child that goes on already is not asked about.
        if self.runs.get(child).is_none_or(|called| !called.state.status.is_final()) {
            return;
        }
        if let Some(error) = self.refused_by_breaker(run, step, starting.attempt, now_ms) {
            return self.fail_attempt(run, (step, starting.attempt), error, now_ms);
        }
        let Some(called) = self.runs.get(child) else { return };
        let again = match called.state.status {
            RunStatus::Succeeded => None,
            _ => loomwork_run::retry(&called.state, "engine", &RetryScope::All, None, now_ms).ok(),
        };
        if let Some((_, events)) = again {
            self.record(child, events);
            self.unsettled.push_back(Arc::clone(child));
        } else if let Some(ended) = self.runs.remove(child) {
            self.tell_parent(&ended, now_ms);
            self.runs.insert(Arc::clone(child), ended);
        }
    }

    /// A run that had ended is taken up: the step that called it failed because of it, and goes on with it.
    pub(super) fn take_up_caller(&mut self, run: &Arc<str>, actor: &str, now_ms: i64) {
        let Some(parent) = self.runs.get(run).and_then(|active| active.state.parent.clone()) else { return };
        let id: Arc<str> = Arc::from(parent.run.as_str());
        let Some(caller) = self.brought(&id) else { return };
        let (state, had_ended) = (&caller.state, caller.state.status.is_final());
        let Some(step) = state.step(&parent.step) else { return };
        if state.steps[step].child.as_deref() != Some(&**run) || state.steps[step].attempt_under_way().is_some() {
            return;
        }
        // Refused where the failure was handled, or another child has taken the place of this one: it goes on alone.
        let scope = RetryScope::Step(parent.step);
        let Ok((_, events)) = loomwork_run::retry(state, actor, &scope, None, now_ms) else { return };
        self.record(&id, events);
        self.unsettled.push_back(Arc::clone(&id));
        if had_ended {
            self.take_up_caller(&id, actor, now_ms);
        }
    }
}

/// How a called run ended, for the step that called it.
fn outcome_of(child: &Active) -> AttemptOutcome {
    use loomwork_run::{ErrorClass, RunError, RunStatus};
    let state = &child.state;
    let failed = |fallback: &str| {
        let error = state.error.clone().unwrap_or_else(|| RunError::new(ErrorClass::Unknown, fallback));
        // Whoever reads it at the caller must know where to look.
        let message = match &error.step {
            Some(step) => format!("{} #{} failed at {step}: {}", state.program.workflow.id, state.number, error.message),
            None => error.message,
        };
        AttemptOutcome::Failed(RunError { step: None, message, ..error })
    };
    match state.status {
        RunStatus::Succeeded => {
            let output = state.outputs.as_ref().and_then(|outputs| child.values.get(outputs).ok());
            AttemptOutcome::Succeeded { output: output.map(|output| Value::clone(&output)).unwrap_or_default() }
        }
        RunStatus::Cancelled => AttemptOutcome::Cancelled,
        _ => failed("the called run failed"),
    }
}
