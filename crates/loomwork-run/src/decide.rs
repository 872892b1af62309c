//! What happens next in a run. Reads the state, evaluates expressions, returns events and wishes; performs nothing.
//!
//! Not here: containers (`container`), waits (`wait`), undoing (`compensate`), reports of attempts (`outcome`).

use std::collections::HashSet;
use std::sync::Arc;

use loomwork_workflow::{Action, Choose, Template};
use serde_json::{Map, Value};

use crate::event::*;
use crate::scope::{run_error, scope_for};
use crate::state::ROOT;
use crate::{
    ApplyError, ErrorClass, Event, EventKind, Json, Readiness, RunError, RunState, RunStatus, Shape, StepStatus, Values,
    compensate, container, outcome, readiness, wait,
};

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are the large one, and they live briefly")]
pub enum Decision {
    /// This happened.
    Record(Event),
    /// The step wants an attempt, as soon as there is a slot.
    Want(usize),
    /// The step calls another workflow; it wants no slot.
    Call(usize),
    /// The attempt under way is to be stopped.
    Stop {
        /// The step.
        step: usize,
        /// The attempt's number.
        attempt: u32,
    },
    /// An event goes to every run of the workspace that waits for it.
    Emit {
        /// Its name.
        name: String,
        /// Its data.
        data: Value,
    },
    /// The step wants to be undone.
    Undo(usize),
}

/// Decides and folds until nothing more happens without the world: pure steps run here, one after the other.
///
/// # Errors
/// Only for a defect of Loomwork: a decision that the state does not allow.
pub fn advance(
    state: &mut RunState,
    values: &mut Values,
    now_ms: i64,
    record: &mut Vec<Event>,
) -> Result<Vec<Decision>, ApplyError> {
    advance_some(state, values, now_ms, record, usize::MAX)
}

/// The same, but stops when so many events were recorded: whoever calls it goes on with something else, and comes back while
/// the state [has open decisions](RunState::has_open_decisions).
///
/// # Errors
/// Those of [`advance`].
pub fn advance_some(
    state: &mut RunState,
    values: &mut Values,
    now_ms: i64,
    record: &mut Vec<Event>,
    most: usize,
) -> Result<Vec<Decision>, ApplyError> {
    let mut wishes = Vec::new();
    while record.len() < most
        && let Some(ix) = next(state)
    {
        for decision in decide(state, values, ix, now_ms) {
            match decision {
                Decision::Record(event) => {
                    state.apply(&event)?;
                    record.push(event);
                }
                wish => wishes.push(wish),
            }
        }
    }
    Ok(wishes)
}

impl RunState {
    /// Whether something is still to be decided without the world.
    pub fn has_open_decisions(&self) -> bool {
        !self.frontier.is_empty()
    }
}

fn next(state: &mut RunState) -> Option<usize> {
    state.frontier.pop_front()
}

/// What happens next at one instance.
pub(crate) fn decide(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    if ix == ROOT {
        return decide_run(state, values, now_ms);
    }
    let instance = &state.steps[ix];
    if !instance.attached || instance.status.is_final() {
        return Vec::new();
    }
    let stopped = instance.stop.is_some() || state.stopping() || parent_stops(state, ix);
    if stopped {
        return stop_step(state, values, ix, now_ms);
    }
    match (instance.status, state.shape(ix)) {
        (StepStatus::Pending, _) => decide_pending(state, values, ix, now_ms),
        (StepStatus::Queued, Shape::Leaf) => begin(state, values, ix, now_ms),
        (StepStatus::Queued, _) => begin(state, values, ix, now_ms),
        (StepStatus::Running, shape) if shape != Shape::Leaf => container::progress(state, values, ix, now_ms),
        _ => Vec::new(),
    }
}

fn parent_stops(state: &RunState, ix: usize) -> bool {
    let parent = &state.steps[state.steps[ix].parent];
    parent.stop.is_some() && parent.status == StepStatus::Running
}

