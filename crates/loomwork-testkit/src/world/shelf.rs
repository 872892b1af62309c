//! What survives a crash of the simulated world: the journal, texts and values by hash, and checkpoints, of which some are damaged.
//!
//! Not here: when something becomes durable (`world`).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loomwork_engine::{Active, EngineError, Library, Programs, fold_on, fold_run};
use loomwork_run::{EventKind, Json, Program, RunState, ValueRef, Values};
use loomwork_store::{Batch, CachedOutput, Record};

/// The workflows that can be called, and the journal for runs that have ended.
#[derive(Default)]
pub(super) struct Shelf {
    durable: Mutex<Durable>,
    called: Mutex<HashMap<String, String>>,
    ids: Mutex<u64>,
}

/// What survives a crash.
#[derive(Default)]
pub(super) struct Durable {
    pub(super) journal: Vec<Record>,
    pub(super) definitions: HashMap<String, String>,
    values: HashMap<String, Json>,
    checkpoints: HashMap<Arc<str>, Vec<Kept>>,
    pub(super) programs: Programs,
}

/// A state of a run that was kept.
struct Kept {
    /// Number of the last event in it.
    seq: u64,
    snapshot: Vec<u8>,
}

impl Durable {
    pub(super) fn read(&self, run: &str) -> Result<Active, EngineError> {
        self.read_until(run, u64::MAX)
    }

    /// The run as it was when the journal ended with a number.
    pub(super) fn read_until(&self, run: &str, seq: u64) -> Result<Active, EngineError> {
        let mut records = self.records(run);
        records.retain(|record| record.seq <= seq);
        let seq = records.last().map_or(0, |record| record.seq);
        let state = self.fold(run, &records)?;
        let values = self.values_of(&state);
        Ok(Active::new(state, values, seq))
    }

    /// The fold of some records of a run.
    pub(super) fn fold(&self, run: &str, records: &[Record]) -> Result<RunState, EngineError> {
        fold_run(run, records, &self.programs, |hash| Ok(self.definition(hash)))
    }

    /// Writes a batch.
    pub(super) fn write(&mut self, batch: Batch) {
        for new in batch.records {
            let seq = self.journal.len() as u64 + 1;
            let before = self.journal.iter().rev().find(|record| record.run == new.run);
            let prev = before.map_or([0; 32], |record| record.hash);
            self.journal.push(Record::chained(seq, prev, new));
        }
        self.values.extend(batch.values);
        self.definitions.extend(batch.definitions.into_iter().map(|(hash, text)| (hash, text.to_string())));
        // No dice: what is kept must not change what happens.
        if self.journal.len().is_multiple_of(7) {
            self.keep();
        }
    }

    /// Keeps the states of all runs as they are durable now. Every third one is damaged.
    fn keep(&mut self) {
        let runs: BTreeSet<Arc<str>> = self.journal.iter().filter_map(|record| record.run.clone()).collect();
        for run in runs {
            let Ok(Active { state, seq, .. }) = self.read(&run) else { continue };
            let mut snapshot = state.snapshot();
            if seq.is_multiple_of(3) {
                snapshot.truncate(snapshot.len() / 2);
            }
            self.checkpoints.entry(run).or_default().push(Kept { seq, snapshot });
        }
    }

    /// Reads a run from its newest whole checkpoint, as the engine does when it starts.
    pub(super) fn read_kept(&self, run: &str) -> Option<Active> {
        let records = self.records(run);
        let first = records.first()?.event().ok()?;
        let EventKind::RunCreated(created) = &first.kind else { return None };
        let whole = |kept: &Kept| {
            let state =
                RunState::of_snapshot(&|hash| self.program(hash), run.to_owned(), (first.at_ms, created), &kept.snapshot).ok()?;
            Some((kept.seq, state))
        };
        let (kept, mut state) = self.checkpoints.get(run)?.iter().rev().find_map(whole)?;
        let tail: Vec<Record> = records.into_iter().filter(|record| record.seq > kept).collect();
        fold_on(&mut state, &tail, &self.programs, |hash| Ok(self.definition(hash))).ok()?;
        let values = self.values_of(&state);
        Some(Active::new(state, values, tail.last().map_or(kept, |record| record.seq)))
    }

    pub(super) fn definition(&self, hash: &str) -> Option<String> {
        self.definitions.get(hash).cloned()
    }

    pub(super) fn program(&self, hash: &str) -> Option<Arc<Program>> {
        self.programs.get("", hash, |hash| Ok(self.definition(hash))).ok()
    }

    pub(super) fn records(&self, run: &str) -> Vec<Record> {
        self.journal.iter().filter(|record| record.run.as_deref() == Some(run)).cloned().collect()
    }

    pub(super) fn values_of(&self, state: &RunState) -> Values {
        let mut values = Values::default();
        for reference in state.value_refs() {
            if let ValueRef::Stored(stored) = reference
                && let Some(json) = self.values.get(&stored.hash)
            {
                values.insert(stored.hash.clone(), json.clone());
            }
        }
        values
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// What is durable.
    pub(super) fn durable(&self) -> MutexGuard<'_, Durable> {
        locked(&self.durable)
    }

    /// Offers a workflow that can be called.
    pub(super) fn offer(&self, id: &str, text: &str) {
        locked(&self.called).insert(id.to_owned(), text.to_owned());
    }
}

impl Library for Shelf {
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String> {
        let text = locked(&self.called).get(id).cloned().ok_or_else(|| format!("there is no workflow `{id}`"))?;
        let definition = loomwork_workflow::definition_hash(&text);
        let program = locked(&self.durable).programs.get("", &definition, |_| Ok(Some(text.clone())));
        Ok((program.map_err(|error| error.to_string())?, Arc::from(text), format!("workflows/{id}.yaml")))
    }

    fn load_run(&self, run: &str) -> Result<Active, EngineError> {
        locked(&self.durable).read(run)
    }

    fn fresh_id(&self) -> String {
        let mut ids = locked(&self.ids);
        *ids += 1;
        format!("run{ids}")
    }

    fn last_number(&self, _: &str) -> u32 {
        0
    }

    fn cached(&self, fingerprint: &str) -> Option<CachedOutput> {
        let durable = locked(&self.durable);
        durable.journal.iter().rev().find_map(|record| {
            let event = Some(record).filter(|record| record.kind == "step_succeeded")?.event().ok()?;
            let EventKind::StepSucceeded(data) = &event.kind else { return None };
            (data.fingerprint.as_deref() == Some(fingerprint)).then(|| CachedOutput {
                run: record.run.as_deref().unwrap_or_default().to_owned(),
                step: event.step.clone().unwrap_or_default(),
                at_ms: event.at_ms,
                output: data.output.clone(),
            })
        })
    }

    fn value(&self, hash: &str) -> Option<Json> {
        locked(&self.durable).values.get(hash).cloned()
    }
}
