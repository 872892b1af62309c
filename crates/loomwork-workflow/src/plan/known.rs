//! What the inputs of a run decide before it starts.
//!
//! Invariant: what depends on anything but inputs and `env` is not known here, so nothing is guessed.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Choose, ForEach, Scope, Template, Workflow, parse_duration};

/// The inputs, as expressions see them.
pub(super) struct Known {
    scope: Scope,
}

impl Known {
    pub(super) fn new(workflow: &Workflow, inputs: Option<&Map<String, Value>>) -> Self {
        let inputs = inputs.map_or(Value::Null, |inputs| Value::Object(inputs.clone()));
        let mut known = Self { scope: Scope { inputs: Arc::new(inputs), ..Scope::default() } };
        let env = workflow.env.iter().filter_map(|(name, template)| Some((name.clone(), as_text(known.value(template)?))));
        let env: Map<String, Value> = env.collect();
        known.scope.env = Arc::new(Value::Object(env));
        known
    }

    /// The value of a template that reads nothing but inputs and `env`.
    fn value(&self, template: &Template) -> Option<Value> {
        if !template.references().is_empty() || !template.secrets().is_empty() {
            return None;
        }
        template.evaluate(&self.scope).ok()
    }

    /// The value of a condition.
    pub(super) fn condition(&self, template: &Template) -> Option<bool> {
        self.value(template)?.as_bool()
    }

    /// The number of elements of a for-each.
    pub(super) fn elements(&self, each: &ForEach) -> Option<u64> {
        Some(self.value(&each.list)?.as_array()?.len() as u64)
    }

    /// The duration of a timer, in milliseconds.
    pub(super) fn duration(&self, template: &Template) -> Option<u64> {
        parse_duration(self.value(template)?.as_str()?).ok()
    }

    /// The ports on which a choice can end.
    pub(super) fn cases(&self, choose: &Choose) -> Vec<String> {
        let mut open = Vec::new();
        for (port, condition) in &choose.cases {
            match self.condition(condition) {
                Some(false) => {}
                Some(true) => {
                    open.push(port.clone());
                    return open;
                }
                None => open.push(port.clone()),
            }
        }
        match &choose.otherwise {
            Some(port) if !open.contains(port) => open.push(port.clone()),
            Some(_) => {}
            // Without a case that is true the step fails.
            None if open.is_empty() => open.push("failed".to_owned()),
            None => {}
        }
        open
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => Value::String(other.to_string()),
    }
}
