//! Runs that call runs: the child is created with the event that intends it, and its end is the end of the step.

use std::sync::Arc;

use loomwork_run::{AttemptOutcome, RunState, StepStatus, attempt_reported, start_attempt};
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
        let Some(active) = self.runs.get_mut(run) else { return };
        if !matches!(active.state.steps[step].status, StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying) {
            return;
        }
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

/// How a called run ended, for the step that called it.
fn outcome_of(child: &Active) -> AttemptOutcome {
    use loomwork_run::{ErrorClass, RunError, RunStatus};
    let state = &child.state;
    let failed = |fallback: &str| {
        let error = state.error.clone().unwrap_or_else(|| RunError::new(ErrorClass::Unknown, fallback));
        AttemptOutcome::Failed(RunError { step: None, ..error })
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
