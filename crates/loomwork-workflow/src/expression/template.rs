//! Templates: JSON whose strings may be, or contain, expressions.

use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::eval::Evaluation;
use super::meter::{EvalError, MAX_NEW_BYTES};
use super::program::{Problem, Program, Reference, Root};
use super::scope::Scope;
use super::split::{Piece, split};
use super::value::Val;

/// A value that is worked out when its step starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    part: Part,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(Value),
    Whole(Arc<Program>),
    Text(Vec<Chunk>),
    List(Vec<Part>),
    Map(Vec<(String, Part)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Chunk {
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
        Self { part: Part::Literal(value), references: Vec::new() }
    }

    /// Parses a string that may hold expressions.
    pub(crate) fn parse_text(text: &str) -> (Self, Vec<TemplateProblem>, Vec<Root>) {
        if !text.contains("${{") {
            return (Self::literal(Value::String(text.to_owned())), Vec::new(), Vec::new());
        }
        let (mut chunks, mut problems, mut references, mut roots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for piece in split(text) {
            match piece {
                Piece::Text(literal) => chunks.push(Chunk::Text(literal)),
                Piece::Unclosed { at } => problems.push(TemplateProblem { at, source: String::new(), problem: None }),
                Piece::Expression { source, at } => match Program::parse(source) {
                    Ok(program) => {
                        references.extend(program.references.iter().cloned());
                        roots.extend(program.roots.iter().cloned());
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
        (Self { part, references }, problems, roots)
    }

    /// A list of templates.
    pub(crate) fn list(items: Vec<Template>) -> Self {
        if let Some(values) = items.iter().map(|item| item.as_literal().cloned()).collect::<Option<Vec<_>>>() {
            return Self::literal(Value::Array(values));
        }
        let references = items.iter().flat_map(|item| item.references.iter().cloned()).collect();
        Self { part: Part::List(items.into_iter().map(|item| item.part).collect()), references }
    }

    /// A map of templates.
    pub(crate) fn map(entries: Vec<(String, Template)>) -> Self {
        let literal = entries.iter().map(|(key, value)| Some((key.clone(), value.as_literal()?.clone())));
        if let Some(map) = literal.collect::<Option<Map<_, _>>>() {
            return Self::literal(Value::Object(map));
        }
        let references = entries.iter().flat_map(|(_, value)| value.references.iter().cloned()).collect();
        Self { part: Part::Map(entries.into_iter().map(|(key, value)| (key, value.part)).collect()), references }
    }

    /// The value, when it has no expressions.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.part {
            Part::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is one whole expression.
    #[must_use]
    pub fn is_expression(&self) -> bool {
        matches!(self.part, Part::Whole(_))
    }

    /// What it reads of other steps.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Works out the value.
    ///
    /// # Errors
    /// When an expression has no value in this scope, or takes more than its bounds.
    pub fn evaluate(&self, scope: &Scope) -> Result<Value, ExpressionError> {
        let mut left = MAX_NEW_BYTES;
        evaluate_part(&self.part, scope, &mut left)
    }
}

fn evaluate_part(part: &Part, scope: &Scope, left: &mut usize) -> Result<Value, ExpressionError> {
    match part {
        Part::Literal(value) => Ok(value.clone()),
        Part::Whole(program) => run(program, scope, left, |value| value.to_json()),
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
        Part::List(items) => items.iter().map(|item| evaluate_part(item, scope, left)).collect(),
        Part::Map(entries) => entries
            .iter()
            .map(|(key, value)| Ok((key.clone(), evaluate_part(value, scope, left)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
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
