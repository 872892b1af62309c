//! Circuit breakers: after so many failures in a row attempts are refused for a while, then one is let through to see.
//!
//! Invariant: one machine, one flat match; it reads no clock. While half open, only the attempt that was let through decides.
//! Not here: which attempts share a breaker (its key), and the events of the workspace that keep it (`loomwork-engine`).

use loomwork_workflow::Breaker;
use serde_json::json;

use crate::scope::timestamp;
use crate::{ErrorClass, RunError, RunState, StepStatus};

/// State of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        /// Whether it is under way.
        trying: bool,
    },
}

impl Default for BreakerState {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// What happens to a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerInput {
    /// An attempt wants to start.
    Asked,
    /// An attempt ended well; whether it is the one that was let through while half open.
    Succeeded {
        /// Whether it is that one.
        tried: bool,
    },
    /// An attempt failed.
    Failed {
        /// Whether it is the one that was let through while half open.
        tried: bool,
    },
    /// An attempt was stopped or lost: it says nothing.
    Withdrawn {
        /// Whether it is the one that was let through while half open.
        tried: bool,
    },
}

/// What a breaker answers to an attempt that wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerAnswer {
    /// It may.
    Admitted,
    /// It may, as the only one, to see.
    Tried,
    /// It may not; until when, if that is known.
    Refused(Option<i64>),
}

/// The next state of a breaker, and its answer to an attempt that wants to start.
pub fn breaker_transition(
    state: BreakerState,
    input: BreakerInput,
    policy: &Breaker,
    now_ms: i64,
) -> (BreakerState, Option<BreakerAnswer>) {
    use BreakerInput::{Asked, Failed, Succeeded, Withdrawn};
    use BreakerState::{Closed, HalfOpen, Open};
    let open = Open { until_ms: now_ms.saturating_add_unsigned(policy.cooldown_ms) };
    match (state, input) {
        (Closed { .. }, Asked) => (state, Some(BreakerAnswer::Admitted)),
        (Closed { .. }, Succeeded { .. }) => (Closed { failures: 0 }, None),
        (Closed { failures }, Failed { .. }) if failures.saturating_add(1) >= policy.failures => (open, None),
        (Closed { failures }, Failed { .. }) => (Closed { failures: failures.saturating_add(1) }, None),
        (Closed { .. }, Withdrawn { .. }) => (state, None),
        (Open { until_ms }, Asked) if now_ms < until_ms => (state, Some(BreakerAnswer::Refused(Some(until_ms)))),
        (Open { .. }, Asked) => (HalfOpen { trying: true }, Some(BreakerAnswer::Tried)),
        // Attempts that had started before it opened.
        (Open { .. }, Succeeded { .. } | Failed { .. } | Withdrawn { .. }) => (state, None),
        (HalfOpen { trying: false }, Asked) => (HalfOpen { trying: true }, Some(BreakerAnswer::Tried)),
        (HalfOpen { trying: true }, Asked) => (state, Some(BreakerAnswer::Refused(None))),
        (HalfOpen { .. }, Succeeded { tried: true }) => (Closed { failures: 0 }, None),
        (HalfOpen { .. }, Failed { tried: true }) => (open, None),
        (HalfOpen { .. }, Withdrawn { tried: true }) => (HalfOpen { trying: false }, None),
        (HalfOpen { .. }, Succeeded { tried: false } | Failed { tried: false } | Withdrawn { tried: false }) => (state, None),
    }
}

/// The breaker of a step and its key: what `key` says, else workflow and step. None for a fallback, which is another action.
pub fn breaker_of(state: &RunState, ix: usize) -> Option<(String, Breaker)> {
    let instance = &state.steps[ix];
    let breaker = state.definition(ix).step.breaker.as_ref().filter(|_| instance.fallback.is_none())?;
    let own = || {
        let name = |part: &str| part.find(['[', '#']).map_or(part.len(), |end| end);
        let path: Vec<&str> = instance.path.split('.').map(|part| &part[..name(part)]).collect();
        format!("{}/{}", state.program.workflow.id, path.join("."))
    };
    Some((breaker.key.clone().unwrap_or_else(own), breaker.clone()))
}

/// Why an attempt was refused.
pub fn breaker_refusal(key: &str, until_ms: Option<i64>, now_ms: i64) -> RunError {
    let (message, details) = match until_ms {
        Some(until) => {
            let at = timestamp(until);
            let message = format!("the circuit breaker `{key}` is open after repeated failures; it lets an attempt through from {at}");
            (message, json!({ "breaker": key, "half_opens_at": at, "retry_after_ms": until.saturating_sub(now_ms).max(0) }))
        }
        None => {
            let message = format!("the circuit breaker `{key}` lets one attempt through at a time, and one is under way");
            (message, json!({ "breaker": key }))
        }
    };
    RunError::new(ErrorClass::Dependency, message).with_details(details)
}

/// Whether a step is about to start an attempt.
pub fn may_start(state: &RunState, ix: usize) -> bool {
    matches!(state.steps[ix].status, StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000;

    fn policy() -> Breaker {
        Breaker { failures: 2, cooldown_ms: 500, key: None }
    }

    fn states() -> [BreakerState; 6] {
        [
            BreakerState::Closed { failures: 0 },
            BreakerState::Closed { failures: 1 },
            BreakerState::Open { until_ms: NOW + 1 },
            BreakerState::Open { until_ms: NOW },
            BreakerState::HalfOpen { trying: false },
            BreakerState::HalfOpen { trying: true },
        ]
    }

    fn inputs() -> Vec<BreakerInput> {
        let of = |tried| {
            [BreakerInput::Succeeded { tried }, BreakerInput::Failed { tried }, BreakerInput::Withdrawn { tried }]
        };
        [BreakerInput::Asked].into_iter().chain(of(false)).chain(of(true)).collect()
    }

    #[test]
    fn every_state_meets_every_input_as_the_table_says() {
        let lines: Vec<String> = states()
            .into_iter()
            .flat_map(|state| inputs().into_iter().map(move |input| (state, input)))
            .map(|(state, input)| {
                let (next, answer) = breaker_transition(state, input, &policy(), NOW);
                let answer = answer.map(|answer| format!(", {answer:?}")).unwrap_or_default();
                format!("{state:?} + {input:?} = {next:?}{answer}")
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn an_attempt_gets_an_answer_exactly_when_it_asks_and_at_most_one_tries() {
        for state in states() {
            for input in inputs() {
                let (next, answer) = breaker_transition(state, input, &policy(), NOW);
                assert_eq!(answer.is_some(), input == BreakerInput::Asked, "{state:?} + {input:?}");
                if answer == Some(BreakerAnswer::Tried) {
                    assert_ne!(state, BreakerState::HalfOpen { trying: true });
                    assert_eq!(next, BreakerState::HalfOpen { trying: true });
                }
            }
        }
    }
}
