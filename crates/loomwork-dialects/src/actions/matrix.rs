//! `strategy.matrix`: its combinations, worked out as the source does.

use indexmap::IndexMap;
use serde_json::{Map as Object, Value};

use super::expression::{self, Piece};
use super::scope::Scope;
use crate::cel;
use crate::names::variable;
use crate::source::Node;
use crate::yaml::{Map, Yaml};

/// Most jobs that a matrix may make (a limit of the source too).
const MOST: usize = 256;

/// The keys of the combinations of a matrix.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Those that any combination has; none when they are known at run time only.
    all: Option<Vec<String>>,
    /// Those that some lack: there they are empty texts.
    gaps: Vec<String>,
}

/// How many combinations have a key.
pub(super) enum Held {
    Always,
    Sometimes,
    Never,
}

impl Keys {
    pub(super) fn of(&self, key: &str) -> Held {
        let holds = |keys: &[String]| keys.iter().any(|known| known == key);
        match &self.all {
            Some(all) if !holds(all) => Held::Never,
            _ if holds(&self.gaps) => Held::Sometimes,
            _ => Held::Always,
        }
    }
}

/// Puts the `for_each` of a job, and says what keys `item`, a combination from then on, has.
pub(super) fn put(step: &mut Map, job: Node<'_>, id: &str, scope: &mut Scope<'_>) -> Option<Keys> {
    let strategy = job.get("strategy")?;
    let matrix = strategy.get("matrix")?;
    let (list, keys) = list(matrix, id, scope)?;
    step.put("for_each", list);
    if let Some(most) = strategy.get("max-parallel")
        && let Some(number) = most.whole()
    {
        step.put("max_parallel", Yaml::from(number.max(1)));
    }
    if let Some(fast) = strategy.get("fail-fast") {
        match fast.boolean() {
            Some(true) => scope.report.approximated(fast, "after a failed combination no further one starts, but those under way go on to their end"),
            Some(false) => scope.report.approximated(fast, "combinations that are under way when one fails go on to their end; with `max_parallel` those that have not started do not start. `on_item_failure: continue` runs all, but then the job counts as succeeded"),
            None => {}
        }
    }
    Some(keys)
}

