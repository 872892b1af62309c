//! What inputs hold, and what steps give back.

use indexmap::IndexMap;
use serde_json::Value;

use super::infer::{Steps, View, infer};
use super::lattice::Type;
use super::schema::of_schema;
use crate::expression::{Part, Template};
use crate::model::{Action, ErrorAction, Input, InputKind, OnItemFailure, OutputAs, Process, ProgramText, Repeat, Step, Wait};

/// What an input holds.
pub(crate) fn of_input(input: &Input) -> Type {
    let declared = match (&input.schema, input.kind) {
        (Some(schema), _) => of_schema(schema),
        (None, InputKind::String | InputKind::File) => Type::Text,
        (None, InputKind::Integer) => Type::Int,
        (None, InputKind::Number) => Type::number(),
        (None, InputKind::Boolean) => Type::Bool,
        (None, InputKind::Array) => Type::list(Type::Dyn),
        (None, InputKind::Object) => Type::map(Type::Dyn),
    };
    // Whoever starts a run may give null for what is not required.
    if input.required { declared } else { declared.or(Type::Null) }
}

/// What the value of a template is, once it is written as JSON.
pub(super) fn of_template(template: &Template, view: View<'_>) -> Type {
    of_part(template.part(), view)
}

fn of_part(part: &Part, view: View<'_>) -> Type {
    match part {
        Part::Literal(value) => Type::of(value),
        Part::Whole(program) => match infer(program, view).0.json() {
            // The step fails then, and nobody reads what it gives back.
            Type::Never => Type::Dyn,
            known => known,
        },
        Part::Text(_) => Type::Text,
        Part::List(items) => Type::list(Type::any_of(items.iter().map(|item| of_part(item, view)))),
        Part::Map(entries) => Type::object(entries.iter().map(|(key, value)| (key.clone(), of_part(value, view))), false),
    }
}

/// What a scope gives back under names: a value that reads a step without an output is null.
pub(super) fn of_outputs(outputs: &IndexMap<String, Template>, view: View<'_>) -> Vec<(String, Type)> {
    let reads = |template: &Template| template.references().iter().any(|read| read.read == crate::Read::Output);
    let output = |(name, template): (&String, &Template)| {
        let of = of_template(template, view);
        (name.clone(), if reads(template) { of.or(Type::Null) } else { of })
    };
    outputs.iter().map(output).collect()
}

/// What a process hands on; a script may write any JSON to `$LOOMWORK_OUTPUT` in its place.
fn of_process(process: &Process) -> Type {
    match (process.output, &process.program) {
        (Some(OutputAs::Text), _) => Type::Text,
        (Some(OutputAs::Lines), _) => Type::list(Type::Text),
        (Some(OutputAs::Json), _) => Type::Dyn,
        (None, ProgramText::Script { script, .. }) if script.contains("LOOMWORK_OUTPUT") => Type::Dyn,
        // What the script calls may write to it too, but not under these names.
        (None, _) => process_output(),
    }
}

fn process_output() -> Type {
    Type::loose([("exit_code", Type::Int), ("stdout", Type::Text), ("stderr_tail", Type::Text), ("stdout_truncated", Type::Bool)])
}

