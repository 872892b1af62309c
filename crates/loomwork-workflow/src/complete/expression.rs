//! What can be written in an expression, with its type, and its value in a run.

use std::collections::HashMap;

use super::page::{Page, last};
use super::preview::preview;
use super::{CompletionKind, Offer};
use crate::Scope;
use crate::expression::{Builtin, MACROS, Program, Style, Template, builtins, is_namespace};
use crate::outline::OutlineNode;
use crate::types::{Heads, ObjectType, Steps, Type, View, error_type, event_type, infer, pass_type, run_type};

const ROOTS: [(&str, &str); 5] = [
    ("steps", "the steps that can be read here"),
    ("inputs", "the inputs of the run"),
    ("env", "the environment of the workflow"),
    ("run", "the run: id, started_at, trigger"),
    ("secrets", "the secrets of the workflow, in places that take them"),
];
const LOCALS: [(&str, &str, &str); 3] = [
    ("index", "for_each", "number of the element, from 0"),
    ("item", "for_each", "the element of the list"),
    ("pass", "loop", "the pass: index, previous"),
];
const STEP_FIELDS: [(&str, &str); 5] = [
    ("output", "what the step gave back; guard it with has() when the step may be skipped"),
    ("status", "how the step ended: succeeded, failed, skipped or cancelled"),
    ("error", "why the step failed: class, message, details"),
    ("attempts", "how many attempts it took"),
    ("duration", "how long it took"),
];
/// What fields mean whose names do not say it; by the name that they are read from.
const MEANINGS: [(&str, &str, &str); 13] = [
    ("error", "class", "transient, timeout, resource, dependency, validation, security, permanent or unknown"),
    ("error", "message", "what went wrong, in words"),
    ("error", "details", "what else is known"),
    ("error", "recoverable", "whether another attempt may help"),
    ("error", "suggested_action", "what to do about it"),
    ("run", "id", "id of the run"),
    ("run", "started_at", "when it started"),
    ("run", "trigger", "what started it"),
    ("pass", "index", "number of the pass, from 1"),
    ("pass", "previous", "output of the pass before"),
    ("event", "name", "name of the event"),
    ("event", "data", "data of the event"),
    ("output", "stderr_tail", "the end of what it wrote to standard error"),
];

/// What an expression that is being written can go on with, whatever of the next word stands there already.
pub(super) fn offers(page: &Page, before: &str, run: Option<&Scope>) -> Vec<Offer> {
    let Some(value) = before.strip_suffix('.') else {
        return roots(page, run);
    };
    let value = &value[operand_start(value)..];
    let value = value.trim();
    match value {
        "" => Vec::new(),
        "inputs" => inputs(page, run),
        "env" => named(&page.names("env"), "env", "environment of the workflow", run),
        "secrets" => named(&page.names("secrets"), "secrets", "secret", None),
        "steps" => page.visible().into_iter().map(|node| step(page, node, run)).collect(),
        space if is_namespace(space) => {
            let within = |name: &str| name.strip_prefix(space).is_some_and(|rest| rest.starts_with('.'));
            let macros = MACROS.iter().filter(|(name, ..)| within(name)).map(|(name, signature, help)| Offer {
                of: Some((*signature).to_owned()),
                ..offer(last(name), CompletionKind::Function, help)
            });
            let named = builtins().iter().filter(|builtin| within(builtin.name));
            macros.chain(named.map(|builtin| function(builtin, last(builtin.name)))).collect()
        }
        other => match other.strip_prefix("steps.").filter(|id| !id.contains(['.', '[', '('])) {
            Some(id) => step_fields(page, id, run),
            None => members(page, other, run),
        },
    }
}

/// Where the operand begins that ends a text: names, dots, and what is in brackets.
fn operand_start(text: &str) -> usize {
    let mut open = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices().rev() {
        match c {
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '\'' | '"' => quote = Some(c),
            ')' | ']' => open += 1,
            '(' | '[' if open > 0 => open -= 1,
            _ if open > 0 || c.is_alphanumeric() || c == '_' || c == '.' => {}
            _ => return at + c.len_utf8(),
        }
    }
    0
}

fn offer(label: &str, kind: CompletionKind, detail: &str) -> Offer {
    Offer { label: label.to_owned(), kind, detail: detail.to_owned(), of: None, value: None }
}

/// The value of an expression in a run, in short.
fn value_of(expression: &str, run: Option<&Scope>) -> Option<String> {
    let (template, problems) = Template::parse_text(&format!("${{{{{expression}}}}}"));
    let value = template.evaluate(run?).ok().filter(|_| problems.is_empty())?;
    Some(preview(&value))
}

fn roots(page: &Page, run: Option<&Scope>) -> Vec<Offer> {
    let path = page.step().map_or("", |node| node.id.as_str());
    let around = |repeat: &str| {
        let within = |node: &&OutlineNode| node.id == path || path.starts_with(&format!("{}.", node.id));
        page.nodes().filter(within).any(|node| node.repeat == Some(repeat))
    };
    let mut offers = Vec::new();
    for (name, _, detail) in LOCALS.into_iter().rev().filter(|(_, repeat, _)| around(repeat)) {
        let of = type_of(page, name).map(|of| of.to_string());
        offers.push(Offer { of, value: value_of(name, run), ..offer(name, CompletionKind::Name, detail) });
    }
    offers.extend(ROOTS.iter().map(|(name, detail)| offer(name, CompletionKind::Name, detail)));
    let macros = MACROS[..2].iter();
    offers.extend(macros.map(|(name, signature, help)| Offer {
        of: Some((*signature).to_owned()),
        ..offer(name, CompletionKind::Function, help)
    }));
    let callable = builtins().iter().filter(|builtin| builtin.style != Style::Member);
    offers.extend(callable.map(|builtin| function(builtin, builtin.name)));
    offers
}

