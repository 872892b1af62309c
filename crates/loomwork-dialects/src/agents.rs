//! What the two dialects of agents have in common: agents that stay agents, and agents bound to local commands.
//!
//! A bound agent is a command that reads one JSON object on its standard input and answers on its standard output.

pub(crate) mod steps;
pub(crate) mod tools;

use serde_json::Value;

use crate::cel;
use crate::draft::Workflow;
use crate::names;
use crate::yaml::{Map, Yaml};

/// Longest literal text that stays inside an expression; longer ones move to `env`.
const LONG_TEXT: usize = 300;

/// What a bound agent gets: field → expression.
type Request = Vec<(&'static str, String)>;

/// The fields of a step that runs a command in place of an agent.
fn put_command(step: &mut Map, argv: &[String], request: &Request, answer: &str) {
    let fields: Vec<String> = request.iter().map(|(name, value)| format!("{}: {value}", cel::quote(name))).collect();
    step.put("command", argv.iter().map(|argument| cel::escape(argument)).collect::<Vec<_>>());
    step.put("stdin", cel::whole(&format!("text({{{}}})", fields.join(", "))));
    step.put("output", Map::new().with("from", "stdout").with("as", answer));
}

/// A literal text as an expression: long ones are kept in the workflow's `env`, because an expression has a bound.
fn long_text(workflow: &mut Workflow, name: &str, text: &str) -> String {
    if text.len() <= LONG_TEXT {
        return cel::quote(text);
    }
    let variable = names::variable(name);
    workflow.env.put(&variable, cel::escape(text));
    format!("env.{variable}")
}

/// Finds references in a text: `find` says for the text after a `$` how long the reference is and what it is as an
/// expression.
fn parts(text: &str, mut find: impl FnMut(&str) -> Option<(usize, String)>) -> Vec<cel::Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        match find(after) {
            Some((length, expression)) => {
                if !literal.is_empty() {
                    parts.push(cel::Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(cel::Part::Expression(expression));
                rest = &after[length..];
            }
            None => {
                literal.push('$');
                rest = after;
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(cel::Part::Text(literal));
    }
    parts
}

/// A value with references in its texts, as an expression.
fn expression(value: &Value, of_text: &mut impl FnMut(&str) -> String) -> String {
    match value {
        Value::String(text) => of_text(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| expression(item, of_text)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", cel::quote(key), expression(value, of_text))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => cel::literal(other),
    }
}

/// Retry after any failure that another attempt could mend.
fn retry(retries: u64, backoff: Option<&str>) -> Map {
    let mut map = Map::new().with("attempts", Yaml::from(retries.saturating_add(1).min(1_000)));
    map.put_some("backoff", backoff);
    let classes = ["transient", "timeout", "resource", "dependency", "validation", "permanent", "unknown"];
    map.with("classes", classes.to_vec())
}
