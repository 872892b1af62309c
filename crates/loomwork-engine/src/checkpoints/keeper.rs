//! The checkpoints that the engine makes for long runs, so that a fold never begins far behind.
//!
//! Invariants: one is made when a run has had more events since the last than it has steps, so that all of them together
//! cost a constant share of the run, however long it grows, and the tail to fold is bounded by what is folded anyway. They
//! are few and old ones go. When one fails, the run goes on as if nothing had been tried.
//!
//! Not here: those that people ask for, and how one is read (`checkpoints`).

use std::collections::HashMap;
use std::sync::Arc;

use loomwork_store::{CheckpointHead, Level, Reader, Retention};
use tokio::sync::broadcast::error::RecvError;

use super::Picture;
use crate::driver::{Published, now_ms};
use crate::engine::blocking;
use crate::{Active, Engine, EngineError};

/// Shorter tails are folded faster than a checkpoint is read.
const SHORTEST: usize = 2_000;

/// The automatic checkpoints of a run that stay: two, so that a damaged one has a substitute, and for a month.
const RETENTION: Retention = Retention { count: 2, age_ms: 30 * 24 * 3_600_000 };

/// What happened in a run since its last checkpoint.
#[derive(Debug)]
struct Tail {
    events: usize,
    /// So many are waited for before the run is looked at.
    wanted: usize,
}

/// Makes checkpoints of long runs until the engine ends.
pub(crate) async fn keep(engine: Engine) {
    let mut published = engine.subscribe();
    let mut done = engine.done();
    let checkpoints = engine.checkpoints().clone();
    if let Err(error) = blocking(move || Ok(checkpoints.retain_all(RETENTION, now_ms())?)).await {
        tracing::warn!(%error, "old checkpoints could not be deleted");
    }
    let mut tails: HashMap<Arc<str>, Tail> = HashMap::new();
    loop {
        let records = tokio::select! {
            biased;
            _ = done.wait_for(|done| *done) => return,
            received = published.recv() => match received {
                Ok(records) => records,
                // A checkpoint comes a little later then.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
        };
        for run in count(&mut tails, &records) {
            follow_up(&engine, &mut tails, &run).await;
        }
    }
}

/// Counts events to their runs; returns the runs that are to be looked at.
fn count(tails: &mut HashMap<Arc<str>, Tail>, records: &Published) -> Vec<Arc<str>> {
    let mut due: Vec<Arc<str>> = Vec::new();
    for record in records.iter() {
        let Some(run) = &record.run else { continue };
        if matches!(record.kind.as_str(), "run_succeeded" | "run_failed" | "run_cancelled" | "run_compensated") {
            tails.remove(run);
            due.retain(|other| other != run);
            continue;
        }
        // A run that did not begin before these eyes has a tail of unknown length: it is looked at now.
        let known = record.kind == "run_created" || tails.contains_key(run);
        let wanted = if known { SHORTEST } else { 1 };
        let tail = tails.entry(Arc::clone(run)).or_insert(Tail { events: 0, wanted });
        tail.events += 1;
        if tail.events == tail.wanted {
            due.push(Arc::clone(run));
        }
    }
    due
}

/// Looks at a run, and makes its checkpoint when that is worth it.
async fn follow_up(engine: &Engine, tails: &mut HashMap<Arc<str>, Tail>, run: &Arc<str>) {
    let Some(tail) = tails.get_mut(run) else { return };
    let made = async {
        if tail.wanted == 1 {
            tail.events = length(engine, run).await?;
        }
        if tail.events < SHORTEST { Ok(Made::NotYet(SHORTEST)) } else { make(engine, run, tail.events).await }
    };
    match made.await {
        Ok(Made::Now(steps)) => *tail = Tail { events: 0, wanted: steps.max(SHORTEST) },
        Ok(Made::NotYet(wanted)) => tail.wanted = wanted,
        Err(error) => {
            tracing::warn!(run = %run, %error, "a checkpoint could not be made");
            *tail = Tail { events: 0, wanted: tail.wanted.saturating_mul(2).max(SHORTEST) };
        }
    }
}

/// How many events a run has had since its newest checkpoint.
async fn length(engine: &Engine, run: &str) -> Result<usize, EngineError> {
    let (journal, checkpoints, run) = (Arc::clone(engine.journal()), engine.checkpoints().clone(), run.to_owned());
    blocking(move || {
        let kept = checkpoints.newest(&run)?.unwrap_or(0);
        Ok(Reader::open(&journal)?.count_records(&run, kept + 1)?)
    })
    .await
}

enum Made {
    /// The run has so many steps.
    Now(usize),
    /// It is to be looked at again after so many events.
    NotYet(usize),
}

async fn make(engine: &Engine, run: &str, events: usize) -> Result<Made, EngineError> {
    let look = move |active: &Active| {
        let steps = active.state.steps.len();
        if steps > events || active.state.status.is_final() { Err(steps) } else { Ok(Picture::of(active, Level::Minimal)) }
    };
    let picture = match engine.inspect(run, look).await? {
        Ok(picture) => picture,
        Err(steps) => return Ok(Made::NotYet(steps.max(events + 1))),
    };
    let steps = picture.steps;
    let head = CheckpointHead { automatic: true, ..engine.head(run, &picture, Level::Minimal, "engine").await? };
    engine.write_checkpoint(head, picture).await?;
    let (checkpoints, run) = (engine.checkpoints().clone(), run.to_owned());
    blocking(move || Ok(checkpoints.retain(&run, RETENTION, now_ms())?)).await?;
    Ok(Made::Now(steps))
}
