//! Values of a run: small ones stand in events, large ones once by content hash.
//!
//! Invariant: a value is kept as the compact JSON text that the journal has of it, and read when an expression wants it: a tree takes
//! about ten times the memory, and most values of a long run are never looked at again.
//!
//! Not here: where large values are kept (`loomwork-store`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

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

/// A value cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// A large value that should be there is not.
    #[error("the value {hash} ({size} bytes) is missing from the store")]
    Missing {
        /// Its hash.
        hash: String,
        /// Its size in bytes.
        size: usize,
    },
    /// It is nested more deeply than can be read.
    #[error("a value is nested more deeply than 127 levels")]
    TooDeep,
}

/// The large values that a run can read, and those that are new since the last commit.
#[derive(Debug, Clone, Default)]
pub struct Values {
    known: HashMap<String, Json>,
    fresh: Vec<(String, Json)>,
    lately: Lately,
}

impl Values {
    /// Takes a value in; a large one is remembered as fresh.
    pub fn intern(&mut self, value: &Value) -> ValueRef {
        self.intern_json(Json::of(value))
    }

    /// The same, of its text.
    pub(crate) fn intern_json(&mut self, json: Json) -> ValueRef {
        let size = json.text().len();
        if size <= INLINE_BYTES {
            return ValueRef::Inline(json);
        }
        let hash = hex::encode(Sha256::digest(json.text()));
        if self.known.insert(hash.clone(), json.clone()).is_none() {
            self.fresh.push((hash.clone(), json));
        }
        ValueRef::Stored(Arc::new(StoredValue { hash, size }))
    }

    /// Adds a value read from the store.
    pub fn insert(&mut self, hash: String, json: Json) {
        self.known.insert(hash, json);
    }

    /// The text of the value behind a reference.
    ///
    /// # Errors
    /// When a large value was not loaded.
    pub fn json(&self, reference: &ValueRef) -> Result<Json, NoValue> {
        match reference {
            ValueRef::Inline(json) => Ok(json.clone()),
            ValueRef::Stored(stored) => {
                let missing = || NoValue::Missing { hash: stored.hash.clone(), size: stored.size };
                self.known.get(&stored.hash).cloned().ok_or_else(missing)
            }
        }
    }

    /// The value behind a reference.
    ///
    /// # Errors
    /// When a large value was not loaded, or the value is nested too deeply.
    pub fn get(&self, reference: &ValueRef) -> Result<Arc<Value>, NoValue> {
        let read = || self.json(reference)?.value().map(Arc::new).ok_or(NoValue::TooDeep);
        match reference {
            ValueRef::Inline(_) => read(),
            ValueRef::Stored(stored) => self.lately.get(stored, read),
        }
    }

    /// Hashes and texts of all large values that are loaded.
    pub fn known(&self) -> Vec<(String, Json)> {
        self.known.iter().map(|(hash, json)| (hash.clone(), json.clone())).collect()
    }

    /// Whether a large value is loaded.
    pub fn contains(&self, hash: &str) -> bool {
        self.known.contains_key(hash)
    }

    /// Hash and compact JSON of the large values that no commit holds yet.
    pub fn take_fresh(&mut self) -> Vec<(String, Json)> {
        std::mem::take(&mut self.fresh)
    }

    /// Nothing is read for a while: only texts stay in memory.
    pub fn rest(&self) {
        self.lately.forget();
    }
}

/// Large values that were read lately, as trees: each element of a for-each reads the same list.
#[derive(Debug, Default)]
struct Lately(Mutex<VecDeque<(Arc<StoredValue>, Arc<Value>)>>);

/// So many bytes of text are kept as trees, and at least one value.
const LATELY_BYTES: usize = 256 << 10;

impl Lately {
    fn get(&self, stored: &Arc<StoredValue>, read: impl FnOnce() -> Result<Arc<Value>, NoValue>) -> Result<Arc<Value>, NoValue> {
        if let Some((_, value)) = self.trees().iter().find(|(of, _)| of.hash == stored.hash) {
            return Ok(Arc::clone(value));
        }
        let value = read()?;
        let mut trees = self.trees();
        trees.push_front((Arc::clone(stored), Arc::clone(&value)));
        let mut bytes = 0;
        let fit = trees.iter().take_while(|(of, _)| {
            bytes += of.size;
            bytes <= LATELY_BYTES
        });
        let keep = fit.count().max(1);
        trees.truncate(keep);
        Ok(value)
    }

    fn forget(&self) {
        *self.trees() = VecDeque::new();
    }

    fn trees(&self) -> MutexGuard<'_, VecDeque<(Arc<StoredValue>, Arc<Value>)>> {
        // Whoever panicked has left a list that is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Lately {
    /// The copy reads anew.
    fn clone(&self) -> Self {
        Self::default()
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
    fn a_value_up_to_the_bound_stands_in_the_event_and_a_larger_one_by_hash() {
        let mut values = Values::default();
        let at_bound = Value::String("x".repeat(INLINE_BYTES - 2));
        assert!(matches!(values.intern(&at_bound), ValueRef::Inline(_)));
        let above = Value::String("x".repeat(INLINE_BYTES - 1));
        let reference = values.intern(&above);
        assert!(matches!(&reference, ValueRef::Stored(s) if s.size == INLINE_BYTES + 1));
        assert_eq!(*values.get(&reference).unwrap(), above);
        assert_eq!(values.take_fresh().len(), 1);
        assert_eq!(round_trip(&reference), reference);
    }

    #[test]
    fn the_same_large_value_is_fresh_once() {
        let mut values = Values::default();
        let large = json!(vec![1; 1000]);
        assert_eq!(values.intern(&large), values.intern(&large));
        assert_eq!(values.take_fresh().len(), 1);
    }

    #[test]
    fn a_value_that_looks_like_a_reference_survives_the_journal_unchanged() {
        for value in [json!({"$value": "abc", "size": 3}), json!({"$value": null, "plain": 1}), json!({"$value": {}})] {
            let reference = ValueRef::inline(&value);
            assert_eq!(round_trip(&reference), reference);
        }
    }
}
