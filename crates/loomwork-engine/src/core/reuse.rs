//! Steps with `cache`: before an attempt, the fingerprint of its input is asked for; an earlier output is used if there is one.
//!
//! Invariant: a step starts an attempt only with a fingerprint at hand, which then stands in the attempt's event. What is
//! remembered here and not in the journal is lost with the engine and asked for again.

use std::collections::HashMap;
use std::sync::Arc;

use loomwork_run::{CachedFrom, Event, EventKind, RunError, RunStatus, StepStatus, ValueRef, queue_step};
use loomwork_store::CachedOutput;

use super::Core;
use crate::FingerprintSpec;
use crate::request::After;

/// As many of the latest outputs are remembered: more than the journal's projection may be behind.
const MOST_REMEMBERED: usize = 50_000;

/// What is known of fingerprints.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    /// By run and path of the step: the fingerprint, or none while it is asked for.
    steps: HashMap<(Arc<str>, Arc<str>), Option<String>>,
    /// Outputs that were kept since the engine started, by fingerprint.
    latest: HashMap<String, CachedOutput>,
}

impl Reuse {
    /// The fingerprint of a step that starts.
    pub(super) fn take(&mut self, run: &Arc<str>, step: &Arc<str>) -> Option<String> {
        self.steps.remove(&(Arc::clone(run), Arc::clone(step))).flatten()
    }

    /// A run has ended.
    pub(super) fn forget(&mut self, run: &Arc<str>) {
        self.steps.retain(|(of, _), _| of != run);
    }

    /// A run leaves the journal, and its outputs with it.
    pub(super) fn forget_run(&mut self, run: &Arc<str>) {
        self.latest.retain(|_, kept| kept.run != **run);
    }

    /// Remembers the output of a success under its fingerprint. What a step is known by holds until it ends or begins anew.
    pub(super) fn keep(&mut self, run: &Arc<str>, event: &Event) {
        let Some(step) = &event.step else { return };
        let over = matches!(event.kind, EventKind::StepReset(_) | EventKind::StepCancelled(_) | EventKind::StepSkipped(_));
        if over && !self.steps.is_empty() {
            self.steps.remove(&(Arc::clone(run), Arc::from(step.as_str())));
        }
        let EventKind::StepSucceeded(data) = &event.kind else { return };
        let Some(fingerprint) = &data.fingerprint else { return };
        if self.latest.len() >= MOST_REMEMBERED {
            self.latest.clear();
        }
        let kept = CachedOutput { run: run.to_string(), step: step.clone(), at_ms: event.at_ms, output: data.output.clone() };
        self.latest.insert(fingerprint.clone(), kept);
    }
}

impl Core {
    /// Whether a step waits for the fingerprint of its input before it starts; asks for it if nobody has.
    pub(super) fn asks_first(&mut self, run: &Arc<str>, step: usize, now_ms: i64) -> bool {
        let Some(active) = self.runs.get_mut(run) else { return false };
        let state = &active.state;
        if !loomwork_run::has_cache(state, step) {
            return false;
        }
        let path = Arc::clone(&state.steps[step].path);
        let key = (Arc::clone(run), Arc::clone(&path));
        if let Some(known) = self.reuse.steps.get(&key) {
            return known.is_none();
        }
        let Some(question) = loomwork_run::cache_question(state, &active.values, step) else { return false };
        let event = match question {
            Ok(question) => {
                self.reuse.steps.insert(key, None);
                let spec = FingerprintSpec { run: Arc::clone(run), step: path, question };
                self.after.push(After::Fingerprint(Box::new(spec)));
                let queued = state.steps[step].status == StepStatus::Queued;
                (!queued).then(|| queue_step(state, step, now_ms))
            }
            Err(error) => {
                self.unsettled.push_back(Arc::clone(run));
                Some(loomwork_run::cache_failed(state, &mut active.values, step, error, now_ms))
            }
        };
        self.record(run, event.into_iter().collect());
        true
    }

    /// A fingerprint has come: an earlier output is used, or the step starts.
    pub fn fingerprinted(&mut self, spec: &FingerprintSpec, answer: Result<String, RunError>, now_ms: i64) {
        let run = &spec.run;
        let key = (Arc::clone(run), Arc::clone(&spec.step));
        // Of a run that has ended meanwhile nothing is asked any more.
        if !matches!(self.reuse.steps.get(&key), Some(None)) {
            return;
        }
        self.reuse.steps.remove(&key);
        let Some(active) = self.runs.get_mut(run) else { return };
        let state = &active.state;
        let Some(step) = state.step(&spec.step) else { return };
        let goes_on = state.status == RunStatus::Running && !state.stopping() && !self.shutting_down;
        // What is paused asks again once it goes on.
        if !goes_on {
            return;
        }
        // The run may have gone on with another definition meanwhile: then the answer is not to what would be asked now.
        let asked_so = matches!(loomwork_run::cache_question(state, &active.values, step), Some(Ok(now)) if now == spec.question);
        if state.steps[step].status != StepStatus::Queued || !asked_so {
            active.state.revisit_all();
            self.arm(run, now_ms);
            self.unsettled.push_back(Arc::clone(run));
            self.settle(now_ms);
            self.grant(now_ms);
            return;
        }
        match answer {
            Err(error) => {
                let failed = loomwork_run::cache_failed(state, &mut active.values, step, error, now_ms);
                self.record(run, vec![failed]);
            }
            Ok(fingerprint) => match self.earlier(run, step, &fingerprint, now_ms) {
                Some(event) => _ = self.record(run, vec![event]),
                None => {
                    self.reuse.steps.insert(key, Some(fingerprint));
                    self.want(run, step, now_ms);
                }
            },
        }
        self.unsettled.push_back(Arc::clone(run));
        self.settle(now_ms);
        self.grant(now_ms);
    }

    /// The event of a step that uses an earlier output, if there is one that it may take.
    fn earlier(&mut self, run: &Arc<str>, step: usize, fingerprint: &str, now_ms: i64) -> Option<Event> {
        let remembered = self.reuse.latest.get(fingerprint).cloned();
        let CachedOutput { run: from, step: of, at_ms, output } = remembered.or_else(|| self.library.cached(fingerprint))?;
        if self.leaving.has(&from) || !loomwork_run::takes_cached(&self.runs.get(run)?.state, step, at_ms, now_ms) {
            return None;
        }
        if let ValueRef::Stored(stored) = &output
            && !self.runs.get(run)?.values.contains(&stored.hash)
        {
            let in_memory = self.runs.get(from.as_str()).and_then(|source| source.values.json(&output).ok());
            let value = in_memory.or_else(|| self.library.value(&stored.hash))?;
            self.runs.get_mut(run)?.values.insert(stored.hash.clone(), value);
        }
        let from = CachedFrom { run: from, step: of };
        Some(loomwork_run::use_again(&self.runs.get(run)?.state, step, from, output, now_ms))
    }
}
