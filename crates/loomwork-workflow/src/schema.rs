//! The JSON Schema of the language (draft 2020-12), made from the tables of keys that decoding uses.
//!
//! Invariant: a document that the schema refuses has an error in [`analyze`](crate::analyze) too. Tests walk through every
//! key of the language and compare the two.
//! Not here: what only the whole file can tell, such as whether a step exists, and what stands inside expressions.

use serde_json::{Map, Value, json};

use crate::decode::keys::{
    ACCOMPANIED, ACTIONS, APPROVE, BESIDE, ERROR_RULE, FIELDS, Key, Keys, MACHINE, RESOURCES, SETTINGS, STEP, Shape, TOP,
};

/// The JSON Schema of a workflow file.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = Schema::default();
    let mut top = schema.table(&TOP);
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loomwork workflow",
        "description": "A workflow file of Loomwork, version 1 of the language.",
    });
    schema.reference(&STEP);
    if let (Some(whole), Some(top)) = (whole.as_object_mut(), top.as_object_mut()) {
        whole.append(top);
        schema.definitions.sort_keys();
        whole.insert("$defs".to_owned(), Value::Object(schema.definitions));
    }
    whole
}

/// The JSON Schema of an `engine.yaml`.
#[must_use]
pub fn settings_schema() -> Value {
    let mut schema = Schema::default();
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loomwork engine settings",
        "description": "What a workspace says of its engine, in `.loomwork/engine.yaml`.",
    });
    let mut top = schema.table(&SETTINGS);
    if let (Some(whole), Some(top)) = (whole.as_object_mut(), top.as_object_mut()) {
        whole.append(top);
        schema.definitions.sort_keys();
        whole.insert("$defs".to_owned(), Value::Object(schema.definitions));
    }
    whole
}

/// What has been described so far.
#[derive(Default)]
struct Schema {
    definitions: Map<String, Value>,
}

