//! Outputs that are used again: what must be equal for it, and when an earlier one may be taken.
//!
//! Not here: the contents of files and the values of secrets, which the edge adds to the fingerprint (`loomwork-steps`), and
//! where earlier outputs are found (`loomwork-store`).

use loomwork_workflow::Cache;
use serde_json::{Value, json};

use crate::event::{CachedFrom, StepSucceeded};
use crate::outcome::after_failure;
use crate::scope::{resolved_input, run_error, scope_for};
use crate::state::ROOT;
use crate::{Event, RunError, RunState, ValueRef, Values};

/// What must be equal for an output to be used again.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheQuestion {
    /// The action, its resolved input with holes for secrets, and the key.
    pub subject: Value,
    /// Paths and patterns of the files whose contents count, too.
    pub files: Vec<String>,
}

fn cache(state: &RunState, ix: usize) -> Option<&Cache> {
    // A fallback is another action than the one whose output is kept.
    state.definition(ix).step.cache.as_ref().filter(|_| state.steps[ix].fallback.is_none())
}

/// Whether the outputs of a step are kept to be used again.
pub fn has_cache(state: &RunState, ix: usize) -> bool {
    cache(state, ix).is_some()
}

/// What must be equal for an output of this step to be used again; none for a step without `cache`.
///
/// # Errors
/// When an expression of the input or of `cache` cannot be evaluated.
pub fn cache_question(state: &RunState, values: &Values, ix: usize) -> Option<Result<CacheQuestion, RunError>> {
    cache(state, ix).map(|cache| question(state, values, ix, cache))
}

fn question(state: &RunState, values: &Values, ix: usize, cache: &Cache) -> Result<CacheQuestion, RunError> {
    let action = &state.definition(ix).step.action;
    let scope = scope_for(state, values, ix, cache.key.iter().chain(&cache.files))?;
    let key = cache.key.as_ref().map(|key| key.evaluate(&scope)).transpose();
    let key = key.map_err(|error| run_error("cache.key", &error))?;
    let mut files = Vec::with_capacity(cache.files.len());
    for file in &cache.files {
        let file = file.evaluate(&scope).map_err(|error| run_error("cache.files", &error))?;
        files.push(crate::scope::as_text(file));
    }
    let input = resolved_input(state, values, ix, action)?;
    Ok(CacheQuestion { subject: json!({ "action": action.name(), "input": input, "key": key }), files })
}

/// Whether a step may take an output that was kept at some time: not when a person had it done again, and not when the
/// output is older than the step's `ttl`.
pub fn takes_cached(state: &RunState, ix: usize, kept_at_ms: i64, now_ms: i64) -> bool {
    let ttl = cache(state, ix).and_then(|cache| cache.ttl_ms).map_or(i64::MAX, |ttl| i64::try_from(ttl).unwrap_or(i64::MAX));
    let mut around = ix;
    while around != ROOT {
        if state.steps[around].again {
            return false;
        }
        around = state.steps[around].parent;
    }
    has_cache(state, ix) && now_ms.saturating_sub(kept_at_ms) <= ttl
}

/// The step takes an earlier output in place of an attempt.
pub fn use_again(state: &RunState, ix: usize, from: CachedFrom, output: ValueRef, now_ms: i64) -> Event {
    let kind = StepSucceeded { cached: Some(from), ..StepSucceeded::new("succeeded", output) };
    crate::decide::engine_event(now_ms, &state.steps[ix].path, kind)
}

/// It cannot be said what must be equal: the step fails before its attempt.
pub fn cache_failed(state: &RunState, values: &mut Values, ix: usize, error: RunError, now_ms: i64) -> Event {
    after_failure(state, values, ix, None, error, now_ms)
}
