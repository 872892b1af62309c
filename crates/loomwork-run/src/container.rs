//! Containers: groups, for-each and loops. When they start, what they start, how they end.

use indexmap::IndexMap;
use loomwork_workflow::{Action, ForEach, Join, Loop, OnItemFailure, Read, Repeat, Rest, Template};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::decide::{Decision, failed, record, stop_step, succeed, truth};
use crate::event::*;
use crate::scope::{idempotency_key, pass, run_error, scope_for};
use crate::state::ROOT;
use crate::{ErrorClass, Event, EventKind, Json, RunError, RunState, Shape, StepStatus, Values, outcome};

/// How many steps of the group around a step may be active at one time, if that is bounded.
pub(crate) fn bound_around(state: &RunState, ix: usize) -> Option<u32> {
    let parent = state.steps[ix].parent;
    if parent == ROOT || state.steps[ix].is_part() {
        return None;
    }
    let definition = state.definition(parent);
    match &definition.step.action {
        Action::Group(group) if definition.step.repeat.is_none() => group.max_parallel,
        _ => None,
    }
}

/// Whether a ready step must wait because its group has `max_parallel` steps active; it is looked at again when one ends.
pub(crate) fn hold(state: &mut RunState, ix: usize) -> bool {
    let Some(bound) = bound_around(state, ix) else { return false };
    let parent = state.steps[ix].parent;
    let Some(inner) = state.steps[parent].inner.as_mut() else { return false };
    let full = inner.active >= bound;
    if full && !inner.held.contains(&ix) {
        inner.held.push_back(ix);
    }
    full
}

fn attempt_event(state: &RunState, ix: usize, at_ms: i64, attempt: u32, kind: EventKind) -> Decision {
    let step = Some(state.steps[ix].path.to_string());
    Decision::Record(Event { at_ms, actor: "engine".to_owned(), step, attempt: Some(attempt), kind })
}

/// The input of a for-each.
#[derive(Serialize)]
struct Elements {
    items: Vec<Value>,
}

/// Starts a container: a for-each gets its list.
pub(crate) fn start(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    let instance = &state.steps[ix];
    let resume = instance.resume && instance.inner.is_some();
    let (input, count) = match (state.shape(ix), &state.definition(ix).step.repeat) {
        (Shape::Each, Some(Repeat::ForEach(each))) if !resume => match list(state, values, ix, each) {
            Ok(items) => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                (Json::of(&Elements { items }), Some(count))
            }
            Err(error) => return failed(state, values, ix, error, now_ms),
        },
        _ => (Json::of(&Map::new()), instance.inner.as_ref().map(|inner| inner.count)),
    };
    let input = match &instance.input {
        Some(input) if resume => input.clone(),
        _ => values.intern_json(input),
    };
    let attempt = u32::try_from(state.steps[ix].attempts.len() + 1).unwrap_or(u32::MAX);
    let definition = state.steps[ix].definition;
    let applies = state.program.policy_applies(definition, state.steps[ix].is_part());
    let timeout = state.definition(ix).step.timeout_ms.filter(|_| applies);
    let kind = AttemptStarted {
        input,
        idempotency_key: idempotency_key(state, ix),
        count: count.filter(|_| state.shape(ix) == Shape::Each),
        resume,
        timeout_at_ms: timeout.map(|timeout| now_ms.saturating_add(i64::try_from(timeout).unwrap_or(i64::MAX))),
        child: None,
        fingerprint: None,
    };
    vec![attempt_event(state, ix, now_ms, attempt, kind.into())]
}

fn list(state: &RunState, values: &Values, ix: usize, each: &ForEach) -> Result<Vec<Value>, RunError> {
    let scope = scope_for(state, values, ix, [&each.list])?;
    match each.list.evaluate(&scope).map_err(|error| run_error("for_each", &error))? {
        Value::Array(items) => Ok(items),
        other => Err(RunError::new(
            ErrorClass::Validation,
            format!("`for_each` must be a list, but its value is {}", crate::decide::brief(&other)),
        )),
    }
}

/// A running container whose children changed.
pub(crate) fn progress(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    match (state.shape(ix), &state.definition(ix).step.repeat) {
        (Shape::Scope(_), _) => progress_scope(state, values, ix, now_ms),
        (Shape::Each, Some(Repeat::ForEach(each))) => {
            let each = each.clone();
            progress_each(state, values, ix, &each, now_ms)
        }
        (Shape::Loop, Some(Repeat::Loop(looping))) => {
            let looping = looping.clone();
            progress_loop(state, values, ix, &looping, now_ms)
        }
        _ => Vec::new(),
    }
}

