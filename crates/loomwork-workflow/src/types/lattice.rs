//! What a value can be.
//!
//! Invariant: a union has no more than one member of each head, and no union, `Dyn` or `Never` among its members. A field
//! of an object may be missing from a value: a type says what is there when it is there.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

/// A part heavier than this is known by its head alone: types stay small however values are nested and shared.
const MAX_WEIGHT: usize = 200;

/// A set of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// No value: the expression always fails.
    Never,
    /// Any value.
    Dyn,
    /// `null`.
    Null,
    /// `true` and `false`.
    Bool,
    /// Whole numbers, signed and unsigned.
    Int,
    /// Other numbers.
    Double,
    /// Text.
    Text,
    /// Bytes; base64 text in JSON.
    Bytes,
    /// A moment; RFC 3339 text in JSON.
    Timestamp,
    /// A duration; text in JSON.
    Duration,
    /// A type, as `type(x)` gives it.
    Type,
    /// A list; of the empty list the elements are `Never`.
    List(Arc<Type>),
    /// A map with unknown keys.
    Map(Arc<Type>),
    /// A map with known keys.
    Object(Arc<ObjectType>),
    /// Any value; the known keys hold these types when it is a map that has them.
    Loose(Arc<ObjectType>),
    /// One of several.
    Union(Arc<[Type]>),
}

/// A map with known keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectType {
    /// What the known keys hold.
    pub fields: IndexMap<String, Type>,
    /// Whether there may be other keys.
    pub open: bool,
    weight: usize,
}

/// A set of heads: what a value is, leaving aside what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads(u16);

impl Heads {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOL: Self = Self(2);
    pub(crate) const INT: Self = Self(4);
    pub(crate) const DOUBLE: Self = Self(8);
    pub(crate) const TEXT: Self = Self(16);
    pub(crate) const BYTES: Self = Self(32);
    pub(crate) const TIMESTAMP: Self = Self(64);
    pub(crate) const DURATION: Self = Self(128);
    pub(crate) const TYPE: Self = Self(256);
    pub(crate) const LIST: Self = Self(512);
    pub(crate) const MAP: Self = Self(1024);
    pub(crate) const NUMBER: Self = Self::INT.or(Self::DOUBLE);
    pub(crate) const ANY: Self = Self(2047);
    const NAMES: [(Self, &'static str); 11] = [
        (Self::NULL, "null"),
        (Self::BOOL, "bool"),
        (Self::INT, "int"),
        (Self::DOUBLE, "double"),
        (Self::TEXT, "string"),
        (Self::BYTES, "bytes"),
        (Self::TIMESTAMP, "timestamp"),
        (Self::DURATION, "duration"),
        (Self::TYPE, "type"),
        (Self::LIST, "list"),
        (Self::MAP, "map"),
    ];

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("dyn");
        }
        let names: Vec<&str> = Self::NAMES.iter().filter(|(head, _)| self.meets(*head)).map(|(_, name)| *name).collect();
        f.write_str(&names.join(" | "))
    }
}

impl Type {
    /// A list.
    #[must_use]
    pub fn list(element: Type) -> Self {
        Self::List(Arc::new(element.bounded()))
    }

    /// A map with unknown keys.
    #[must_use]
    pub fn map(value: Type) -> Self {
        Self::Map(Arc::new(value.bounded()))
    }

    /// A map with known keys, and others when it is open.
    #[must_use]
    pub fn object(fields: impl IntoIterator<Item = (String, Type)>, open: bool) -> Self {
        let fields: IndexMap<String, Type> = fields.into_iter().map(|(name, field)| (name, field.bounded())).collect();
        let weight = 1 + fields.values().map(|field| 1 + field.weight()).sum::<usize>();
        Self::Object(Arc::new(ObjectType { fields, open, weight }))
    }

    /// Any value, mostly a map with these keys.
    pub(crate) fn loose<const N: usize>(fields: [(&str, Type); N]) -> Self {
        match Self::object(fields.map(|(name, field)| (name.to_owned(), field)), true) {
            Self::Object(object) => Self::Loose(object),
            other => other,
        }
    }

