//! What expressions of a run see, and the resolved input of an attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use loomwork_workflow::{Action, ExpressionError, Process, ProgramText, Scope, StepScope, Template};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::state::ROOT;
use crate::{ErrorClass, Instance, Role, RunError, RunState, Shape, Values};

/// The scope for some templates at an instance: only the steps that they read are in it.
pub(crate) fn scope_for<'t>(
    state: &RunState,
    values: &Values,
    at: usize,
    templates: impl IntoIterator<Item = &'t Template>,
) -> Result<Scope, RunError> {
    let missing = |error: crate::NoValue| RunError::new(ErrorClass::Unknown, error.to_string());
    let env = values.get(&state.env).map_err(missing)?;
    let mut templates = templates.into_iter().peekable();
    if templates.peek().is_none() {
        // Nothing reads the rest.
        return Ok(Scope { env, ..Scope::default() });
    }
    let mut steps = BTreeMap::new();
    for reference in templates.flat_map(Template::references) {
        if steps.contains_key(&reference.step) {
            continue;
        }
        let Some(step) = visible(state, at, &reference.step) else { continue };
        steps.insert(reference.step.clone(), step_scope(&state.steps[step], values).map_err(missing)?);
    }
    Ok(Scope {
        inputs: values.get(&state.inputs).map_err(missing)?,
        env,
        run: Arc::new(run_view(state)),
        steps,
        locals: locals(state, values, at).map_err(missing)?,
    })
}

/// What can be seen of a run from a step, by the step's path in the workflow (none: from its outputs), for whoever writes
/// an expression there. Of the elements and passes of a step the first one counts.
pub fn seen_from(state: &RunState, values: &Values, path: Option<&str>) -> Scope {
    let top = state.container(ROOT).and_then(|root| root.children.first()).copied().unwrap_or(ROOT);
    let own = path.and_then(|path| state.in_order().into_iter().find(|ix| is_at(&state.steps[*ix].path, path)));
    let at = own.unwrap_or(top);
    let mut steps = BTreeMap::new();
    let mut inside = at;
    loop {
        let container = state.steps[inside].parent;
        if let (Shape::Scope(scope), Some(inner)) = (state.shape(container), state.container(container)) {
            for (name, local) in &state.program.scopes[scope].names {
                let step = inner.children.get(*local).and_then(|ix| step_scope(&state.steps[*ix], values).ok());
                if let Some(step) = step.filter(|_| !steps.contains_key(&**name)) {
                    steps.insert(name.to_string(), step);
                }
            }
        }
        if container == ROOT {
            break;
        }
        inside = container;
    }
    Scope {
        inputs: values.get(&state.inputs).unwrap_or_default(),
        env: values.get(&state.env).unwrap_or_default(),
        run: Arc::new(run_view(state)),
        steps,
        locals: locals(state, values, at).unwrap_or_default(),
    }
}

/// Whether a path of a run is that of a step of the workflow, leaving aside which element and pass it is of.
fn is_at(path: &str, step: &str) -> bool {
    let name = |part: &str| part.find(['[', '#']).map_or(part.len(), |end| end);
    path.split('.').map(|part| &part[..name(part)]).eq(step.split('.'))
}

/// `run` in expressions.
fn run_view(state: &RunState) -> Value {
    json!({
        "id": state.id,
        "started_at": timestamp(state.started_at_ms.unwrap_or(state.created_at_ms)),
        "trigger": { "kind": state.trigger.kind, "actor": state.trigger.actor },
    })
}

/// The step that a name means at an instance: of its own scope or of one around it, the inner one wins.
pub(crate) fn visible(state: &RunState, at: usize, name: &str) -> Option<usize> {
    let mut inside = at;
    loop {
        // The root is asked last: it is a container whose parent is itself.
        let container = state.steps[inside].parent;
        if let (Shape::Scope(scope), Some(inner)) = (state.shape(container), state.container(container))
            && let Some(local) = state.program.scopes[scope].names.get(name)
        {
            return inner.children.get(*local).copied();
        }
        if container == ROOT {
            return None;
        }
        inside = container;
    }
}

