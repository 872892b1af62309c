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
use crate::request::Leave;

/// As many are remembered as nobody can still be asking about.
const MOST_REMEMBERED: usize = 100_000;

/// The runs that were claimed, those that are gone among them.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    claimed: HashSet<Arc<str>>,
    gone: HashSet<Arc<str>>,
    /// Those that are gone, in the order in which they went.
    order: VecDeque<Arc<str>>,
}

impl Leaving {
    pub(super) fn has(&self, run: &str) -> bool {
        self.claimed.contains(run) || self.gone.contains(run)
    }

    fn goes(&mut self, run: Arc<str>) {
        self.claimed.remove(&run);
        if self.gone.insert(Arc::clone(&run)) {
            self.order.push_back(run);
        }
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    fn comes_back(&mut self, run: &str) {
        if self.gone.remove(run) {
            self.order.retain(|other| **other != *run);
        }
    }
}

impl Core {
    /// Does what is asked of runs that leave or come back.
    pub(super) fn leave(&mut self, leave: Leave, now_ms: i64) {
        match leave {
            Leave::Claim { runs, answer } => {
                let refused = self.claim(runs);
                self.answer(Ok(refused), answer);
            }
            Leave::Release(runs) => self.release(&runs),
            Leave::Remove { kind, actor, runs, numbers, answer } => {
                self.remove_runs(kind, &actor, &runs, numbers, now_ms);
                self.answer(Ok(()), answer);
            }
            Leave::Return { returned, actor, answer } => {
                self.bring_back(*returned, &actor, now_ms);
                self.answer(Ok(()), answer);
            }
            Leave::Sweep { values, since, actor, answer } => {
                let count = self.sweep(values, since, &actor, now_ms);
                self.answer(Ok(count), answer);
            }
            Leave::Note { kind, actor, data, answer } => {
                self.record_workspace(kind, &actor, &data, now_ms);
                self.answer(Ok(()), answer);
            }
        }
    }

    /// Claims runs; returns those that cannot be, and why.
    fn claim(&mut self, runs: Vec<Arc<str>>) -> Vec<(Arc<str>, String)> {
        let mut refused = Vec::new();
        for run in runs {
            match self.why_not(&run) {
                Some(why) => refused.push((run, why.to_owned())),
                None => {
                    self.runs.remove(&run);
                    self.reuse.forget_run(&run);
                    self.leaving.claimed.insert(run);
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

    /// Gives claimed runs back, but for those that are gone.
    fn release(&mut self, runs: &[Arc<str>]) {
        runs.iter().for_each(|run| _ = self.leaving.claimed.remove(run));
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
    fn remove_runs(
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
            let run: Arc<str> = Arc::from(removed.run.as_str());
            self.batch.moves.push(Move::Remove(Arc::clone(&run)));
            self.leaving.goes(run);
        }
    }

    /// Brings a run back to the journal.
    fn bring_back(&mut self, returned: Returned, actor: &str, now_ms: i64) {
        self.leaving.comes_back(&returned.run);
        let head = returned.records.last().map(|record| hex::encode(record.hash));
        let facts = json!({ "runs": [{ "run": &*returned.run, "events": returned.records.len(), "head": head }] });
        self.record_workspace("runs_restored", actor, &facts, now_ms);
        self.batch.moves.push(Move::Return(Box::new(returned)));
    }

    /// Takes values out of the journal that no record up to `since` names, and no run in memory holds.
    fn sweep(&mut self, mut values: Vec<String>, since: u64, actor: &str, now_ms: i64) -> usize {
        values.retain(|hash| !self.runs.values().any(|active| active.values.contains(hash)));
        let count = values.len();
        if count > 0 {
            self.record_workspace("values_removed", actor, &json!({ "values": count }), now_ms);
            self.batch.moves.push(Move::Sweep { values, since });
        }
        count
    }
}
