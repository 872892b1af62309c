//! Circuit breakers: after so many failures in a row attempts are refused for a while, then one is let through to see.
//!
//! Invariant: one machine, one flat match; it reads no clock. While half open, only the attempt that was let through decides.
//! Not here: the events of the workspace that keep breakers, and when they are asked (`loomwork-engine`).

use loomwork_workflow::{Action, Breaker};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::decide::action_of;
use crate::scope::timestamp;
use crate::{ErrorClass, RunError, RunState};

/// An attempt of a step of some run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptName {
    /// The run's id.
    pub run: String,
    /// Path of the step.
    pub step: String,
    /// The attempt's number.
    pub attempt: u32,
}

/// State of a breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BreakerState {
    /// Attempts are let through.
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// Attempts are refused.
    Open {
        /// Until when, in milliseconds since 1970.
        until_ms: i64,
    },
    /// One attempt is let through.
    HalfOpen {
        /// The one that was, while it is under way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trial: Option<AttemptName>,
    },
}

/// What happens to a breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakerInput {
    /// An attempt wants to start.
    Asked(AttemptName),
    /// An attempt ended well.
    Succeeded(AttemptName),
    /// An attempt failed.
    Failed(AttemptName),
    /// An attempt was stopped or lost: it says nothing.
    Withdrawn(AttemptName),
    /// Time has passed.
    Due,
    /// A person closes it.
    Reset,
}

/// What a breaker answers to an attempt that wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerAnswer {
    /// It may.
    Admitted,
    /// It may not; until when, if that is known.
    Refused(Option<i64>),
}

/// The next state of a breaker, and its answer to an attempt that wants to start.
pub fn breaker_transition(
    state: &BreakerState,
    input: BreakerInput,
    (limit, cooldown_ms): (u32, u64),
    now_ms: i64,
) -> (BreakerState, Option<BreakerAnswer>) {
    use BreakerAnswer::{Admitted, Refused};
    use BreakerInput::{Asked, Due, Failed, Reset, Succeeded, Withdrawn};
    use BreakerState::{Closed, HalfOpen, Open};
    let same = || state.clone();
    let open = Open { until_ms: now_ms.saturating_add_unsigned(cooldown_ms) };
    match (state, input) {
        (Closed { .. }, Asked(_)) => (same(), Some(Admitted)),
        (Closed { .. }, Succeeded(_) | Reset) => (Closed { failures: 0 }, None),
        (Closed { failures }, Failed(_)) if failures.saturating_add(1) >= limit => (open, None),
        (Closed { failures }, Failed(_)) => (Closed { failures: failures.saturating_add(1) }, None),
        (Closed { .. }, Withdrawn(_) | Due) => (same(), None),
        (Open { until_ms }, Asked(_)) if now_ms < *until_ms => (same(), Some(Refused(Some(*until_ms)))),
        (Open { .. }, Asked(attempt)) => (HalfOpen { trial: Some(attempt) }, Some(Admitted)),
        (Open { until_ms }, Due) if now_ms < *until_ms => (same(), None),
        (Open { .. }, Due) => (HalfOpen { trial: None }, None),
        (Open { .. }, Reset) => (Closed { failures: 0 }, None),
        // Attempts that had started before it opened.
        (Open { .. }, Succeeded(_) | Failed(_) | Withdrawn(_)) => (same(), None),
        (HalfOpen { trial: None }, Asked(attempt)) => (HalfOpen { trial: Some(attempt) }, Some(Admitted)),
        (HalfOpen { trial: Some(_) }, Asked(_)) => (same(), Some(Refused(None))),
        (HalfOpen { trial }, Succeeded(attempt)) if trial.as_ref() == Some(&attempt) => (Closed { failures: 0 }, None),
        (HalfOpen { trial }, Failed(attempt)) if trial.as_ref() == Some(&attempt) => (open, None),
        (HalfOpen { trial }, Withdrawn(attempt)) if trial.as_ref() == Some(&attempt) => (HalfOpen { trial: None }, None),
        (HalfOpen { .. }, Succeeded(_) | Failed(_) | Withdrawn(_) | Due) => (same(), None),
        (HalfOpen { .. }, Reset) => (Closed { failures: 0 }, None),
    }
}

