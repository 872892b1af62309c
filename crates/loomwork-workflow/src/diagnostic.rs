//! Problems of a workflow file: where, what, and how to mend them.

use serde::{Deserialize, Serialize};

use crate::text::{Pos, Shift, Span};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Advice.
    Hint,
    /// Probably not what was meant.
    Warning,
    /// The workflow cannot run.
    Error,
}

/// A replacement of a stretch of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextEdit {
    /// What is replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// A way to mend a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What it does, imperative.
    pub title: String,
    /// The replacements, none overlapping, ordered by position.
    pub edits: Vec<TextEdit>,
}

impl Fix {
    /// The text after the fix.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut result = text.to_owned();
        for edit in self.edits.iter().rev() {
            let Pos { offset: start, .. } = edit.span.start;
            let Pos { offset: end, .. } = edit.span.end;
            if result.is_char_boundary(start) && result.is_char_boundary(end) && start <= end && end <= result.len() {
                result.replace_range(start..end, &edit.text);
            }
        }
        result
    }
}

/// Another place that a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// Where it is.
    pub span: Span,
    /// What stands there, a sentence.
    pub message: String,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnostic {
    /// Stable code; `codes::CODES` explains it.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub message: String,
    /// The step it belongs to, if any.
    pub step: Option<String>,
    /// The field within the step (or within the file), with dots (`retry.attempts`), if any.
    pub field: Option<String>,
    /// Where it is.
    pub span: Span,
    /// Other places that it is about.
    pub related: Vec<Related>,
    /// Ways to mend it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// Moves it with all that it speaks of.
    pub(crate) fn shift(&mut self, shift: Shift) {
        let edits = self.fixes.iter_mut().flat_map(|fix| fix.edits.iter_mut().map(|edit| &mut edit.span));
        let spans = self.related.iter_mut().map(|related| &mut related.span).chain(edits);
        for span in spans.chain([&mut self.span]) {
            *span = shift.span(*span);
        }
    }
}