fn end_well(state: &RunState, values: &mut Values, ix: usize, output: Json, now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    if let Some(attempt) = state.steps[ix].attempt_under_way() {
        decisions.push(attempt_event(state, ix, now_ms, attempt, AttemptSucceeded { log: None, usage: None }.into()));
    }
    decisions.push(succeed(state, values, ix, now_ms, "succeeded", output));
    decisions
}

fn end_badly(state: &RunState, values: &mut Values, ix: usize, error: RunError, now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let attempt = state.steps[ix].attempt_under_way();
    if let Some(attempt) = attempt {
        let kind = AttemptFailed { error: error.clone(), log: None, usage: None };
        decisions.push(attempt_event(state, ix, now_ms, attempt, kind.into()));
    }
    decisions.push(Decision::Record(outcome::after_failure(state, values, ix, attempt, error, now_ms)));
    decisions
}

fn failure_below(state: &RunState, ix: usize) -> RunError {
    crate::apply::deepest_failure(state, ix).unwrap_or_else(|| RunError::new(ErrorClass::Unknown, "a step in it failed"))
}

fn progress_scope(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    let Some(inner) = state.container(ix) else { return Vec::new() };
    if inner.open > 0 {
        return Vec::new();
    }
    if !inner.failures.is_empty() {
        return end_badly(state, values, ix, failure_below(state, ix), now_ms);
    }
    match group_output(state, values, ix) {
        Ok(output) => end_well(state, values, ix, output, now_ms),
        Err(error) => end_badly(state, values, ix, error, now_ms),
    }
}

fn group_output(state: &RunState, values: &Values, ix: usize) -> Result<Json, RunError> {
    let children = state.children(ix);
    if let Action::Group(group) = &state.definition(ix).step.action
        && let Some(outputs) = &group.outputs
    {
        let named = named_outputs(state, values, children.first().copied().unwrap_or(ix), outputs)?;
        return Ok(Json::of(&named));
    }
    let mut all = IndexMap::new();
    for child in children {
        if let Some(output) = &state.steps[*child].output {
            let value = values.json(output).map_err(|error| RunError::new(ErrorClass::Unknown, error.to_string()))?;
            all.insert(&state.definition(*child).step.id, value);
        }
    }
    Ok(Json::of(&all))
}

/// Named outputs, evaluated beside an instance; one that reads a step without an output is null.
pub(crate) fn named_outputs(
    state: &RunState,
    values: &Values,
    at: usize,
    outputs: &IndexMap<String, Template>,
) -> Result<Value, RunError> {
    let mut map = Map::new();
    for (name, template) in outputs {
        let scope = scope_for(state, values, at, [template])?;
        let lacks = template.references().iter().any(|reference| {
            reference.read == Read::Output && scope.steps.get(&reference.step).is_none_or(|step| step.output.is_none())
        });
        let value = if lacks {
            Value::Null
        } else {
            template.evaluate(&scope).map_err(|error| run_error(&format!("outputs.{name}"), &error))?
        };
        map.insert(name.clone(), value);
    }
    Ok(Value::Object(map))
}

/// Elements that a for-each makes before what else there is to decide has its turn.
const MOST_ELEMENTS_AT_ONCE: u32 = 250;

