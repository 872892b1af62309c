//! The data that flows between tasks, as far as it is known before the run.

use indexmap::IndexMap;

use crate::cel;
use crate::names::identifier;

/// What flows at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// The workflow's input.
    Inputs,
    /// The value of an expression.
    Expression(String),
    /// A map whose fields are known one by one.
    Fields(IndexMap<String, Data>),
}

/// A type of input, guessed from its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Data {
    pub(super) fn inputs() -> Self {
        Self::Inputs
    }

    pub(super) fn of(expression: impl Into<String>) -> Self {
        Self::Expression(expression.into())
    }

    pub(super) fn output(step: &str) -> Self {
        Self::Expression(format!("steps.{step}.output"))
    }

    pub(super) fn expression(&self) -> String {
        match self {
            Self::Inputs => "inputs".to_owned(),
            Self::Expression(text) => text.clone(),
            Self::Fields(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{}: {}", cel::quote(key), value.expression())).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }

    /// A field of it.
    pub(super) fn field(&self, name: &str) -> Self {
        match self {
            Self::Inputs => Self::Expression(format!("inputs.{}", identifier(name))),
            Self::Expression(text) => Self::Expression(cel::field(text, name)),
            Self::Fields(fields) => fields.get(name).cloned().unwrap_or_else(|| Self::Expression("null".to_owned())),
        }
    }
}
