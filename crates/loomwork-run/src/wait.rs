//! Waits: for a time, for an event, for the first of several, for a person.

use indexmap::IndexMap;
use loomwork_workflow::{Action, Approve, Template, Wait};
use serde_json::{Value, json};

use crate::decide::{Decision, action_of, failed, record, succeed, truth};
use crate::event::*;
use crate::scope::{as_text, run_error, scope_for};
use crate::{ErrorClass, Json, RunError, RunState, StepStatus, Values};

/// A wait begins; one whose moment has passed is over at once.
pub(crate) fn begin(state: &RunState, values: &mut Values, ix: usize, action: &Action, now_ms: i64) -> Vec<Decision> {
    let waits = match action {
        Action::Wait(wait) => waiting_for(state, values, ix, None, wait, now_ms).map(|wait| vec![wait]),
        Action::FirstOf(branches) => branches_of(state, values, ix, branches, now_ms),
        Action::Approve(approve) => return ask(state, values, ix, approve, now_ms),
        _ => Ok(Vec::new()),
    };
    match waits {
        Ok(waits) => {
            if let Some(over) = waits.iter().find(|wait| wait.event.is_none() && wait.due_at_ms.is_some_and(|due| due <= now_ms))
            {
                let port = over.branch.clone().unwrap_or_else(|| "succeeded".to_owned());
                return vec![succeed(state, values, ix, now_ms, &port, Json::null())];
            }
            vec![record(state, ix, now_ms, StepWaiting { waits })]
        }
        Err(error) => failed(state, values, ix, error, now_ms),
    }
}

fn branches_of(
    state: &RunState,
    values: &Values,
    ix: usize,
    branches: &IndexMap<String, Wait>,
    now_ms: i64,
) -> Result<Vec<WaitingFor>, RunError> {
    branches.iter().map(|(name, wait)| waiting_for(state, values, ix, Some(name), wait, now_ms)).collect()
}

fn waiting_for(
    state: &RunState,
    values: &Values,
    ix: usize,
    branch: Option<&str>,
    wait: &Wait,
    now_ms: i64,
) -> Result<WaitingFor, RunError> {
    let branch = branch.map(str::to_owned);
    Ok(match wait {
        Wait::For(template) => {
            let due_at_ms = Some(now_ms.saturating_add(duration(state, values, ix, template, "wait.for")?));
            WaitingFor { branch, event: None, due_at_ms }
        }
        Wait::Until(template) => {
            let text = text(state, values, ix, template, "wait.until")?;
            let moment: jiff::Timestamp = text.parse().map_err(|_| {
                RunError::new(
                    ErrorClass::Validation,
                    format!("`wait.until` must be a moment like 2026-01-31T08:00:00Z, not `{text}`"),
                )
            })?;
            WaitingFor { branch, event: None, due_at_ms: Some(moment.as_millisecond()) }
        }
        Wait::Event { name, timeout, .. } => {
            let event = Some(text(state, values, ix, name, "wait.event")?);
            let timeout = timeout.as_ref().map(|timeout| duration(state, values, ix, timeout, "wait.timeout")).transpose()?;
            WaitingFor { branch, event, due_at_ms: timeout.map(|timeout| now_ms.saturating_add(timeout)) }
        }
    })
}

fn text(state: &RunState, values: &Values, ix: usize, template: &Template, field: &str) -> Result<String, RunError> {
    let scope = scope_for(state, values, ix, [template])?;
    template.evaluate(&scope).map(as_text).map_err(|error| run_error(field, &error))
}

