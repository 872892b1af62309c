//! What people ask of a run: refused with a reason, or turned into events. Plans are made by the same code that acts.

use loomwork_workflow::Action;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::decide::{Decision, action_of};
use crate::event::*;
use crate::state::ROOT;
use crate::{Event, EventKind, Role, RunState, RunStatus, Shape, StepStatus, Values, wait};

/// Why a request cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRequest {
    /// There is no such step.
    #[error("the run has no step `{0}`")]
    NoSuchStep(String),
    /// There is no such event.
    #[error("the run {run} has no event {seq}; `loomwork events {run}` lists them")]
    NoSuchEvent {
        /// The run's id.
        run: String,
        /// The number.
        seq: u64,
    },
    /// The run is in a state that does not allow it.
    #[error("{0}")]
    State(String),
}

pub(crate) fn refuse<T>(message: impl Into<String>) -> Result<T, RefusedRequest> {
    Err(RefusedRequest::State(message.into()))
}

/// Which steps a retry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryScope {
    /// All that failed without being handled, or were cancelled.
    All,
    /// One failed step, by path.
    Step(String),
}

/// What taking a run up again does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetryPlan {
    /// Steps that run again or for the first time, by index.
    pub runs: Vec<usize>,
    /// Steps whose results are kept.
    pub reused: Vec<usize>,
    /// Of `runs`, those that had started before: their effects may happen again.
    pub repeats: Vec<usize>,
    /// Steps that go back to their beginning.
    pub(crate) resets: BTreeSet<usize>,
    /// Containers around them, which go on with what they have.
    pub(crate) resumes: BTreeSet<usize>,
}

/// Asks a run to end.
///
/// # Errors
/// When it has ended or is ending.
pub fn cancel(
    state: &RunState,
    actor: &str,
    reason: Option<String>,
    compensate: bool,
    now_ms: i64,
) -> Result<Vec<Event>, RefusedRequest> {
    match state.status {
        RunStatus::Queued | RunStatus::Running | RunStatus::Paused => {
            Ok(vec![by(actor, now_ms, None, RunCancelRequested { reason, compensate })])
        }
        RunStatus::Cancelling => refuse("the run is being cancelled already"),
        RunStatus::Compensating => refuse("the run is being undone already"),
        status => refuse(format!("the run has ended: it is {}", status.as_str())),
    }
}

/// Asks that nothing more starts.
///
/// # Errors
/// When the run is not under way.
pub fn pause(state: &RunState, actor: &str, now_ms: i64) -> Result<Vec<Event>, RefusedRequest> {
    match state.status {
        RunStatus::Running => Ok(vec![by(actor, now_ms, None, RunPaused {})]),
        status => refuse(format!("only a running run can be paused, and this one is {}", status.as_str())),
    }
}

/// Lets a paused run go on.
///
/// # Errors
/// When the run is not paused.
pub fn resume(state: &RunState, actor: &str, now_ms: i64) -> Result<Vec<Event>, RefusedRequest> {
    match state.status {
        RunStatus::Paused => Ok(vec![by(actor, now_ms, None, RunResumed {})]),
        status => refuse(format!("only a paused run can be resumed, and this one is {}", status.as_str())),
    }
}

/// What a retry would do.
///
/// # Errors
/// When there is nothing to retry.
pub fn plan_retry(state: &RunState, scope: &RetryScope) -> Result<RetryPlan, RefusedRequest> {
    plan_edited(state, scope, false)
}

/// The same, with an edit of the input of the step or without one.
fn plan_edited(state: &RunState, scope: &RetryScope, edited: bool) -> Result<RetryPlan, RefusedRequest> {
    let targets = retry_targets(state, scope)?;
    Ok(plan(state, targets, if edited { Kept::Unedited } else { Kept::Parts }))
}

/// What a step that is done again goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// With the parts that succeeded, and with what follows that did.
    Parts,
    /// The same, but for the step itself, whose input is another one.
    Unedited,
    /// With nothing: it and all that follows begin anew.
    Nothing,
}

