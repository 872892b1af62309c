//! The first place where a tree does not say what it should, and the smallest change that mends it.

use serde_json::Value;

use super::change::Segment;
use crate::yaml::Node;

/// The order in which keys of a step are written when they are added.
const STEP_ORDER: [&str; 53] = [
    "id",
    "title",
    "description",
    "needs",
    "join",
    "when",
    "for_each",
    "loop",
    "max_parallel",
    "on_item_failure",
    "enough",
    "rest",
    "run",
    "command",
    "http",
    "tool",
    "container",
    "agent",
    "team",
    "workflow",
    "set",
    "jq",
    "choose",
    "wait",
    "first_of",
    "approve",
    "emit",
    "cancel",
    "end",
    "prompt",
    "tools",
    "budget",
    "output_schema",
    "shell",
    "env",
    "workdir",
    "stdin",
    "output",
    "artifacts",
    "retry",
    "timeout",
    "on_error",
    "compensate",
    "breaker",
    "cache",
    "isolation",
    "resources",
    "runs_on",
    "priority",
    "sla",
    "on_restart",
    "pin",
    "outputs",
];
const TOP_ORDER: [&str; 20] = [
    "loomwork",
    "id",
    "version",
    "description",
    "inputs",
    "env",
    "secrets",
    "agents",
    "servers",
    "triggers",
    "concurrency",
    "defaults",
    "profiles",
    "timeout",
    "on_failure",
    "priority",
    "sla",
    "labels",
    "steps",
    "outputs",
];

/// A change that a single replacement of text can make.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Primitive {
    /// Another value at the path.
    Replace(Value),
    /// A further entry of the map at the path.
    InsertEntry { after: Option<String>, key: String, value: Value },
    /// One entry less.
    RemoveEntry { key: String },
    /// A further item of the list at the path.
    InsertItem { index: usize, value: Value },
    /// One item less.
    RemoveItem { index: usize },
}

/// Where a tree at `base` first differs from the target, and what to do there. Only below `scope` the order of keys counts:
/// elsewhere new keys take the place that is usual for them.
pub(super) fn first_difference(
    node: &Node,
    target: &Value,
    base: &[Segment],
    scope: &[Segment],
) -> Option<(Vec<Segment>, Primitive)> {
    let mut path = base.to_vec();
    let primitive = difference(node, target, &mut path, scope)?;
    Some((path, primitive))
}

fn difference(node: &Node, target: &Value, path: &mut Vec<Segment>, scope: &[Segment]) -> Option<Primitive> {
    match (target, node.entries(), node.items()) {
        (Value::Object(wanted), Some(entries), _) if !wanted.is_empty() && !entries.is_empty() => {
            let kept = entries.iter().filter(|entry| wanted.contains_key(&entry.key));
            let in_order = || kept.clone().map(|entry| &entry.key).eq(wanted.keys().filter(|key| node.entry(key).is_some()));
            if kept.clone().next().is_none() || (path.starts_with(scope) && !in_order()) {
                return Some(Primitive::Replace(target.clone()));
            }
            for entry in entries {
                let Some(value) = wanted.get(&entry.key) else {
                    return Some(Primitive::RemoveEntry { key: entry.key.clone() });
                };
                path.push(Segment::Key(entry.key.clone()));
                if let Some(found) = difference(&entry.value, value, path, scope) {
                    return Some(found);
                }
                path.pop();
            }
            let (key, value) = wanted.iter().find(|(key, _)| node.entry(key).is_none())?;
            Some(Primitive::InsertEntry { after: place_for(node, wanted, key, path), key: key.clone(), value: value.clone() })
        }
        (Value::Array(wanted), _, Some(items)) if !wanted.is_empty() && !items.is_empty() => {
            list_difference(items, wanted, path, scope)
        }
        _ => (node.to_json() != *target).then(|| Primitive::Replace(target.clone())),
    }
}

fn list_difference(items: &[Node], wanted: &[Value], path: &mut Vec<Segment>, scope: &[Segment]) -> Option<Primitive> {
    if items.len() != wanted.len() {
        let at =
            items.iter().zip(wanted).position(|(item, value)| item.to_json() != *value).unwrap_or(items.len().min(wanted.len()));
        return Some(if items.len() > wanted.len() {
            Primitive::RemoveItem { index: at }
        } else {
            Primitive::InsertItem { index: at, value: wanted[at].clone() }
        });
    }
    for (at, (item, value)) in items.iter().zip(wanted).enumerate() {
        path.push(Segment::Index(at));
        if let Some(found) = difference(item, value, path, scope) {
            return Some(found);
        }
        path.pop();
    }
    None
}

/// Behind which key a new one goes: by the usual order in steps and at the top, else behind the one before it in the target.
fn place_for(node: &Node, wanted: &serde_json::Map<String, Value>, key: &str, path: &[Segment]) -> Option<String> {
    let entries = node.entries()?;
    let order: Option<&[&str]> = match path {
        [] => Some(&TOP_ORDER),
        [.., Segment::Key(steps), Segment::Index(_)] if steps == "steps" => Some(&STEP_ORDER),
        _ => None,
    };
    let rank = |key: &str| order.and_then(|order| order.iter().position(|known| *known == key));
    let before = match rank(key) {
        Some(own) => {
            entries.iter().rev().find(|entry| rank(&entry.key).is_some_and(|rank| rank < own)).map(|entry| entry.key.clone())
        }
        None => wanted.keys().take_while(|known| *known != key).filter(|known| node.entry(known).is_some()).last().cloned(),
    };
    before.or_else(|| entries.last().map(|entry| entry.key.clone()))
}
