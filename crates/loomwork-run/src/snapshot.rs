//! The state of a run as bytes, and back: a fold can begin there instead of at the first event.
//!
//! Invariants: a state read back and folded on is the state that the whole fold makes; what is derived (the index of
//! paths, what is to be decided next) is not written. The format has a version, and one that is not known is refused.
//!
//! Not here: files, compression and hashes (`loomwork-store`), when one is made (`loomwork-engine`).

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::state::ROOT;
use crate::{CancelRequest, Instance, Program, RunCreated, RunError, RunState, RunStatus, ValueRef};

/// Version of the format that is written.
pub const SNAPSHOT_VERSION: u32 = 1;

/// A snapshot cannot be used. The journal still has everything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A newer version of Loomwork wrote it.
    #[error("the snapshot has the format {0}, and this version of Loomwork knows formats up to {SNAPSHOT_VERSION}")]
    TooNew(u32),
    /// A definition that it names is not there.
    #[error("the definition {0} of the workflow is missing")]
    NoDefinition(String),
    /// It cannot be read, or does not hold together.
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(String),
}

/// What is written. What the first event of the run says is not in it.
#[derive(Serialize, Deserialize)]
struct Image<'s> {
    snapshot: u32,
    definition: Cow<'s, str>,
    path: Cow<'s, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<Cow<'s, str>>,
    status: RunStatus,
    inputs: Cow<'s, ValueRef>,
    env: Cow<'s, ValueRef>,
    started_at_ms: Option<i64>,
    ended_at_ms: Option<i64>,
    taken_up_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    outputs: Option<ValueRef>,
    error: Option<RunError>,
    cancel: Option<CancelRequest>,
    timed_out: bool,
    end: Option<End>,
    undo: bool,
    stopped_by: Option<usize>,
    open: usize,
    busy: usize,
    completions: u64,
    steps: Cow<'s, [Instance]>,
    /// What began with a definition that the run has left since: the instance, the definition, the step in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    formers: Vec<(usize, String, usize)>,
}

/// What an `end` step said.
#[derive(Serialize, Deserialize)]
struct End {
    failed: Option<String>,
}

/// A value that is there is `Some`, even when it is null.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

impl RunState {
    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        // Every field is named, so that a new one cannot be forgotten here.
        #[rustfmt::skip]
        let Self {
            program, path, version, status, inputs, env, started_at_ms, ended_at_ms, taken_up_at_ms, outputs, error, cancel,
            timed_out, end, undo, stopped_by, steps, open, busy, completions,
            // The first event says these.
            id: _, number: _, trigger: _, parent: _, forked_from: _, group: _, labels: _, priority: _, created_at_ms: _,
            // These follow from the others.
            index: _, frontier: _, waits: _,
            // Empty between events.
            known: _,
        } = self;
        let image = Image {
            snapshot: SNAPSHOT_VERSION,
            definition: Cow::Borrowed(&program.definition),
            path: Cow::Borrowed(path),
            version: version.as_deref().map(Cow::Borrowed),
            status: *status,
            inputs: Cow::Borrowed(inputs),
            env: Cow::Borrowed(env),
            started_at_ms: *started_at_ms,
            ended_at_ms: *ended_at_ms,
            taken_up_at_ms: *taken_up_at_ms,
            outputs: outputs.clone(),
            error: error.clone(),
            cancel: cancel.clone(),
            timed_out: *timed_out,
            end: end.clone().map(|failed| End { failed }),
            undo: *undo,
            stopped_by: *stopped_by,
            open: *open,
            busy: *busy,
            completions: *completions,
            steps: Cow::Borrowed(steps),
            formers: self.formers().collect(),
        };
        // Serialising these types fails only for maps with keys that are no strings, which they cannot hold.
        serde_json::to_vec(&image).unwrap_or_default()
    }

    /// The state that a snapshot holds, of a run that began with `created` at `at_ms`. `program` finds the
    /// definitions that it had, by their hashes.
    ///
    /// # Errors
    /// When the snapshot is of a newer version or of another definition, or does not hold together.
    pub fn of_snapshot(
        program: &dyn Fn(&str) -> Option<Arc<Program>>,
        id: String,
        (at_ms, created): (i64, &RunCreated),
        snapshot: &[u8],
    ) -> Result<Self, SnapshotError> {
        let unreadable = |error: serde_json::Error| SnapshotError::Unreadable(error.to_string());
        let Format { snapshot: version } = serde_json::from_slice(snapshot).map_err(unreadable)?;
        if version != SNAPSHOT_VERSION {
            return Err(SnapshotError::TooNew(version));
        }
        let image: Image<'_> = serde_json::from_slice(snapshot).map_err(unreadable)?;
        let definition = |hash: &str| program(hash).ok_or_else(|| SnapshotError::NoDefinition(hash.to_owned()));
        let mut state = Self::created(definition(&image.definition)?, id, at_ms, created);
        state.steps = image.steps.into_owned();
        state.path = image.path.into_owned();
        state.version = image.version.map(Cow::into_owned);
        state.status = image.status;
        state.inputs = image.inputs.into_owned();
        state.env = image.env.into_owned();
        state.started_at_ms = image.started_at_ms;
        state.ended_at_ms = image.ended_at_ms;
        state.taken_up_at_ms = image.taken_up_at_ms;
        state.outputs = image.outputs;
        state.error = image.error;
        state.cancel = image.cancel;
        state.timed_out = image.timed_out;
        state.end = image.end.map(|end| end.failed);
        state.undo = image.undo;
        state.stopped_by = image.stopped_by;
        state.open = image.open;
        state.busy = image.busy;
        state.completions = image.completions;
        for (ix, hash, step) in image.formers {
            state.set_former(ix, definition(&hash)?, step);
        }
        if !state.holds_together() {
            return Err(SnapshotError::Unreadable("its steps do not hold together".to_owned()));
        }
        state.index = state.steps.iter().enumerate().skip(1).map(|(ix, step)| (Arc::clone(&step.path), ix)).collect();
        state.count_waits();
        state.revisit_all();
        Ok(state)
    }

    /// Whether every instance names instances and definitions that are there.
    fn holds_together(&self) -> bool {
        let there = |ix: usize| ix < self.steps.len();
        let fits = |(ix, step): (usize, &Instance)| {
            let children = step.inner.as_ref().map(|inner| inner.children.iter().chain(&inner.failures));
            (ix == ROOT) == (step.definition == usize::MAX)
                && (ix == ROOT || step.definition < self.program.len() || !step.attached)
                && there(step.parent)
                && (ix == ROOT || step.parent < ix)
                && step.earlier_attempts as usize <= step.attempts.len()
                && children.into_iter().flatten().all(|child| there(*child))
        };
        !self.steps.is_empty() && self.stopped_by.is_none_or(there) && self.steps.iter().enumerate().all(fits)
    }
}

/// What every version of the format says first.
#[derive(Deserialize)]
struct Format {
    snapshot: u32,
}
