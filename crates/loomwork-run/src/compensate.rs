//! Undoing: completed steps, one after the other, in reverse order of completion.

use loomwork_workflow::Compensation;

use crate::decide::{Decision, run_failure};
use crate::event::*;
use crate::outcome::{AttemptOutcome, Starting};
use crate::scope::{idempotency_key, resolved_input};
use crate::{ErrorClass, Event, EventKind, LogSeal, RunError, RunState, StepStatus, Values, backoff_ms, spread};

/// What happens next while a run is being undone.
pub(crate) fn next(state: &RunState, now_ms: i64) -> Vec<Decision> {
    let under_way = state.steps.iter().any(|step| step.attached && step.status == StepStatus::Compensating);
    if under_way {
        return Vec::new();
    }
    let next = (1..state.steps.len()).filter(|ix| is_candidate(state, *ix)).max_by_key(|ix| state.steps[*ix].completion);
    if let Some(ix) = next {
        return vec![Decision::Undo(ix)];
    }
    let failed = state.steps.iter().find(|step| step.undo.as_ref().is_some_and(|undo| undo.status == StepStatus::Failed));
    let kind: EventKind = match failed {
        Some(step) => {
            let why = step.undo.as_ref().and_then(|undo| undo.error.clone());
            let mut error = why.unwrap_or_else(|| RunError::new(ErrorClass::Unknown, "a step could not be undone"));
            error.message = format!("`{}` could not be undone: {}", step.path, error.message);
            error.step = Some(step.path.to_string());
            RunFailed { error }.into()
        }
        None => RunCompensated { error: run_failure(state) }.into(),
    };
    vec![Decision::Record(Event { at_ms: now_ms, actor: "engine".to_owned(), step: None, attempt: None, kind })]
}

/// Whether a step is to be undone, or to be undone again, now.
pub fn wants_undo(state: &RunState, ix: usize) -> bool {
    let step = &state.steps[ix];
    let again =
        step.status == StepStatus::Compensating && step.undo.as_ref().is_some_and(|undo| undo.status != StepStatus::Running);
    state.status == crate::RunStatus::Compensating && step.attached && (again || is_candidate(state, ix))
}

fn is_candidate(state: &RunState, ix: usize) -> bool {
    let step = &state.steps[ix];
    // What is no part of the run any more may be of a definition that the run has left behind.
    if !step.attached {
        return false;
    }
    // What is done several times is undone as often: each element and each pass by itself.
    let whole = state.definition(ix).step.repeat.is_some() == step.is_part();
    // What it only used again has been done by another run, and is that run's to undo.
    let done_here = step.status == StepStatus::Succeeded && step.cached.is_none();
    done_here && step.undo.is_none() && whole && compensation(state, ix).is_some()
}

fn compensation(state: &RunState, ix: usize) -> Option<&Compensation> {
    state.definition(ix).step.compensate.as_deref()
}

fn event(state: &RunState, ix: usize, at_ms: i64, attempt: u32, kind: impl Into<EventKind>) -> Event {
    let step = Some(state.steps[ix].path.to_string());
    Event { at_ms, actor: "engine".to_owned(), step, attempt: Some(attempt), kind: kind.into() }
}

/// An undo got a slot: its event with all that performing it needs.
pub fn start_undo(state: &RunState, values: &mut Values, ix: usize, now_ms: i64) -> (Vec<Event>, Option<Starting>) {
    let Some(compensation) = compensation(state, ix) else { return (Vec::new(), None) };
    let attempt = state.steps[ix].undo.as_ref().map_or(0, |undo| undo.attempts) + 1;
    let input = match resolved_input(state, values, ix, &compensation.action) {
        Ok(input) => input,
        Err(error) => {
            let start = CompensationStarted { input: crate::ValueRef::null() };
            let failed = CompensationFailed { error, due_at_ms: None };
            return (vec![event(state, ix, now_ms, attempt, start), event(state, ix, now_ms, attempt, failed)], None);
        }
    };
    let starting = Starting {
        attempt,
        action: compensation.action.name(),
        idempotency_key: format!("{}-undo", idempotency_key(state, ix)),
        timeout_ms: compensation.timeout_ms.or(state.program.workflow.defaults.timeout_ms),
        input: input.clone(),
    };
    let kind = CompensationStarted { input: values.intern(&input) };
    (vec![event(state, ix, now_ms, attempt, kind)], Some(starting))
}

/// The event that an undo's report makes. One that was stopped with the engine is done again.
pub fn undo_reported(state: &RunState, ix: usize, outcome: AttemptOutcome, log: Option<LogSeal>, now_ms: i64) -> Vec<Event> {
    let attempt = state.steps[ix].undo.as_ref().map_or(1, |undo| undo.attempts);
    let error = match outcome {
        AttemptOutcome::Succeeded { .. } => return vec![event(state, ix, now_ms, attempt, CompensationSucceeded { log })],
        AttemptOutcome::Cancelled => return Vec::new(),
        AttemptOutcome::Failed(error) => error,
    };
    let policy = compensation(state, ix).and_then(|compensation| compensation.retry.as_ref());
    let due_at_ms = policy
        .filter(|policy| attempt < policy.attempts && policy.classes.iter().any(|class| class == error.class.as_str()))
        .map(|policy| backoff_ms(policy, attempt + 1, spread(&state.id, &state.steps[ix].path, attempt)))
        .map(|delay| now_ms.saturating_add(i64::try_from(delay).unwrap_or(i64::MAX)));
    vec![event(state, ix, now_ms, attempt, CompensationFailed { error, due_at_ms })]
}

/// Undos that were under way or wait for a time, with that time in milliseconds since 1970.
pub fn open_undos(state: &RunState) -> impl Iterator<Item = (usize, Option<i64>)> {
    state.steps.iter().enumerate().filter(|(_, step)| step.attached && step.status == StepStatus::Compensating).map(
        |(ix, step)| {
            let due = step.undo.as_ref().and_then(|undo| undo.due_at_ms);
            (ix, due)
        },
    )
}
