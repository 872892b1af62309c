//! A parsed expression: its tree with names and functions resolved, and what it reads.
//!
//! Invariant: every function in the tree exists and has the right number of arguments; every local is bound.

use std::sync::Arc;

use serde::Serialize;

use super::functions::Builtin;
use super::value::Key;

/// What a reference needs of its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// That it has settled: a read of `status`, `error`, `attempts` or `duration`, inside `has()`, or guarded by one.
    Settled,
    /// Its output.
    Output,
}

/// A read of another step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The step's id.
    pub step: String,
    /// What is needed of it.
    pub read: Read,
    /// The field: `output`, `status`, …
    pub field: String,
    /// The first key read from the output, when it is written as a name.
    pub key: Option<String>,
}

/// A name read from a root other than `steps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    Input(String),
    Env(String),
    Secret(String),
    /// `item`, `index`, `pass` or `event`.
    Local(&'static str),
}

/// What kind of problem an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    Syntax,
    UnknownName,
    UnknownFunction,
    UnknownField,
    DynamicStep,
    TooLarge,
    SecretInside,
}

/// A problem of an expression; the place is in bytes of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    pub(crate) message: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What may be meant in place of the marked text.
    pub(crate) suggestion: Option<String>,
}

/// A constant.
#[derive(Debug, Clone)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// A binary operator that evaluates both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

/// A macro over a list or a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    All,
    Exists,
    ExistsOne,
    Map,
    SortBy,
}

/// A field of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepField {
    Output,
    Status,
    Error,
    Attempts,
    Duration,
}

impl StepField {
    /// The word in an expression.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Status => "status",
            Self::Error => "error",
            Self::Attempts => "attempts",
            Self::Duration => "duration",
        }
    }
}

/// A node of the tree.
#[derive(Debug)]
pub(crate) enum Code {
    Constant(Constant),
    Type(&'static str),
    Local(usize),
    Inputs,
    Env,
    Run,
    StartedAt,
    /// `item`, `index`, `pass` or `event`.
    Given(&'static str),
    /// Stands alone: an expression never sees its value.
    Secret(String),
    Step {
        step: String,
        field: StepField,
    },
    Select(Box<Code>, String),
    Has(Box<Code>),
    Index(Box<Code>, Box<Code>),
    List(Vec<Code>),
    Map(Vec<(Code, Code)>),
    And(Box<Code>, Box<Code>),
    Or(Box<Code>, Box<Code>),
    Not(Box<Code>),
    Negate(Box<Code>),
    If(Box<Code>, Box<Code>, Box<Code>),
    Binary(Operator, Box<Code>, Box<Code>),
    Call(&'static Builtin, Vec<Code>),
    Matches(Box<Code>, Box<regex::Regex>),
    /// The second in a scope with one more local, the first.
    Bind(Box<Code>, Box<Code>),
    Fold {
        fold: Fold,
        range: Box<Code>,
        filter: Option<Box<Code>>,
        body: Box<Code>,
    },
}

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) source: String,
    pub(crate) code: Code,
    pub(crate) references: Vec<Reference>,
    pub(crate) roots: Vec<Root>,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Key {
    pub(crate) fn describe(&self) -> String {
        match self {
            Key::Text(text) => format!("`{text}`"),
            Key::Bool(value) => value.to_string(),
            Key::Int(value) => value.to_string(),
            Key::UInt(value) => value.to_string(),
        }
    }
}