impl Schema {
    /// A reference to a table, which is described at its first use.
    fn reference(&mut self, keys: &Keys) -> Value {
        let name = keys.name.to_lowercase();
        if !self.definitions.contains_key(&name) {
            // Before its own keys, so that a table can hold itself.
            self.definitions.insert(name.clone(), Value::Null);
            let table = self.table(keys);
            self.definitions.insert(name.clone(), table);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn table(&mut self, keys: &Keys) -> Value {
        let mut properties = Map::new();
        for key in keys.keys.iter().filter(|key| !matches!(key.shape, Shape::Refused)) {
            properties.insert(key.name.to_owned(), self.key(key));
        }
        let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !keys.needs.is_empty() {
            table["required"] = json!(keys.needs);
        }
        if !keys.one_of.is_empty() {
            table["oneOf"] = required(keys.one_of);
        }
        if keys.known.contains(&ACTIONS[0]) && keys.known.contains(&FIELDS[0].0) {
            let beside = FIELDS.iter().chain(BESIDE).filter(|(field, _)| keys.known.contains(field));
            let beside = beside.map(|(field, owners)| ((*field).to_owned(), json!({ "anyOf": required(owners) })));
            let needing = ACCOMPANIED.iter().map(|(action, other)| ((*action).to_owned(), json!({ "required": [other] })));
            table["dependentSchemas"] = Value::Object(beside.chain(needing).collect());
        }
        if keys.name == RESOURCES.name {
            table["propertyNames"] = json!({ "pattern": NAME });
            table["additionalProperties"] = self.shape(Shape::Positive);
        }
        if keys.name == MACHINE.name {
            table["propertyNames"] = json!({ "pattern": NAME, "not": { "const": "slots" } });
            table["additionalProperties"] = self.shape(Shape::Positive);
        }
        if keys.name == APPROVE.name {
            table["dependentRequired"] = json!({ "on_timeout": ["timeout"] });
        }
        if keys.name == ERROR_RULE.name {
            let doing = |what: &str| json!({ "properties": { "do": { "const": what } } });
            table["dependentSchemas"] = json!({ "retry": doing("retry"), "fallback": doing("fallback") });
            table["if"] = json!({ "properties": { "do": { "const": "fallback" } }, "required": ["do"] });
            table["then"] = json!({ "required": ["fallback"] });
        }
        table
    }

    fn key(&mut self, key: &Key) -> Value {
        let meant = match key.shape {
            Shape::AsInStep => STEP.keys.iter().find(|own| own.name == key.name).unwrap_or(key),
            _ => key,
        };
        let mut shape = self.shape(meant.shape);
        if let Some(shape) = shape.as_object_mut() {
            shape.insert("description".to_owned(), meant.doc.into());
        }
        shape
    }

    fn shape(&mut self, shape: Shape) -> Value {
        match shape {
            Shape::Any | Shape::AsInStep | Shape::Refused => json!({}),
            Shape::Version => json!({ "const": 1 }),
            Shape::Text => json!({ "type": "string" }),
            Shape::Scalar => json!({ "type": ["string", "number", "boolean", "null"] }),
            Shape::Name => json!({ "type": "string", "pattern": NAME }),
            Shape::WorkflowId => {
                json!({ "type": ["string", "number", "boolean", "null"], "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$" })
            }
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Integer(low, high) if high == u32::MAX => json!({ "type": "integer", "minimum": low }),
            Shape::Integer(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
            Shape::Number(low, high) if high.is_infinite() => json!({ "type": "number", "minimum": low }),
            Shape::Number(low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
            Shape::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
            Shape::Bytes => json!({ "type": ["string", "number"], "pattern": BYTES, "exclusiveMinimum": 0 }),
            Shape::Duration => json!({ "type": "string", "pattern": DURATION }),
            Shape::Address => json!({ "type": "string", "pattern": ADDRESS }),
            Shape::Status => json!({ "anyOf": [
                { "type": "integer", "minimum": 100, "maximum": 599 },
                { "enum": ["1xx", "2xx", "3xx", "4xx", "5xx"] },
            ] }),
            Shape::Words(words) => json!({ "enum": words }),
            Shape::Condition => json!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "pattern": EXPRESSION }] }),
            Shape::Expression => json!({ "type": "string", "pattern": EXPRESSION }),
            Shape::Schema => json!({ "type": ["object", "boolean"] }),
            Shape::List(item) => json!({ "type": "array", "items": self.shape(*item) }),
            Shape::NonEmpty(item) => json!({ "type": "array", "items": self.shape(*item), "minItems": 1 }),
            Shape::Map(value) => json!({ "type": "object", "additionalProperties": self.shape(*value) }),
            Shape::Names(value) => {
                json!({ "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": self.shape(*value) })
            }
            Shape::Cases(value) => {
                json!({ "type": "object", "additionalProperties": self.shape(*value), "minProperties": 1 })
            }
            Shape::Choose => json!({
                "type": "object",
                "properties": { "else": { "type": "string", "pattern": NAME } },
                "additionalProperties": self.shape(Shape::Condition),
                "minProperties": 1,
            }),
            Shape::ShellCommand => {
                json!({ "type": "array", "items": { "type": "string" }, "contains": { "pattern": r"\{0\}" } })
            }
            Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(|shape| self.shape(*shape)).collect::<Vec<_>>() }),
            Shape::Table(keys) => self.reference(keys),
            Shape::Steps => json!({ "type": "array", "items": { "$ref": "#/$defs/step" } }),
        }
    }
}

/// One alternative for each key: that it is there.
fn required(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]{0,99}$";
const EXPRESSION: &str = r"\$\{\{";
const ADDRESS: &str = r"^\s*[hH][tT][tT][pP][sS]?://|\$\{\{";
const DURATION: &str = r"^\s*([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w)\s*)+$";
const BYTES: &str = r"^[0-9.eE+-]+\s*([kKMGT]?B|[KMGT]iB)?$";

#[cfg(test)]
mod tests;
