//! Runs that leave the journal and come back to it.
//!
//! Invariant: who takes a run away claims it first; from then on nothing happens to a claimed run, so that what was read of
//! it stays true until it is gone. What is gone is remembered for a while: a request that read it before may still come.
//! Not here: which runs may go and their files (`retention`).

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use loomwork_run::RefusedRequest;
use loomwork_store::{Move, Removed, Returned};
use serde_json::json;

use super::Core;
use crate::EngineError;

/// As many are remembered as nobody can still be asking about.
const MOST_REMEMBERED: usize = 100_000;

/// The runs that were claimed, those that are gone among them.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    runs: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Leaving {
    pub(super) fn has(&self, run: &str) -> bool {
        self.runs.contains(run)
    }

    fn add(&mut self, run: &Arc<str>) {
        self.runs.insert(Arc::clone(run));
    }

    fn gone(&mut self, run: &str) {
        let Some(run) = self.runs.get(run).cloned() else { return };
        self.order.push_back(run);
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.runs.remove(&oldest);
        }
    }

    fn back(&mut self, run: &str) {
        self.runs.remove(run);
        self.order.retain(|other| **other != *run);
    }
}

impl Core {
    /// Claims runs; returns those that cannot be, and why.
    pub(super) fn claim(&mut self, runs: Vec<Arc<str>>) -> Vec<(Arc<str>, String)> {
        let mut refused = Vec::new();
        for run in runs {
            match self.why_not(&run) {
                Some(why) => refused.push((run, why.to_owned())),
                None => {
                    self.runs.remove(&run);
                    self.reuse.forget_run(&run);
                    self.leaving.add(&run);
                }
            }
        }
        refused
    }

    fn why_not(&self, run: &Arc<str>) -> Option<&'static str> {
        if self.runs.get(run).is_some_and(|active| !active.state.status.is_final()) {
            return Some("it goes on");
        }
        if self.held.contains_key(run) {
            return Some("somebody works with it at this moment");
        }
        if self.leaving.has(run) {
            return Some("it is being taken away already");
        }
        self.letters.has(run).then_some("it failed, and nobody has discarded it yet")
    }

    /// Gives claimed runs back.
    pub(super) fn release(&mut self, runs: &[Arc<str>]) {
        runs.iter().for_each(|run| self.leaving.back(run));
    }

    /// An error for whoever asks something of a run that leaves.
    pub(super) fn stays(&self, run: &str) -> Result<(), EngineError> {
        if !self.leaving.has(run) {
            return Ok(());
        }
        let message = "the run is being archived or purged at this moment".to_owned();
        Err(RefusedRequest::State(message).into())
    }

    /// Takes claimed runs out of the journal, and says so in it.
    pub(super) fn remove_runs(
        &mut self,
        kind: &'static str,
        actor: &str,
        runs: &[Removed],
        mut numbers: BTreeMap<String, u32>,
        now_ms: i64,
    ) {
        for (workflow, number) in &mut numbers {
            *number = (*number).max(self.numbers.get(workflow).copied().unwrap_or(0));
        }
        self.record_workspace(kind, actor, &json!({ "runs": runs, "numbers": numbers }), now_ms);
        for removed in runs {
            self.leaving.gone(&removed.run);
            self.batch.moves.push(Move::Remove(Arc::from(removed.run.as_str())));
        }
    }

    /// Brings a run back to the journal.
    pub(super) fn bring_back(&mut self, returned: Returned, actor: &str, now_ms: i64) {
        self.leaving.back(&returned.run);
        let head = returned.records.last().map(|record| hex::encode(record.hash));
        let facts = json!({ "runs": [{ "run": &*returned.run, "events": returned.records.len(), "head": head }] });
        self.record_workspace("runs_restored", actor, &facts, now_ms);
        self.batch.moves.push(Move::Return(Box::new(returned)));
    }

    /// Takes values out of the journal that no record up to `since` names, and no run in memory holds.
    pub(super) fn sweep(&mut self, mut values: Vec<String>, since: u64, actor: &str, now_ms: i64) -> usize {
        values.retain(|hash| !self.runs.values().any(|active| active.values.contains(hash)));
        let count = values.len();
        if count > 0 {
            self.record_workspace("values_removed", actor, &json!({ "values": count }), now_ms);
            self.batch.moves.push(Move::Sweep { values, since });
        }
        count
    }
}
