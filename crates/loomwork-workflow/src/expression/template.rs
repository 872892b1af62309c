//! Templates: JSON whose strings may be, or contain, expressions.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::canonical::canonical;
use super::eval::Evaluation;
use super::meter::{EvalError, MAX_NEW_BYTES};
use super::program::{Code, Problem, Program, Reference};
use super::scope::Scope;
use super::split::{Piece, split};
use super::value::Val;

/// A value that is worked out when its step starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    part: Part,
    references: Vec<Reference>,
    /// Whether secrets are filled in afterwards, so that no value may look like a hole for one.
    filled: bool,
}

/// The key of a hole for a secret: `{"$secret": "NAME"}`.
const SECRET: &str = "$secret";
/// The key of a text with holes: `{"$secret_text": ["Bearer ", {"$secret": "NAME"}]}`.
const SECRET_TEXT: &str = "$secret_text";

/// What stands for a secret until the moment that it is used.
pub(crate) fn hole(name: &str) -> Value {
    serde_json::json!({ SECRET: name })
}

/// How a template is made up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Literal(Value),
    Whole(Arc<Program>),
    Text(Vec<Chunk>),
    List(Vec<Part>),
    Map(Vec<(String, Part)>),
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chunk {
    Text(String),
    Expression(Arc<Program>),
}

/// Why a template has no value in a scope. Its class is `validation`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the expression `{source_text}` has no value: {reason}")]
pub struct ExpressionError {
    /// The expression, shortened when it is long.
    pub source_text: String,
    /// Why.
    pub reason: String,
    /// Whether a name, key or element was not there (what `has()` asks about), rather than the operation being wrong.
    pub missing: bool,
}

/// A problem of a template: of the expression that begins at an offset of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateProblem {
    /// Offset in the text of the `${{` that is not closed, or of the expression's source.
    pub(crate) at: usize,
    /// The source of the expression; empty when it is not closed.
    pub(crate) source: String,
    /// None: it is not closed.
    pub(crate) problem: Option<Problem>,
}

impl Template {
    /// A template that is always this value.
    #[must_use]
    pub fn literal(value: Value) -> Self {
        Self { part: Part::Literal(value), references: Vec::new(), filled: false }
    }

    /// Parses a string that may hold expressions.
    pub(crate) fn parse_text(text: &str) -> (Self, Vec<TemplateProblem>) {
        if !text.contains("${{") {
            return (Self::literal(Value::String(text.to_owned())), Vec::new());
        }
        let (mut chunks, mut problems, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for piece in split(text) {
            match piece {
                Piece::Text(literal) => chunks.push(Chunk::Text(literal)),
                Piece::Unclosed { at } => problems.push(TemplateProblem { at, source: String::new(), problem: None }),
                Piece::Expression { source, at } => match Program::parse(source) {
                    Ok(program) => {
                        references.extend(program.references.iter().cloned());
                        chunks.push(Chunk::Expression(Arc::new(program)));
                    }
                    Err(found) => problems.extend(found.into_iter().map(|problem| TemplateProblem {
                        at,
                        source: source.to_owned(),
                        problem: Some(problem),
                    })),
                },
            }
        }
        let part = match &chunks[..] {
            [Chunk::Expression(program)] => Part::Whole(Arc::clone(program)),
            [Chunk::Text(text)] => Part::Literal(Value::String(text.clone())),
            _ => Part::Text(chunks),
        };
        (Self { part, references, filled: false }, problems)
    }

    /// A list of templates.
    pub(crate) fn list(items: Vec<Template>) -> Self {
        if let Some(values) = items.iter().map(|item| item.as_literal().cloned()).collect::<Option<Vec<_>>>() {
            return Self::literal(Value::Array(values));
        }
        let references = items.iter().flat_map(|item| item.references.iter().cloned()).collect();
        let filled = items.iter().any(|item| item.filled);
        Self { filled, part: Part::List(items.into_iter().map(|item| item.part).collect()), references }
    }

    /// A map of templates.
    pub(crate) fn map(entries: Vec<(String, Template)>) -> Self {
        let literal = entries.iter().map(|(key, value)| Some((key.clone(), value.as_literal()?.clone())));
        if let Some(map) = literal.collect::<Option<Map<_, _>>>() {
            return Self::literal(Value::Object(map));
        }
        let references = entries.iter().flat_map(|(_, value)| value.references.iter().cloned()).collect();
        let filled = entries.iter().any(|(_, value)| value.filled);
        Self { filled, part: Part::Map(entries.into_iter().map(|(key, value)| (key, value.part)).collect()), references }
    }

    /// Marks a template at a place where secrets are filled in after its evaluation.
    pub(crate) fn filled_later(mut self) -> Self {
        self.filled = true;
        self
    }

    /// The secrets that it reads, each once.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        let mut names = Vec::new();
        secrets_of(&self.part, &mut names);
        names
    }