fn list(matrix: Node<'_>, id: &str, scope: &mut Scope<'_>) -> Option<(String, Keys)> {
    if let Some(text) = matrix.string() {
        scope.report.placeholder(
            matrix,
            format!(
                "the matrix `{}` is computed as a whole, which cannot be translated: the job runs once; write its `for_each`",
                text.trim()
            ),
        );
        return None;
    }
    let axes: Vec<(&str, Node<'_>)> =
        matrix.entries().into_iter().filter(|(key, _)| !matches!(*key, "include" | "exclude")).collect();
    if let [(name, axis)] = axes[..]
        && let Some(text) = axis.string()
    {
        return computed(name, text, axis, scope).map(|list| (list, Keys::default()));
    }
    let mut combinations = vec![Object::new()];
    for (name, axis) in &axes {
        let values: Vec<Value> = axis.items().into_iter().map(Node::value).collect();
        if values.is_empty() || combinations.len().saturating_mul(values.len()) > MOST {
            scope.report.placeholder(*axis, format!("`{name}` has no values that can be translated, or the matrix has more than {MOST} combinations: the axis is left out"));
            continue;
        }
        combinations = combinations
            .iter()
            .flat_map(|combination| {
                values.iter().map(|value| {
                    let mut combination = combination.clone();
                    combination.insert((*name).to_owned(), value.clone());
                    combination
                })
            })
            .collect();
    }
    let rules = |key: &str| -> Vec<Object<String, Value>> {
        let rules = matrix.get(key).map(Node::items).unwrap_or_default();
        rules.into_iter().filter(|rule| rule.is_map()).filter_map(|rule| rule.value().as_object().cloned()).collect()
    };
    let excluded = rules("exclude");
    for (name, value) in matrix.get("exclude").map(Node::items).unwrap_or_default().into_iter().flat_map(Node::entries) {
        if !axes.iter().any(|(axis, _)| *axis == name) {
            scope
                .report
                .approximated(value, format!("`{name}` is no axis of the matrix: this entry of `exclude` excludes nothing"));
        }
    }
    combinations
        .retain(|combination| !excluded.iter().any(|rule| rule.iter().all(|(key, value)| combination.get(key) == Some(value))));
    let axes: Vec<&str> = axes.iter().map(|(name, _)| *name).collect();
    if axes.is_empty() {
        combinations.clear();
    }
    include(&mut combinations, &axes, rules("include"));
    combinations.truncate(MOST);
    if combinations.is_empty() {
        return None;
    }
    let keys = even(&mut combinations);
    let value = Value::from(combinations.into_iter().map(Value::Object).collect::<Vec<_>>());
    let literal = cel::literal(&value);
    if literal.len() <= cel::LONGEST {
        return Some((cel::whole(&literal), keys));
    }
    let name = variable(&format!("{id}_matrix"));
    scope.workflow.env.put(&name, cel::escape(&value.to_string()));
    Some((cel::whole(&format!("json(env.{name})")), keys))
}

/// One axis whose values an expression gives.
fn computed(name: &str, text: &str, axis: Node<'_>, scope: &mut Scope<'_>) -> Option<String> {
    let values = match expression::split(text)[..] {
        [Piece::Expression(source)] => scope.expression(source).ok(),
        _ => None,
    };
    scope.report_remarks(axis);
    if let Some(values) = values {
        return Some(cel::whole(&format!("{values}.map(value, {{{}: value}})", cel::quote(name))));
    }
    scope.report.placeholder(
        axis,
        format!(
            "the values of `{name}` are computed in a way that cannot be translated: the job runs once; write its `for_each`"
        ),
    );
    None
}

/// An entry of `include` adds to all combinations whose own values it does not change; else it is one of its own.
fn include(combinations: &mut Vec<Object<String, Value>>, axes: &[&str], entries: Vec<Object<String, Value>>) {
    let original = combinations.clone();
    for entry in entries {
        let fits = |combination: &Object<String, Value>| {
            entry.iter().filter(|(key, _)| axes.contains(&key.as_str())).all(|(key, value)| combination.get(key) == Some(value))
        };
        let mut any = false;
        for (at, combination) in original.iter().enumerate() {
            if fits(combination) {
                any = true;
                combinations[at].extend(entry.clone());
            }
        }
        if !any {
            combinations.push(entry);
        }
    }
}

/// Gives each combination every key that any has: what it lacks is empty text, as expressions see it in the source.
fn even(combinations: &mut [Object<String, Value>]) -> Keys {
    let mut keys: IndexMap<String, usize> = IndexMap::new();
    for key in combinations.iter().flat_map(Object::keys) {
        *keys.entry(key.clone()).or_default() += 1;
    }
    let gaps: Vec<String> = keys.iter().filter(|(_, count)| **count < combinations.len()).map(|(key, _)| key.clone()).collect();
    for combination in combinations.iter_mut() {
        for key in &gaps {
            combination.entry(key.clone()).or_insert_with(|| Value::from(""));
        }
    }
    Keys { all: Some(keys.into_keys().collect()), gaps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn include_extends_what_it_does_not_contradict_and_adds_the_rest() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let mut combinations = vec![object(json!({"os": "a", "n": 1})), object(json!({"os": "b", "n": 1}))];
        include(
            &mut combinations,
            &["os", "n"],
            vec![object(json!({"x": true})), object(json!({"os": "a", "y": 2})), object(json!({"os": "c"}))],
        );
        let expected = json!([{"os": "a", "n": 1, "x": true, "y": 2}, {"os": "b", "n": 1, "x": true}, {"os": "c"}]);
        assert_eq!(Value::from(combinations.into_iter().map(Value::Object).collect::<Vec<_>>()), expected);
    }
}