fn function(builtin: &Builtin, label: &str) -> Offer {
    Offer { of: Some(builtin.signature()), ..offer(label, CompletionKind::Function, builtin.help) }
}

fn inputs(page: &Page, run: Option<&Scope>) -> Vec<Offer> {
    let of = |name: &str| match &page.types.inputs {
        Type::Object(object) => object.fields.get(name).map(Type::to_string),
        _ => None,
    };
    let input = |input: &crate::OutlineInput| Offer {
        of: of(&input.name),
        value: value_of(&format!("inputs.{}", input.name), run),
        ..offer(&input.name, CompletionKind::Name, input.description.as_deref().unwrap_or("input of the run"))
    };
    page.outline.inputs.iter().map(input).collect()
}

fn named(names: &[String], root: &str, detail: &str, run: Option<&Scope>) -> Vec<Offer> {
    let name = |name: &String| Offer {
        of: Some(Type::Text.to_string()),
        value: value_of(&format!("{root}.{name}"), run),
        ..offer(name, CompletionKind::Name, detail)
    };
    names.iter().map(name).collect()
}

fn step(page: &Page, node: &OutlineNode, run: Option<&Scope>) -> Offer {
    let detail = node.title.clone().unwrap_or_else(|| format!("{}: {}", node.action, node.summary));
    let status = run.and_then(|run| run.steps.get(last(&node.id))).map(|step| step.status.clone());
    Offer {
        of: page.types.step(&node.id).map(|step| step.output.to_string()),
        value: status,
        ..offer(last(&node.id), CompletionKind::Step, &detail)
    }
}

fn step_fields(page: &Page, id: &str, run: Option<&Scope>) -> Vec<Offer> {
    let field = |(name, detail): (&str, &str)| {
        let read = format!("steps.{id}.{name}");
        let of = type_of(page, &read).map(|of| of.to_string());
        Offer { of, value: value_of(&read, run), ..offer(name, CompletionKind::Field, detail) }
    };
    STEP_FIELDS.into_iter().map(field).collect()
}

/// The fields of a value, then what can be called on it.
fn members(page: &Page, value: &str, run: Option<&Scope>) -> Vec<Offer> {
    let Some(of) = type_of(page, value) else {
        return Vec::new();
    };
    let from = last(value);
    let mut offers: Vec<Offer> = Vec::new();
    for object in of.members().iter().filter_map(object_of) {
        for (name, field) in &object.fields {
            let meaning = MEANINGS.iter().find(|(root, known, _)| *root == from && known == name).map(|(.., meaning)| *meaning);
            let detail = meaning.map_or_else(|| format!("field of {from}"), str::to_owned);
            let of = if value == "run" && name == "started_at" { Type::Timestamp } else { field.clone() };
            offers.push(Offer {
                of: Some(of.to_string()),
                value: value_of(&format!("{value}.{name}"), run),
                ..offer(name, CompletionKind::Field, &detail)
            });
        }
    }
    if !of.is_any() {
        let heads = of.heads();
        if heads.meets(Heads::LIST) {
            let macros = MACROS[2..].iter();
            offers.extend(macros.map(|(name, signature, help)| Offer {
                of: Some((*signature).to_owned()),
                ..offer(name, CompletionKind::Function, help)
            }));
        }
        let callable = builtins().iter().filter(|builtin| builtin.style == Style::Member);
        let fits = callable.filter(|builtin| builtin.takes.first().is_some_and(|(_, takes)| takes.meets(heads)));
        offers.extend(fits.map(|builtin| function(builtin, builtin.name)));
    }
    offers
}

fn object_of(of: &Type) -> Option<&ObjectType> {
    match of {
        Type::Object(object) | Type::Loose(object) => Some(object),
        _ => None,
    }
}

/// The type of an expression at the place; none when it cannot be read.
fn type_of(page: &Page, expression: &str) -> Option<Type> {
    match expression {
        "run" => return Some(run_type()),
        "event" => return Some(event_type()),
        _ => {}
    }
    if let Some(id) = expression.strip_prefix("steps.").and_then(|rest| rest.strip_suffix(".error"))
        && !id.contains('.')
    {
        return Some(error_type());
    }
    let program = Program::parse(expression).ok()?;
    let visible = page.visible();
    let output = |id| page.types.step(id).map_or(Type::Dyn, |step| step.output.clone());
    let own: HashMap<_, _> = visible.iter().map(|node| (last(&node.id), output(&node.id))).collect();
    let steps = Steps { own, ..Steps::default() };
    let inside = page.step().and_then(|node| page.types.step(&node.id));
    let (item, previous) = inside.map_or((Type::Dyn, Type::Dyn), |step| (step.item.clone(), step.previous.clone()));
    if expression == "pass" {
        return Some(pass_type(&previous));
    }
    let view = View { inputs: &page.types.inputs, env: &page.types.env, steps: &steps, item: &item, previous: &previous };
    Some(infer(&program, view).0)
}
