//! What is different between two definitions of a workflow, by meaning: formatting, comments and the order of keys and
//! of steps make no difference.
//!
//! Invariant: `compare(a, a)` is empty, and `compare(b, a)` is `compare(a, b)` with old and new exchanged.
//!
//! Not here: the difference of two texts, and what a change means for a run (`loomwork-run`).

mod fingerprint;
mod form;
mod matching;
mod table;

use serde::Serialize;
use serde_json::Value;

use crate::model::Workflow;
use form::{Form, Pen, workflow_form};
use matching::{Matching, matching};
use table::Table;

pub use fingerprint::{reads_env, step_fingerprint};

/// The difference between two definitions. Paths are those of groups and step with dots (`describe.sentence`).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Comparison {
    /// Steps that only the new one has.
    pub added: Vec<String>,
    /// Steps that only the old one has.
    pub removed: Vec<String>,
    /// Steps with another id.
    pub renamed: Vec<StepMove>,
    /// Steps in another group.
    pub moved: Vec<StepMove>,
    /// Steps that do, need or tolerate something else.
    pub changed: Vec<StepChange>,
    /// What changed at the top of the file.
    pub workflow: Vec<FieldChange>,
}

/// A step that is found elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepMove {
    /// Its path in the old definition.
    pub from: String,
    /// Its path in the new one.
    pub to: String,
}

/// A step that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepChange {
    /// Its path in the old definition.
    pub from: String,
    /// Its path in the new one.
    pub to: String,
    /// The fields that changed.
    pub fields: Vec<FieldChange>,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field, with dots: `run`, `env.LANG`, `retry.attempts`.
    pub field: String,
    /// What it is about.
    pub aspect: Aspect,
    /// Its value before; none when it was not there.
    pub from: Option<Value>,
    /// Its value now; none when it is not there.
    pub to: Option<Value>,
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// What is done.
    Action,
    /// What goes in.
    Inputs,
    /// When it is done, after what.
    Edges,
    /// What happens around it: retries, timeouts, errors, restarts.
    Policy,
    /// How it is shown.
    Presentation,
}

impl Aspect {
    /// What a field of a step is about.
    fn of_step(field: &str) -> Self {
        match field {
            "title" | "description" => Self::Presentation,
            "needs" | "join" | "when" => Self::Edges,
            "env" | "stdin" => Self::Inputs,
            "retry" | "timeout" | "on_restart" | "on_error" | "compensate" | "breaker" | "pin" | "cache" | "isolation"
            | "resources" | "runs_on" | "sla" | "priority" => Self::Policy,
            _ => Self::Action,
        }
    }

    /// What a field at the top is about.
    fn of_workflow(field: &str) -> Self {
        match field {
            "version" | "description" | "labels" => Self::Presentation,
            "inputs" | "env" | "secrets" => Self::Inputs,
            "id" | "outputs" | "agents" | "servers" => Self::Action,
            _ => Self::Policy,
        }
    }
}

impl Comparison {
    /// Whether the two mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two definitions.
#[must_use]
pub fn compare(old: &Workflow, new: &Workflow) -> Comparison {
    let (old_table, new_table) = (Table::new(old), Table::new(new));
    let found = matching(&old_table, &new_table);
    let mut comparison = Comparison::default();
    let without = |table: &Table<'_>, partners: &[Option<usize>]| {
        let rows = table.rows.iter().zip(partners);
        rows.filter(|(_, partner)| partner.is_none()).map(|(row, _)| row.path.clone()).collect::<Vec<_>>()
    };
    comparison.removed = without(&old_table, &found.old);
    comparison.added = without(&new_table, &found.new);
    for (new_row, partner) in found.new.iter().enumerate() {
        let Some(old_row) = *partner else { continue };
        let (was, is) = (&old_table.rows[old_row], &new_table.rows[new_row]);
        let place = StepMove { from: was.path.clone(), to: is.path.clone() };
        if was.parent.map(|group| found.old[group]) != is.parent.map(Some) {
            comparison.moved.push(place.clone());
        }
        if was.step.id != is.step.id {
            comparison.renamed.push(place.clone());
        }
        let fields = changed_fields(&old_table, &new_table, &found, (old_row, new_row));
        if !fields.is_empty() {
            comparison.changed.push(StepChange { from: place.from, to: place.to, fields });
        }
    }
    comparison.workflow = changed_top(old, new, (&old_table, &new_table), &found);
    comparison
}

