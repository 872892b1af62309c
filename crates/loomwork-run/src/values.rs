//! The large values that a run can read.
//!
//! Invariant: they stand in memory as texts; of trees there are few, and none while nothing happens in the run.
//!
//! Not here: what a reference is (`value`), and where values are kept (`loomwork-store`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::value::INLINE_BYTES;
use crate::{Json, StoredValue, ValueRef};

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

/// Values of together so many bytes of text are kept as trees.
const LATELY_BYTES: usize = 256 << 10;

/// So many are, however large: a step may read several, and the next element reads them again.
const LATELY: usize = 4;

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
        let keep = fit.count().max(LATELY);
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
    }

    #[test]
    fn the_same_large_value_is_fresh_once() {
        let mut values = Values::default();
        let large = json!(vec![1; 1000]);
        assert_eq!(values.intern(&large), values.intern(&large));
        assert_eq!(values.take_fresh().len(), 1);
    }

    #[test]
    fn a_large_value_is_read_once_as_long_as_it_is_wanted() {
        let mut values = Values::default();
        let list = values.intern(&json!(vec![1; 1000]));
        let first = values.get(&list).unwrap();
        assert!(Arc::ptr_eq(&first, &values.get(&list).unwrap()));
        values.rest();
        let again = values.get(&list).unwrap();
        assert!(!Arc::ptr_eq(&first, &again));
        assert_eq!(first, again);
    }

    #[test]
    fn few_large_values_are_kept_as_trees() {
        let mut values = Values::default();
        let kept = |values: &Values| values.lately.trees().len();
        for n in 0..10 {
            let small = values.intern(&json!(vec![n; LATELY_BYTES / 16]));
            values.get(&small).unwrap();
        }
        assert_eq!(kept(&values), 7);
        for n in 0..10 {
            let large = values.intern(&json!(n.to_string().repeat(LATELY_BYTES)));
            assert!(Arc::ptr_eq(&values.get(&large).unwrap(), &values.get(&large).unwrap()));
        }
        assert_eq!(kept(&values), LATELY);
    }

    #[test]
    fn what_is_nested_too_deeply_to_be_read_is_kept_and_said() {
        let mut values = Values::default();
        let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let deep = values.intern(&deep);
        assert_eq!(values.get(&deep), Err(NoValue::TooDeep));
        let read: ValueRef = serde_json::from_str(&serde_json::to_string(&deep).unwrap()).unwrap();
        assert_eq!(read, deep);
    }
}
