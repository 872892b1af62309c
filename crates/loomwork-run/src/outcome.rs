//! What the world answers: attempts that start, that report, and that were lost with a dead engine. Each becomes events.

use loomwork_workflow::{ErrorAction, OnRestart, Retry};
use serde_json::Value;

use crate::decide::{Decision, action_of, stop_reason};
use crate::event::*;
use crate::scope::{idempotency_key, resolved_input};
use crate::{
    ErrorClass, Event, EventKind, LogSeal, RunError, RunState, Shape, StepStatus, Usage, ValueRef, Values, backoff_ms, container,
    spread, wait,
};

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
    /// The action's key.
    pub action: &'static str,
    /// The resolved input.
    pub input: Value,
    /// Its idempotency key.
    pub idempotency_key: String,
    /// Its bound in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// A step may start an attempt: the event, with all that performing it needs, or the event of its failure when its
/// input cannot be made. `child` is the id of the run that it is to call.
pub fn start_attempt(
    state: &RunState,
    values: &mut Values,
    step: usize,
    child: Option<String>,
    now_ms: i64,
) -> (Event, Option<Starting>) {
    let action = action_of(state, step);
    let input = match resolved_input(state, values, step, action) {
        Ok(input) => input,
        Err(error) => return (after_failure(state, values, step, None, error, now_ms), None),
    };
    let attempt = u32::try_from(state.steps[step].attempts.len() + 1).unwrap_or(u32::MAX);
    let idempotency_key = idempotency_key(state, step);
    let timeout_ms = state.step_of(step).timeout_ms.or(state.program.workflow.defaults.timeout_ms);
    let kind = AttemptStarted {
        input: values.intern(&input),
        idempotency_key: idempotency_key.clone(),
        count: None,
        resume: false,
        // A called run has no process that watches the time.
        timeout_at_ms: timeout_ms.filter(|_| child.is_some()).map(|ms| now_ms.saturating_add_unsigned(ms)),
        child,
        fingerprint: None,
    };
    let starting = Starting { attempt, action: action.name(), input, idempotency_key, timeout_ms };
    (event(state, now_ms, step, Some(attempt), kind.into()), Some(starting))
}

/// A step is ready and there is no slot for it yet.
pub fn queue_step(state: &RunState, step: usize, now_ms: i64) -> Event {
    event(state, now_ms, step, None, StepQueued {}.into())
}

/// A step that is ready can never start: what follows from that.
pub fn cannot_start(state: &RunState, values: &mut Values, step: usize, error: RunError, now_ms: i64) -> Event {
    after_failure(state, values, step, None, error, now_ms)
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
    let of_attempt = |kind: EventKind| event(state, now_ms, step, Some(attempt), kind);
    match outcome {
        AttemptOutcome::Succeeded { output } => {
            let output = values.intern(&output);
            let fingerprint = state.steps[step].fingerprint.as_deref().map(str::to_owned);
            let ended = StepSucceeded { fingerprint, ..StepSucceeded::new("succeeded", output) };
            vec![of_attempt(AttemptSucceeded { log, usage }.into()), event(state, now_ms, step, None, ended.into())]
        }
        AttemptOutcome::Failed(error) => {
            let failed = of_attempt(AttemptFailed { error: error.clone(), log, usage }.into());
            vec![failed, after_failure(state, values, step, Some(attempt), error, now_ms)]
        }
        AttemptOutcome::Cancelled => {
            let stop = state.steps[step].stop.as_ref().filter(|stop| stop.timed_out);
            let cancelled = of_attempt(AttemptCancelled { log, usage }.into());
            if stop.is_some() {
                let error = RunError::new(ErrorClass::Timeout, "it did not end within its timeout");
                return vec![cancelled, after_failure(state, values, step, Some(attempt), error, now_ms)];
            }
            let reason = Some(stop_reason(state, step));
            vec![cancelled, event(state, now_ms, step, None, StepCancelled { reason }.into())]
        }
    }
}

/// The events for an attempt that was under way when the engine died.
pub fn attempt_lost(state: &RunState, step: usize, attempt: u32, now_ms: i64) -> Vec<Event> {
    let mut events = vec![event(state, now_ms, step, Some(attempt), AttemptLost {}.into())];
    if state.stopping() || state.shape(step) != Shape::Leaf {
        return events;
    }
    let on_restart = state.step_of(step).on_restart;
    let message = |word: &str| format!("the engine died while attempt {attempt} was under way, and on_restart is {word}");
    match on_restart {
        OnRestart::Rerun => {}
        OnRestart::Fail => {
            let error = RunError::new(ErrorClass::Unknown, message("fail"));
            events.push(event(state, now_ms, step, None, StepFailed { error, compensate: false }.into()));
        }
        OnRestart::Ask => {
            let error = RunError::new(ErrorClass::Unknown, message("ask"));
            events.push(event(state, now_ms, step, None, StepNeedsAttention { error }.into()));
        }
    }
    events
}

fn event(state: &RunState, at_ms: i64, step: usize, attempt: Option<u32>, kind: EventKind) -> Event {
    Event { at_ms, actor: "engine".to_owned(), step: Some(state.steps[step].path.to_string()), attempt, kind }
}