fn progress_each(state: &mut RunState, values: &mut Values, ix: usize, each: &ForEach, now_ms: i64) -> Vec<Decision> {
    let enough = match each.enough.as_ref().map(|template| enough(state, values, ix, template)).transpose() {
        Ok(enough) => enough,
        Err(error) => return end_badly(state, values, ix, error, now_ms),
    };
    let Some(inner) = state.container(ix) else { return Vec::new() };
    let started = u32::try_from(inner.children.len()).unwrap_or(u32::MAX);
    let failing = !inner.failures.is_empty() && each.on_item_failure == OnItemFailure::Fail;
    let reached = enough.is_some_and(|enough| inner.succeeded >= enough);
    let open = inner.open;
    if reached && open > 0 && each.rest == Rest::Cancel {
        let children = inner.children.clone();
        return children.into_iter().flat_map(|child| withdraw(state, child, "enough elements have succeeded", now_ms)).collect();
    }
    if reached || (open == 0 && started == inner.count && !failing) {
        if let Some(enough) = enough.filter(|_| !reached) {
            let message = format!("{} elements succeeded, and {enough} would have been enough", inner.succeeded);
            return end_badly(state, values, ix, RunError::new(ErrorClass::Permanent, message), now_ms);
        }
        return match each_output(state, values, ix) {
            Ok(output) => end_well(state, values, ix, output, now_ms),
            Err(error) => end_badly(state, values, ix, error, now_ms),
        };
    }
    if failing {
        if open == 0 {
            return end_badly(state, values, ix, failure_below(state, ix), now_ms);
        }
        return Vec::new();
    }
    let room = each.max_parallel.map_or(u32::MAX, |bound| bound.saturating_sub(open));
    let last = inner.count.min(started.saturating_add(room));
    let end = last.min(started.saturating_add(MOST_ELEMENTS_AT_ONCE));
    let path = &state.steps[ix].path;
    let element = |index| {
        let step: std::sync::Arc<str> = format!("{path}[{index}]").into();
        Decision::Record(crate::decide::engine_event(now_ms, &step, StepQueued {}))
    };
    let queued = (started..end).map(element).collect();
    if end < last {
        // The rest follows when these have begun, or all would stand in memory as decisions at one time.
        state.frontier.push_back(ix);
    }
    queued
}

fn enough(state: &RunState, values: &Values, ix: usize, template: &Template) -> Result<u32, RunError> {
    let scope = scope_for(state, values, ix, [template])?;
    let value = template.evaluate(&scope).map_err(|error| run_error("enough", &error))?;
    value.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(|| {
        let message = format!("`enough` must be a number of elements, but its value is {}", crate::decide::brief(&value));
        RunError::new(ErrorClass::Validation, message)
    })
}

fn each_output(state: &RunState, values: &Values, ix: usize) -> Result<Json, RunError> {
    let Some(inner) = state.container(ix) else { return Ok(Json::null()) };
    let null = Json::null();
    let mut list = Vec::with_capacity(inner.children.len());
    for child in &inner.children {
        let child = &state.steps[*child];
        let output = child.output.as_ref().filter(|_| child.status == StepStatus::Succeeded);
        let value = output.map(|output| values.json(output)).transpose();
        let value = value.map_err(|error| RunError::new(ErrorClass::Unknown, error.to_string()))?;
        list.push(value.unwrap_or_else(|| null.clone()));
    }
    list.resize(inner.count as usize, null);
    Ok(Json::of(&list))
}

fn progress_loop(state: &mut RunState, values: &mut Values, ix: usize, looping: &Loop, now_ms: i64) -> Vec<Decision> {
    let Some(inner) = state.container(ix) else { return Vec::new() };
    if inner.open > 0 {
        return Vec::new();
    }
    if !inner.failures.is_empty() {
        return end_badly(state, values, ix, failure_below(state, ix), now_ms);
    }
    let done = u32::try_from(inner.children.len()).unwrap_or(u32::MAX);
    let last = inner.children.last().copied();
    match goes_on(state, values, ix, looping, (done, last)) {
        Err(error) => end_badly(state, values, ix, error, now_ms),
        Ok(true) => {
            let step: std::sync::Arc<str> = format!("{}#{}", state.steps[ix].path, done + 1).into();
            vec![Decision::Record(crate::decide::engine_event(now_ms, &step, StepQueued {}))]
        }
        Ok(false) => {
            let output = last.and_then(|last| state.steps[last].output.as_ref()).map(|output| values.json(output)).transpose();
            match output {
                Ok(output) => end_well(state, values, ix, output.unwrap_or_else(Json::null), now_ms),
                Err(error) => end_badly(state, values, ix, RunError::new(ErrorClass::Unknown, error.to_string()), now_ms),
            }
        }
    }
}

/// Whether another pass follows.
fn goes_on(
    state: &RunState,
    values: &Values,
    ix: usize,
    looping: &Loop,
    (done, last): (u32, Option<usize>),
) -> Result<bool, RunError> {
    let asked = |template: &Template, number: u32, field: &str| {
        let mut scope = scope_for(state, values, ix, [template])?;
        let pass = pass(state, values, number, last).map_err(|error| RunError::new(ErrorClass::Unknown, error.to_string()))?;
        scope.locals.insert("pass", std::sync::Arc::new(pass));
        truth(template, &scope, field)
    };
    if done > 0 {
        for (template, field) in [(&looping.until, "loop.until"), (&looping.break_when, "loop.break_when")] {
            if let Some(template) = template
                && asked(template, done, field)?
            {
                return Ok(false);
            }
        }
    }
    if let Some(template) = &looping.while_
        && !asked(template, done + 1, "loop.while")?
    {
        return Ok(false);
    }
    if done < looping.max {
        return Ok(true);
    }
    if looping.while_.is_none() && looping.until.is_none() {
        return Ok(false);
    }
    let message = format!("the loop made its most passes ({}) and its condition says to go on", looping.max);
    Err(RunError::new(ErrorClass::Permanent, message))
}

