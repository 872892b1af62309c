//! Reads a run from the journal: its definition, its events, the large values that it holds.
//!
//! Invariant: a definition is analysed once, however many runs are read that have it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use loomwork_run::{EventKind, Json, Program, RunState, ValueRef, Values};
use loomwork_store::{Reader, Record};

use crate::{Active, EngineError};

/// Definitions that were prepared while runs are read, by hash. It keeps them all: it lives as long as the reading of some runs.
#[derive(Debug, Default)]
pub struct Programs {
    known: Mutex<HashMap<String, Arc<Program>>>,
}

impl Programs {
    /// A definition of a run, prepared; its text is asked for when it is met for the first time.
    ///
    /// # Errors
    /// When its text is missing, or this version cannot read it.
    pub fn get(
        &self,
        run: &str,
        hash: &str,
        text: impl FnOnce(&str) -> Result<Option<String>, EngineError>,
    ) -> Result<Arc<Program>, EngineError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = known().get(hash) {
            return Ok(Arc::clone(program));
        }
        let unreadable = |reason: String| EngineError::Unreadable { run: run.to_owned(), reason };
        let text = text(hash)?.ok_or_else(|| unreadable(format!("its workflow {hash} is missing")))?;
        let workflow = loomwork_workflow::read_accepted(&text);
        let workflow = workflow.ok_or_else(|| unreadable("this version cannot read its workflow".to_owned()))?;
        let program = Arc::new(Program::new(workflow, hash.to_owned()));
        known().insert(hash.to_owned(), Arc::clone(&program));
        Ok(program)
    }
}

/// Reads a run.
///
/// # Errors
/// When there is no such run, or it cannot be folded.
pub fn load_run(reader: &Reader, programs: &Programs, run: &str) -> Result<Active, EngineError> {
    let records = reader.records(run, 0)?;
    let state = fold_run(run, &records, programs, |hash| Ok(reader.definition(hash)?))?;
    let mut values = Values::default();
    read_values(reader, &state, &mut values)?;
    let seq = records.last().map_or(0, |record| record.seq);
    Ok(Active::new(state, values, seq))
}

/// The state of a run: the fold of its records.
///
/// # Errors
/// When there are none, or they cannot be folded.
pub fn fold_run(
    run: &str,
    records: &[Record],
    programs: &Programs,
    definition: impl Fn(&str) -> Result<Option<String>, EngineError>,
) -> Result<RunState, EngineError> {
    let unreadable = |reason: String| EngineError::Unreadable { run: run.to_owned(), reason };
    let (first, rest) = records.split_first().ok_or_else(|| EngineError::NoSuchRun(run.to_owned()))?;
    let event = first.event().map_err(|error| unreadable(error.to_string()))?;
    let EventKind::RunCreated(created) = &event.kind else {
        return Err(unreadable(format!("its first event is `{}`", first.kind)));
    };
    let program = programs.get(run, &created.definition, &definition)?;
    let mut state = RunState::created(program, run.to_owned(), event.at_ms, created);
    fold_on(&mut state, rest, programs, definition)?;
    Ok(state)
}

/// Folds further records of a run in.
///
/// # Errors
/// When they cannot be folded.
pub fn fold_on(
    state: &mut RunState,
    records: &[Record],
    programs: &Programs,
    definition: impl Fn(&str) -> Result<Option<String>, EngineError>,
) -> Result<(), EngineError> {
    let run = state.id.clone();
    let unreadable = |seq: u64, reason: &dyn std::fmt::Display| {
        let reason = format!("record {seq}: {reason}");
        EngineError::Unreadable { run: run.clone(), reason }
    };
    for record in records {
        let event = record.event().map_err(|error| unreadable(record.seq, &error))?;
        // A run goes on with another definition: from here on it is folded by that one.
        if let EventKind::RunAmended(data) = &event.kind {
            state.know(programs.get(&run, &data.definition, &definition)?);
        }
        state.apply(&event).map_err(|error| unreadable(record.seq, &error))?;
    }
    Ok(())
}

/// Reads the large values that a state holds and that are not known yet.
///
/// # Errors
/// When the journal cannot be read. A value that is missing stays missing: only what reads it fails.
pub fn read_values(reader: &Reader, state: &RunState, values: &mut Values) -> Result<(), EngineError> {
    for reference in state.value_refs() {
        let ValueRef::Stored(stored) = reference else { continue };
        if values.contains(&stored.hash) {
            continue;
        }
        if let Some(json) = reader.value(&stored.hash)?
            && let Some(json) = Json::of_bytes(json)
        {
            values.insert(stored.hash.clone(), json);
        }
    }
    Ok(())
}