/// A failure that a breaker counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerFailure {
    /// The attempt.
    #[serde(flatten)]
    pub attempt: AttemptName,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why it failed.
    pub error: RunError,
}

/// A breaker: what every event about it says whole, so that the latest one is all that there is to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerRecord {
    /// What the attempts have in common that it is for.
    pub key: String,
    /// Its state.
    #[serde(flatten)]
    pub state: BreakerState,
    /// Since when it has been closed, open or half open, in milliseconds since 1970.
    pub since_ms: i64,
    /// Failures in a row that open it, as the last step that asked says.
    pub limit: u32,
    /// How long it stays open, as the last step that asked says.
    pub cooldown_ms: u64,
    /// The last failure that it counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<BreakerFailure>,
}

impl BreakerRecord {
    /// A breaker that nothing has happened to.
    pub fn new(key: String, now_ms: i64) -> Self {
        let state = BreakerState::Closed { failures: 0 };
        Self { key, state, since_ms: now_ms, limit: 1, cooldown_ms: 0, last_failure: None }
    }

    /// Something happens to it: the answer to an attempt, and the name of the event when its state has changed.
    pub fn meet(&mut self, input: BreakerInput, now_ms: i64) -> (Option<BreakerAnswer>, Option<&'static str>) {
        let (next, answer) = breaker_transition(&self.state, input, (self.limit, self.cooldown_ms), now_ms);
        if next == self.state {
            return (answer, None);
        }
        if std::mem::discriminant(&next) != std::mem::discriminant(&self.state) {
            self.since_ms = now_ms;
        }
        let name = event_name(&self.state, &next);
        self.state = next;
        (answer, Some(name))
    }
}

/// The name of the event of the workspace for a change of state.
fn event_name(from: &BreakerState, to: &BreakerState) -> &'static str {
    use BreakerState::{Closed, HalfOpen, Open};
    match (from, to) {
        (_, Open { .. }) => "breaker_opened",
        (HalfOpen { .. }, HalfOpen { .. }) => "breaker_tried",
        (_, HalfOpen { .. }) => "breaker_half_opened",
        (Closed { .. }, Closed { .. }) => "breaker_counted",
        (_, Closed { .. }) => "breaker_closed",
    }
}

/// The breaker of a step and its key: what `key` says, else workflow and step. None for what has no attempts of its own,
/// and for a fallback, which is another action.
pub fn breaker_of(state: &RunState, ix: usize) -> Option<(String, &Breaker)> {
    let instance = &state.steps[ix];
    let breaker = state.definition(ix).step.breaker.as_ref().filter(|_| instance.fallback.is_none())?;
    let performed = matches!(action_of(state, ix), Action::Process(_) | Action::Effect { .. } | Action::Call(_));
    let own = || {
        let name = |part: &str| part.find(['[', '#']).unwrap_or(part.len());
        let path: Vec<&str> = instance.path.split('.').map(|part| &part[..name(part)]).collect();
        format!("{}/{}", state.program.workflow.id, path.join("."))
    };
    (performed && state.shape(ix) == crate::Shape::Leaf).then(|| (breaker.key.clone().unwrap_or_else(own), breaker))
}

/// Why an attempt was refused. A retry waits until it can be let through, where that is known.
pub fn breaker_refusal(key: &str, until_ms: Option<i64>, now_ms: i64) -> RunError {
    let (message, details) = match until_ms {
        Some(until) => {
            let at = timestamp(until);
            let message =
                format!("the circuit breaker `{key}` is open after repeated failures; it lets an attempt through from {at}");
            let wait_ms = until.saturating_sub(now_ms).max(0);
            (message, json!({ "breaker": key, "half_opens_at": at, "retry_after_ms": wait_ms }))
        }
        None => {
            let message = format!("the circuit breaker `{key}` lets one attempt through at a time, and one is under way");
            (message, json!({ "breaker": key }))
        }
    };
    RunError::new(ErrorClass::Dependency, message).with_details(details)
}

#[cfg(test)]
mod tests;
