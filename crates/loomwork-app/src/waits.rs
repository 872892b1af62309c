//! What the runs of lists wait for: the engine knows it of the runs in memory, of all others it is folded.
//!
//! Invariant: a list says of a run what a look at the run itself says, by the same functions on its state.

use std::collections::HashMap;

use loomwork_api::{ApiResult, RunStatus as Shown, RunSummary, WaitsFor};
use loomwork_engine::{Engine, Programs, RunWaits, load_run_from};
use loomwork_run::RunStatus;
use loomwork_store::{Checkpoints, Reader, RunRow};

use crate::{journal::of_store, views};

/// What the runs in memory wait for; nothing where no engine is, or where it cannot answer.
pub(crate) async fn known(engine: Option<&Engine>) -> Vec<RunWaits> {
    match engine {
        Some(engine) => engine.waits().await.unwrap_or_default(),
        None => Vec::new(),
    }
}

/// What all runs that are running wait for.
pub(crate) struct Waits {
    runs: HashMap<String, RunWaits>,
}

impl Waits {
    /// Looks at every run that is running and not known yet.
    pub(crate) fn read(reader: &Reader, checkpoints: &Checkpoints, known: Vec<RunWaits>) -> ApiResult<Self> {
        let running = reader.ids_of(RunStatus::Running).map_err(of_store)?;
        let mut known: HashMap<String, RunWaits> = known.into_iter().map(|waits| (waits.run.to_string(), waits)).collect();
        let programs = Programs::default();
        let read = |run: &str| match load_run_from(reader, checkpoints, &programs, run) {
            Ok(active) => Some(RunWaits::of(&active.state)),
            Err(error) => {
                tracing::debug!("what a run waits for cannot be said: {error}");
                None
            }
        };
        let waits = |run: String| known.remove(&run).or_else(|| read(&run)).map(|waits| (run, waits));
        Ok(Self { runs: running.into_iter().filter_map(waits).collect() })
    }

    /// A run of the list.
    pub(crate) fn row(&self, row: &RunRow, now_ms: i64) -> RunSummary {
        let mut shown = views::row(row, now_ms);
        if let Some(waits) = self.runs.get(&row.id).filter(|_| row.status == RunStatus::Running) {
            shown.waits_for = waits.waits_for.map(views::waits_for);
            shown.status = if waits.waiting { Shown::Waiting } else { shown.status };
        }
        shown
    }

    /// How many wait, so that nothing can go on in them before a timer, an event or a person.
    pub(crate) fn waiting(&self) -> u32 {
        count(self.runs.values().filter(|waits| waits.waiting))
    }

    /// How many wait for something.
    pub(crate) fn waiting_for(&self, what: WaitsFor) -> u32 {
        count(self.runs.values().filter(|waits| waits.waits_for.map(views::waits_for) == Some(what)))
    }
}

fn count<'w>(waits: impl Iterator<Item = &'w RunWaits>) -> u32 {
    u32::try_from(waits.count()).unwrap_or(u32::MAX)
}
