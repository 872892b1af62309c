//! What a workflow takes and what it gives back, for whoever calls it.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::lattice::Type;
use super::outputs::of_input;
use super::schema::to_schema;
use crate::model::{Input, InputKind};

/// Inputs and outputs of a workflow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signature {
    /// The inputs, in the order of the file.
    pub inputs: IndexMap<String, Parameter>,
    /// The outputs.
    pub outputs: IndexMap<String, Type>,
}

/// An input, for whoever calls the workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What it holds.
    pub of: Type,
    /// Whether a run cannot start without it.
    pub required: bool,
    /// The schema of its values, with description, default and enum.
    pub schema: Value,
}

impl Parameter {
    pub(super) fn new(input: &Input) -> Self {
        let mut schema = input.schema.clone().unwrap_or_else(|| match input.kind {
            InputKind::File => json!({ "type": "string" }),
            kind => json!({ "type": kind.as_str() }),
        });
        if let Value::Object(map) = &mut schema {
            let mut add = |key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    map.entry(key).or_insert(value);
                }
            };
            add("enum", input.values.clone().map(Value::Array));
            add("description", input.description.clone().map(Value::String));
            add("default", input.default.clone());
        }
        Self { of: of_input(input), required: input.required && input.default.is_none(), schema }
    }
}

impl Signature {
    /// A JSON Schema of the object of inputs.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.inputs.iter().map(|(name, parameter)| (name.clone(), parameter.schema.clone())).collect();
        let required: Vec<&String> =
            self.inputs.iter().filter(|(_, parameter)| parameter.required).map(|(name, _)| name).collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    /// A JSON Schema of the object of outputs, as far as their types are known.
    #[must_use]
    pub fn output_schema(&self) -> Value {
        let properties: Map<String, Value> = self.outputs.iter().map(|(name, of)| (name.clone(), to_schema(of))).collect();
        let required: Vec<&String> = self.outputs.keys().collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }
}
