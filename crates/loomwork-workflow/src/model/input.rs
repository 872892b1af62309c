//! What a run asks for, as the workflow declares it.
//!
//! Not here: whether a given value fits (`inputs`).

use serde_json::Value;

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// The value when none is given.
    pub default: Option<Value>,
    /// The values allowed, when enumerated.
    pub values: Option<Vec<Value>>,
    /// The JSON Schema of its values, when it has one in full.
    pub schema: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
}

/// Type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum InputKind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
    /// A path, relative to the workspace; given as text.
    File,
}

impl InputKind {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::File => "file",
        }
    }
}
