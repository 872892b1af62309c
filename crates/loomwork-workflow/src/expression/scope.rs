//! What an expression can see.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// The names in scope. The caller puts in the steps that the template's references name.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// `inputs`: an object.
    pub inputs: Arc<Value>,
    /// `env`: an object, the workflow's own.
    pub env: Arc<Value>,
    /// `run`: an object with `id`, `started_at` (RFC 3339) and `trigger`.
    pub run: Arc<Value>,
    /// `steps`.
    pub steps: BTreeMap<String, StepScope>,
    /// What else is in scope at this place: `item`, `index`, `pass`, `event`.
    pub locals: BTreeMap<&'static str, Arc<Value>>,
}

/// A step as expressions see it.
#[derive(Debug, Clone, Default)]
pub struct StepScope {
    /// Its output; none for a step that was skipped or failed: `has()` is false.
    pub output: Option<Arc<Value>>,
    /// Its status.
    pub status: String,
    /// Its error, if it failed.
    pub error: Option<Value>,
    /// Attempts so far.
    pub attempts: u32,
    /// Milliseconds from its start to its end.
    pub duration_ms: u64,
}
