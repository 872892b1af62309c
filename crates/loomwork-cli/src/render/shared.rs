//! Circuit breakers and dead letters as text.

use std::fmt::Write as _;

use loomwork_api::{Breaker, BreakerStatus, DeadLetter, WholeDeadLetter};
use serde_json::Value;

use super::run;

/// A circuit breaker.
pub(crate) fn breaker(breaker: &Breaker) -> String {
    let Breaker { key, limit, .. } = breaker;
    let mut text = match (breaker.status, &breaker.half_opens_at, &breaker.trial) {
        (BreakerStatus::Closed, ..) => format!("closed     {key}  {} of {limit} failures", breaker.failures.unwrap_or(0)),
        (BreakerStatus::Open, Some(until), _) => format!("open       {key}  since {}, until {until}", breaker.since),
        (BreakerStatus::Open, None, _) => format!("open       {key}  since {}", breaker.since),
        (BreakerStatus::HalfOpen, _, Some(trial)) => {
            format!("half open  {key}  attempt {} of {} in run {} decides", trial.attempt, trial.step, trial.run)
        }
        (BreakerStatus::HalfOpen, _, None) => format!("half open  {key}  the next attempt decides"),
    };
    if let Some(failure) = &breaker.last_failure {
        let attempt = &failure.attempt;
        let _ = write!(
            text,
            "\n           last failure {}: {} in run {}: {}",
            failure.at, attempt.step, attempt.run, failure.error.message
        );
    }
    text
}

/// A dead letter in a list.
pub(crate) fn letter(letter: &DeadLetter) -> String {
    let mut text = run::headline(&letter.run);
    let _ = write!(text, "\n    failed {}, parked {}", letter.failed_at, letter.parked_at);
    if let Some(error) = &letter.run.error {
        let at = error.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
        let _ = write!(text, "\n    {at}{}", error.message);
    }
    text
}

/// A dead letter with its run.
pub(crate) fn whole_letter(letter: &WholeDeadLetter) -> String {
    let mut text = run::whole(&letter.run);
    if let Value::Object(inputs) = &letter.run.inputs {
        for (name, value) in inputs {
            let _ = write!(text, "\ninput {name} = {}", run::shortened(value));
        }
    }
    let _ = write!(text, "\nfailed {}, parked {}", letter.failed_at, letter.parked_at);
    let id = &letter.run.summary.id;
    let file = match letter.unchanged {
        Some(true) => "the workflow's file has not changed since",
        Some(false) => "the workflow's file has changed since; --original sends it with the old one",
        None => "the workflow's file is gone; --original sends it with the old one",
    };
    let _ =
        write!(text, "\nsend again: loomwork dead-letters resend {id}  ({file})\ndiscard: loomwork dead-letters discard {id}");
    text
}
