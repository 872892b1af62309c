//! Attempts: a step that wants one gets a slot or waits, starts once that is durable, and reports.
//!
//! Not here: who comes first (`queue`), what a report means for the run (`loomwork-run`), runs that are called (`calls`).

use std::sync::Arc;

use loomwork_run::{AttemptOutcome, StepStatus, attempt_lost, attempt_reported, queue_step, start_attempt};

use super::{Core, Performing, UNDO};
use crate::request::After;
use crate::{AttemptKey, AttemptReport, AttemptSpec};

impl Core {
    /// An attempt reported.
    pub fn report(&mut self, report: AttemptReport, now_ms: i64) {
        let Some(performing) = self.under_way.remove(&report.key) else {
            tracing::warn!(key = ?report.key, "a report of an attempt that is not under way was ignored");
            return;
        };
        let run: Arc<str> = Arc::from(report.key.run.as_str());
        let attempt = report.key.attempt;
        if let Some(active) = self.runs.get_mut(&run) {
            let state = &active.state;
            let events = match performing {
                Performing::Undo(step) => loomwork_run::undo_reported(state, step, report.outcome, report.log, now_ms),
                Performing::Step(step) => {
                    let stops = state.stopping() || state.steps[step].stop.is_some();
                    if self.shutting_down && report.outcome == AttemptOutcome::Cancelled && !stops {
                        attempt_lost(state, step, attempt, now_ms)
                    } else {
                        let sealed = (report.log, report.usage);
                        attempt_reported(state, &mut active.values, (step, attempt), report.outcome, sealed, now_ms)
                    }
                }
            };
            self.record(&run, events);
            self.unsettled.push_back(run);
        }
        self.settle(now_ms);
        self.grant(now_ms);
    }

    pub(super) fn stop(&mut self, run: &Arc<str>, step: usize, attempt: u32, now_ms: i64) {
        let Some(active) = self.runs.get(run) else { return };
        if let Some(child) = loomwork_run::called_run(&active.state, step) {
            let child: Arc<str> = Arc::from(child);
            self.cancel_by_engine(&child, "the run that called it stops", now_ms);
            return;
        }
        let step = active.state.steps[step].path.to_string();
        self.after.push(After::Stop(AttemptKey { run: run.to_string(), step, attempt }));
    }

    /// A step wants an attempt: it gets a slot or waits for one.
    pub(super) fn want(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        let Some(active) = self.runs.get(run) else { return };
        let status = active.state.steps[step].status;
        if !matches!(status, StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying) {
            return;
        }
        if self.under_way.len() < self.slots && self.queue.is_empty() && !self.shutting_down {
            self.start(run, step, now_ms);
            return;
        }
        let priority = active.state.priority;
        if status != StepStatus::Queued {
            let event = queue_step(&active.state, step, now_ms);
            self.record(run, vec![event]);
        }
        self.queue.push(priority, Arc::clone(run), step);
    }

    /// Gives free slots to waiting steps.
    pub(super) fn grant(&mut self, now_ms: i64) {
        while self.under_way.len() < self.slots && !self.shutting_down {
            let Some((run, step)) = self.queue.pop() else { return };
            let Some(active) = self.runs.get(&run) else { continue };
            let goes_on = active.state.status == loomwork_run::RunStatus::Running && !active.state.stopping();
            if active.state.steps[step].status == StepStatus::Queued && goes_on {
                self.start(&run, step, now_ms);
                self.settle(now_ms);
            } else if loomwork_run::wants_undo(&active.state, step) {
                self.start_undo(&run, step, now_ms);
                self.settle(now_ms);
            }
        }
    }

    /// Intends an attempt, or fails the step whose input cannot be made.
    pub(super) fn start(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return };
        let (event, starting) = start_attempt(&active.state, &mut active.values, step, None, now_ms);
        let path = active.state.steps[step].path.to_string();
        let workflow = active.state.program.workflow.id.clone();
        let recorded = self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
        if let Some(starting) = starting.filter(|_| recorded) {
            self.perform(run, (path, workflow), starting, Performing::Step(step));
        }
    }

    pub(super) fn perform(
        &mut self,
        run: &Arc<str>,
        (step, workflow): (String, String),
        starting: loomwork_run::Starting,
        performing: Performing,
    ) {
        let key = AttemptKey { run: run.to_string(), step, attempt: starting.attempt };
        self.under_way.insert(key.clone(), performing);
        self.after.push(After::Start(Box::new(AttemptSpec {
            key,
            workflow,
            action: starting.action.to_owned(),
            input: starting.input,
            timeout_ms: starting.timeout_ms,
            idempotency_key: starting.idempotency_key,
        })));
    }

    /// A step wants to be undone: as soon as there is a slot.
    pub(super) fn want_undo(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        if self.under_way.len() < self.slots && !self.shutting_down {
            self.start_undo(run, step, now_ms);
        } else if let Some(active) = self.runs.get(run) {
            self.queue.push(active.state.priority, Arc::clone(run), step);
        }
    }

    pub(super) fn start_undo(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        let busy = self.under_way.iter().any(|(key, what)| *key.run == **run && *what == Performing::Undo(step));
        let Some(active) = self.runs.get_mut(run).filter(|_| !busy) else { return };
        let (events, starting) = loomwork_run::start_undo(&active.state, &mut active.values, step, now_ms);
        let path = format!("{}{UNDO}", active.state.steps[step].path);
        let workflow = active.state.program.workflow.id.clone();
        let recorded = self.record(run, events);
        self.unsettled.push_back(Arc::clone(run));
        if let Some(starting) = starting.filter(|_| recorded) {
            self.perform(run, (path, workflow), starting, Performing::Undo(step));
        }
    }
}