/// What follows a failure: another attempt, what `on_error` says, or the step's own failure.
pub(crate) fn after_failure(
    state: &RunState,
    values: &mut Values,
    step: usize,
    attempt: Option<u32>,
    error: RunError,
    now_ms: i64,
) -> Event {
    let of_step = |kind: EventKind| event(state, now_ms, step, None, kind);
    let failed = |error: RunError, compensate: bool| of_step(StepFailed { error, compensate }.into());
    let instance = &state.steps[step];
    let definition = state.step_of(step);
    let applies = state.program.policy_applies(instance.definition, instance.is_part());
    // The failure of a fallback is the step's, and a run that stops begins nothing new.
    if !applies || instance.fallback.is_some() || state.stopping() {
        return failed(error, false);
    }
    if let Some(due_at_ms) = attempt.and_then(|attempt| retry_at(state, step, attempt, &error, now_ms)) {
        return of_step(StepRetrying { due_at_ms, fallback: None }.into());
    }
    for (number, rule) in definition.on_error.iter().enumerate() {
        if !rule.classes.is_empty() && !rule.classes.iter().any(|class| class == error.class.as_str()) {
            continue;
        }
        if let Some(when) = &rule.when {
            match container::rule_holds(state, values, step, when, &error) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return failed(error, false),
            }
        }
        return match &rule.then {
            ErrorAction::Fail => failed(error, false),
            ErrorAction::Compensate => failed(error, true),
            ErrorAction::Continue => {
                let output = ValueRef::null();
                of_step(StepSucceeded::new("succeeded", output).into())
            }
            ErrorAction::Skip => of_step(StepSkipped { reason: format!("it failed: {}", error.message) }.into()),
            ErrorAction::Ask => of_step(StepNeedsAttention { error }.into()),
            ErrorAction::Fallback(_) => of_step(StepRetrying { due_at_ms: now_ms, fallback: Some(number) }.into()),
            ErrorAction::Retry(policy) => match retry_by_rule(state, step, attempt, policy.as_ref(), &error, now_ms) {
                Some(due_at_ms) => of_step(StepRetrying { due_at_ms, fallback: None }.into()),
                None => failed(error, false),
            },
        };
    }
    failed(error, false)
}

/// When the next attempt is due, if the policy allows one.
fn retry_at(state: &RunState, step: usize, attempt: u32, error: &RunError, now_ms: i64) -> Option<i64> {
    let own = state.step_of(step).retry.as_ref();
    let inherited = state.program.workflow.defaults.retry.as_ref().filter(|_| state.shape(step) == Shape::Leaf);
    let policy = own.or(inherited)?;
    if !policy.classes.iter().any(|class| class == error.class.as_str()) {
        return None;
    }
    within(state, step, attempt, policy, error, now_ms)
}

/// The same for a rule of `on_error`, which says itself which failures it means. Without a `retry` of its own it is done as
/// the step says, else as usual.
fn retry_by_rule(
    state: &RunState,
    step: usize,
    attempt: Option<u32>,
    policy: Option<&Retry>,
    error: &RunError,
    now_ms: i64,
) -> Option<i64> {
    let usual = Retry::default();
    let own = state.step_of(step).retry.as_ref();
    let policy = policy.or(own).or(state.program.workflow.defaults.retry.as_ref()).unwrap_or(&usual);
    within(state, step, attempt.unwrap_or(0), policy, error, now_ms)
}

fn within(state: &RunState, step: usize, attempt: u32, policy: &Retry, error: &RunError, now_ms: i64) -> Option<i64> {
    let instance = &state.steps[step];
    let made = instance.counted_attempts();
    if made >= policy.attempts {
        return None;
    }
    let delay = backoff_ms(policy, made + 1, spread(&state.id, &instance.path, attempt));
    let asked = error.details.get("retry_after_ms").and_then(Value::as_u64).unwrap_or(0);
    let due = now_ms.saturating_add_unsigned(delay.max(asked));
    let first = instance.started_at_ms.unwrap_or(now_ms);
    let in_time = policy.max_elapsed_ms.is_none_or(|bound| due - first <= i64::try_from(bound).unwrap_or(i64::MAX));
    in_time.then_some(due)
}

/// A timer of a step came due: what that means now; nothing when it is not due after all.
pub fn timer_due(state: &mut RunState, values: &mut Values, step: usize, now_ms: i64) -> Vec<Decision> {
    let instance = &state.steps[step];
    if instance.due_at_ms.is_none_or(|due| due > now_ms) || !instance.attached {
        return Vec::new();
    }
    match instance.status {
        StepStatus::Retrying => crate::decide::begin(state, values, step, now_ms),
        StepStatus::Waiting | StepStatus::NeedsApproval => wait::due(state, values, step, now_ms),
        StepStatus::Running if instance.stop.is_none() => {
            let kind = TimerFired { timer: "timeout".to_owned() };
            vec![Decision::Record(event(state, now_ms, step, None, kind.into()))]
        }
        _ => Vec::new(),
    }
}

/// The timer that an event sets: when it comes due.
pub fn timer_of(event: &EventKind) -> Option<i64> {
    match event {
        EventKind::StepRetrying(data) => Some(data.due_at_ms),
        EventKind::StepWaiting(data) => data.waits.iter().filter_map(|wait| wait.due_at_ms).min(),
        EventKind::StepApprovalRequested(data) => data.due_at_ms,
        EventKind::AttemptStarted(data) => data.timeout_at_ms,
        EventKind::CompensationFailed(data) => data.due_at_ms,
        _ => None,
    }
}

impl RunState {
    /// Leaves that wait for a slot.
    pub fn queued_steps(&self) -> impl Iterator<Item = usize> {
        (1..self.steps.len()).filter(|ix| {
            let step = &self.steps[*ix];
            step.attached && step.status == StepStatus::Queued && self.shape(*ix) == Shape::Leaf
        })
    }

    /// Steps with a time at which something about them comes due, in milliseconds since 1970.
    pub fn timers(&self) -> impl Iterator<Item = (usize, i64)> {
        self.steps.iter().enumerate().filter(|(_, step)| step.attached && !step.status.is_final()).filter_map(|(ix, step)| {
            let due = step.undo.as_ref().and_then(|undo| undo.due_at_ms).or(step.due_at_ms)?;
            Some((ix, due))
        })
    }
}
