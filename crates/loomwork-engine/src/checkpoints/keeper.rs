//! The checkpoints that the engine makes for long runs, so that a fold never begins far behind.
//!
//! Invariants: one is made when a run has had more events since the last than it has steps, so that all of them together
//! cost a constant share of the run, however long it grows, and the tail to fold is bounded by what is folded anyway. They
//! are few and old ones go. When one fails, the run goes on as if nothing had been tried.
//!
//! Not here: those that people ask for, and how one is read (`checkpoints`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use loomwork_store::{CheckpointHead, Level, Reader, Retention};
use loomwork_workflow::CheckpointSettings;
use tokio::sync::broadcast::error::RecvError;

use super::Picture;
use crate::driver::{Published, now_ms};
use crate::engine::blocking;
use crate::{Active, Engine, EngineError};

/// The keeper of one engine.
struct Keeper {
    engine: Engine,
    /// Fewer events than these are never worth a checkpoint.
    shortest: usize,
    retention: Retention,
    tails: HashMap<Arc<str>, Tail>,
}

/// What happened in a run since its last checkpoint.
#[derive(Debug, Clone, Copy)]
struct Tail {
    events: usize,
    /// So many are waited for before the run is looked at.
    wanted: usize,
}

/// Stands for a tail whose length is not known yet.
const UNKNOWN: usize = 1;

/// Makes checkpoints of long runs until the engine ends.
pub(crate) async fn keep(engine: Engine, settings: CheckpointSettings) {
    let mut published = engine.subscribe();
    let mut done = engine.done();
    let retention = Retention { count: settings.keep as usize, age_ms: i64::try_from(settings.keep_for_ms).unwrap_or(i64::MAX) };
    let mut keeper = Keeper { engine, shortest: settings.every as usize, retention, tails: HashMap::new() };
    keeper.clear_up().await;
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
        for run in keeper.count(&records) {
            keeper.follow_up(&run).await;
        }
    }
}

enum Made {
    /// The run has so many steps.
    Now(usize),
    /// It is to be looked at again after so many events.
    NotYet(usize),
}

impl Keeper {
    /// Deletes what has become too old while no engine was there.
    async fn clear_up(&self) {
        let (journal, checkpoints) = (Arc::clone(self.engine.journal()), self.engine.checkpoints().clone());
        let retention = self.retention;
        let cleared = blocking(move || {
            let open: HashSet<String> = Reader::open(&journal)?.open_runs()?.into_iter().map(|row| row.id).collect();
            for run in checkpoints.runs()? {
                checkpoints.retain(&run, retention, open.contains(&run), now_ms())?;
            }
            Ok(())
        });
        if let Err(error) = cleared.await {
            tracing::warn!(%error, "old checkpoints could not be deleted");
        }
    }

    /// Counts events to their runs; returns the runs that are to be looked at.
    fn count(&mut self, records: &Published) -> Vec<Arc<str>> {
        let mut due: Vec<Arc<str>> = Vec::new();
        for record in records.iter() {
            let Some(run) = &record.run else { continue };
            if matches!(record.kind.as_str(), "run_succeeded" | "run_failed" | "run_cancelled" | "run_compensated") {
                self.tails.remove(run);
                due.retain(|other| other != run);
                continue;
            }
            // A run that did not begin before these eyes has a tail of unknown length: it is looked at now.
            let known = record.kind == "run_created" || self.tails.contains_key(run);
            let wanted = if known { self.shortest } else { UNKNOWN };
            let tail = self.tails.entry(Arc::clone(run)).or_insert(Tail { events: 0, wanted });
            tail.events += 1;
            if tail.events == tail.wanted {
                due.push(Arc::clone(run));
            }
        }
        due
    }

    /// Looks at a run, and makes its checkpoint when that is worth it.
    async fn follow_up(&mut self, run: &Arc<str>) {
        let Some(Tail { events, wanted }) = self.tails.get(run).copied() else { return };
        let shortest = self.shortest;
        let after = match self.look_at(run, events, wanted == UNKNOWN).await {
            Ok((_, Made::Now(steps))) => Tail { events: 0, wanted: steps.max(shortest) },
            Ok((events, Made::NotYet(wanted))) => Tail { events, wanted },
            Err(error) => {
                tracing::warn!(run = %run, %error, "a checkpoint could not be made");
                Tail { events: 0, wanted: wanted.saturating_mul(2).max(shortest) }
            }
        };
        self.tails.insert(Arc::clone(run), after);
    }

    /// Returns the length of the tail, and what came of it.
    async fn look_at(&self, run: &str, counted: usize, unknown: bool) -> Result<(usize, Made), EngineError> {
        let events = if unknown { self.length(run).await? } else { counted };
        if events < self.shortest {
            return Ok((events, Made::NotYet(self.shortest)));
        }
        Ok((events, self.make(run, events).await?))
    }

    /// How many events a run has had since its newest checkpoint.
    async fn length(&self, run: &str) -> Result<usize, EngineError> {
        let (journal, checkpoints) = (Arc::clone(self.engine.journal()), self.engine.checkpoints().clone());
        let run = run.to_owned();
        blocking(move || {
            let kept = checkpoints.newest(&run)?.unwrap_or(0);
            Ok(Reader::open(&journal)?.count_records(&run, kept + 1)?)
        })
        .await
    }

    async fn make(&self, run: &str, events: usize) -> Result<Made, EngineError> {
        let look = move |active: &Active| {
            let steps = active.state.steps.len();
            if steps > events || active.state.status.is_final() { Err(steps) } else { Ok(Picture::of(active, Level::Minimal)) }
        };
        let picture = match self.engine.inspect(run, look).await? {
            Ok(picture) => picture,
            Err(steps) => return Ok(Made::NotYet(steps.max(events + 1))),
        };
        let steps = picture.steps;
        let head = self.engine.head(run, &picture, Level::Minimal, "engine").await?;
        self.engine.write_checkpoint(CheckpointHead { automatic: true, ..head }, picture).await?;
        let (checkpoints, run, retention) = (self.engine.checkpoints().clone(), run.to_owned(), self.retention);
        blocking(move || Ok(checkpoints.retain(&run, retention, true, now_ms())?)).await?;
        Ok(Made::Now(steps))
    }
}