/// What an action gives back. Groups are known by their steps (`inner`).
fn of_action(action: &Action, inner: Option<Type>, view: View<'_>) -> Type {
    let fields = |fields: Vec<(&str, Type)>| Type::object(fields.into_iter().map(|(name, of)| (name.to_owned(), of)), false);
    match action {
        Action::Process(process) => of_process(process),
        Action::Set(values) => {
            Type::object(values.iter().map(|(name, template)| (name.clone(), of_template(template, view))), false)
        }
        Action::Choose(_) => Type::Text,
        Action::Group(_) => inner.unwrap_or(Type::Dyn),
        Action::Wait(Wait::For(_) | Wait::Until(_)) | Action::Emit { .. } | Action::End(_) => Type::Null,
        Action::Approve(approve) => fields(vec![
            ("decision", Type::Text),
            ("by", Type::Text.or(Type::Null)),
            ("comment", Type::Text.or(Type::Null)),
            ("form", approve.form.as_ref().map_or(Type::Dyn, of_schema).or(Type::Null)),
        ]),
        Action::Cancel(_) => Type::list(Type::Text),
        Action::Wait(Wait::Event { .. }) | Action::FirstOf(_) | Action::Call(_) => Type::Dyn,
        Action::Effect { name: "http", input } => {
            let body = literal(input.part(), &["expect", "schema"]).map_or(Type::Dyn, of_schema);
            fields(vec![("status", Type::Int), ("headers", Type::map(Type::Text)), ("body", body)])
        }
        Action::Effect { name: "container", .. } => process_output(),
        Action::Effect { name: "agent", input } => literal(input.part(), &["output_schema"]).map_or(Type::Dyn, of_schema),
        Action::Effect { .. } => Type::Dyn,
    }
}

/// A value without expressions, behind some keys.
fn literal<'p>(part: &'p Part, path: &[&str]) -> Option<&'p Value> {
    match (part, path) {
        (Part::Literal(value), _) => path.iter().try_fold(value, |value, key| value.get(key)),
        (Part::Map(entries), [first, rest @ ..]) => {
            entries.iter().find(|(key, _)| key == first).and_then(|(_, part)| literal(part, rest))
        }
        _ => None,
    }
}

/// What one execution of a step gives back: an element, a pass, or the step itself when it is not repeated.
pub(super) fn of_once(step: &Step, inner: Option<Type>, view: View<'_>) -> Type {
    let each_on_its_own = !matches!(step.action, Action::Group(_)) || step.repeat.is_none();
    let of = of_action(&step.action, inner, view);
    if each_on_its_own { handled(step, of, view) } else { of }
}

/// What a step gives back as a whole.
pub(super) fn of_step(step: &Step, once: Type, view: View<'_>) -> Type {
    let whole = match &step.repeat {
        None => once,
        Some(Repeat::ForEach(each)) => {
            let gaps = each.on_item_failure == OnItemFailure::Continue || each.enough.is_some();
            Type::list(if gaps { once.or(Type::Null) } else { once })
        }
        Some(Repeat::Loop(_)) => once.or(Type::Null),
    };
    let whole = if step.repeat.is_some() && matches!(step.action, Action::Group(_)) { handled(step, whole, view) } else { whole };
    match &step.pin {
        Some(pin) => whole.or(Type::of(pin)),
        None => whole,
    }
}

/// What else a step gives back when its failure is handled in place.
fn handled(step: &Step, of: Type, view: View<'_>) -> Type {
    step.on_error.iter().fold(of, |of, rule| match &rule.then {
        ErrorAction::Continue => of.or(Type::Null),
        ErrorAction::Fallback(action) => of.or(of_action(action, None, view)),
        _ => of,
    })
}

/// What is known of the output of the pass before, without knowing what the steps of the pass hold.
pub(super) fn previous(step: &Step, names: &mut dyn Iterator<Item = String>) -> Type {
    let keys = |names: &mut dyn Iterator<Item = String>| Type::object(names.map(|name| (name, Type::Dyn)), false);
    let handled = step.on_error.iter().any(|rule| matches!(rule.then, ErrorAction::Fallback(_)));
    let of = match &step.action {
        _ if handled => Type::Dyn,
        Action::Group(group) => match &group.outputs {
            Some(outputs) => keys(&mut outputs.keys().cloned()),
            None => keys(names),
        },
        Action::Set(values) => keys(&mut values.keys().cloned()),
        other => {
            let nothing = Steps::default();
            let any = Type::Dyn;
            of_action(other, None, View { inputs: &any, env: &any, steps: &nothing, item: &any, previous: &any })
        }
    };
    of.or(Type::Null)
}
