//! The inputs of a run: defaults, types, and text from a command line.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::expression::whole;
use crate::model::{Input, InputKind, Workflow};

/// An input that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputProblem {
    /// It is required and not given.
    #[error("input `{name}` is required")]
    Missing {
        /// The input.
        name: String,
    },
    /// The workflow has no such input.
    #[error("input `{name}` is unknown{}", suggestion.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// The name given.
        name: String,
        /// The nearest known one.
        suggestion: Option<String>,
    },
    /// It has another type.
    #[error("input `{name}` must be of type {wanted}, not {got}")]
    WrongType {
        /// The input.
        name: String,
        /// Its type.
        wanted: &'static str,
        /// The type of the value given.
        got: &'static str,
    },
    /// It is a number with a fraction, or beyond the largest integer.
    #[error("input `{name}` must be a whole number, and {got} is none")]
    NotWhole {
        /// The input.
        name: String,
        /// The value given, as JSON.
        got: String,
    },
    /// It does not fit its JSON Schema.
    #[error("input `{name}` does not fit its schema: {why}")]
    Misfit {
        /// The input.
        name: String,
        /// Where in the value, and what is wrong.
        why: String,
    },
    /// It is not one of the allowed values.
    #[error("input `{name}` must be one of {allowed}, not {got}")]
    NotAllowed {
        /// The input.
        name: String,
        /// The allowed values, as JSON.
        allowed: String,
        /// The value given, as JSON.
        got: String,
    },
}

impl InputProblem {
    /// The input it is about.
    #[must_use]
    pub fn input(&self) -> &str {
        match self {
            Self::Missing { name }
            | Self::Unknown { name, .. }
            | Self::WrongType { name, .. }
            | Self::NotWhole { name, .. }
            | Self::Misfit { name, .. }
            | Self::NotAllowed { name, .. } => name,
        }
    }
}

/// Fills in defaults and checks what is given. Optional inputs without a value are null.
///
/// # Errors
/// All inputs that do not fit, the declared ones in their order, then the unknown ones.
pub fn resolve_inputs(workflow: &Workflow, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<InputProblem>> {
    let (resolved, problems) = resolve(workflow, given);
    if problems.is_empty() { Ok(resolved) } else { Err(problems) }
}

/// The same before all is given: required inputs that are missing are left out.
///
/// # Errors
/// All inputs that are given and do not fit.
pub fn resolve_known_inputs(workflow: &Workflow, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<InputProblem>> {
    let (resolved, mut problems) = resolve(workflow, given);
    problems.retain(|problem| !matches!(problem, InputProblem::Missing { .. }));
    if problems.is_empty() { Ok(resolved) } else { Err(problems) }
}

fn resolve(workflow: &Workflow, given: &Map<String, Value>) -> (Map<String, Value>, Vec<InputProblem>) {
    let mut resolved = Map::new();
    let mut problems = Vec::new();
    for (name, input) in &workflow.inputs {
        match given.get(name) {
            Some(value) => match check_input(name, input, value) {
                Ok(value) => {
                    resolved.insert(name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            },
            None if input.default.is_none() && input.required => problems.push(InputProblem::Missing { name: name.clone() }),
            None => {
                let default = input.default.as_ref().map_or(Value::Null, |default| integral(input, default));
                resolved.insert(name.clone(), default);
            }
        }
    }
    for name in given.keys().filter(|name| !workflow.inputs.contains_key(*name)) {
        let suggestion = crate::nearest(name, workflow.inputs.keys().map(String::as_str));
        problems.push(InputProblem::Unknown { name: name.clone(), suggestion });
    }
    (resolved, problems)
}

/// A value as an input takes it.
///
/// # Errors
/// When the value does not fit.
pub fn check_input(name: &str, input: &Input, value: &Value) -> Result<Value, InputProblem> {
    if value.is_null() && !input.required {
        return Ok(Value::Null);
    }
    if let Some(why) = input.schema.as_ref().and_then(|schema| misfit(schema, value)) {
        return Err(InputProblem::Misfit { name: name.to_owned(), why });
    }
    if input.schema.is_none() && input.kind == InputKind::Integer && value.is_f64() && !fits(input.kind, value) {
        return Err(InputProblem::NotWhole { name: name.to_owned(), got: value.to_string() });
    }
    if input.schema.is_none() && !fits(input.kind, value) {
        return Err(InputProblem::WrongType { name: name.to_owned(), wanted: input.kind.as_str(), got: type_name(value) });
    }
    if let Some(values) = &input.values
        && !values.iter().any(|allowed| same(allowed, value))
    {
        let allowed = values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        return Err(InputProblem::NotAllowed { name: name.to_owned(), allowed, got: value.to_string() });
    }
    Ok(integral(input, value))
}

/// What is wrong with a value by a JSON Schema, with the place in the value; none: it fits.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let problem = |error: &jsonschema::ValidationError<'_>| match error.instance_path().to_string() {
        place if place.is_empty() => error.to_string(),
        place => format!("at {place}: {error}"),
    };
    match jsonschema::validator_for(schema) {
        Ok(validator) => validator.iter_errors(value).next().as_ref().map(problem),
        // A file with such a schema has no workflow; a program that makes one by hand hears of it here.
        Err(error) => Some(format!("the schema itself is wrong: {error}")),
    }
}

/// 3.0 is an integer in JSON; expressions should see it as one.
fn integral(input: &Input, value: &Value) -> Value {
    let integral = (input.kind == InputKind::Integer && !value.is_i64() && !value.is_u64()).then(|| value.as_f64()).flatten();
    integral.and_then(whole).map_or_else(|| value.clone(), Value::from)
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && b.is_number() && a.as_f64() == b.as_f64())
}

/// Whether a value is of an input's type.
pub(crate) fn fits(kind: InputKind, value: &Value) -> bool {
    match kind {
        InputKind::String | InputKind::File => value.is_string(),
        InputKind::Integer => value.is_i64() || value.is_u64() || value.as_f64().and_then(whole).is_some(),
        InputKind::Number => value.is_number(),
        InputKind::Boolean => value.is_boolean(),
        InputKind::Array => value.is_array(),
        InputKind::Object => value.is_object(),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The value of `--input NAME=TEXT`: JSON where it parses as the input's type, else the text.
#[must_use]
pub fn parse_input_text(input: &Input, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    let Ok(value) = serde_json::from_str::<Value>(text) else { return as_text() };
    let is_meant = match &input.schema {
        // A value that does not fit in another way is still the one that is meant: what is wrong with it can be said.
        None => fits(input.kind, &value) || !matches!(input.kind, InputKind::String | InputKind::File),
        Some(schema) => misfit(schema, &value).is_none() || (misfit(schema, &as_text()).is_some() && admits_no_text(schema)),
    };
    if is_meant { value } else { as_text() }
}

fn admits_no_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind != "string",
        Some(Value::Array(kinds)) => !kinds.iter().any(|kind| kind == "string"),
        _ => false,
    }
}
