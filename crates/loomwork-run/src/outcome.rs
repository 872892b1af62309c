//! What the world answers: attempts that start, that report, and that were lost with a dead engine. Each becomes events.

use std::sync::Arc;

use loomwork_workflow::{OnRestart, Retry, Step};
use serde_json::Value;

use crate::decide::stop_reason;
use crate::event::{
    AttemptCancelled, AttemptFailed, AttemptLost, AttemptStarted, AttemptSucceeded, StepCancelled, StepFailed, StepQueued,
    StepRetrying, StepSucceeded,
};
use crate::scope::{idempotency_key, resolved_input};
use crate::{ErrorClass, Event, EventKind, LogSeal, RunError, RunState, StepStatus, Usage, Values, backoff_ms, spread};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptOutcome {
    /// It ended well.
    Succeeded {
        /// Its output.
        output: Value,
    },
    /// It failed.
    Failed(RunError),
    /// It was stopped because the engine asked for it.
    Cancelled,
}

/// An attempt that may start once its event is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Starting {
    /// Its number.
    pub attempt: u32,
    /// The resolved input.
    pub input: Value,
    /// Its idempotency key.
    pub idempotency_key: String,
    /// Its bound in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// A step got a slot: the event of its next attempt with all that performing it needs, or the event of its failure
/// when its input cannot be made.
pub fn start_attempt(state: &RunState, values: &mut Values, step: usize, now_ms: i64) -> (Event, Option<Starting>) {
    let path = state.program.path(step);
    let input = match resolved_input(state, values, step) {
        Ok(input) => input,
        Err(error) => return (event(now_ms, path, None, StepFailed { error }.into()), None),
    };
    let attempt = u32::try_from(state.steps[step].attempts.len() + 1).unwrap_or(u32::MAX);
    let idempotency_key = idempotency_key(state, step);
    let workflow = &state.program.workflow;
    let timeout_ms = workflow.steps[step].timeout_ms.or(workflow.defaults.timeout_ms);
    let reference = values.intern(Arc::new(input.clone()));
    let kind = AttemptStarted { input: reference, idempotency_key: idempotency_key.clone() }.into();
    (event(now_ms, path, Some(attempt), kind), Some(Starting { attempt, input, idempotency_key, timeout_ms }))
}

/// A step is ready and there is no slot for it yet.
pub fn queue_step(state: &RunState, step: usize, now_ms: i64) -> Event {
    event(now_ms, state.program.path(step), None, StepQueued {}.into())
}

/// The events that an attempt's report makes.
pub fn attempt_reported(
    state: &RunState,
    values: &mut Values,
    (step, attempt): (usize, u32),
    outcome: AttemptOutcome,
    (log, usage): (Option<LogSeal>, Option<Usage>),
    now_ms: i64,
) -> Vec<Event> {
    let path = state.program.path(step);
    let of_attempt = |kind: EventKind| event(now_ms, path, Some(attempt), kind);
    let of_step = |kind: EventKind| event(now_ms, path, None, kind);
    match outcome {
        AttemptOutcome::Succeeded { output } => {
            let output = values.intern(Arc::new(output));
            vec![
                of_attempt(AttemptSucceeded { log, usage }.into()),
                of_step(StepSucceeded { port: "succeeded".to_owned(), output }.into()),
            ]
        }
        AttemptOutcome::Failed(error) => {
            let next = retry_at(state, step, attempt, &error, now_ms);
            let failed = of_attempt(AttemptFailed { error: error.clone(), log, usage }.into());
            let then = match next {
                Some(due_at_ms) => StepRetrying { due_at_ms }.into(),
                None => StepFailed { error }.into(),
            };
            vec![failed, of_step(then)]
        }
        AttemptOutcome::Cancelled => vec![
            of_attempt(AttemptCancelled { log, usage }.into()),
            of_step(StepCancelled { reason: Some(stop_reason(state)) }.into()),
        ],
    }
}

/// The events for an attempt that was under way when the engine died.
pub fn attempt_lost(state: &RunState, step: usize, attempt: u32, now_ms: i64) -> Vec<Event> {
    let path = state.program.path(step);
    let mut events = vec![event(now_ms, path, Some(attempt), AttemptLost {}.into())];
    if !state.stopping() && state.program.workflow.steps[step].on_restart == OnRestart::Fail {
        let message = format!("the engine died while attempt {attempt} was under way, and on_restart is fail");
        let error = RunError::new(ErrorClass::Unknown, message);
        events.push(event(now_ms, path, None, StepFailed { error }.into()));
    }
    events
}

fn event(at_ms: i64, step: &str, attempt: Option<u32>, kind: EventKind) -> Event {
    Event { at_ms, actor: "engine".to_owned(), step: Some(step.to_owned()), attempt, kind }
}

/// When the next attempt is due, if the policy allows one.
fn retry_at(state: &RunState, step: usize, attempt: u32, error: &RunError, now_ms: i64) -> Option<i64> {
    let policy = policy(state, &state.program.workflow.steps[step])?;
    let made = state.steps[step].counted_attempts();
    if state.stopping() || made >= policy.attempts || !policy.classes.iter().any(|class| class == error.class.as_str()) {
        return None;
    }
    let delay = backoff_ms(policy, made + 1, spread(&state.id, state.program.path(step), attempt));
    let due = now_ms.saturating_add(i64::try_from(delay).unwrap_or(i64::MAX));
    let first = state.steps[step].started_at_ms.unwrap_or(now_ms);
    let in_time = policy.max_elapsed_ms.is_none_or(|bound| due - first <= i64::try_from(bound).unwrap_or(i64::MAX));
    in_time.then_some(due)
}

fn policy<'s>(state: &'s RunState, step: &'s Step) -> Option<&'s Retry> {
    step.retry.as_ref().or(state.program.workflow.defaults.retry.as_ref())
}

impl RunState {
    /// Steps that wait for a slot, and steps that wait for a time with that time in milliseconds since 1970.
    pub fn waiting_steps(&self) -> impl Iterator<Item = (usize, Option<i64>)> {
        self.steps.iter().enumerate().filter_map(|(ix, step)| match step.status {
            StepStatus::Queued => Some((ix, None)),
            StepStatus::Retrying => Some((ix, step.due_at_ms)),
            _ => None,
        })
    }
}
