//! Circuit breakers, shared by all runs: asked before an attempt starts, told how it ended, and kept by events of the workspace.
//!
//! Invariant: every change of a breaker stands in the batch of the event of a run that caused it, so that no crash parts them.
//! Not here: the machine (`loomwork-run`), and reading breakers (`loomwork-store`).

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_run::{
    AttemptName, BreakerAnswer, BreakerFailure, BreakerInput, BreakerRecord, BreakerState, ErrorClass, Event, EventKind,
    RunError, breaker_of, breaker_refusal,
};

use super::Core;
use crate::EngineError;

/// The breakers by key.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    known: BTreeMap<String, BreakerRecord>,
}

impl Breakers {
    /// When the next one that is open lets an attempt through, in milliseconds since 1970.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.known.values().filter_map(open_until).min()
    }

    /// The one that lets an attempt through on trial.
    fn trying(&self, attempt: &AttemptName) -> Option<String> {
        let on_trial = |breaker: &&BreakerRecord| matches!(&breaker.state, BreakerState::HalfOpen { trial: Some(trial) } if trial == attempt);
        self.known.values().find(on_trial).map(|breaker| breaker.key.clone())
    }
}

fn open_until(breaker: &BreakerRecord) -> Option<i64> {
    match breaker.state {
        BreakerState::Open { until_ms } => Some(until_ms),
        _ => None,
    }
}

/// What the end of an attempt says to the breaker of its step.
pub(super) struct Heard {
    key: String,
    input: BreakerInput,
    failure: Option<BreakerFailure>,
}

impl Core {
    /// The same loop, with the breakers that the journal keeps. For a loop that has begun nothing yet.
    #[must_use]
    pub fn with_breakers(mut self, breakers: Vec<BreakerRecord>) -> Self {
        self.breakers.known = breakers.into_iter().map(|breaker| (breaker.key.clone(), breaker)).collect();
        self
    }

    /// Asks the breaker of a step for an attempt whose start was recorded; why it is refused, if it is.
    pub(super) fn refused_by_breaker(&mut self, run: &Arc<str>, step: usize, attempt: u32, now_ms: i64) -> Option<RunError> {
        let state = &self.runs.get(run)?.state;
        let (key, policy) = breaker_of(state, step)?;
        let (limit, cooldown_ms) = (policy.failures, policy.cooldown_ms);
        let name = AttemptName { run: run.to_string(), step: state.steps[step].path.to_string(), attempt };
        let breaker = self.breakers.known.entry(key.clone()).or_insert_with(|| BreakerRecord::new(key.clone(), now_ms));
        (breaker.limit, breaker.cooldown_ms) = (limit, cooldown_ms);
        match self.meet_breaker(&key, BreakerInput::Asked(name), "engine", now_ms) {
            Some(BreakerAnswer::Refused(until_ms)) => Some(breaker_refusal(&key, until_ms, now_ms)),
            _ => None,
        }
    }

    /// What an event of a run, which is folded already, says to a breaker.
    pub(super) fn heard_by_breaker(&self, run: &Arc<str>, event: &Event) -> Option<Heard> {
        let over = matches!(
            event.kind,
            EventKind::AttemptSucceeded(_)
                | EventKind::AttemptFailed(_)
                | EventKind::AttemptCancelled(_)
                | EventKind::AttemptLost(_)
        );
        // Most workflows have no breakers, and then there are none that could hear it.
        if !over || self.breakers.known.is_empty() {
            return None;
        }
        let state = &self.runs.get(run)?.state;
        let (path, attempt) = (event.step.as_deref()?, event.attempt?);
        let step = state.step(path);
        let attempt = AttemptName { run: run.to_string(), step: path.to_owned(), attempt };
        // A correction of the workflow may have given the step another breaker meanwhile, or none.
        let present = || Some(breaker_of(state, step?)?.0);
        let key = self.breakers.trying(&attempt).or_else(present)?;
        let timed_out = || step.is_some_and(|step| state.steps[step].stop.as_ref().is_some_and(|stop| stop.timed_out));
        let error = match &event.kind {
            EventKind::AttemptFailed(data) => Some(data.error.clone()),
            EventKind::AttemptCancelled(_) if timed_out() => {
                Some(RunError::new(ErrorClass::Timeout, "it did not end within its timeout"))
            }
            _ => None,
        };
        let input = match &event.kind {
            _ if error.is_some() => BreakerInput::Failed(attempt.clone()),
            EventKind::AttemptSucceeded(_) => BreakerInput::Succeeded(attempt.clone()),
            _ => BreakerInput::Withdrawn(attempt.clone()),
        };
        let failure = error.map(|error| BreakerFailure { attempt, at_ms: event.at_ms, error });
        Some(Heard { key, input, failure })
    }

    /// Tells a breaker how an attempt ended.
    pub(super) fn tell_breaker(&mut self, heard: Heard, now_ms: i64) {
        let Heard { key, input, failure } = heard;
        // A refusal is no failure of what the breaker guards.
        let refused =
            |failure: &BreakerFailure| failure.error.details.get("breaker").is_some_and(|refused| *refused == key.as_str());
        if let Some(failure) = failure {
            if refused(&failure) {
                return;
            }
            if let Some(breaker) = self.breakers.known.get_mut(&key) {
                breaker.last_failure = Some(failure);
            }
        }
        self.meet_breaker(&key, input, "engine", now_ms);
    }

    /// Breakers whose time has come are half open.
    pub(super) fn breakers_due(&mut self, now_ms: i64) {
        let due = |breaker: &&BreakerRecord| open_until(breaker).is_some_and(|until| until <= now_ms);
        let keys: Vec<String> = self.breakers.known.values().filter(due).map(|breaker| breaker.key.clone()).collect();
        for key in keys {
            self.meet_breaker(&key, BreakerInput::Due, "engine", now_ms);
        }
    }

    /// After a restart: trials whose attempt is not under way any more say nothing.
    pub(super) fn withdraw_lost_trials(&mut self, now_ms: i64) {
        let trial = |breaker: &BreakerRecord| match &breaker.state {
            BreakerState::HalfOpen { trial: Some(trial) } => Some((breaker.key.clone(), trial.clone())),
            _ => None,
        };
        let trials: Vec<(String, AttemptName)> = self.breakers.known.values().filter_map(trial).collect();
        for (key, trial) in trials {
            let under_way = self.runs.get(trial.run.as_str()).is_some_and(|active| {
                let step = active.state.step(&trial.step);
                step.is_some_and(|step| active.state.steps[step].attempt_under_way() == Some(trial.attempt))
            });
            if !under_way {
                self.meet_breaker(&key, BreakerInput::Withdrawn(trial), "engine", now_ms);
            }
        }
    }

    /// A person closes a breaker.
    pub(super) fn reset_breaker(&mut self, key: &str, actor: &str, now_ms: i64) -> Result<(), EngineError> {
        if !self.breakers.known.contains_key(key) {
            return Err(EngineError::NoSuchBreaker(key.to_owned()));
        }
        self.meet_breaker(key, BreakerInput::Reset, actor, now_ms);
        Ok(())
    }

    fn meet_breaker(&mut self, key: &str, input: BreakerInput, actor: &str, now_ms: i64) -> Option<BreakerAnswer> {
        let breaker = self.breakers.known.get_mut(key)?;
        let (answer, changed) = breaker.meet(input, now_ms);
        if let Some(kind) = changed {
            // Serialising a record fails only for maps with keys that are no strings, which it cannot hold.
            let data = serde_json::to_value(&*breaker).unwrap_or_default();
            self.record_workspace(kind, actor, &data, now_ms);
        }
        answer
    }
}
