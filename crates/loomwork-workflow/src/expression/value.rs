//! Values while an expression is evaluated. JSON from the scope is looked at in place, never copied.
//!
//! Invariant: a map's key is unique by value, so `1` and `1u` are one key.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Number, Value};

use super::meter::EvalError;
use super::number::whole;
use super::time;

/// Text, borrowed from the scope or the program where possible.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Arc<str>),
}

impl<'a> Text<'a> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }

    /// A part of it, by bytes: borrowed when it is itself.
    pub(crate) fn part(&self, start: usize, end: usize) -> Text<'a> {
        match self {
            Self::Borrowed(text) => Text::Borrowed(&text[start..end]),
            Self::Shared(text) if start == 0 && end == text.len() => self.clone(),
            Self::Shared(text) => Text::Shared(Arc::from(&text[start..end])),
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub(crate) enum List<'a> {
    Json(&'a [Value]),
    Items(Arc<Vec<Val<'a>>>),
}

impl<'a> List<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Items(items) => items.len(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<Val<'a>> {
        match self {
            Self::Json(items) => items.get(at).map(Val::from_json),
            Self::Items(items) => items.get(at).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Val<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// A key of a map made by an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    UInt(u64),
    Text(Arc<str>),
}

impl Key {
    pub(crate) fn to_val<'a>(&self) -> Val<'a> {
        match self {
            Self::Bool(value) => Val::Bool(*value),
            Self::Int(value) => Val::Int(*value),
            Self::UInt(value) => Val::UInt(*value),
            Self::Text(text) => Val::Text(Text::Shared(Arc::clone(text))),
        }
    }

    fn to_json_key(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::UInt(value) => value.to_string(),
            Self::Text(text) => text.to_string(),
        }
    }
}

/// A map.
#[derive(Debug, Clone)]
pub(crate) enum Dict<'a> {
    Json(&'a Map<String, Value>),
    Entries(Arc<IndexMap<Key, Val<'a>>>),
}

impl<'a> Dict<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(map) => map.len(),
            Self::Entries(map) => map.len(),
        }
    }

    pub(crate) fn get_text(&self, key: &str) -> Option<Val<'a>> {
        match self {
            Self::Json(map) => map.get(key).map(Val::from_json),
            Self::Entries(map) => map.get(&Key::Text(Arc::from(key))).cloned(),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Val<'a>> {
        match (self, key) {
            (_, Key::Text(text)) => self.get_text(text),
            (Self::Json(_), _) => None,
            (Self::Entries(map), _) => map.get(key).cloned(),
        }
    }

    pub(crate) fn keys(&self) -> Box<dyn Iterator<Item = Val<'a>> + '_> {
        match self {
            Self::Json(map) => Box::new(map.keys().map(|key| Val::Text(Text::Borrowed(key.as_str())))),
            Self::Entries(map) => Box::new(map.keys().map(Key::to_val)),
        }
    }
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Text<'a>),
    Bytes(Arc<[u8]>),
    List(List<'a>),
    Dict(Dict<'a>),
    Timestamp(Timestamp),
    Duration(SignedDuration),
    Type(&'static str),
}

impl<'a> Val<'a> {
    pub(crate) fn from_json(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::from_number(number),
            Value::String(text) => Self::Text(Text::Borrowed(text)),
            Value::Array(items) => Self::List(List::Json(items)),
            Value::Object(map) => Self::Dict(Dict::Json(map)),
        }
    }

    /// Takes a value that nothing else holds, as `json(text)` makes it.
    pub(crate) fn from_owned_json(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::from_number(&number),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::list(items.into_iter().map(Self::from_owned_json).collect()),
            Value::Object(map) => Self::Dict(Dict::Entries(Arc::new(
                map.into_iter().map(|(key, value)| (Key::Text(key.into()), Self::from_owned_json(value))).collect(),
            ))),
        }
    }

    /// JSON has one kind of number: 7.0 is the integer 7.
    fn from_number(number: &Number) -> Self {
        let double = number.as_f64().unwrap_or(f64::NAN);
        number
            .as_i64()
            .map(Self::Int)
            .or_else(|| number.as_u64().map(Self::UInt))
            .or_else(|| whole(double).map(Self::Int))
            .unwrap_or(Self::Double(double))
    }

    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(Text::Shared(text.into()))
    }

    pub(crate) fn list(items: Vec<Val<'a>>) -> Self {
        Self::List(List::Items(Arc::new(items)))
    }

    /// The name of its type in CEL.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::UInt(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Dict(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
        }
    }

    pub(crate) fn as_key(&self) -> Option<Key> {
        match self {
            Self::Bool(value) => Some(Key::Bool(*value)),
            Self::Int(value) => Some(Key::Int(*value)),
            Self::UInt(value) => Some(i64::try_from(*value).map_or(Key::UInt(*value), Key::Int)),
            Self::Double(value) => whole(*value).map(Key::Int),
            Self::Text(text) => Some(Key::Text(Arc::from(text.as_str()))),
            _ => None,
        }
    }

    /// Bytes and nodes that it would take as JSON, up to about `limit`.
    pub(crate) fn weight(&self, limit: usize) -> usize {
        match self {
            Self::Text(text) => 16 + text.as_str().len(),
            Self::Bytes(bytes) => 16 + bytes.len() * 4 / 3,
            Self::List(List::Json(items)) => 16 + json_weight_of(items.iter(), limit),
            Self::List(List::Items(items)) => {
                let mut sum = 16;
                for item in items.iter() {
                    sum += item.weight(limit.saturating_sub(sum));
                    if sum > limit {
                        break;
                    }
                }
                sum
            }
            Self::Dict(Dict::Json(map)) => 16 + map.keys().map(String::len).sum::<usize>() + json_weight_of(map.values(), limit),
            Self::Dict(Dict::Entries(map)) => {
                let mut sum = 16;
                for (key, value) in map.iter() {
                    sum += 16 + if let Key::Text(text) = key { text.len() } else { 0 } + value.weight(limit.saturating_sub(sum));
                    if sum > limit {
                        break;
                    }
                }
                sum
            }
            _ => 16,
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> Result<Value, EvalError> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::UInt(value) => Value::from(*value),
            Self::Double(value) => Number::from_f64(*value)
                .map(Value::Number)
                .ok_or_else(|| EvalError::invalid(format!("the result is {value}, which JSON cannot write")))?,
            Self::Text(text) => Value::String(text.as_str().to_owned()),
            Self::Bytes(bytes) => Value::String(super::functions::base64_encode(bytes)),
            Self::List(List::Json(items)) => Value::Array(items.to_vec()),
            Self::List(List::Items(items)) => Value::Array(items.iter().map(Val::to_json).collect::<Result<_, _>>()?),
            Self::Dict(Dict::Json(map)) => Value::Object((*map).clone()),
            Self::Dict(Dict::Entries(map)) => {
                let mut object = Map::with_capacity(map.len());
                for (key, value) in map.iter() {
                    let name = key.to_json_key();
                    if object.insert(name.clone(), value.to_json()?).is_some() {
                        let message = format!("two keys of the map are `{name}` when they are written as JSON");
                        return Err(EvalError::invalid(message));
                    }
                }
                Value::Object(object)
            }
            Self::Timestamp(at) => Value::String(at.to_string()),
            Self::Duration(duration) => Value::String(time::duration_text(*duration)),
            Self::Type(name) => Value::String((*name).to_owned()),
        })
    }
}

fn json_weight_of<'v>(values: impl Iterator<Item = &'v Value>, limit: usize) -> usize {
    let mut sum = 0;
    for value in values {
        sum += 16
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => json_weight_of(items.iter(), limit.saturating_sub(sum)),
                Value::Object(map) => {
                    map.keys().map(String::len).sum::<usize>() + json_weight_of(map.values(), limit.saturating_sub(sum))
                }
                _ => 0,
            };
        if sum > limit {
            break;
        }
    }
    sum
}
