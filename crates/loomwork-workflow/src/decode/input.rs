//! The inputs that a workflow declares.

use serde_json::Value;

use super::Decoder;
use super::keys::INPUT;
use crate::codes;
use crate::inputs::{fits, misfit};
use crate::model::{Input, InputKind};
use crate::yaml::{Entry, Node};

const KINDS: [(&str, InputKind); 7] = [
    ("string", InputKind::String),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
    ("array", InputKind::Array),
    ("object", InputKind::Object),
    ("file", InputKind::File),
];

impl Decoder<'_> {
    pub(super) fn input(&mut self, entry: &Entry) -> Option<Input> {
        self.name(&entry.key, entry.key_place, "An input");
        let node = &entry.value;
        if !self.keys(node, &INPUT) {
            return None;
        }
        let mut schema = node.get("schema").and_then(|schema| self.at("schema", |this| this.schema(schema)));
        // A schema says by itself what fits.
        let kind = match (node.get("type"), &schema) {
            (Some(kind), _) => self.at("type", |this| this.word(kind, &KINDS)),
            (None, Some(_)) => None,
            (None, None) => Some(InputKind::String),
        };
        let required = node.get("required").and_then(|node| self.at("required", |this| this.boolean(node))).unwrap_or(false);
        let description = node.get("description").and_then(|node| self.at("description", |this| this.shown_text(node)));
        let values = node.get("enum").and_then(|node| self.at("enum", |this| this.allowed_values(node, kind)));
        let default = node.get("default").map(|node| self.at("default", |this| this.default(node, kind, values.as_deref())));
        if let (Some(schema), Some(node), Some(value)) = (&schema, node.get("default"), &default) {
            self.at("default", |this| this.of_schema(node, schema, value));
        }
        let kind = match &schema {
            Some(schema) if node.get("type").is_none() => kind_of(schema),
            _ => kind?,
        };
        // From here on the schema says all that must hold.
        if node.get("type").is_some()
            && let Some(Value::Object(schema)) = &mut schema
        {
            schema.entry("type").or_insert_with(|| Value::from(if kind == InputKind::File { "string" } else { kind.as_str() }));
        }
        Some(Input { kind, required, default, values, schema, description })
    }

    /// Checks a default against the schema.
    fn of_schema(&mut self, node: &Node, schema: &Value, value: &Value) {
        if let Some(misfit) = misfit(schema, value) {
            self.report(
                codes::BAD_DEFAULT,
                super::first_line(self.text, node.place),
                format!("The default does not fit the schema: {misfit}."),
            );
        }
    }

    fn allowed_values(&mut self, node: &Node, kind: Option<InputKind>) -> Option<Vec<Value>> {
        let Some(items) = node.items().filter(|items| !items.is_empty()) else {
            self.wrong_type(node, "a list of the allowed values");
            return None;
        };
        for item in items {
            self.fitting(item, kind, "value of the enum");
        }
        Some(items.iter().map(Node::to_json).collect())
    }

    fn default(&mut self, node: &Node, kind: Option<InputKind>, values: Option<&[Value]>) -> Value {
        let value = node.to_json();
        if self.fitting(node, kind, "default")
            && let Some(values) = values
            && !values.contains(&value)
        {
            let allowed: Vec<String> = values.iter().map(Value::to_string).collect();
            let message = format!("The default {value} is not one of the enum's values: {}.", allowed.join(", "));
            self.report(codes::BAD_DEFAULT, node.place, message);
        }
        value
    }

    fn fitting(&mut self, node: &Node, kind: Option<InputKind>, what: &str) -> bool {
        let value = node.to_json();
        let Some(kind) = kind.filter(|kind| !fits(*kind, &value)) else {
            return true;
        };
        let message = format!("The {what} is {}, but the input is of type {}.", node.kind(), kind.as_str());
        let quotable =
            matches!(kind, InputKind::String | InputKind::File) && node.scalar().is_some_and(|scalar| !scalar.text.is_empty());
        let fix =
            quotable.then(|| self.replacement("Put it in quotes", node.place, format!("\"{}\"", node.place.slice(self.text))));
        self.report(codes::BAD_DEFAULT, super::first_line(self.text, node.place), message).fixes.extend(fix);
        false
    }
}

/// The nearest of the words for a schema, where they say enough.
fn kind_of(schema: &Value) -> InputKind {
    let word = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    KINDS.into_iter().find(|(known, _)| *known == word).map_or(InputKind::Object, |(_, kind)| kind)
}