pub(crate) fn engine_event(at_ms: i64, step: &Arc<str>, kind: impl Into<EventKind>) -> Event {
    Event { at_ms, actor: "engine".to_owned(), step: Some(step.to_string()), attempt: None, kind: kind.into() }
}

pub(crate) fn record(state: &RunState, ix: usize, now_ms: i64, kind: impl Into<EventKind>) -> Decision {
    Decision::Record(engine_event(now_ms, &state.steps[ix].path, kind))
}

fn of_run(now_ms: i64, kind: impl Into<EventKind>) -> Decision {
    Decision::Record(Event { at_ms: now_ms, actor: "engine".to_owned(), step: None, attempt: None, kind: kind.into() })
}

fn decide_run(state: &mut RunState, values: &mut Values, now_ms: i64) -> Vec<Decision> {
    match state.status {
        RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled | RunStatus::Compensated => {
            state.frontier.clear();
            return Vec::new();
        }
        // The engine starts it, when its concurrency group has room.
        RunStatus::Queued => return Vec::new(),
        RunStatus::Compensating => return compensate::next(state, now_ms),
        RunStatus::Running | RunStatus::Paused | RunStatus::Cancelling => {}
    }
    if state.open == 0 {
        if state.status == RunStatus::Paused {
            return Vec::new();
        }
        return vec![of_run(now_ms, conclusion(state, values))];
    }
    if state.deadline_ms().is_some_and(|deadline| deadline <= now_ms) {
        return vec![of_run(now_ms, TimerFired { timer: "run_timeout".to_owned() })];
    }
    if state.stopping() {
        let children = state.container(ROOT).map(|root| root.children.clone()).unwrap_or_default();
        return children.into_iter().flat_map(|child| stop_step(state, values, child, now_ms)).collect();
    }
    Vec::new()
}

/// Brings an instance to its end because it, its container or the run is being stopped.
pub(crate) fn stop_step(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    let instance = &state.steps[ix];
    if instance.status.is_final() || !instance.attached {
        return Vec::new();
    }
    let reason = stop_reason(state, ix);
    match (instance.status, state.shape(ix)) {
        (StepStatus::Running, Shape::Leaf) => {
            instance.attempt_under_way().map(|attempt| Decision::Stop { step: ix, attempt }).into_iter().collect()
        }
        (StepStatus::Running, _) if instance.stop.is_none() => {
            vec![record(state, ix, now_ms, StepCancelRequested { reason })]
        }
        (StepStatus::Running, _) => container::stopped(state, values, ix, now_ms),
        _ => left_out(state, ix, now_ms, &StepCancelled { reason: Some(reason) }.into()),
    }
}

/// The end of something that does not begin. What it would have gone on with ends with it, so that nothing is left open.
pub(crate) fn left_out(state: &RunState, ix: usize, now_ms: i64, end: &EventKind) -> Vec<Decision> {
    let open = state.children(ix).iter().filter(|child| !state.steps[**child].status.is_final());
    let mut decisions: Vec<Decision> = open.flat_map(|child| left_out(state, *child, now_ms, end)).collect();
    decisions.push(record(state, ix, now_ms, end.clone()));
    decisions
}

pub(crate) fn stop_reason(state: &RunState, ix: usize) -> String {
    let mut at = ix;
    while at != ROOT {
        if let Some(stop) = &state.steps[at].stop {
            return stop.reason.clone();
        }
        at = state.steps[at].parent;
    }
    state.stop_reason().unwrap_or_else(|| "the run is stopping".to_owned())
}