/// The name in forms that are compared: common to both for a step that both have, else of one side alone.
fn old_name(found: &Matching, row: usize) -> String {
    found.old[row].map_or_else(|| format!("-{row}"), |_| format!("={row}"))
}

fn new_name(found: &Matching, row: usize) -> String {
    found.new[row].map_or_else(|| format!("+{row}"), |old| format!("={old}"))
}

fn changed_fields(old: &Table<'_>, new: &Table<'_>, found: &Matching, (was, is): (usize, usize)) -> Vec<FieldChange> {
    let (before, after) = (old.form(was, Some(&|row| old_name(found, row))), new.form(is, Some(&|row| new_name(found, row))));
    if before == after {
        return Vec::new();
    }
    let mut changes = Vec::new();
    let written = (old.form(was, None), new.form(is, None));
    difference((&before, &after), (&written.0, &written.1), Aspect::of_step, &mut changes);
    changes
}

fn changed_top(
    old: &Workflow,
    new: &Workflow,
    (old_table, new_table): (&Table<'_>, &Table<'_>),
    found: &Matching,
) -> Vec<FieldChange> {
    let name_of =
        |table: &Table<'_>, id: &str, name: &dyn Fn(usize) -> String| table.resolve(None, id).map_or_else(|| id.to_owned(), name);
    let before = |id: &str| name_of(old_table, id, &|row| old_name(found, row));
    let after = |id: &str| name_of(new_table, id, &|row| new_name(found, row));
    let canonical = (workflow_form(old, Pen::Canonical(&before)), workflow_form(new, Pen::Canonical(&after)));
    let written = (workflow_form(old, Pen::Written), workflow_form(new, Pen::Written));
    let mut changes = Vec::new();
    difference((&canonical.0, &canonical.1), (&written.0, &written.1), Aspect::of_workflow, &mut changes);
    changes
}

/// The fields in which two forms differ, with the values as they are written.
fn difference(
    (before, after): (&Form, &Form),
    (from, to): (&Form, &Form),
    aspect: fn(&str) -> Aspect,
    changes: &mut Vec<FieldChange>,
) {
    for field in union(before, after) {
        let values = (before.get(field), after.get(field));
        descend(field, aspect(field), values, (from.get(field), to.get(field)), changes);
    }
}

fn descend(
    field: &str,
    aspect: Aspect,
    canonical: (Option<&Value>, Option<&Value>),
    written: (Option<&Value>, Option<&Value>),
    changes: &mut Vec<FieldChange>,
) {
    if canonical.0 == canonical.1 {
        return;
    }
    let (Some(Value::Object(before)), Some(Value::Object(after))) = canonical else {
        let (from, to) = (written.0.cloned(), written.1.cloned());
        changes.push(FieldChange { field: field.to_owned(), aspect, from, to });
        return;
    };
    for key in union(before, after) {
        let inside = |value: Option<&'_ Value>| value.and_then(|value| value.get(key)).cloned();
        let (from, to) = (inside(written.0), inside(written.1));
        let values = (before.get(key), after.get(key));
        descend(&format!("{field}.{key}"), aspect, values, (from.as_ref(), to.as_ref()), changes);
    }
}

/// The order of `needs` says nothing.
fn needs_field(form: &mut Form, mut needs: Vec<String>) {
    if !needs.is_empty() {
        needs.sort_unstable();
        form.insert("needs".to_owned(), needs.into());
    }
}

fn union<'f>(one: &'f Form, other: &'f Form) -> impl Iterator<Item = &'f str> {
    one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))).map(String::as_str)
}
