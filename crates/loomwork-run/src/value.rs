//! Values of a run: small ones stand in events, large ones once by content hash.
//!
//! Invariant: a value is kept as the compact JSON text that the journal has of it, and read when an expression wants it: a tree takes
//! about ten times the memory, and most values of a long run are never looked at again.
//!
//! Not here: the large ones that a run can read (`values`), and where they are kept (`loomwork-store`).

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Largest size, in bytes of compact JSON, of a value that stands in an event.
pub const INLINE_BYTES: usize = 1024;

/// A value as JSON text. Cheap to clone.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The text of a value, or of what is written as one.
    pub fn of<T: Serialize>(value: &T) -> Self {
        // Serialising fails only for maps with keys that are no strings, which nothing of ours has.
        Self(Arc::from(serde_json::value::to_raw_value(value).unwrap_or_default()))
    }

    /// `null`.
    pub fn null() -> Self {
        Self::of(&())
    }

    /// Bytes that are JSON; none when they are not.
    pub fn of_bytes(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        Some(Self(Arc::from(RawValue::from_string(text).ok()?)))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The value; none when it is nested more deeply than can be read.
    pub fn value(&self) -> Option<Value> {
        match self.text() {
            "{}" => Some(Value::Object(serde_json::Map::new())),
            text => serde_json::from_str(text).ok(),
        }
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::from(Box::<RawValue>::deserialize(deserializer)?)))
    }
}

/// A value of a run: itself, or the hash of its compact JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueRef {
    /// At most [`INLINE_BYTES`].
    Inline(Json),
    /// Larger; kept by hash.
    Stored(Arc<StoredValue>),
}

/// Hash and size of a large value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredValue {
    /// SHA-256 of its compact JSON, in hex.
    pub hash: String,
    /// Size of its compact JSON in bytes.
    pub size: usize,
}

impl ValueRef {
    /// A value that is known to be small.
    pub fn inline(value: &Value) -> Self {
        Self::Inline(Json::of(value))
    }

    /// JSON null.
    pub fn null() -> Self {
        Self::Inline(Json::null())
    }
}

/// How a reference is written.
#[derive(Serialize)]
struct Reference<'v> {
    #[serde(rename = "$value")]
    hash: &'v str,
    size: usize,
}

/// How a value is written that looks like a reference.
#[derive(Serialize)]
struct Plain<'v> {
    #[serde(rename = "$value")]
    none: (),
    plain: &'v Json,
}

/// The value, if it looks like a reference.
fn reference_in(json: &Json) -> Option<Value> {
    // Nearly all can be told by a glance: a dollar sign may also be written by its number.
    let text = json.text();
    if !text.starts_with('{') || !(text.contains("$value") || text.contains("\\u0024")) {
        return None;
    }
    json.value().filter(|value| value.get("$value").is_some())
}

impl Serialize for ValueRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // It is wrapped, so that it cannot be taken for one.
            Self::Inline(json) if reference_in(json).is_some() => Plain { none: (), plain: json }.serialize(serializer),
            Self::Inline(json) => json.serialize(serializer),
            Self::Stored(stored) => Reference { hash: &stored.hash, size: stored.size }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ValueRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let Some(value) = reference_in(&json) else { return Ok(Self::Inline(json)) };
        Ok(match value.get("$value") {
            Some(Value::String(hash)) => {
                let size = value.get("size").and_then(Value::as_u64).unwrap_or(0);
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                Self::Stored(Arc::new(StoredValue { hash: hash.clone(), size }))
            }
            _ => Self::inline(value.get("plain").unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn round_trip(reference: &ValueRef) -> ValueRef {
        serde_json::from_str(&serde_json::to_string(reference).unwrap()).unwrap()
    }

    #[test]
    fn a_value_that_looks_like_a_reference_survives_the_journal_unchanged() {
        for value in [json!({"$value": "abc", "size": 3}), json!({"$value": null, "plain": 1}), json!({"$value": {}})] {
            let reference = ValueRef::inline(&value);
            assert_eq!(round_trip(&reference), reference);
        }
    }

    #[test]
    fn a_reference_survives_the_journal_unchanged() {
        let reference = ValueRef::Stored(Arc::new(StoredValue { hash: "ab".repeat(32), size: 2000 }));
        assert_eq!(round_trip(&reference), reference);
    }
}