fn decide_pending(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    // What a container goes on with is decided once it does.
    let parent = state.steps[ix].parent;
    if state.status != RunStatus::Running || state.steps[parent].status != StepStatus::Running {
        return Vec::new();
    }
    if !state.steps[ix].is_part() {
        match readiness(state, ix) {
            Readiness::Waits => return Vec::new(),
            Readiness::Dead => {
                return left_out(state, ix, now_ms, &StepSkipped { reason: dead_reason(state, ix) }.into());
            }
            Readiness::Ready => {}
        }
        if container::hold(state, ix) {
            return Vec::new();
        }
        if let Some(when) = state.definition(ix).step.when.clone().filter(|_| !state.steps[ix].resume) {
            match condition(state, values, ix, &when, "when") {
                Ok(true) => {}
                Ok(false) => {
                    return vec![record(state, ix, now_ms, StepSkipped { reason: "its condition is false".to_owned() })];
                }
                Err(error) => return vec![record(state, ix, now_ms, StepFailed { error, compensate: false })],
            }
        }
    }
    let mut decisions = container::withdraw_rest(state, ix, now_ms);
    if !state.steps[ix].is_part() && container::bound_around(state, ix).is_some() {
        // From here on it counts as active; it begins when it is looked at as queued.
        decisions.push(record(state, ix, now_ms, StepQueued {}));
        return decisions;
    }
    if decisions.is_empty() {
        return begin(state, values, ix, now_ms);
    }
    decisions.extend(begin(state, values, ix, now_ms));
    once(decisions)
}

/// The same decisions, each step cancelled no more than once: one may be told so for two reasons.
fn once(decisions: Vec<Decision>) -> Vec<Decision> {
    let mut told = HashSet::new();
    let cancels = |decision: &Decision| match decision {
        Decision::Record(Event { step, kind: EventKind::StepCancelled(_) | EventKind::StepCancelRequested(_), .. }) => {
            step.clone()
        }
        _ => None,
    };
    decisions.into_iter().filter(|decision| cancels(decision).is_none_or(|step| told.insert(step))).collect()
}

/// Begins what an instance does: the join is satisfied and its condition is true.
pub(crate) fn begin(state: &mut RunState, values: &mut Values, ix: usize, now_ms: i64) -> Vec<Decision> {
    if state.status != RunStatus::Running {
        return Vec::new();
    }
    if state.shape(ix) != Shape::Leaf {
        return container::start(state, values, ix, now_ms);
    }
    let ended = match action_of(state, ix) {
        Action::Process(_) | Action::Effect { .. } => return vec![Decision::Want(ix)],
        Action::Call(_) => return vec![Decision::Call(ix)],
        action @ (Action::Wait(_) | Action::FirstOf(_) | Action::Approve(_)) => {
            return wait::begin(state, values, ix, &action.clone(), now_ms);
        }
        Action::Emit { event, data } => return emit(state, values, ix, (event, data), now_ms),
        Action::Cancel(names) => return cancel_steps(state, values, ix, &names.clone(), now_ms),
        Action::End(message) => return end(state, values, ix, message.as_ref(), now_ms),
        Action::Set(fields) => set(state, values, ix, fields).map(|output| ("succeeded".to_owned(), output)),
        Action::Choose(choose) => choice(state, values, ix, choose).map(|port| (port.clone(), Value::String(port))),
        Action::Group(_) => return Vec::new(),
    };
    match ended {
        Ok((port, output)) => vec![succeed(state, values, ix, now_ms, &port, Json::of(&output))],
        Err(error) => failed(state, values, ix, error, now_ms),
    }
}

/// The action of an instance: its own, or the fallback that has taken its place.
pub(crate) fn action_of(state: &RunState, ix: usize) -> &Action {
    let step = state.step_of(ix);
    let rule = state.steps[ix].fallback.and_then(|rule| step.on_error.get(rule as usize));
    match rule.map(|rule| &rule.then) {
        Some(loomwork_workflow::ErrorAction::Fallback(action)) => action,
        _ => &step.action,
    }
}