    /// The value, when it has no expressions.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.part {
            Part::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Text as it is written, with its expressions in `${{ }}`; empty for lists and maps with expressions in them.
    pub(crate) fn source(&self) -> String {
        source_of(&self.part)
    }

    /// The value with its expressions as they are written.
    pub(crate) fn as_written(&self) -> Value {
        rendered(&self.part, &|program| program.source.trim().to_owned())
    }

    /// The value with its expressions in a form that is the same however they are written; `names` gives the names of
    /// steps in it.
    pub(crate) fn canonical(&self, names: &dyn Fn(&str) -> String) -> Value {
        rendered(&self.part, &|program| canonical(&program.code, names))
    }

    /// One field of a map, as it is written.
    pub(crate) fn field(&self, key: &str) -> Option<String> {
        match &self.part {
            Part::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, part)| source_of(part)),
            Part::Literal(value) => value.get(key).map(literal_source),
            _ => None,
        }
    }

    /// Whether it is one whole expression.
    #[must_use]
    pub fn is_expression(&self) -> bool {
        matches!(self.part, Part::Whole(_))
    }

    /// How it is made up.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What it reads of other steps.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Works out the value. A secret is a hole in it, `{"$secret": NAME}`, and text around secrets is
    /// `{"$secret_text": [PART, …]}` with holes among its parts.
    ///
    /// # Errors
    /// When an expression has no value in this scope, or takes more than its bounds.
    pub fn evaluate(&self, scope: &Scope) -> Result<Value, ExpressionError> {
        let mut left = MAX_NEW_BYTES;
        evaluate_part(&self.part, self.filled, scope, &mut left)
    }
}

fn evaluate_part(part: &Part, filled: bool, scope: &Scope, left: &mut usize) -> Result<Value, ExpressionError> {
    match part {
        Part::Literal(value) => Ok(value.clone()),
        Part::Whole(program) => {
            let value = run(program, scope, left, |value| value.to_json())?;
            // Else whoever controls an output could have a secret filled into it.
            if filled && secret_name(program).is_none() && holds_hole(&value) {
                return Err(ExpressionError {
                    source_text: shorten(program.source.trim()),
                    reason: format!("its value has a key `{SECRET}` or `{SECRET_TEXT}`, which stand for secrets here"),
                    missing: false,
                });
            }
            Ok(value)
        }
        Part::Text(chunks) if chunks.iter().any(is_secret) => {
            let parts = chunks.iter().map(|chunk| match chunk {
                Chunk::Text(literal) => Ok(Value::String(literal.clone())),
                Chunk::Expression(program) => match secret_name(program) {
                    Some(name) => Ok(hole(name)),
                    None => run(program, scope, left, as_text).map(Value::String),
                },
            });
            Ok(serde_json::json!({ SECRET_TEXT: parts.collect::<Result<Vec<_>, _>>()? }))
        }
        Part::Text(chunks) => {
            let mut text = String::new();
            for chunk in chunks {
                match chunk {
                    Chunk::Text(literal) => text.push_str(literal),
                    Chunk::Expression(program) => text.push_str(&run(program, scope, left, as_text)?),
                }
            }
            Ok(Value::String(text))
        }
        Part::List(items) => items.iter().map(|item| evaluate_part(item, filled, scope, left)).collect(),
        Part::Map(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key.clone(), evaluate_part(value, filled, scope, left)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
    }
}

/// The value with each expression as text in `${{ }}`, told from text that only looks like one.
fn rendered(part: &Part, expression: &dyn Fn(&Program) -> String) -> Value {
    let shown = |program: &Program| format!("${{{{ {} }}}}", expression(program));
    match part {
        Part::Literal(value) => escaped(value),
        Part::Whole(program) => Value::String(shown(program)),
        Part::Text(chunks) => chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Text(text) => text.replace("${{", "$${{"),
                Chunk::Expression(program) => shown(program),
            })
            .collect::<String>()
            .into(),
        Part::List(items) => items.iter().map(|item| rendered(item, expression)).collect(),
        Part::Map(entries) => {
            Value::Object(entries.iter().map(|(key, part)| (key.clone(), rendered(part, expression))).collect())
        }
    }
}