/// What re-running from a step would do.
///
/// # Errors
/// When there is no such step, or it has not ended.
pub fn plan_rerun(state: &RunState, path: &str) -> Result<RetryPlan, RefusedRequest> {
    let step = state.step(path).ok_or_else(|| RefusedRequest::NoSuchStep(path.to_owned()))?;
    if !state.status.is_final() {
        return refuse(format!("the run is {}; wait for its end or cancel it", state.status.as_str()));
    }
    if !state.steps[step].status.is_final() {
        return refuse(format!("`{path}` has not ended"));
    }
    Ok(plan(state, vec![step], Kept::Nothing))
}

/// Closes a set of steps over what follows from doing them again.
fn plan(state: &RunState, targets: Vec<usize>, kept: Kept) -> RetryPlan {
    let follows = |to: &usize| follows_again(state, *to, kept == Kept::Nothing);
    let mut resets: BTreeSet<usize> = BTreeSet::new();
    let mut resumes = BTreeSet::new();
    let mut reach = targets.clone();
    while let Some(step) = reach.pop() {
        if !resets.insert(step) {
            continue;
        }
        reach.extend(followers(state, step).filter(follows));
        // What contains it goes on, and what follows that may, too.
        let mut around = state.steps[step].parent;
        while around != ROOT && state.steps[around].status.is_final() && resumes.insert(around) {
            reach.extend(followers(state, around).filter(follows));
            around = state.steps[around].parent;
        }
    }
    resumes
        .retain(|container| !resets.contains(container) && !ancestors(state, *container).any(|around| resets.contains(&around)));
    let mut redone = BTreeSet::new();
    for step in &resets {
        let anew = kept == Kept::Nothing || (kept == Kept::Unedited && targets.contains(step));
        redo(state, *step, anew, &mut redone);
    }
    // What is under way or about to be tried again goes on by itself: that is not the retry's doing.
    let waits = |ix: &usize| matches!(state.steps[*ix].status, StepStatus::Pending | StepStatus::Queued);
    let again = |ix: &usize| redone.contains(ix) || waits(ix) || resumes.contains(ix);
    let order = state.in_order();
    let runs: Vec<usize> = order.iter().copied().filter(again).collect();
    let reused = order.iter().copied().filter(|ix| !again(ix) && state.steps[*ix].status == StepStatus::Succeeded).collect();
    let leaf = |ix: &usize| state.shape(*ix) == Shape::Leaf;
    let repeats =
        runs.iter().copied().filter(|ix| redone.contains(ix) && leaf(ix) && !state.steps[*ix].attempts.is_empty()).collect();
    RetryPlan { runs, reused, repeats, resets, resumes }
}

/// Collects a step that is done again, with what is done again inside of it.
fn redo(state: &RunState, step: usize, anew: bool, into: &mut BTreeSet<usize>) {
    into.insert(step);
    if !anew && keeps_parts(state, step) {
        parts_again(state, step).for_each(|part| redo(state, part, false, into));
    } else {
        state.children(step).iter().for_each(|part| redo(state, *part, true, into));
    }
}

fn follows_again(state: &RunState, to: usize, all_that_follows: bool) -> bool {
    let status = state.steps[to].status;
    // After a retry, what was skipped because of a failure may run; what succeeded keeps its result.
    status == StepStatus::Skipped || (all_that_follows && status.is_final())
}

fn followers(state: &RunState, step: usize) -> impl Iterator<Item = usize> {
    let instance = &state.steps[step];
    let scope = (!instance.is_part()).then(|| &state.program.scopes[state.definition(step).scope]);
    let siblings = state.children(instance.parent);
    scope.into_iter().flat_map(move |scope| {
        let local = instance.definition - scope.steps.start;
        scope.graph.outgoing[local].iter().filter_map(|edge| siblings.get(scope.graph.edges[*edge].to).copied())
    })
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
        return refuse("an edited input needs the step that it is for");
    }
    if set.as_ref().is_some_and(|set| !set.is_object()) {
        return refuse("the edit of an input must be a JSON object");
    }
    let plan = plan_edited(state, scope, set.is_some())?;
    let target = match scope {
        RetryScope::Step(path) => state.step(path),
        RetryScope::All => None,
    };
    let events = take_up(state, actor, "retry", &plan, |ix| (set.clone().filter(|_| Some(ix) == target), false), now_ms);
    Ok((plan, events))
}

