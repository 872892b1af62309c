//! JSON Schema to types and back.
//!
//! Invariant: a value that fits a schema is admitted by its type; what a type cannot say is left out, never guessed.

use serde_json::{Map, Value, json};

use super::Type;

/// Deepest schema that is looked into.
const MAX_DEPTH: usize = 16;

/// The type of the values that fit a schema (JSON Schema 2020-12).
#[must_use]
pub fn of_schema(schema: &Value) -> Type {
    of(schema, 0)
}

fn of(schema: &Value, depth: usize) -> Type {
    let Some(map) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return Type::Dyn;
    };
    if let Some(value) = map.get("const") {
        return Type::of(value);
    }
    if let Some(values) = map.get("enum").and_then(Value::as_array) {
        return Type::any_of(values.iter().map(Type::of));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(members) = map.get(key).and_then(Value::as_array)
            && !map.contains_key("type")
        {
            return Type::any_of(members.iter().map(|member| of(member, depth + 1)));
        }
    }
    match map.get("type") {
        Some(Value::String(kind)) => of_kind(kind, map, depth),
        Some(Value::Array(kinds)) => {
            Type::any_of(kinds.iter().map(|kind| kind.as_str().map_or(Type::Dyn, |kind| of_kind(kind, map, depth))))
        }
        _ => Type::Dyn,
    }
}

fn of_kind(kind: &str, map: &Map<String, Value>, depth: usize) -> Type {
    match kind {
        "null" => Type::Null,
        "boolean" => Type::Bool,
        "integer" => Type::Int,
        "number" => Type::number(),
        "string" => Type::Text,
        "array" if map.contains_key("prefixItems") => Type::list(Type::Dyn),
        "array" => Type::list(map.get("items").map_or(Type::Dyn, |items| of(items, depth + 1))),
        "object" => of_object(map, depth),
        _ => Type::Dyn,
    }
}

fn of_object(map: &Map<String, Value>, depth: usize) -> Type {
    let properties = map.get("properties").and_then(Value::as_object);
    let others = map.get("additionalProperties");
    let patterns = map.contains_key("patternProperties");
    match (properties, others) {
        (None, Some(others)) if others.is_object() && !patterns => Type::map(of(others, depth + 1)),
        (None, _) => Type::map(Type::Dyn),
        (Some(properties), others) => {
            let closed = others == Some(&Value::Bool(false)) && !patterns;
            Type::object(properties.iter().map(|(name, schema)| (name.clone(), of(schema, depth + 1))), !closed)
        }
    }
}

/// A schema that every value of the type fits, once written as JSON.
#[must_use]
pub fn to_schema(of: &Type) -> Value {
    match of {
        Type::Never | Type::Dyn | Type::Loose(_) => json!({}),
        Type::Null => json!({ "type": "null" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int => json!({ "type": "integer" }),
        Type::Double => json!({ "type": "number" }),
        Type::Text | Type::Type | Type::Duration => json!({ "type": "string" }),
        Type::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Type::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Type::List(element) if **element == Type::Dyn => json!({ "type": "array" }),
        Type::List(element) if **element == Type::Never => json!({ "type": "array", "maxItems": 0 }),
        Type::List(element) => json!({ "type": "array", "items": to_schema(element) }),
        Type::Map(value) if **value == Type::Dyn => json!({ "type": "object" }),
        Type::Map(value) => json!({ "type": "object", "additionalProperties": to_schema(value) }),
        Type::Object(object) => {
            let properties: Map<String, Value> =
                object.fields.iter().map(|(name, field)| (name.clone(), to_schema(field))).collect();
            let mut schema = json!({ "type": "object", "properties": properties });
            if !object.open {
                schema["additionalProperties"] = Value::Bool(false);
            }
            schema
        }
        Type::Union(_) if *of == Type::number() => json!({ "type": "number" }),
        Type::Union(members) => json!({ "anyOf": members.iter().map(to_schema).collect::<Vec<_>>() }),
    }
}