pub(crate) fn succeed(state: &RunState, values: &mut Values, ix: usize, now_ms: i64, port: &str, output: Json) -> Decision {
    // With `for_each` or `loop` the ports are `succeeded` and `failed`, whatever the action.
    let port = if state.steps[ix].is_part() { "succeeded" } else { port };
    let output = values.intern_json(output);
    record(state, ix, now_ms, StepSucceeded::new(port, output))
}

/// A step without attempts failed: what `on_error` makes of it.
pub(crate) fn failed(state: &RunState, values: &mut Values, ix: usize, error: RunError, now_ms: i64) -> Vec<Decision> {
    let event = outcome::after_failure(state, values, ix, None, error, now_ms);
    vec![Decision::Record(event)]
}

fn emit(state: &RunState, values: &mut Values, ix: usize, (event, data): (&Template, &Template), now_ms: i64) -> Vec<Decision> {
    let evaluated = scope_for(state, values, ix, [event, data]).and_then(|scope| {
        let name = event.evaluate(&scope).map_err(|error| run_error("emit.event", &error))?;
        let data = data.evaluate(&scope).map_err(|error| run_error("emit.data", &error))?;
        Ok((crate::scope::as_text(name), data))
    });
    match evaluated {
        Ok((name, data)) => {
            vec![succeed(state, values, ix, now_ms, "succeeded", Json::null()), Decision::Emit { name, data }]
        }
        Err(error) => failed(state, values, ix, error, now_ms),
    }
}

fn cancel_steps(state: &mut RunState, values: &mut Values, ix: usize, names: &[String], now_ms: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut stopped = Vec::new();
    for name in names {
        let Some(target) = crate::scope::visible(state, ix, name) else { continue };
        if state.steps[target].status.is_final() || target == ix {
            continue;
        }
        stopped.push(name);
        decisions.extend(container::withdraw(state, target, &format!("cancelled by `{}`", state.steps[ix].path), now_ms));
    }
    decisions.insert(0, succeed(state, values, ix, now_ms, "succeeded", Json::of(&stopped)));
    once(decisions)
}

fn end(state: &RunState, values: &mut Values, ix: usize, message: Option<&Template>, now_ms: i64) -> Vec<Decision> {
    let message = message.map(|template| {
        let scope = scope_for(state, values, ix, [template])?;
        template.evaluate(&scope).map(crate::scope::as_text).map_err(|error| run_error("end", &error))
    });
    match message.transpose() {
        Ok(failed) => {
            vec![succeed(state, values, ix, now_ms, "succeeded", Json::null()), of_run(now_ms, RunEndRequested { failed })]
        }
        Err(error) => failed(state, values, ix, error, now_ms),
    }
}

fn dead_reason(state: &RunState, ix: usize) -> String {
    let scope = &state.program.scopes[state.definition(ix).scope];
    let local = state.steps[ix].definition - scope.steps.start;
    let siblings = state.children(state.steps[ix].parent);
    let sources = scope.graph.incoming[local].iter().filter_map(|edge| siblings.get(scope.graph.edges[*edge].from));
    let blame = sources.filter_map(|from| {
        let source = &state.steps[*from];
        let id = &state.definition(*from).step.id;
        match (source.status, source.port.as_deref()) {
            (StepStatus::Failed, _) => Some(format!("`{id}` failed")),
            (StepStatus::Skipped, _) => Some(format!("`{id}` was skipped")),
            (StepStatus::Cancelled, _) => Some(format!("`{id}` was cancelled")),
            (StepStatus::Succeeded, Some(port)) if port != "succeeded" => Some(format!("`{id}` ended on `{port}`")),
            (StepStatus::Succeeded, _) => Some(format!("`{id}` succeeded")),
            _ => None,
        }
    });
    // Failures explain more than what followed from them.
    let mut reasons: Vec<String> = blame.collect();
    reasons.sort_by_key(|reason| !reason.ends_with("failed"));
    reasons.into_iter().next().unwrap_or_else(|| "its join cannot be satisfied".to_owned())
}

