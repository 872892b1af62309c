//! What happens next in a run. Reads the state, evaluates expressions, returns events and wishes; performs nothing.

use std::sync::Arc;

use loomwork_workflow::{Action, Choose, Template};
use serde_json::{Map, Value};

use crate::event::{
    RunCancelled, RunFailed, RunStarted, RunSucceeded, StepCancelled, StepFailed, StepSkipped, StepSucceeded, TimerFired,
};
use crate::scope::{run_error, scope_for};
use crate::{ApplyError, ErrorClass, Event, EventKind, Readiness, RunError, RunState, RunStatus, StepStatus, Values, readiness};

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are the large one, and they live briefly")]
pub enum Decision {
    /// This happened.
    Record(Event),
    /// The step wants an attempt, as soon as there is a slot.
    Want(usize),
    /// The attempt under way is to be stopped.
    Stop {
        /// The step.
        step: usize,
        /// The attempt's number.
        attempt: u32,
    },
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
    let mut wishes = Vec::new();
    loop {
        let decisions = decide(state, values, now_ms);
        let mut progress = false;
        for decision in decisions {
            match decision {
                Decision::Record(event) => {
                    state.apply(&event)?;
                    record.push(event);
                    progress = true;
                }
                wish => wishes.push(wish),
            }
        }
        if !progress && state.frontier.is_empty() {
            return Ok(wishes);
        }
    }
}

/// The next decisions. The frontier of the state is consumed; everything else stays as it is until the events are folded.
pub fn decide(state: &mut RunState, values: &mut Values, now_ms: i64) -> Vec<Decision> {
    let engine = |kind: EventKind| Decision::Record(engine_event(now_ms, None, kind));
    if state.status.is_final() {
        state.frontier.clear();
        return Vec::new();
    }
    if state.status == RunStatus::Queued {
        return vec![engine(RunStarted {}.into())];
    }
    if state.deadline_ms().is_some_and(|deadline| deadline <= now_ms) && state.open > 0 {
        return vec![engine(TimerFired { timer: "run_timeout".to_owned() }.into())];
    }
    if state.open == 0 {
        return vec![engine(conclusion(state, values))];
    }
    if state.stopping() {
        state.frontier.clear();
        return stop_steps(state, now_ms);
    }
    let mut decisions = Vec::new();
    for _ in 0..state.frontier.len() {
        let Some(step) = state.frontier.pop_front() else { break };
        if state.steps[step].status != StepStatus::Pending {
            continue;
        }
        if let Some(decision) = decide_step(state, values, step, now_ms) {
            decisions.push(decision);
            // What this one changes may change what its neighbours read: fold it first.
            break;
        }
    }
    decisions
}

fn engine_event(at_ms: i64, step: Option<&str>, kind: EventKind) -> Event {
    Event { at_ms, actor: "engine".to_owned(), step: step.map(str::to_owned), attempt: None, kind }
}

fn stop_steps(state: &RunState, now_ms: i64) -> Vec<Decision> {
    let reason = stop_reason(state);
    let mut decisions = Vec::new();
    for (ix, step) in state.steps.iter().enumerate() {
        match step.status {
            StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying => {
                let kind = StepCancelled { reason: Some(reason.clone()) }.into();
                decisions.push(Decision::Record(engine_event(now_ms, Some(state.program.path(ix)), kind)));
            }
            StepStatus::Running => {
                if let Some(attempt) = step.attempt_under_way() {
                    decisions.push(Decision::Stop { step: ix, attempt });
                }
            }
            StepStatus::Succeeded | StepStatus::Failed | StepStatus::Skipped | StepStatus::Cancelled => {}
        }
    }
    decisions
}

pub(crate) fn stop_reason(state: &RunState) -> String {
    match &state.cancel {
        Some(cancel) => match &cancel.reason {
            Some(reason) => format!("cancelled by {}: {reason}", cancel.actor),
            None => format!("cancelled by {}", cancel.actor),
        },
        None if state.timed_out => "the run ran out of time".to_owned(),
        None => match state.stopped_by {
            Some(step) => format!("`{}` failed, and on_failure is stop", state.program.path(step)),
            None => "the run is stopping".to_owned(),
        },
    }
}

fn decide_step(state: &RunState, values: &mut Values, step: usize, now_ms: i64) -> Option<Decision> {
    let record = |kind: EventKind| Some(Decision::Record(engine_event(now_ms, Some(state.program.path(step)), kind)));
    match readiness(state, step) {
        Readiness::Waits => return None,
        Readiness::Dead => return record(StepSkipped { reason: dead_reason(state, step) }.into()),
        Readiness::Ready => {}
    }
    let definition = &state.program.workflow.steps[step];
    if let Some(when) = &definition.when {
        match condition(state, values, when, "when") {
            Ok(true) => {}
            Ok(false) => return record(StepSkipped { reason: "its condition is false".to_owned() }.into()),
            Err(error) => return record(StepFailed { error }.into()),
        }
    }
    let ended = match &definition.action {
        Action::Run(_) => return Some(Decision::Want(step)),
        Action::Set(fields) => set(state, values, fields).map(|output| ("succeeded".to_owned(), output)),
        Action::Choose(choose) => choice(state, values, choose).map(|port| (port.clone(), Value::String(port))),
    };
    match ended {
        Ok((port, output)) => record(StepSucceeded { port, output: values.intern(Arc::new(output)) }.into()),
        Err(error) => record(StepFailed { error }.into()),
    }
}

