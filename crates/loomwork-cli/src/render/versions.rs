//! Versions of a workflow and their differences as text.

use std::fmt::Write as _;

use loomwork_api::{Comparison, FieldChange, StepMove, WorkflowVersion};
use serde_json::Value;

/// Digits of a hash that tell versions apart in practice.
const SHORT: usize = 12;
/// Lines of a text that are shown of each side.
const MOST_LINES: usize = 20;

/// One line about a version.
pub(crate) fn line(version: &WorkflowVersion) -> String {
    let mut text: String = version.hash.chars().take(SHORT).collect();
    if let Some(said) = &version.version {
        let _ = write!(text, "  v{said}");
    }
    let runs = version.runs;
    let _ = write!(text, "  {runs} run{}", if runs == 1 { "" } else { "s" });
    if let (Some(first), Some(last)) = (&version.first_run_at, &version.last_run_at) {
        let _ = if first == last { write!(text, "  {last}") } else { write!(text, "  {first} – {last}") };
    }
    if version.current {
        text.push_str("  the file as it stands");
    }
    text
}

/// A comparison, for people.
pub(crate) fn difference(comparison: &Comparison) -> String {
    if comparison.is_empty() {
        return "They mean the same.".to_owned();
    }
    let mut text = String::new();
    for path in &comparison.added {
        let _ = writeln!(text, "+ {path}");
    }
    for path in &comparison.removed {
        let _ = writeln!(text, "- {path}");
    }
    let mut moves = |word: &str, steps: &[StepMove]| {
        for step in steps {
            let _ = writeln!(text, "> {} → {}  ({word})", step.from, step.to);
        }
    };
    let only_renamed: Vec<StepMove> =
        comparison.renamed.iter().filter(|step| !comparison.moved.contains(step)).cloned().collect();
    moves("renamed", &only_renamed);
    moves("moved", &comparison.moved);
    for step in &comparison.changed {
        let _ = writeln!(text, "~ {}", step.to);
        step.fields.iter().for_each(|change| field(&mut text, change));
    }
    if !comparison.workflow.is_empty() {
        let _ = writeln!(text, "~ the workflow itself");
        comparison.workflow.iter().for_each(|change| field(&mut text, change));
    }
    text.truncate(text.trim_end().len());
    text
}

fn field(text: &mut String, change: &FieldChange) {
    let name = &change.field;
    let short = |value: &Option<Value>| match value {
        None => Some("nothing".to_owned()),
        Some(value) => Some(shown(value)).filter(|shown| shown.chars().count() <= 60 && !shown.contains('\n')),
    };
    match (short(&change.from), short(&change.to)) {
        (Some(from), Some(to)) => {
            let _ = writeln!(text, "    {name}: {from} → {to}");
        }
        _ => {
            let _ = writeln!(text, "    {name}:");
            lines(text, '-', change.from.as_ref());
            lines(text, '+', change.to.as_ref());
        }
    }
}

/// A long value, by the lines that it has.
fn lines(text: &mut String, sign: char, value: Option<&Value>) {
    let Some(value) = value else { return };
    let whole = shown(value);
    let count = whole.lines().count();
    for line in whole.lines().take(MOST_LINES) {
        let _ = writeln!(text, "      {sign} {line}");
    }
    if count > MOST_LINES {
        let _ = writeln!(text, "      {sign} … {} more lines", count - MOST_LINES);
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
