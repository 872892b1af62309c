//! Values of a run: small ones stand in events, large ones once by content hash.
//!
//! Not here: where large values are kept (`loomwork-store`).

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Largest size, in bytes of compact JSON, of a value that stands in an event.
pub const INLINE_BYTES: usize = 1024;

/// A value of a run: itself, or the hash of its compact JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueRef {
    /// At most [`INLINE_BYTES`].
    Inline(Arc<Value>),
    /// Larger; kept by hash.
    Stored(StoredValue),
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
    /// JSON null.
    pub fn null() -> Self {
        Self::Inline(Arc::new(Value::Null))
    }
}

impl Serialize for ValueRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A value that looks like a reference is wrapped, so that it cannot be taken for one.
            Self::Inline(value) if value.get("$value").is_some() => {
                json!({ "$value": null, "plain": value }).serialize(serializer)
            }
            Self::Inline(value) => value.serialize(serializer),
            Self::Stored(stored) => json!({ "$value": stored.hash, "size": stored.size }).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ValueRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        Ok(match value.get("$value") {
            None => Self::Inline(Arc::new(value)),
            Some(Value::String(hash)) => {
                let size = value.get("size").and_then(Value::as_u64).unwrap_or(0);
                Self::Stored(StoredValue { hash: hash.clone(), size: usize::try_from(size).unwrap_or(usize::MAX) })
            }
            Some(_) => Self::Inline(Arc::new(value.get_mut("plain").map(Value::take).unwrap_or_default())),
        })
    }
}

/// A large value that should be there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value {hash} ({size} bytes) is missing from the store")]
pub struct MissingValue {
    /// Its hash.
    pub hash: String,
    /// Its size in bytes.
    pub size: usize,
}

/// The large values that a run can read, and those that are new since the last commit.
#[derive(Debug, Clone, Default)]
pub struct Values {
    known: HashMap<String, Arc<Value>>,
    fresh: Vec<(String, Vec<u8>)>,
}

impl Values {
    /// Takes a value in; a large one is remembered as fresh.
    pub fn intern(&mut self, value: Arc<Value>) -> ValueRef {
        if surely_small(&value) {
            return ValueRef::Inline(value);
        }
        // Serialising a `Value` fails only for maps with keys that are no strings, which it cannot hold.
        let json = serde_json::to_vec(&*value).unwrap_or_default();
        if json.len() <= INLINE_BYTES {
            return ValueRef::Inline(value);
        }
        let hash = hex::encode(Sha256::digest(&json));
        let size = json.len();
        if self.known.insert(hash.clone(), value).is_none() {
            self.fresh.push((hash.clone(), json));
        }
        ValueRef::Stored(StoredValue { hash, size })
    }

    /// Adds a value read from the store.
    pub fn insert(&mut self, hash: String, value: Arc<Value>) {
        self.known.insert(hash, value);
    }

    /// The value behind a reference.
    ///
    /// # Errors
    /// When a large value was not loaded.
    pub fn get(&self, reference: &ValueRef) -> Result<Arc<Value>, MissingValue> {
        match reference {
            ValueRef::Inline(value) => Ok(Arc::clone(value)),
            ValueRef::Stored(StoredValue { hash, size }) => {
                self.known.get(hash).cloned().ok_or_else(|| MissingValue { hash: hash.clone(), size: *size })
            }
        }
    }

    /// Hashes and values of all large values that are loaded.
    pub fn known(&self) -> Vec<(String, Arc<Value>)> {
        self.known.iter().map(|(hash, value)| (hash.clone(), Arc::clone(value))).collect()
    }

    /// Whether a large value is loaded.
    pub fn contains(&self, hash: &str) -> bool {
        self.known.contains_key(hash)
    }

    /// Hash and compact JSON of the large values that no commit holds yet.
    pub fn take_fresh(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.fresh)
    }
}

/// Cheap test that spares most values a serialisation.
fn surely_small(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        // A character takes at most six bytes of JSON (`\u0000`).
        Value::String(text) => text.len() * 6 + 2 <= INLINE_BYTES,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => {
            map.len() <= 4
                && map.iter().all(|(key, value)| {
                    key.len() <= 20
                        && match value {
                            Value::Null | Value::Bool(_) | Value::Number(_) => true,
                            Value::String(text) => text.len() <= 16,
                            _ => false,
                        }
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(reference: &ValueRef) -> ValueRef {
        serde_json::from_str(&serde_json::to_string(reference).unwrap()).unwrap()
    }

    #[test]
    fn a_value_up_to_the_bound_stands_in_the_event_and_a_larger_one_by_hash() {
        let mut values = Values::default();
        let at_bound = Arc::new(Value::String("x".repeat(INLINE_BYTES - 2)));
        assert!(matches!(values.intern(at_bound), ValueRef::Inline(_)));
        let above = Arc::new(Value::String("x".repeat(INLINE_BYTES - 1)));
        let reference = values.intern(Arc::clone(&above));
        assert!(matches!(&reference, ValueRef::Stored(s) if s.size == INLINE_BYTES + 1));
        assert_eq!(values.get(&reference).unwrap(), above);
        assert_eq!(values.take_fresh().len(), 1);
        assert_eq!(round_trip(&reference), reference);
    }

    #[test]
    fn the_same_large_value_is_fresh_once() {
        let mut values = Values::default();
        let large = Arc::new(json!(vec![1; 1000]));
        assert_eq!(values.intern(Arc::clone(&large)), values.intern(large));
        assert_eq!(values.take_fresh().len(), 1);
    }

    #[test]
    fn a_value_that_looks_like_a_reference_survives_the_journal_unchanged() {
        for value in [json!({"$value": "abc", "size": 3}), json!({"$value": null, "plain": 1}), json!({"$value": {}})] {
            let reference = ValueRef::Inline(Arc::new(value));
            assert_eq!(round_trip(&reference), reference);
        }
    }
}
