//! Problems of a workflow with the other files of the workspace, and with its secrets.
//!
//! Invariant: nothing here reads a file; the same workflows have the same problems.
//! Not here: what is wrong within one file (`loomwork-workflow`), and files that cannot be read (`catalog`).

use std::collections::{HashMap, HashSet};

use loomwork_api::{Diagnostic, Fix, TextEdit};
use loomwork_workflow::codes::{self, Code};
use loomwork_workflow::{CalledWorkflow, GivenInput, Span, Workflow, check_input, nearest};

use super::Entry;

/// The workflows of a workspace, by id. Of two with one id the first counts.
pub(crate) struct Workflows<'e>(HashMap<&'e str, &'e Entry>);

impl<'e> Workflows<'e> {
    pub(crate) fn new(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut by_id = HashMap::new();
        for entry in entries {
            if let Some(id) = entry.id() {
                by_id.entry(id).or_insert(entry);
            }
        }
        Self(by_id)
    }

    /// The problems that a workflow has with those around it; it stands for the one of its id.
    pub(crate) fn problems(&self, entry: &Entry) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for call in &entry.analysis.calls {
            match self.get(entry, &call.id) {
                None => found.push(self.unknown(entry, call)),
                Some(called) => found.extend(inputs(call, called)),
            }
        }
        found.extend(self.recursion(entry));
        found
    }

    fn get<'a>(&'a self, own: &'a Entry, id: &str) -> Option<&'a Entry> {
        if own.id() == Some(id) { Some(own) } else { self.0.get(id).copied() }
    }

    fn unknown(&self, entry: &Entry, call: &CalledWorkflow) -> Diagnostic {
        let near = nearest(&call.id, self.0.keys().copied().chain(entry.id()));
        let meant =
            near.as_ref().map_or_else(|| "Make it, or name another one.".to_owned(), |near| format!("Did you mean `{near}`?"));
        let message = format!("There is no workflow with the id `{}` in this workspace. {meant}", call.id);
        let fixes = near.map(|near| replacement(format!("Change to `{near}`"), call.span, near));
        Diagnostic { fixes: fixes.into_iter().collect(), ..at(codes::UNKNOWN_WORKFLOW, call, call.span, message) }
    }

    /// The circle of calls that leads back to this workflow, if there is one.
    fn recursion(&self, entry: &Entry) -> Option<Diagnostic> {
        let start = entry.id()?;
        let circle = self.circle(entry, start)?;
        let first = circle[0].1;
        let names: Vec<String> = circle.iter().map(|(from, _)| *from).chain([start]).map(|id| format!("`{id}`")).collect();
        let endless = circle.iter().all(|(from, call)| {
            let workflow = self.get(entry, from).and_then(|entry| entry.analysis.workflow.as_ref());
            workflow.is_some_and(|workflow| call.main && call.step.as_ref().is_some_and(|step| workflow.always_runs(step)))
        });
        let names = names.join(" → ");
        let (code, advice) = if endless {
            (
                codes::ENDLESS_RECURSION,
                "Nothing on the way decides whether it does so again: let a condition or a port lead to the call.",
            )
        } else {
            (codes::RECURSION, "See that the condition on the way becomes false at some time.")
        };
        Some(at(code, first, first.span, format!("This workflow calls itself: {names}. {advice}")))
    }

    /// A shortest way of calls from a workflow back to itself.
    fn circle<'a>(&'a self, entry: &'a Entry, start: &'a str) -> Option<Vec<(&'a str, &'a CalledWorkflow)>> {
        let mut seen = HashSet::new();
        let mut ways: Vec<Vec<(&str, &CalledWorkflow)>> = vec![Vec::new()];
        while !ways.is_empty() {
            let mut next = Vec::new();
            for way in ways {
                let at = way.last().map_or(start, |(_, call)| call.id.as_str());
                let Some(calling) = self.get(entry, at) else { continue };
                for call in calling.analysis.calls.iter().filter(|call| call.step.is_some()) {
                    let longer = || way.iter().copied().chain([(at, call)]).collect::<Vec<_>>();
                    if call.id == start {
                        return Some(longer());
                    }
                    if seen.insert(call.id.as_str()) {
                        next.push(longer());
                    }
                }
            }
            ways = next;
        }
        None
    }
}

/// What is wrong with the inputs that a step gives.
fn inputs(call: &CalledWorkflow, called: &Entry) -> Vec<Diagnostic> {
    let (Some(given), Some(workflow)) = (&call.inputs, &called.analysis.workflow) else { return Vec::new() };
    let mut found: Vec<Diagnostic> =
        given.iter().filter_map(|input| input_problem(call, input, workflow, &called.path)).collect();
    let given = |name: &str| given.iter().any(|input| input.name == name);
    let missing = workflow.inputs.iter().filter(|(name, input)| input.required && input.default.is_none() && !given(name));
    let missing: Vec<String> = missing.map(|(name, _)| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let message = format!("`{}` ({}) requires {}: add it to `inputs`.", call.id, called.path, missing.join(" and "));
        found.push(at(codes::MISSING_INPUT, call, call.span, message));
    }
    found
}

fn input_problem(call: &CalledWorkflow, given: &GivenInput, workflow: &Workflow, path: &str) -> Option<Diagnostic> {
    let name = &given.name;
    let Some(input) = workflow.inputs.get(name) else {
        let near = nearest(name, workflow.inputs.keys().map(String::as_str));
        let known: Vec<String> = workflow.inputs.keys().map(|name| format!("`{name}`")).collect();
        let advice = match &near {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.is_empty() => "It has none; remove it.".to_owned(),
            None => format!("It has {}.", known.join(", ")),
        };
        let message = format!("`{}` ({path}) has no input `{name}`. {advice}", call.id);
        let fixes = near.map(|near| replacement(format!("Rename to `{near}`"), given.name_span, near));
        let fixes = fixes.into_iter().collect();
        return Some(Diagnostic { fixes, ..at(codes::UNKNOWN_INPUT, call, given.name_span, message) });
    };
    let problem = check_input(name, input, given.value.as_ref()?).err()?;
    let message = format!("`{}` ({path}) does not accept this: {problem}.", call.id);
    Some(at(codes::BAD_INPUT, call, given.value_span, message))
}

/// Warnings of secrets that have no value.
pub(crate) fn unset_secrets(entry: &Entry, has_value: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let unset = entry.analysis.secrets.iter().filter(|secret| !has_value(&secret.name));
    let warning = |secret: &loomwork_workflow::NamedSecret| {
        let message = format!(
            "The secret `{0}` has no value on this machine. Add it to .loomwork/secrets.json, or set LOOMWORK_SECRET_{0} for the engine.",
            secret.name
        );
        problem(codes::UNSET_SECRET, None, secret.span, message)
    };
    unset.map(warning).collect()
}

fn at(code: Code, call: &CalledWorkflow, span: Span, message: String) -> Diagnostic {
    problem(code, call.step.clone(), span, message)
}

pub(super) fn problem(code: Code, step: Option<String>, span: Span, message: String) -> Diagnostic {
    Diagnostic {
        code: code.code.to_owned(),
        severity: crate::design::severity(code.severity),
        message,
        step,
        field: None,
        line: span.start.line,
        column: span.start.column,
        end_line: span.end.line,
        end_column: span.end.column,
        related: Vec::new(),
        fixes: Vec::new(),
    }
}

fn replacement(title: String, span: Span, text: String) -> Fix {
    let Span { start, end } = span;
    let edit = TextEdit { line: start.line, column: start.column, end_line: end.line, end_column: end.column, text };
    Fix { title, edits: vec![edit] }
}