/// The value of a condition at an instance.
pub(crate) fn condition(
    state: &RunState,
    values: &Values,
    ix: usize,
    template: &Template,
    field: &str,
) -> Result<bool, RunError> {
    let scope = scope_for(state, values, ix, [template])?;
    truth(template, &scope, field)
}

/// The value of a condition in a scope.
pub(crate) fn truth(template: &Template, scope: &loomwork_workflow::Scope, field: &str) -> Result<bool, RunError> {
    match template.evaluate(scope).map_err(|error| run_error(field, &error))? {
        Value::Bool(answer) => Ok(answer),
        other => Err(RunError::new(
            ErrorClass::Validation,
            format!("`{field}` must be true or false, but its value is {}", brief(&other)),
        )),
    }
}

/// A value for a message, shortened.
pub(crate) fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn set(state: &RunState, values: &Values, ix: usize, fields: &indexmap::IndexMap<String, Template>) -> Result<Value, RunError> {
    let scope = scope_for(state, values, ix, fields.values())?;
    let mut output = Map::new();
    for (name, template) in fields {
        let value = template.evaluate(&scope).map_err(|error| run_error(&format!("set.{name}"), &error))?;
        output.insert(name.clone(), value);
    }
    Ok(Value::Object(output))
}

fn choice(state: &RunState, values: &Values, ix: usize, choose: &Choose) -> Result<String, RunError> {
    for (port, template) in &choose.cases {
        if condition(state, values, ix, template, &format!("choose.{port}"))? {
            return Ok(port.clone());
        }
    }
    choose.otherwise.clone().ok_or_else(|| {
        RunError::new(ErrorClass::Validation, "no case is true and there is no `else`; add `else: NAME` to `choose`")
    })
}

/// How a run goes on whose steps have all ended.
fn conclusion(state: &RunState, values: &mut Values) -> EventKind {
    let cancelled = state.status == RunStatus::Cancelling;
    let ended_well = matches!(state.end, Some(None));
    let undo = if cancelled { state.cancel.as_ref().is_some_and(|cancel| cancel.compensate) } else { undoes_failure(state) };
    if undo && !ended_well {
        return RunCompensating {}.into();
    }
    if cancelled {
        return RunCancelled { reason: state.cancel.as_ref().and_then(|cancel| cancel.reason.clone()) }.into();
    }
    if let Some(error) = run_failure(state) {
        return RunFailed { error }.into();
    }
    match outputs(state, values) {
        Ok(outputs) => RunSucceeded { outputs: values.intern(&outputs) }.into(),
        Err(error) => RunFailed { error }.into(),
    }
}

fn undoes_failure(state: &RunState) -> bool {
    let policy = state.program.workflow.on_failure == loomwork_workflow::OnFailure::Compensate;
    state.undo || (policy && run_failure(state).is_some())
}

/// Why a run fails whose steps have all ended.
pub(crate) fn run_failure(state: &RunState) -> Option<RunError> {
    match &state.end {
        Some(Some(message)) => return Some(RunError::new(ErrorClass::Permanent, message.clone())),
        Some(None) => return None,
        None => {}
    }
    if state.timed_out {
        let timeout = loomwork_workflow::format_duration(state.program.workflow.timeout_ms.unwrap_or(0));
        return Some(RunError::new(ErrorClass::Timeout, format!("the run did not end within its timeout of {timeout}")));
    }
    state.failures().first()?;
    crate::apply::deepest_failure(state, ROOT).or_else(|| Some(RunError::new(ErrorClass::Unknown, "a step failed")))
}

/// The workflow's outputs; one that reads a step without an output is null.
fn outputs(state: &RunState, values: &Values) -> Result<Value, RunError> {
    let first = state.container(ROOT).and_then(|root| root.children.first()).copied().unwrap_or(ROOT);
    container::named_outputs(state, values, first, &state.program.workflow.outputs)
}