/// A container that is being stopped: its children first, then itself.
pub(crate) fn stopped(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    let Some(inner) = state.container(ix) else { return Vec::new() };
    if inner.open > 0 {
        let children = inner.children.clone();
        return children.into_iter().flat_map(|child| stop_step(state, values, child, now_ms)).collect();
    }
    let stop = state.steps[ix].stop.clone();
    if stop.as_ref().is_some_and(|stop| stop.timed_out) {
        let timeout = state.definition(ix).step.timeout_ms.unwrap_or(0);
        let timeout = loomwork_workflow::format_duration(timeout);
        let error = RunError::new(ErrorClass::Timeout, format!("it did not end within its timeout of {timeout}"));
        return end_badly(state, values, ix, error, now_ms);
    }
    let reason = crate::decide::stop_reason(state, ix);
    let mut decisions = Vec::new();
    if let Some(attempt) = state.steps[ix].attempt_under_way() {
        decisions.push(attempt_event(state, ix, now_ms, attempt, AttemptCancelled { log: None, usage: None }.into()));
    }
    decisions.push(record(state, ix, now_ms, StepCancelled { reason: Some(reason) }));
    decisions
}

/// Cancels one step, for a reason of its own.
pub(crate) fn withdraw(state: &RunState, ix: usize, reason: &str, now_ms: i64) -> Vec<Decision> {
    let instance = &state.steps[ix];
    let reason = reason.to_owned();
    match instance.status {
        status if status.is_final() => Vec::new(),
        StepStatus::Running if instance.stop.is_some() => Vec::new(),
        StepStatus::Running => vec![record(state, ix, now_ms, StepCancelRequested { reason })],
        _ => crate::decide::left_out(state, ix, now_ms, &StepCancelled { reason: Some(reason) }.into()),
    }
}

/// `rest: cancel` of a satisfied join: what lies only on the other paths into it is cancelled.
pub(crate) fn withdraw_rest(state: &RunState, ix: usize, now_ms: i64) -> Vec<Decision> {
    if state.steps[ix].is_part() {
        return Vec::new();
    }
    let definition = state.definition(ix);
    if definition.step.rest != Rest::Cancel || definition.step.join == Join::All {
        return Vec::new();
    }
    let scope = &state.program.scopes[definition.scope];
    let siblings = state.children(state.steps[ix].parent);
    let target = state.steps[ix].definition - scope.steps.start;
    let mut only = vec![false; siblings.len()];
    let mut reach = vec![target];
    while let Some(local) = reach.pop() {
        for edge in &scope.graph.incoming[local] {
            let from = scope.graph.edges[*edge].from;
            if !std::mem::replace(&mut only[from], true) {
                reach.push(from);
            }
        }
    }
    loop {
        let leads_elsewhere = |local: usize| {
            scope.graph.outgoing[local].iter().any(|edge| {
                let to = scope.graph.edges[*edge].to;
                to != target && !only[to]
            })
        };
        let Some(elsewhere) = (0..only.len()).find(|local| only[*local] && leads_elsewhere(*local)) else { break };
        only[elsewhere] = false;
    }
    let reason = format!("`{}` did not need it any more", state.steps[ix].path);
    let rest = siblings.iter().zip(&only).filter(|(_, only)| **only).map(|(child, _)| *child);
    rest.flat_map(|child| withdraw(state, child, &reason, now_ms)).collect()
}

/// Whether a condition of a step holds for an error of its own, which is in scope before the step has failed by it.
pub(crate) fn rule_holds(
    state: &RunState,
    values: &Values,
    ix: usize,
    template: &Template,
    error: &RunError,
) -> Result<bool, RunError> {
    let mut scope = scope_for(state, values, ix, [template])?;
    if let Some(own) = scope.steps.get_mut(&state.definition(ix).step.id) {
        own.error = Some(error.to_view());
    }
    truth(template, &scope, "on_error.when")
}
