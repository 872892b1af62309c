//! Preparing a fork: the first events of the new run, its state after them, and what it will do from there.
//!
//! Not here: what a moment is and what may be forked (`loomwork-run`), and the commit (`Core`).

use std::sync::Arc;

use loomwork_run::{Event, EventKind, RetryPlan, Values, fork_events, plan_fork};
use loomwork_store::{NewRecord, Record};

use crate::{Active, EngineError, Programs, fold_run};

/// A run that begins with the events of another one. Nothing has happened yet: it can be looked at and dropped.
#[derive(Debug)]
pub struct Fork {
    /// The new run after the events that it takes over. Its number is given when it is created.
    pub active: Active,
    /// What it will do.
    pub plan: RetryPlan,
    /// The events that it takes over.
    pub(crate) events: Vec<Event>,
    /// The largest number of a run of the workflow that the journal has.
    pub last_number: u32,
}

impl Fork {
    /// Prepares a fork of a run from one of its events. `id` is the new run's, fresh; `records` are all of the old run's.
    /// The large values of the new run are still to be read.
    ///
    /// # Errors
    /// When there is no such event, nothing could go on from there, or the run cannot be read.
    pub fn prepare(
        id: &str,
        records: &[Record],
        (run, seq): (&str, u64),
        (actor, now_ms): (&str, i64),
        programs: &Programs,
        definition: impl Fn(&str) -> Result<Option<String>, EngineError>,
    ) -> Result<Self, EngineError> {
        let old = fold_run(run, records, programs, &definition)?;
        let unreadable = |reason: String| EngineError::Unreadable { run: run.to_owned(), reason };
        let history = records.iter().map(|record| Ok((record.seq, record.event()?)));
        let history: Vec<(u64, Event)> =
            history.collect::<Result<_, loomwork_run::DecodeError>>().map_err(|error| unreadable(error.to_string()))?;
        let events = fork_events(&history, (run, seq), actor, now_ms)?;
        let name: Arc<str> = Arc::from(id);
        let taken = events.iter().map(|event| Record::chained(0, [0; 32], NewRecord::of_run(Arc::clone(&name), event.clone())));
        let state = fold_run(id, &taken.collect::<Vec<_>>(), programs, &definition)?;
        let plan = plan_fork(&state, &old)?;
        Ok(Self { active: Active::new(state, Values::default(), 0), plan, events, last_number: 0 })
    }

    /// Writes down one thing more about the new run that changes nothing of it.
    pub(crate) fn note(&mut self, kind: EventKind, actor: &str, now_ms: i64) {
        self.events.push(Event { at_ms: now_ms, actor: actor.to_owned(), step: None, attempt: None, kind });
    }
}