fn dead_reason(state: &RunState, step: usize) -> String {
    let graph = &state.program.workflow.graph;
    let sources = graph.incoming[step].iter().map(|edge| graph.edges[*edge].from);
    let blame = sources.filter_map(|from| {
        let source = &state.steps[from];
        let path = state.program.path(from);
        match (source.status, source.port.as_deref()) {
            (StepStatus::Failed, _) => Some(format!("`{path}` failed")),
            (StepStatus::Skipped, _) => Some(format!("`{path}` was skipped")),
            (StepStatus::Cancelled, _) => Some(format!("`{path}` was cancelled")),
            (StepStatus::Succeeded, Some(port)) if port != "succeeded" => Some(format!("`{path}` ended on `{port}`")),
            (StepStatus::Succeeded, _) => Some(format!("`{path}` succeeded")),
            _ => None,
        }
    });
    // Failures explain more than what followed from them.
    let mut reasons: Vec<String> = blame.collect();
    reasons.sort_by_key(|reason| !reason.ends_with("failed"));
    reasons.into_iter().next().unwrap_or_else(|| "its join cannot be satisfied".to_owned())
}

fn condition(state: &RunState, values: &Values, template: &Template, field: &str) -> Result<bool, RunError> {
    let scope = scope_for(state, values, [template])?;
    match template.evaluate(&scope).map_err(|error| run_error(field, &error))? {
        Value::Bool(answer) => Ok(answer),
        other => Err(RunError::new(
            ErrorClass::Validation,
            format!("`{field}` must be true or false, but its value is {}", brief(&other)),
        )),
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn set(state: &RunState, values: &Values, fields: &indexmap::IndexMap<String, Template>) -> Result<Value, RunError> {
    let scope = scope_for(state, values, fields.values())?;
    let mut output = Map::new();
    for (name, template) in fields {
        let value = template.evaluate(&scope).map_err(|error| run_error(&format!("set.{name}"), &error))?;
        output.insert(name.clone(), value);
    }
    Ok(Value::Object(output))
}

fn choice(state: &RunState, values: &Values, choose: &Choose) -> Result<String, RunError> {
    for (port, template) in &choose.cases {
        if condition(state, values, template, &format!("choose.{port}"))? {
            return Ok(port.clone());
        }
    }
    choose.otherwise.clone().ok_or_else(|| {
        RunError::new(ErrorClass::Validation, "no case is true and there is no `else`; add `else: NAME` to `choose`")
    })
}

/// How a run ends whose steps have all ended.
fn conclusion(state: &RunState, values: &mut Values) -> EventKind {
    if state.status == RunStatus::Cancelling {
        return RunCancelled { reason: state.cancel.as_ref().and_then(|cancel| cancel.reason.clone()) }.into();
    }
    if state.timed_out {
        let timeout = loomwork_workflow::format_duration(state.program.workflow.timeout_ms.unwrap_or(0));
        let error = RunError::new(ErrorClass::Timeout, format!("the run did not end within its timeout of {timeout}"));
        return RunFailed { error }.into();
    }
    if let Some(first) = state.failures.first() {
        let mut error = state.steps[*first].error.clone().unwrap_or_else(|| RunError::new(ErrorClass::Unknown, "a step failed"));
        error.step = Some(state.program.path(*first).to_owned());
        return RunFailed { error }.into();
    }
    match outputs(state, values) {
        Ok(outputs) => RunSucceeded { outputs: values.intern(Arc::new(outputs)) }.into(),
        Err(error) => RunFailed { error }.into(),
    }
}

/// The workflow's outputs; one that reads a step without an output is null.
fn outputs(state: &RunState, values: &Values) -> Result<Value, RunError> {
    let mut outputs = Map::new();
    for (name, template) in &state.program.workflow.outputs {
        let scope = scope_for(state, values, [template])?;
        let lacks = template.references().iter().any(|reference| {
            reference.read == loomwork_workflow::Read::Output
                && scope.steps.get(&reference.step).is_none_or(|step| step.output.is_none())
        });
        let value = if lacks {
            Value::Null
        } else {
            template.evaluate(&scope).map_err(|error| run_error(&format!("outputs.{name}"), &error))?
        };
        outputs.insert(name.clone(), value);
    }
    Ok(Value::Object(outputs))
}
