//! What the last runs of a workflow took, for plans.
//!
//! Invariant: bounded, however many runs there are and however large they were. Not here: what follows from it
//! (`loomwork_workflow::plan`).

use loomwork_api::ApiResult;
use loomwork_engine::{Programs, fold_run};
use loomwork_run::{AttemptStatus, Role, RunState, StepStatus};
use loomwork_store::{Reader, RunFilter};
use loomwork_workflow::History;

use crate::journal::of_store;

/// Runs that are looked at: enough for percentiles, few enough to say how it is at present.
const RUNS: usize = 20;
/// Runs among which those that have ended are looked for.
const LOOKED_AT: u32 = 60;
/// Events that are read for one plan.
const EVENTS: usize = 200_000;

/// The history of a workflow.
pub(crate) fn of_workflow(reader: &Reader, workflow: &str) -> ApiResult<History> {
    let filter = RunFilter { workflow: Some(workflow.to_owned()), limit: LOOKED_AT, ..RunFilter::default() };
    let mut history = History::default();
    let (mut read, programs) = (0, Programs::default());
    let rows = reader.runs(&filter).map_err(of_store)?;
    for row in rows.iter().filter(|row| row.status.is_final()).take(RUNS) {
        let records = reader.records(&row.id, 0).map_err(of_store)?;
        read += records.len();
        match fold_run(&row.id, &records, &programs, |hash| Ok(reader.definition(hash)?)) {
            Ok(state) => add(&mut history, &state),
            // A run that this version cannot read says nothing about how long steps take; `show` says what is wrong with it.
            Err(error) => tracing::debug!("run {} is left out of a plan: {error}", row.id),
        }
        if read >= EVENTS {
            break;
        }
    }
    Ok(history)
}

fn add(history: &mut History, state: &RunState) {
    history.runs += 1;
    for ix in state.in_order() {
        let step = &state.steps[ix];
        // What a person marked as succeeded did not take the time until then.
        // Nor did what used an earlier output.
        let done = step.status == StepStatus::Succeeded
            && step.cached.is_none()
            && step.attempts.last().is_none_or(|attempt| attempt.status == AttemptStatus::Succeeded);
        if let (true, Some(start), Some(end)) = (done, step.started_at_ms, step.ended_at_ms) {
            history.add_duration(&step.path, u64::try_from(end - start).unwrap_or(0));
        }
        let repeats = step.role == Role::Step && state.definition(ix).step.repeat.is_some();
        if let Some(inner) = step.inner.as_ref().filter(|_| done && repeats) {
            history.add_count(&step.path, inner.children.len() as u64);
        }
    }
}