/// A value as it is written where expressions are possible.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("${{", "$${{")),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), escaped(value))).collect()),
        plain => plain.clone(),
    }
}

fn literal_source(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn source_of(part: &Part) -> String {
    let written = |program: &Program| format!("${{{{{}}}}}", program.source);
    match part {
        Part::Literal(value) => literal_source(value),
        Part::Whole(program) => written(program),
        Part::Text(chunks) => {
            let chunk = |chunk: &Chunk| match chunk {
                Chunk::Text(text) => text.clone(),
                Chunk::Expression(program) => written(program),
            };
            chunks.iter().map(chunk).collect()
        }
        Part::List(_) | Part::Map(_) => String::new(),
    }
}

fn secret_name(program: &Program) -> Option<&str> {
    match &program.code {
        Code::Secret(name) => Some(name),
        _ => None,
    }
}

fn is_secret(chunk: &Chunk) -> bool {
    matches!(chunk, Chunk::Expression(program) if secret_name(program).is_some())
}

fn secrets_of<'p>(part: &'p Part, names: &mut Vec<&'p str>) {
    let mut add = |program: &'p Program| {
        names.extend(secret_name(program).filter(|name| !names.contains(name)).into_iter().collect::<Vec<_>>());
    };
    match part {
        Part::Literal(_) => {}
        Part::Whole(program) => add(program),
        Part::Text(chunks) => chunks.iter().for_each(|chunk| {
            if let Chunk::Expression(program) = chunk {
                add(program);
            }
        }),
        Part::List(items) => items.iter().for_each(|item| secrets_of(item, names)),
        Part::Map(entries) => entries.iter().for_each(|(_, value)| secrets_of(value, names)),
    }
}

/// Whether something in a value would be taken for a secret's place.
pub(crate) fn holds_hole(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_hole),
        Value::Object(map) => map.iter().any(|(key, value)| key == SECRET || key == SECRET_TEXT || holds_hole(value)),
        _ => false,
    }
}

fn run<T>(
    program: &Program,
    scope: &Scope,
    left: &mut usize,
    finish: impl FnOnce(&Val<'_>) -> Result<T, EvalError>,
) -> Result<T, ExpressionError> {
    let mut evaluation = Evaluation::new(scope);
    let outcome = evaluation.eval(&program.code).and_then(|value| {
        *left = left.checked_sub(value.weight(*left)).ok_or(EvalError::TooLarge)?;
        finish(&value)
    });
    outcome.map_err(|error| ExpressionError {
        source_text: shorten(program.source.trim()),
        reason: error.to_string(),
        missing: matches!(error, EvalError::Missing(_)),
    })
}

/// A value inside text: strings as they are, everything else as JSON.
pub(crate) fn as_text(value: &Val<'_>) -> Result<String, EvalError> {
    match value.to_json()? {
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

fn shorten(source: &str) -> String {
    match source.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &source[..at]),
        None => source.to_owned(),
    }
}
