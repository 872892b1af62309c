//! A new run from a moment of an old one: the old one's events up to the moment become the first events of the new one.
//!
//! Invariants: nothing of the old run changes; times move by one span, so that timers keep what was left of them; what is
//! planned is read from the very state that the new run begins with.
//!
//! Not here: the fold of the events and what becomes of attempts that were under way (`loomwork-engine`).

use crate::event::{ForkedFrom, RunTrigger};
use crate::request::refuse;
use crate::{Event, EventKind, RefusedRequest, RetryPlan, RunState, RunStatus, Shape, StepStatus};

/// The events with which a fork begins, from the numbered events of the old run. The number of the new run is still that
/// of the old one: whoever creates runs counts them.
///
/// # Errors
/// When the run has no event with this number.
pub fn fork_events(
    history: &[(u64, Event)],
    (run, seq): (&str, u64),
    actor: &str,
    now_ms: i64,
) -> Result<Vec<Event>, RefusedRequest> {
    let taken = &history[..moment(history, run, seq)?];
    let until_ms = taken.last().map_or(now_ms, |(_, event)| event.at_ms);
    let moved_ms = now_ms.saturating_sub(until_ms);
    let mut events: Vec<Event> = taken.iter().map(|(_, event)| moved(event, moved_ms)).collect();
    if let Some(first) = events.first_mut()
        && let EventKind::RunCreated(created) = &mut first.kind
    {
        first.at_ms = now_ms;
        actor.clone_into(&mut first.actor);
        created.trigger = RunTrigger { kind: "fork".to_owned(), actor: actor.to_owned() };
        // The step that called the old run waits for the old one only.
        created.parent = None;
        let events = u32::try_from(taken.len() - 1).unwrap_or(u32::MAX);
        created.forked_from = Some(ForkedFrom { run: run.to_owned(), seq, events, moved_ms });
    }
    Ok(events)
}

/// How many events belong to a moment: those up to a number, and what was decided in one with the last of them.
fn moment(history: &[(u64, Event)], run: &str, seq: u64) -> Result<usize, RefusedRequest> {
    let Ok(at) = history.binary_search_by_key(&seq, |(seq, _)| *seq) else {
        return Err(RefusedRequest::NoSuchEvent { run: run.to_owned(), seq });
    };
    let mut end = at + 1;
    while end < history.len() && is_one_decision(&history[end - 1].1, &history[end].1) {
        end += 1;
    }
    Ok(end)
}

/// Whether an event is the second half of what the one before it began. Between them no run can stand: an attempt that
/// is over belongs to a step that goes on somehow, and what a person asks for happens whole.
fn is_one_decision(before: &Event, after: &Event) -> bool {
    use EventKind as E;
    match (&before.kind, &after.kind) {
        (
            E::AttemptSucceeded(_) | E::AttemptFailed(_) | E::AttemptCancelled(_) | E::AttemptLost(_),
            E::StepSucceeded(_)
            | E::StepFailed(_)
            | E::StepSkipped(_)
            | E::StepCancelled(_)
            | E::StepRetrying(_)
            | E::StepNeedsAttention(_),
        ) => before.step == after.step,
        (
            E::RunTakenUp(_) | E::StepReset(_) | E::RunAmended(_),
            E::RunTakenUp(_) | E::StepReset(_) | E::RunAmended(_) | E::StepSkipped(_) | E::StepSucceeded(_),
        ) => (before.at_ms, &before.actor) == (after.at_ms, &after.actor),
        _ => false,
    }
}

/// An event as if it had happened later. Logs stay with the old run, and so do their seals.
fn moved(event: &Event, by_ms: i64) -> Event {
    let mut event = event.clone();
    event.at_ms = event.at_ms.saturating_add(by_ms);
    let later = |at_ms: &mut i64| *at_ms = at_ms.saturating_add(by_ms);
    match &mut event.kind {
        EventKind::StepRetrying(data) => later(&mut data.due_at_ms),
        EventKind::StepWaiting(data) => data.waits.iter_mut().filter_map(|wait| wait.due_at_ms.as_mut()).for_each(later),
        EventKind::StepApprovalRequested(data) => data.due_at_ms.as_mut().into_iter().for_each(later),
        EventKind::AttemptStarted(data) => data.timeout_at_ms.as_mut().into_iter().for_each(later),
        EventKind::CompensationFailed(data) => data.due_at_ms.as_mut().into_iter().for_each(later),
        EventKind::AttemptSucceeded(data) => data.log = None,
        // It is as old as it was: the success of the old run is the one that counts.
        EventKind::StepSucceeded(data) => data.fingerprint = None,
        EventKind::AttemptFailed(data) => data.log = None,
        EventKind::AttemptCancelled(data) => data.log = None,
        EventKind::CompensationSucceeded(data) => data.log = None,
        _ => {}
    }
    event
}

/// What a fork does that begins with a state, given the old run as it is now.
///
/// # Errors
/// When nothing could go on from there.
pub fn plan_fork(begin: &RunState, old: &RunState) -> Result<RetryPlan, RefusedRequest> {
    match begin.status {
        RunStatus::Queued | RunStatus::Running | RunStatus::Paused => {}
        status if status.is_final() => {
            return refuse(format!(
                "the run had ended at this moment: it was {}; choose an earlier one, or take the run up",
                status.as_str()
            ));
        }
        status => return refuse(format!("the run was {} at this moment; choose an earlier one", status.as_str())),
    }
    if let Some(reason) = begin.stop_reason() {
        return refuse(format!("the run was on its way to its end at this moment ({reason}); choose an earlier one"));
    }
    let order = begin.in_order();
    let runs: Vec<usize> = order.iter().copied().filter(|ix| !begin.steps[*ix].status.is_final()).collect();
    let reused = order.iter().copied().filter(|ix| begin.steps[*ix].status == StepStatus::Succeeded).collect();
    let children = |state: &RunState, ix: usize| state.container(ix).map_or(0, |inner| inner.children.len());
    // What the old run has begun by now has had its effect, or may have. Parts that the fork has not made yet have no
    // name in it: their container stands for them.
    let begun = |ix: &usize| {
        let Some(twin) = old.step(&begin.steps[*ix].path) else { return false };
        let again = begin.shape(*ix) == Shape::Leaf || children(old, twin) > children(begin, *ix);
        again && !old.steps[twin].attempts.is_empty()
    };
    let repeats = runs.iter().copied().filter(begun).collect();
    Ok(RetryPlan { runs, reused, repeats, ..RetryPlan::default() })
}