/// Re-runs from a step: it and all that follows.
///
/// # Errors
/// When there is no such step, or it or the run has not ended.
pub fn rerun(state: &RunState, actor: &str, path: &str, now_ms: i64) -> Result<(RetryPlan, Vec<Event>), RefusedRequest> {
    let plan = plan_rerun(state, path)?;
    let events = take_up(state, actor, "rerun", &plan, |_| (None, true), now_ms);
    Ok((plan, events))
}

fn take_up(
    state: &RunState,
    actor: &str,
    reason: &str,
    plan: &RetryPlan,
    edit: impl Fn(usize) -> (Option<Value>, bool),
    now_ms: i64,
) -> Vec<Event> {
    let mut events = vec![by(actor, now_ms, None, RunTakenUp { reason: reason.to_owned() })];
    // The outer ones first, so that a container is open before what it contains.
    for container in &plan.resumes {
        let kind = StepReset { set: None, resume: true, anew: false };
        events.push(by(actor, now_ms, Some(&state.steps[*container].path), kind));
    }
    for step in &plan.resets {
        // What lies inside a step that is reset goes with it.
        if ancestors(state, *step).any(|around| plan.resets.contains(&around)) {
            continue;
        }
        let (set, anew) = edit(*step);
        // A failed for-each or loop keeps the parts that succeeded, a call the run that it called.
        let kept = !anew && set.is_none() && goes_on(state, *step);
        let kind = StepReset { set, resume: kept, anew };
        events.push(by(actor, now_ms, Some(&state.steps[*step].path), kind));
        if kept {
            events.extend(reset_parts(state, *step, actor, now_ms));
        }
    }
    events
}

fn ancestors(state: &RunState, ix: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(state.steps[ix].parent), |at| (*at != ROOT).then(|| state.steps[*at].parent))
        .filter(|at| *at != ROOT)
}

pub(crate) fn keeps_parts(state: &RunState, ix: usize) -> bool {
    let failed = matches!(state.steps[ix].status, StepStatus::Failed | StepStatus::Cancelled);
    failed && state.shape(ix) != Shape::Leaf && state.container(ix).is_some()
}

/// Whether a step that is done again goes on with what it has: a container with its parts, a call with the run that it called.
#[must_use]
pub fn goes_on(state: &RunState, ix: usize) -> bool {
    let step = &state.steps[ix];
    let ended_badly = matches!(step.status, StepStatus::Failed | StepStatus::Cancelled | StepStatus::NeedsAttention);
    let call = ended_badly && step.fallback.is_none() && state.shape(ix) == Shape::Leaf && called_run(state, ix).is_some();
    call || keeps_parts(state, ix)
}

/// What failed or was cancelled in a container that keeps the rest, and what was skipped because of it.
fn parts_again(state: &RunState, container: usize) -> impl Iterator<Item = usize> {
    state.children(container).iter().copied().filter(|child| match state.steps[*child].status {
        StepStatus::Failed => state.steps[*child].is_part() || !state.definition(*child).handles_failure,
        StepStatus::Cancelled | StepStatus::Skipped => true,
        _ => false,
    })
}

/// Sets back what is done again inside a container that keeps the rest, at any depth.
fn reset_parts(state: &RunState, container: usize, actor: &str, now_ms: i64) -> Vec<Event> {
    let mut events = Vec::new();
    for child in parts_again(state, container) {
        let kept = goes_on(state, child);
        let kind = StepReset { set: None, resume: kept, anew: false };
        events.push(by(actor, now_ms, Some(&state.steps[child].path), kind));
        if kept {
            events.extend(reset_parts(state, child, actor, now_ms));
        }
    }
    events
}