/// `item`, `index` and `pass`, of the nearest element and pass around an instance, itself included.
fn locals(state: &RunState, values: &Values, at: usize) -> Result<BTreeMap<&'static str, Arc<Value>>, crate::NoValue> {
    let mut locals = BTreeMap::new();
    let mut inside = at;
    while inside != ROOT {
        let instance = &state.steps[inside];
        let around = state.container(instance.parent);
        match instance.role {
            Role::Element(index) if !locals.contains_key("item") => {
                let list = around.and_then(|inner| inner.list.as_ref()).map(|list| values.get(list)).transpose()?;
                let item = list.and_then(|list| list.get("items").and_then(|items| items.get(index as usize)).cloned());
                locals.insert("item", Arc::new(item.unwrap_or_default()));
                locals.insert("index", Arc::new(json!(index)));
            }
            Role::Pass(number) if !locals.contains_key("pass") => {
                let previous = around.and_then(|inner| inner.children.get((number as usize).wrapping_sub(2))).copied();
                locals.insert("pass", Arc::new(pass(state, values, number, previous)?));
            }
            _ => {}
        }
        inside = instance.parent;
    }
    Ok(locals)
}

/// `pass` in expressions: its number, and the output of the pass that ended last.
pub(crate) fn pass(state: &RunState, values: &Values, number: u32, previous: Option<usize>) -> Result<Value, crate::NoValue> {
    let previous = previous.and_then(|previous| state.steps[previous].output.as_ref()).map(|output| values.get(output));
    let previous = previous.transpose()?.map_or(Value::Null, |output| Value::clone(&output));
    Ok(json!({ "index": number, "previous": previous }))
}

fn step_scope(step: &Instance, values: &Values) -> Result<StepScope, crate::NoValue> {
    let duration = step.ended_at_ms.zip(step.started_at_ms).map_or(0, |(end, start)| end - start);
    Ok(StepScope {
        output: step.output.as_ref().map(|output| values.get(output)).transpose()?,
        status: step.status.as_str().to_owned(),
        error: step.error.as_deref().map(RunError::to_view),
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

/// The resolved input of an attempt: its action's fields with expressions evaluated, and a person's edits.
pub(crate) fn resolved_input(state: &RunState, values: &Values, at: usize, action: &Action) -> Result<Value, RunError> {
    let mut input = match action {
        Action::Process(process) => process_input(state, values, at, process)?,
        Action::Effect { name, input } => {
            let scope = scope_for(state, values, at, [input])?;
            input.evaluate(&scope).map_err(|error| run_error(name, &error))?
        }
        Action::Call(call) => {
            let scope = scope_for(state, values, at, [&call.id, &call.inputs])?;
            let id = call.id.evaluate(&scope).map_err(|error| run_error("workflow.id", &error))?;
            let inputs = call.inputs.evaluate(&scope).map_err(|error| run_error("workflow.inputs", &error))?;
            json!({ "id": id, "inputs": inputs, "wait": call.wait })
        }
        _ => json!({}),
    };
    if let Some(patch) = &state.steps[at].set {
        merge_patch(&mut input, patch);
    }
    Ok(input)
}

/// A value as text: strings as they are, everything else as JSON.
pub(crate) fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn process_input(state: &RunState, values: &Values, at: usize, process: &Process) -> Result<Value, RunError> {
    let argv = match &process.program {
        ProgramText::Command(argv) => argv.as_slice(),
        ProgramText::Script { .. } => &[],
    };
    let single = process.workdir.iter().chain(&process.stdin).chain(argv);
    let scope = scope_for(state, values, at, process.env.values().chain(single))?;
    let text = |field: &str, template: &Template| -> Result<Value, RunError> {
        let value = template.evaluate(&scope).map_err(|error| run_error(field, &error))?;
        // A secret is a hole until the process starts: its shape stays as it is.
        let hole = !template.secrets().is_empty();
        Ok(if hole { value } else { Value::String(as_text(value)) })
    };
    let mut env = scope.env.as_object().cloned().unwrap_or_default();
    for (name, template) in &process.env {
        env.insert(name.clone(), text(&format!("env.{name}"), template)?);
    }
    let mut input = Map::new();
    match &process.program {
        ProgramText::Script { script, shell } => {
            input.insert("run".to_owned(), Value::String(script.clone()));
            input.insert("shell".to_owned(), json!(shell));
        }
        ProgramText::Command(argv) => {
            let argv: Result<Vec<_>, _> = argv.iter().map(|word| text("command", word)).collect();
            input.insert("command".to_owned(), Value::Array(argv?));
        }
    }
    input.insert("env".to_owned(), Value::Object(env));
    if let Some(workdir) = &process.workdir {
        input.insert("workdir".to_owned(), text("workdir", workdir)?);
    }
    if let Some(stdin) = &process.stdin {
        input.insert("stdin".to_owned(), text("stdin", stdin)?);
    }
    if let Some(output) = process.output {
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

/// Equal for all attempts of a step until a person has it done anew or edits its input.
pub(crate) fn idempotency_key(state: &RunState, step: usize) -> String {
    let digest = Sha256::digest(format!("{}\n{}\n{}", state.id, state.steps[step].path, state.steps[step].edits));
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
