//! The data that flows between tasks, as far as it is known before the run.

use indexmap::IndexMap;

use crate::cel::{self, Part};
use crate::names::identifier;
use crate::yaml::{Map, Yaml};

/// What flows at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// The workflow's input.
    Inputs,
    /// The value of an expression.
    Expression(String),
    /// The value of an expression that is a map with these keys and no others.
    Keyed(String, Vec<String>),
    /// A map whose fields are known one by one.
    Fields(IndexMap<String, Data>),
    /// A text of which parts are known: what holds a secret can stand as such a text only.
    Text(Vec<Part>),
}

/// A type of input, guessed from its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Data {
    pub(super) fn inputs() -> Self {
        Self::Inputs
    }

    pub(super) fn of(expression: impl Into<String>) -> Self {
        Self::Expression(expression.into())
    }

    /// A text with values in it.
    pub(super) fn text(parts: Vec<Part>) -> Self {
        match &parts[..] {
            parts if parts.iter().any(is_secret) => Self::Text(parts.to_vec()),
            [Part::Expression(expression)] => Self::of(format!("text({expression})")),
            parts => Self::of(cel::joined(parts)),
        }
    }

    /// What an operator makes of two values, as far as more is known of it than of any other two; outermost none when it
    /// means something else in expressions than in jq.
    pub(super) fn and(&self, sign: &str, other: &Self) -> Option<Option<Self>> {
        if sign == "+"
            && let (Some(mut fields), Some(more)) = (self.fields(), other.fields())
        {
            fields.extend(more);
            return Some(Some(Self::Fields(fields)));
        }
        match (self, sign, other) {
            (one, "+", other) if one.has_secret() || other.has_secret() => {
                Some(Some(Self::Text([one.text_parts()?, other.text_parts()?].concat())))
            }
            (one, "+" | "-" | "*" | "/" | "<" | ">" | "<=" | ">=", other) => {
                let known = |data: &Self| data.fields().is_some() || *data == Self::of("null");
                (!known(one) && !known(other)).then_some(None)
            }
            _ => Some(None),
        }
    }

    /// Its fields, when they are known.
    fn fields(&self) -> Option<IndexMap<String, Self>> {
        match self {
            Self::Fields(fields) => Some(fields.clone()),
            Self::Keyed(_, keys) => Some(keys.iter().map(|key| (key.clone(), self.field(key))).collect()),
            Self::Inputs | Self::Expression(_) | Self::Text(_) => None,
        }
    }

    /// The parts of what is surely a text.
    fn text_parts(&self) -> Option<Vec<Part>> {
        match self {
            Self::Text(parts) => Some(parts.clone()),
            Self::Expression(text) => match cel::unquoted(text) {
                Some(literal) => Some(vec![Part::Text(literal)]),
                None => Some(vec![Part::Expression(text.clone())]),
            },
            Self::Inputs | Self::Keyed(..) | Self::Fields(_) => None,
        }
    }

    fn has_secret(&self) -> bool {
        match self {
            Self::Text(parts) => parts.iter().any(is_secret),
            Self::Expression(text) => text.starts_with("secrets."),
            Self::Inputs | Self::Keyed(..) | Self::Fields(_) => false,
        }
    }

    /// Whether a secret is part of an expression: only alone, or with text around it, can one be put in.
    pub(super) fn hides_secret(&self) -> bool {
        let hidden = |text: &str| cel::reads_secret(text) && !cel::is_secret(text);
        match self {
            Self::Inputs | Self::Keyed(..) => false,
            Self::Expression(text) => hidden(text),
            Self::Fields(fields) => fields.values().any(Self::hides_secret),
            Self::Text(parts) => parts.iter().any(|part| matches!(part, Part::Expression(text) if hidden(text))),
        }
    }

    /// The secrets that it reads.
    pub(super) fn secrets(&self) -> Vec<String> {
        let one = |text: &str| text.strip_prefix("secrets.").filter(|name| crate::names::is_identifier(name)).map(str::to_owned);
        match self {
            Self::Inputs | Self::Keyed(..) => Vec::new(),
            Self::Expression(text) => one(text).into_iter().collect(),
            Self::Fields(fields) => fields.values().flat_map(Self::secrets).collect(),
            Self::Text(parts) => {
                let expressions = parts.iter().filter_map(|part| match part {
                    Part::Expression(text) => one(text),
                    Part::Text(_) => None,
                });
                expressions.collect()
            }
        }
    }

    pub(super) fn output(step: &str) -> Self {
        Self::Expression(format!("steps.{step}.output"))
    }

    pub(super) fn expression(&self) -> String {
        match self {
            Self::Inputs => "inputs".to_owned(),
            Self::Expression(text) | Self::Keyed(text, _) => text.clone(),
            Self::Text(parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => cel::quote(text),
                        Part::Expression(text) if is_secret(part) => text.clone(),
                        Part::Expression(text) => format!("text({text})"),
                    })
                    .collect();
                parts.join(" + ")
            }
            Self::Fields(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{}: {}", cel::quote(key), value.expression())).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }

    /// An element of it.
    pub(super) fn element(&self, index: u32) -> Self {
        let value = self.expression();
        if value == "null" { self.clone() } else { Self::of(format!("{value}[{index}]")) }
    }

    /// It as a template.
    pub(super) fn template(&self) -> Yaml {
        match self {
            Self::Text(parts) => cel::template(parts).into(),
            Self::Fields(fields) if !self.secrets().is_empty() => {
                fields.iter().fold(Map::new(), |map, (key, value)| map.with(key, value.template())).into()
            }
            other => cel::whole(&other.expression()).into(),
        }
    }

    /// A field of it.
    pub(super) fn field(&self, name: &str) -> Self {
        match self {
            Self::Inputs => Self::Expression(format!("inputs.{}", identifier(name))),
            Self::Expression(text) if text == "null" => self.clone(),
            Self::Expression(text) => Self::Expression(cel::field(text, name)),
            Self::Keyed(text, keys) if keys.iter().any(|key| key == name) => Self::of(cel::field(text, name)),
            Self::Text(_) | Self::Keyed(..) => Self::of("null"),
            Self::Fields(fields) => fields.get(name).cloned().unwrap_or_else(|| Self::Expression("null".to_owned())),
        }
    }
}

/// Whether a part is one secret and nothing else.
fn is_secret(part: &Part) -> bool {
    matches!(part, Part::Expression(text) if cel::is_secret(text))
}