fn duration(state: &RunState, values: &Values, ix: usize, template: &Template, field: &str) -> Result<i64, RunError> {
    let text = text(state, values, ix, template, field)?;
    let ms = loomwork_workflow::parse_duration(&text)
        .map_err(|error| RunError::new(ErrorClass::Validation, format!("`{field}`: {error}")))?;
    Ok(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn ask(state: &RunState, values: &mut Values, ix: usize, approve: &Approve, now_ms: i64) -> Vec<Decision> {
    let message = text(state, values, ix, &approve.message, "approve.message");
    let timeout = approve.timeout.as_ref().map(|timeout| duration(state, values, ix, timeout, "approve.timeout")).transpose();
    match message.and_then(|message| Ok((message, timeout?))) {
        Ok((message, timeout)) => {
            let due_at_ms = timeout.map(|timeout| now_ms.saturating_add(timeout));
            vec![record(state, ix, now_ms, StepApprovalRequested { message, due_at_ms })]
        }
        Err(error) => failed(state, values, ix, error, now_ms),
    }
}

/// A timer of a waiting step came due: what that means, as decisions; none when it is not due after all.
pub(crate) fn due(state: &RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    let fired = || record(state, ix, now_ms, TimerFired { timer: "wait".to_owned() });
    match state.steps[ix].waiting.as_deref() {
        Some(Waiting::For(waits)) => {
            let Some(over) = waits.iter().find(|wait| wait.due_at_ms.is_some_and(|due| due <= now_ms)) else { return Vec::new() };
            let mut decisions = vec![fired()];
            // An event that did not come in time is no event that came, also in a branch.
            if let Some(event) = &over.event {
                let error = RunError::new(ErrorClass::Timeout, format!("no event `{event}` came in time"));
                decisions.extend(failed(state, values, ix, error, now_ms));
            } else {
                let port = over.branch.clone().unwrap_or_else(|| "succeeded".to_owned());
                decisions.push(succeed(state, values, ix, now_ms, &port, Json::null()));
            }
            decisions
        }
        Some(Waiting::Approval { due_at_ms: Some(due), .. }) if *due <= now_ms => {
            let mut decisions = vec![fired()];
            let on_timeout = match action_of(state, ix) {
                Action::Approve(approve) => approve.on_timeout.clone(),
                _ => None,
            };
            match on_timeout {
                Some(port) => {
                    let output = json!({ "decision": port, "by": null, "comment": null, "form": null });
                    decisions.push(succeed(state, values, ix, now_ms, &port, Json::of(&output)));
                }
                None => {
                    let error = RunError::new(ErrorClass::Timeout, "nobody decided in time");
                    decisions.extend(failed(state, values, ix, error, now_ms));
                }
            }
            decisions
        }
        _ => Vec::new(),
    }
}

/// The steps that an event reaches: it goes on record once, and each step that it matches ends.
pub(crate) fn deliver(state: &RunState, values: &mut Values, name: &str, data: &Value, now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let waiting = (0..state.steps.len()).filter(|ix| state.steps[*ix].attached && state.steps[*ix].status == StepStatus::Waiting);
    for ix in waiting {
        let Some(Waiting::For(waits)) = state.steps[ix].waiting.as_deref() else { continue };
        let hears = |wait: &&WaitingFor| wait.event.as_deref() == Some(name);
        for wait in waits.iter().filter(hears) {
            match matches(state, values, ix, wait.branch.as_deref(), (name, data)) {
                Ok(false) => continue,
                Ok(true) => {
                    let port = wait.branch.clone().unwrap_or_else(|| "succeeded".to_owned());
                    decisions.push(succeed(state, values, ix, now_ms, &port, Json::of(data)));
                }
                Err(error) => decisions.extend(failed(state, values, ix, error, now_ms)),
            }
            break;
        }
    }
    decisions
}

fn matches(
    state: &RunState,
    values: &Values,
    ix: usize,
    branch: Option<&str>,
    (name, data): (&str, &Value),
) -> Result<bool, RunError> {
    let wait = match (action_of(state, ix), branch) {
        (Action::Wait(wait), _) => Some(wait),
        (Action::FirstOf(branches), Some(branch)) => branches.get(branch),
        _ => None,
    };
    let Some(Wait::Event { matches: Some(template), .. }) = wait else { return Ok(true) };
    let mut scope = scope_for(state, values, ix, [template])?;
    scope.locals.insert("event", std::sync::Arc::new(json!({ "name": name, "data": data })));
    truth(template, &scope, "match")
}