fn retry_targets(state: &RunState, scope: &RetryScope) -> Result<Vec<usize>, RefusedRequest> {
    use StepStatus::{Cancelled, Compensated, Failed, NeedsAttention};
    match state.status {
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Compensated => {}
        RunStatus::Running | RunStatus::Paused if !state.stopping() => {}
        RunStatus::Queued => return refuse("the run has not started yet"),
        RunStatus::Succeeded => return refuse("the run has succeeded: there is nothing to retry"),
        status => return refuse(format!("the run is {} and stopping; wait for its end", status.as_str())),
    }
    // Cancelled and undone steps of the top are done again with whatever is retried.
    let top = state.container(ROOT).map(|root| root.children.as_slice()).unwrap_or_default();
    let ended = state.status.is_final();
    let mut targets: Vec<usize> =
        top.iter().copied().filter(|ix| ended && matches!(state.steps[*ix].status, Cancelled | Compensated)).collect();
    match scope {
        RetryScope::All => {
            targets.extend(state.failures());
            targets.extend(
                (1..state.steps.len()).filter(|ix| state.steps[*ix].status == NeedsAttention && state.steps[*ix].attached),
            );
            targets.retain(|ix| begins_anew_with(state, *ix).is_none());
        }
        RetryScope::Step(path) => {
            let step = state.step(path).ok_or_else(|| RefusedRequest::NoSuchStep(path.clone()))?;
            let instance = &state.steps[step];
            in_reach(state, step)?;
            match instance.status {
                Failed if !instance.is_part() && state.definition(step).handles_failure => {
                    return refuse(format!("the failure of `{path}` was handled by the workflow; re-run from it instead"));
                }
                Failed | NeedsAttention => targets.push(step),
                Cancelled | Compensated if ended => targets.push(step),
                other => return refuse(format!("`{path}` has not failed: it is {}", other.as_str())),
            }
        }
    }
    // A run can fail with no failed step: by its timeout, or because an output could not be made. Then it just goes on.
    if targets.is_empty() && !ended {
        return refuse("no step of the run has failed");
    }
    Ok(targets)
}

/// What contains a step and neither goes on nor has ended: the step begins anew with it, whatever is said of it now.
fn begins_anew_with(state: &RunState, step: usize) -> Option<usize> {
    let open = |around: &usize| state.steps[*around].status == StepStatus::Running || state.steps[*around].status.is_final();
    ancestors(state, step).find(|around| !open(around))
}

fn in_reach(state: &RunState, step: usize) -> Result<(), RefusedRequest> {
    let Some(around) = begins_anew_with(state, step) else { return Ok(()) };
    let (step, around) = (&state.steps[step], &state.steps[around]);
    let message = format!("`{}` lies in `{}`, which is {} and begins it anew", step.path, around.path, around.status.as_str());
    refuse(message)
}

/// A person's word about one step: it is skipped, or has succeeded with an output.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// As if its branch had not been taken.
    Skip,
    /// As if it had succeeded.
    Succeed(Value),
}

