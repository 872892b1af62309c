//! The journal of a workspace, checked as a whole.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use loomwork_store::{
    Reader, RunFilter,
    logs::{Logs, SealCheck},
    verify,
};
use serde_json::Value;

/// A journal on disk.
#[derive(Debug)]
pub struct Journal {
    state: PathBuf,
}

/// What the events say about one step.
#[derive(Debug, Default)]
struct StepStory {
    started: u32,
    ended: u32,
    lost: u32,
    succeeded: bool,
    keys: Vec<Value>,
}

impl Journal {
    pub(crate) fn of(workspace: &Path) -> Self {
        Self { state: workspace.join(".loomwork") }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.state.join("journal.db")).expect("the journal opens")
    }

    /// Checks all that must hold of any journal, whatever happened to its owners: the chains verify, every log is as it
    /// was sealed, every attempt that started has one end, and no step that succeeded started again. The number of
    /// attempts that were lost.
    ///
    /// # Panics
    /// When it does not hold.
    pub fn assert_whole(&self) -> u32 {
        let reader = self.reader();
        let verdict = verify(&reader).expect("the journal can be read");
        assert_eq!(verdict.findings, Vec::<String>::new(), "the journal does not verify");
        let runs = reader.runs(&RunFilter { limit: u32::MAX, ..RunFilter::default() }).unwrap();
        runs.iter().map(|run| self.assert_run(&reader, &run.id)).sum()
    }

    fn assert_run(&self, reader: &Reader, run: &str) -> u32 {
        let logs = Logs::new(self.state.join("logs"));
        let mut steps: BTreeMap<String, StepStory> = BTreeMap::new();
        for record in reader.records(run, 0).unwrap() {
            let Some(path) = record.step.as_deref() else { continue };
            let data: Value = serde_json::from_slice(&record.data).unwrap();
            let step = steps.entry(path.to_owned()).or_default();
            match &*record.kind {
                "attempt_started" => {
                    assert!(!step.succeeded, "step {path} of run {run} started again after it had succeeded");
                    assert_eq!(step.started, step.ended, "two attempts of step {path} of run {run} at one time");
                    step.started += 1;
                    step.keys.push(data["idempotency_key"].clone());
                }
                "attempt_succeeded" | "attempt_failed" | "attempt_cancelled" => {
                    step.ended += 1;
                    if let Some(seal) = data.get("log").filter(|seal| !seal.is_null()) {
                        let seal = serde_json::from_value(seal.clone()).unwrap();
                        let found = logs.verify(run, path, record.attempt.unwrap(), &seal).unwrap();
                        assert_eq!(found, SealCheck::Intact, "the log of step {path} of run {run}");
                    }
                }
                "attempt_lost" => {
                    step.ended += 1;
                    step.lost += 1;
                }
                "step_succeeded" => {
                    assert!(!step.succeeded, "step {path} of run {run} succeeded twice");
                    step.succeeded = true;
                }
                "step_reset" => *step = StepStory::default(),
                _ => {}
            }
        }
        for (path, step) in &steps {
            assert_eq!(step.started, step.ended, "attempts of step {path} of run {run} that started and that ended");
            assert!(step.keys.windows(2).all(|pair| pair[0] == pair[1]), "the idempotency key of step {path} changed");
        }
        steps.values().map(|step| step.lost).sum()
    }
}
