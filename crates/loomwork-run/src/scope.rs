//! What expressions of a run see, and the resolved input of an attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_workflow::{Action, ExpressionError, RunAction, Scope, StepScope, Template};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{ErrorClass, RunError, RunState, StepState, Values};

/// The scope for some templates: only the steps that they read are in it.
pub(crate) fn scope_for<'t>(
    state: &RunState,
    values: &Values,
    templates: impl IntoIterator<Item = &'t Template>,
) -> Result<Scope, RunError> {
    let missing = |error: crate::MissingValue| RunError::new(ErrorClass::Unknown, error.to_string());
    let mut steps = BTreeMap::new();
    for reference in templates.into_iter().flat_map(Template::references) {
        let Some(step) = state.program.step(&reference.step) else { continue };
        if !steps.contains_key(&reference.step) {
            steps.insert(reference.step.clone(), step_scope(&state.steps[step], values).map_err(missing)?);
        }
    }
    let run = json!({
        "id": state.id,
        "started_at": timestamp(state.started_at_ms.unwrap_or(state.created_at_ms)),
        "trigger": { "kind": state.trigger.kind, "actor": state.trigger.actor },
    });
    Ok(Scope {
        inputs: values.get(&state.inputs).map_err(missing)?,
        env: values.get(&state.env).map_err(missing)?,
        run: Arc::new(run),
        steps,
    })
}

fn step_scope(step: &StepState, values: &Values) -> Result<StepScope, crate::MissingValue> {
    let duration = step.ended_at_ms.zip(step.started_at_ms).map_or(0, |(end, start)| end - start);
    Ok(StepScope {
        output: step.output.as_ref().map(|output| values.get(output)).transpose()?,
        status: step.status.as_str().to_owned(),
        error: step.error.as_ref().map(RunError::to_view),
        attempts: u32::try_from(step.attempts.len()).unwrap_or(u32::MAX),
        duration_ms: u64::try_from(duration).unwrap_or(0),
    })
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn timestamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.3}"))
}

pub(crate) fn run_error(field: &str, error: &ExpressionError) -> RunError {
    RunError::new(ErrorClass::Validation, format!("`{field}`: {error}"))
}

/// The resolved input of a step's next attempt: its action's fields with expressions evaluated, and a person's edits.
pub(crate) fn resolved_input(state: &RunState, values: &Values, step: usize) -> Result<Value, RunError> {
    let Action::Run(action) = &state.program.workflow.steps[step].action else {
        return Ok(json!({}));
    };
    let mut input = run_input(state, values, action)?;
    if let Some(patch) = &state.steps[step].set {
        merge_patch(&mut input, patch);
    }
    Ok(input)
}

fn run_input(state: &RunState, values: &Values, action: &RunAction) -> Result<Value, RunError> {
    let single = action.workdir.iter().chain(&action.stdin);
    let scope = scope_for(state, values, action.env.values().chain(single))?;
    let text = |field: &str, template: &Template| -> Result<Value, RunError> {
        let value = template.evaluate(&scope).map_err(|error| run_error(field, &error))?;
        Ok(Value::String(match value {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    };
    let mut env = scope.env.as_object().cloned().unwrap_or_default();
    for (name, template) in &action.env {
        env.insert(name.clone(), text(&format!("env.{name}"), template)?);
    }
    let mut input = Map::new();
    input.insert("run".to_owned(), Value::String(action.script.clone()));
    input.insert("shell".to_owned(), json!(action.shell));
    input.insert("env".to_owned(), Value::Object(env));
    if let Some(workdir) = &action.workdir {
        input.insert("workdir".to_owned(), text("workdir", workdir)?);
    }
    if let Some(stdin) = &action.stdin {
        input.insert("stdin".to_owned(), text("stdin", stdin)?);
    }
    if let Some(output) = action.output {
        input.insert("output".to_owned(), json!(output.as_str()));
    }
    Ok(Value::Object(input))
}

/// JSON merge patch, RFC 7396.
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge_patch(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Equal for all attempts of a step until a person edits its input.
pub(crate) fn idempotency_key(state: &RunState, step: usize) -> String {
    let digest = Sha256::digest(format!("{}\n{}\n{}", state.id, state.program.path(step), state.steps[step].edits));
    hex::encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_patch_agrees_with_the_examples_of_the_standard() {
        // RFC 7396, appendix A.
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (mut target, patch, expected) in cases {
            let before = target.clone();
            merge_patch(&mut target, &patch);
            assert_eq!(target, expected, "{before} patched with {patch}");
        }
    }
}