/// Skips a step or marks it succeeded; an ended run is taken up.
///
/// # Errors
/// When the step has not failed, needs no attention and was not cancelled.
pub fn judge(
    state: &RunState,
    values: &mut Values,
    actor: &str,
    path: &str,
    verdict: Verdict,
    now_ms: i64,
) -> Result<Vec<Event>, RefusedRequest> {
    let step = state.step(path).ok_or_else(|| RefusedRequest::NoSuchStep(path.to_owned()))?;
    let status = state.steps[step].status;
    let ended = state.status.is_final();
    in_reach(state, step)?;
    let fits = match status {
        StepStatus::NeedsAttention => true,
        StepStatus::Failed => state.steps[step].is_part() || !state.definition(step).handles_failure,
        StepStatus::Cancelled => ended,
        _ => false,
    };
    if !fits {
        return refuse(format!("`{path}` neither failed nor needs attention: it is {}", status.as_str()));
    }
    if state.stopping() && !ended {
        return refuse("the run is stopping; wait for its end");
    }
    let kind: EventKind = match verdict {
        Verdict::Skip => StepSkipped { reason: format!("skipped by {actor}") }.into(),
        Verdict::Succeed(output) => {
            let port = "succeeded".to_owned();
            StepSucceeded::new(&port, values.intern(&output)).into()
        }
    };
    if !status.is_final() {
        return Ok(vec![by(actor, now_ms, Some(path), kind)]);
    }
    // What followed is decided anew, and so are other cancelled steps.
    let mut plan = plan(state, vec![step], Kept::Parts);
    plan.resets.remove(&step);
    let top = state.container(ROOT).map(|root| root.children.clone()).unwrap_or_default();
    let cancelled = top.into_iter().filter(|ix| *ix != step && state.steps[*ix].status == StepStatus::Cancelled);
    // What contains the step goes on with what it has, the step among it.
    let cancelled: Vec<usize> = cancelled.filter(|ix| !plan.resumes.contains(ix)).collect();
    plan.resets.extend(cancelled);
    let mut events = if ended { vec![by(actor, now_ms, None, RunTakenUp { reason: "verdict".to_owned() })] } else { Vec::new() };
    let resets = take_up(state, actor, "verdict", &plan, |_| (None, false), now_ms);
    events.extend(resets.into_iter().skip(1));
    events.push(by(actor, now_ms, Some(path), kind));
    Ok(events)
}

/// Decides an approval.
///
/// # Errors
/// When the step does not wait for a decision, or the form of an approval does not fit its schema.
pub fn decide_approval(
    state: &RunState,
    values: &mut Values,
    actor: &str,
    (path, approved): (&str, bool),
    (comment, form): (Option<String>, Option<Value>),
    now_ms: i64,
) -> Result<Vec<Event>, RefusedRequest> {
    let step = state.step(path).ok_or_else(|| RefusedRequest::NoSuchStep(path.to_owned()))?;
    if state.steps[step].status != StepStatus::NeedsApproval {
        return refuse(format!("`{path}` does not wait for a decision: it is {}", state.steps[step].status.as_str()));
    }
    // Who rejects need not fill anything in.
    if let (true, Action::Approve(approve)) = (approved, &state.definition(step).step.action)
        && let Some(why) = approve.misfit(form.as_ref())
    {
        return refuse(format!("the form of `{path}` is not filled in as it asks: {why}"));
    }
    let port = if approved { "approved" } else { "rejected" };
    let output = json!({ "decision": port, "by": actor, "comment": comment, "form": form });
    let output = values.intern(&output);
    let named = if state.steps[step].role == Role::Step { port } else { "succeeded" };
    Ok(vec![
        by(actor, now_ms, Some(path), StepAnswered { decision: port.to_owned() }),
        by(actor, now_ms, Some(path), StepSucceeded::new(named, output)),
    ])
}

/// An event reaches a run: what it makes happen; nothing when no step waits for it.
pub fn deliver(state: &RunState, values: &mut Values, actor: &str, (name, data): (&str, &Value), now_ms: i64) -> Vec<Event> {
    if state.status.is_final() || state.stopping() {
        return Vec::new();
    }
    let reached = wait::deliver(state, values, name, data, now_ms);
    if reached.is_empty() {
        return Vec::new();
    }
    let data = values.intern(data);
    let mut events = vec![by(actor, now_ms, None, EventSent { name: name.to_owned(), data })];
    events.extend(reached.into_iter().filter_map(|decision| match decision {
        Decision::Record(event) => Some(event),
        _ => None,
    }));
    events
}

/// Whether a step calls another run, and which.
pub fn called_run(state: &RunState, step: usize) -> Option<&str> {
    matches!(action_of(state, step), loomwork_workflow::Action::Call(_)).then_some(state.steps[step].child.as_deref()).flatten()
}

pub(crate) fn by(actor: &str, at_ms: i64, step: Option<&str>, kind: impl Into<EventKind>) -> Event {
    Event { at_ms, actor: actor.to_owned(), step: step.map(str::to_owned), attempt: None, kind: kind.into() }
}
