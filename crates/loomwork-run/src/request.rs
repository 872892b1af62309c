//! What people ask of a run: refused with a reason, or turned into events. Plans are made by the same code that acts.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::event::{RunCancelRequested, RunTakenUp, StepReset};
use crate::{Event, EventKind, RunState, RunStatus, StepStatus};

/// Why a request cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRequest {
    /// There is no such step.
    #[error("the run has no step `{0}`")]
    NoSuchStep(String),
    /// The run is in a state that does not allow it.
    #[error("{0}")]
    State(String),
}

/// Which steps a retry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryScope {
    /// All that failed without being handled, or were cancelled.
    All,
    /// One failed step, by path.
    Step(String),
}

/// What a retry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPlan {
    /// Steps that run again or for the first time, by index.
    pub runs: Vec<usize>,
    /// Steps whose results are kept.
    pub reused: Vec<usize>,
    /// Of `runs`, those that had started before: their effects may happen again.
    pub repeats: Vec<usize>,
    /// Steps to reset.
    resets: BTreeSet<usize>,
}

/// Asks a run to end.
///
/// # Errors
/// When it has ended or is ending.
pub fn cancel(state: &RunState, actor: &str, reason: Option<String>, now_ms: i64) -> Result<Vec<Event>, RefusedRequest> {
    match state.status {
        RunStatus::Queued | RunStatus::Running => Ok(vec![by(actor, now_ms, None, RunCancelRequested { reason }.into())]),
        RunStatus::Cancelling => Err(RefusedRequest::State("the run is being cancelled already".to_owned())),
        status => Err(RefusedRequest::State(format!("the run has ended: it is {}", status.as_str()))),
    }
}

/// What a retry would do.
///
/// # Errors
/// When there is nothing to retry.
pub fn plan_retry(state: &RunState, scope: &RetryScope) -> Result<RetryPlan, RefusedRequest> {
    let targets = targets(state, scope)?;
    let mut resets: BTreeSet<usize> = targets.iter().copied().collect();
    let graph = &state.program.workflow.graph;
    let mut reach = targets;
    while let Some(step) = reach.pop() {
        for edge in graph.outgoing[step].iter().map(|edge| &graph.edges[*edge]) {
            // What was skipped because of a failure may run now; what succeeded keeps its result.
            if state.steps[edge.to].status == StepStatus::Skipped && resets.insert(edge.to) {
                reach.push(edge.to);
            }
        }
    }
    let all = 0..state.steps.len();
    // What is under way or about to be tried again goes on by itself: that is not the retry's doing.
    let waits = |ix: &usize| matches!(state.steps[*ix].status, StepStatus::Pending | StepStatus::Queued);
    let runs: Vec<usize> = all.clone().filter(|ix| resets.contains(ix) || waits(ix)).collect();
    let reused = all.filter(|ix| !resets.contains(ix) && state.steps[*ix].status == StepStatus::Succeeded).collect();
    let repeats = resets.iter().copied().filter(|ix| !state.steps[*ix].attempts.is_empty()).collect();
    Ok(RetryPlan { runs, reused, repeats, resets })
}

/// Takes a run up again: the events, and the plan that they follow.
///
/// # Errors
/// When there is nothing to retry, or an edit of the input names no step.
pub fn retry(
    state: &RunState,
    actor: &str,
    scope: &RetryScope,
    set: Option<Value>,
    now_ms: i64,
) -> Result<(RetryPlan, Vec<Event>), RefusedRequest> {
    if set.is_some() && *scope == RetryScope::All {
        return Err(RefusedRequest::State("an edited input needs the step that it is for".to_owned()));
    }
    if set.as_ref().is_some_and(|set| !set.is_object()) {
        return Err(RefusedRequest::State("the edit of an input must be a JSON object".to_owned()));
    }
    let plan = plan_retry(state, scope)?;
    let mut events = vec![by(actor, now_ms, None, RunTakenUp { reason: "retry".to_owned() }.into())];
    for step in &plan.resets {
        let path = state.program.path(*step);
        let for_this = matches!(scope, RetryScope::Step(wanted) if wanted == path);
        let set = set.clone().filter(|_| for_this);
        events.push(by(actor, now_ms, Some(path), StepReset { set }.into()));
    }
    Ok((plan, events))
}

fn targets(state: &RunState, scope: &RetryScope) -> Result<Vec<usize>, RefusedRequest> {
    match state.status {
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Running => {}
        RunStatus::Queued => return Err(RefusedRequest::State("the run has not started yet".to_owned())),
        RunStatus::Cancelling => return Err(RefusedRequest::State("the run is being cancelled; wait for its end".to_owned())),
        RunStatus::Succeeded => return Err(RefusedRequest::State("the run has succeeded: there is nothing to retry".to_owned())),
    }
    if state.status == RunStatus::Running && state.stopping() {
        return Err(RefusedRequest::State("the run is stopping; wait for its end".to_owned()));
    }
    let status = |ix: usize| state.steps[ix].status;
    let cancelled = (0..state.steps.len()).filter(|ix| status(*ix) == StepStatus::Cancelled);
    let mut targets: Vec<usize> = cancelled.collect();
    match scope {
        RetryScope::All => targets.extend(&state.failures),
        RetryScope::Step(path) => {
            let step = state.program.step(path).ok_or_else(|| RefusedRequest::NoSuchStep(path.clone()))?;
            match status(step) {
                StepStatus::Failed if state.program.handles_failure(step) => {
                    return Err(RefusedRequest::State(format!("the failure of `{path}` was handled by the workflow")));
                }
                StepStatus::Failed => targets.push(step),
                StepStatus::Cancelled => {}
                other => return Err(RefusedRequest::State(format!("`{path}` has not failed: it is {}", other.as_str()))),
            }
        }
    }
    // A run can fail with no failed step: by its timeout, or because an output could not be made. Then it just goes on.
    if targets.is_empty() && state.status == RunStatus::Running {
        return Err(RefusedRequest::State("no step of the run has failed".to_owned()));
    }
    Ok(targets)
}

fn by(actor: &str, at_ms: i64, step: Option<&str>, kind: EventKind) -> Event {
    Event { at_ms, actor: actor.to_owned(), step: step.map(str::to_owned), attempt: None, kind }
}