    /// Whether it may be any value.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self, Self::Dyn | Self::Loose(_))
    }

    /// Int and double: what JSON calls a number.
    #[must_use]
    pub fn number() -> Self {
        Self::Int.or(Self::Double)
    }

    /// One or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, one) | (one, Self::Never) => one,
            (Self::Dyn, _) | (_, Self::Dyn) => Self::Dyn,
            (one, other) if one == other => one,
            (one @ Self::Loose(_), Self::Null) | (Self::Null, one @ Self::Loose(_)) => one,
            (Self::Loose(_), _) | (_, Self::Loose(_)) => Self::Dyn,
            (one, other) => {
                let mut members = one.members().to_vec();
                for member in other.members() {
                    match members.iter().position(|known| known.heads() == member.heads()) {
                        Some(at) => members[at] = members[at].merged(member),
                        None => members.push(member.clone()),
                    }
                }
                members.sort_by_key(|member| member.heads().0);
                if members.len() == 1 { members.remove(0) } else { Self::Union(members.into()) }
            }
        }
    }

    /// Any of several; `Never` of none.
    pub(crate) fn any_of(types: impl IntoIterator<Item = Type>) -> Self {
        types.into_iter().fold(Self::Never, Self::or)
    }

    /// Two of one head as one.
    fn merged(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::List(a), Self::List(b)) => Self::list(Type::clone(a).or(Type::clone(b))),
            (Self::Object(a), Self::Object(b)) => {
                let mut fields = a.fields.clone();
                for (name, field) in &b.fields {
                    let known = fields.entry(name.clone()).or_insert(Self::Never);
                    *known = std::mem::replace(known, Self::Never).or(field.clone());
                }
                // What one of them knows, the other may hold as anything when it is open.
                let elsewhere =
                    |name: &String| (a.open && !a.fields.contains_key(name)) || (b.open && !b.fields.contains_key(name));
                let fields = fields.into_iter().map(|(name, field)| {
                    let field = if elsewhere(&name) { Self::Dyn } else { field };
                    (name, field)
                });
                Self::object(fields, a.open || b.open)
            }
            (Self::Map(_) | Self::Object(_), Self::Map(_) | Self::Object(_)) => Self::map(self.values().or(other.values())),
            _ => self.clone(),
        }
    }

    /// What the values of a map can be.
    fn values(&self) -> Self {
        match self {
            Self::Map(value) => Type::clone(value),
            Self::Object(object) if !object.open => Self::any_of(object.fields.values().cloned()),
            _ => Self::Dyn,
        }
    }

    /// The alternatives: those of a union, else the type itself.
    pub(crate) fn members(&self) -> &[Type] {
        match self {
            Self::Union(members) => members,
            Self::Never => &[],
            one => std::slice::from_ref(one),
        }
    }

    pub(crate) fn heads(&self) -> Heads {
        match self {
            Self::Never => Heads(0),
            Self::Dyn | Self::Loose(_) => Heads::ANY,
            Self::Null => Heads::NULL,
            Self::Bool => Heads::BOOL,
            Self::Int => Heads::INT,
            Self::Double => Heads::DOUBLE,
            Self::Text => Heads::TEXT,
            Self::Bytes => Heads::BYTES,
            Self::Timestamp => Heads::TIMESTAMP,
            Self::Duration => Heads::DURATION,
            Self::Type => Heads::TYPE,
            Self::List(_) => Heads::LIST,
            Self::Map(_) | Self::Object(_) => Heads::MAP,
            Self::Union(members) => members.iter().fold(Heads(0), |heads, member| heads.or(member.heads())),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::List(inner) | Self::Map(inner) => 1 + inner.weight(),
            Self::Object(object) | Self::Loose(object) => object.weight,
            Self::Union(members) => members.iter().map(Self::weight).sum(),
            _ => 1,
        }
    }

    /// The same, or by its heads alone when it is too heavy to be part of another.
    fn bounded(self) -> Self {
        if self.weight() <= MAX_WEIGHT {
            return self;
        }
        let head = |member: &Type| match member {
            Self::List(_) => Self::list(Self::Dyn),
            Self::Map(_) | Self::Object(_) => Self::map(Self::Dyn),
            other => other.clone(),
        };
        Self::any_of(self.members().iter().map(head))
    }

    /// The part with some heads.
    pub(crate) fn only(&self, heads: Heads) -> Self {
        if self.is_any() {
            return Self::Dyn;
        }
        Self::any_of(self.members().iter().filter(|member| member.heads().meets(heads)).cloned())
    }

    /// What its lists hold.
    pub(crate) fn elements(&self) -> Self {
        let element = |member: &Type| match member {
            Self::List(element) => Type::clone(element),
            other if other.is_any() => Self::Dyn,
            _ => Self::Never,
        };
        match Self::any_of(self.members().iter().map(element)) {
            // An element of a list that is known to be empty: nothing can be said of it.
            Self::Never => Self::Dyn,
            element => element,
        }
    }

    /// What is left of it once it is written as JSON.
    #[must_use]
    pub fn json(&self) -> Self {
        match self {
            Self::Bytes | Self::Timestamp | Self::Duration | Self::Type => Self::Text,
            // A double without a fraction comes back as an integer.
            Self::Double => Self::number(),
            Self::List(inner) => Self::list(inner.json()),
            Self::Map(inner) => Self::map(inner.json()),
            Self::Object(object) => {
                Self::object(object.fields.iter().map(|(name, field)| (name.clone(), field.json())), object.open)
            }
            Self::Union(members) => Self::any_of(members.iter().map(Self::json)),
            other => other.clone(),
        }
    }

    /// The type of one value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if is_whole(number) => Self::Int,
            Value::Number(_) => Self::Double,
            Value::String(_) => Self::Text,
            Value::Array(items) => Self::list(Self::any_of(items.iter().map(Self::of))),
            Value::Object(map) => Self::object(map.iter().map(|(key, value)| (key.clone(), Self::of(value))), false),
        }
    }

    /// Whether a value of JSON is one of its values.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Dyn, _) | (Self::Null, Value::Null) | (Self::Bool, Value::Bool(_)) => true,
            (Self::Int, Value::Number(number)) => is_whole(number),
            (Self::Double, Value::Number(number)) => !is_whole(number),
            (Self::Text | Self::Bytes | Self::Timestamp | Self::Duration | Self::Type, Value::String(_)) => true,
            (Self::List(element), Value::Array(items)) => items.iter().all(|item| element.admits(item)),
            (Self::Map(element), Value::Object(map)) => map.values().all(|value| element.admits(value)),
            (Self::Object(object), Value::Object(map)) => {
                map.iter().all(|(key, value)| object.fields.get(key).map_or(object.open, |field| field.admits(value)))
            }
            (Self::Loose(object), Value::Object(map)) => {
                object.fields.iter().all(|(key, field)| map.get(key).is_none_or(|value| field.admits(value)))
            }
            (Self::Loose(_), _) => true,
            (Self::Union(members), value) => members.iter().any(|member| member.admits(value)),
            _ => false,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Never => f.write_str("nothing"),
            Self::Dyn => f.write_str("dyn"),
            Self::List(element) if **element == Self::Never => f.write_str("list"),
            Self::List(inner) | Self::Map(inner) => {
                f.write_str(if self.heads() == Heads::LIST { "list<" } else { "map<" })?;
                inner.write(f, depth + 1)?;
                f.write_str(">")
            }
            Self::Object(object) | Self::Loose(object) if depth > 2 => {
                f.write_str(if object.fields.is_empty() { "{}" } else { "{…}" })
            }
            Self::Object(object) | Self::Loose(object) => {
                f.write_str("{")?;
                for (at, (name, field)) in object.fields.iter().take(8).enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write!(f, "{name}: ")?;
                    field.write(f, depth + 1)?;
                }
                let more = object.open || object.fields.len() > 8;
                f.write_str(if more && object.fields.is_empty() {
                    "…}"
                } else if more {
                    ", …}"
                } else {
                    "}"
                })
            }
            Self::Union(members) => {
                // Null last: `string | null`.
                let (nulls, others): (Vec<_>, Vec<_>) = members.iter().partition(|member| **member == Self::Null);
                for (at, member) in others.into_iter().chain(nulls).enumerate() {
                    f.write_str(if at == 0 { "" } else { " | " })?;
                    member.write(f, depth)?;
                }
                Ok(())
            }
            scalar => write!(f, "{}", scalar.heads()),
        }
    }
}

/// Whether expressions see a number of JSON as an integer.
fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().and_then(crate::expression::whole).is_some()
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}
