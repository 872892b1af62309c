//! Attempts: a step that wants one gets a slot or waits, starts once that is durable, and reports.
//!
//! Not here: who comes first (`schedule`), what a report means for the run (`loomwork-run`), runs that are called (`calls`).

use std::collections::HashMap;
use std::sync::Arc;

use loomwork_run::{
    AttemptOutcome, ErrorClass, EventKind, RunError, RunState, RunStatus, StepStatus, attempt_lost, attempt_reported, queue_step,
    start_attempt,
};

use super::{Core, Performing, UNDO};
use crate::request::{Active, After};
use crate::schedule::{Job, Needs, Share};
use crate::{AttemptKey, AttemptReport, AttemptSpec};

impl Core {
    /// An attempt reported.
    pub fn report(&mut self, report: AttemptReport, now_ms: i64) {
        let Some((performing, share)) = self.under_way.remove(&report.key) else {
            tracing::warn!(key = ?report.key, "a report of an attempt that is not under way was ignored");
            return;
        };
        self.queue.give_back(&share);
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
        let job = job(&active.state, run, step);
        if let Some(kind) = self.queue.limits().undeclared(&job.needs) {
            let message = format!(
                "it wants `{kind}`, of which this engine has none; say how much there is under `resources` in .loomwork/engine.yaml"
            );
            return self.refuse(run, step, message, now_ms);
        }
        if self.asks_first(run, step, now_ms) {
            return;
        }
        if !self.shutting_down
            && let Some(share) = self.queue.at_once(&job)
        {
            self.start(run, step, share, now_ms);
            return;
        }
        if let Some(active) = self.runs.get(run).filter(|_| status != StepStatus::Queued) {
            let event = queue_step(&active.state, step, now_ms);
            self.record(run, vec![event]);
        }
        self.queue.push(job, now_ms);
    }

    /// A step that can never start fails.
    fn refuse(&mut self, run: &Arc<str>, step: usize, message: String, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return };
        let error = RunError::new(ErrorClass::Validation, message);
        let event = loomwork_run::cannot_start(&active.state, &mut active.values, step, error, now_ms);
        self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
    }

    /// Starts those of the waiting steps whose turn it is, as long as there is enough for them.
    pub(super) fn grant(&mut self, now_ms: i64) {
        while !self.shutting_down {
            let (runs, under_way) = (&self.runs, &self.under_way);
            let wants = |run: &str, step: usize| runs.get(run).is_some_and(|active| may_start(active, step, under_way));
            let Some((run, step, share)) = self.queue.next(now_ms, wants) else { return };
            if self.runs.get(&run).is_some_and(|active| starts(active, step)) {
                self.start(&run, step, share, now_ms);
            } else {
                self.start_undo(&run, step, share, now_ms);
            }
            self.settle(now_ms);
        }
    }

    /// Intends an attempt, or fails the step whose input cannot be made.
    fn start(&mut self, run: &Arc<str>, step: usize, share: Share, now_ms: i64) {
        if self.asks_first(run, step, now_ms) {
            return self.queue.give_back(&share);
        }
        let Some(active) = self.runs.get_mut(run) else { return self.queue.give_back(&share) };
        let (mut event, starting) = start_attempt(&active.state, &mut active.values, step, None, now_ms);
        if let EventKind::AttemptStarted(data) = &mut event.kind {
            data.fingerprint = self.reuse.take(run, &active.state.steps[step].path);
        }
        let path = active.state.steps[step].path.to_string();
        let workflow = active.state.program.workflow.id.clone();
        let recorded = self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
        let Some(starting) = starting.filter(|_| recorded) else { return self.queue.give_back(&share) };
        match self.refused_by_breaker(run, step, starting.attempt, now_ms) {
            None => self.perform(run, (path, workflow), starting, (Performing::Step(step), share)),
            Some(error) => {
                self.queue.give_back(&share);
                self.fail_attempt(run, (step, starting.attempt), error, now_ms);
            }
        }
    }

    /// An attempt that was intended fails before it starts.
    pub(super) fn fail_attempt(&mut self, run: &Arc<str>, attempt: (usize, u32), error: RunError, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return };
        let outcome = AttemptOutcome::Failed(error);
        let events = attempt_reported(&active.state, &mut active.values, attempt, outcome, (None, None), now_ms);
        self.record(run, events);
    }

    fn perform(
        &mut self,
        run: &Arc<str>,
        (step, workflow): (String, String),
        starting: loomwork_run::Starting,
        performing: (Performing, Share),
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
        let Some(active) = self.runs.get(run) else { return };
        if !undoes(active, step, &self.under_way) {
            return;
        }
        // What a step takes says nothing of its undoing.
        let job = Job { needs: Needs::default(), ..job(&active.state, run, step) };
        if !self.shutting_down
            && let Some(share) = self.queue.at_once(&job)
        {
            self.start_undo(run, step, share, now_ms);
        } else {
            self.queue.push(job, now_ms);
        }
    }

    fn start_undo(&mut self, run: &Arc<str>, step: usize, share: Share, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return self.queue.give_back(&share) };
        let (events, starting) = loomwork_run::start_undo(&active.state, &mut active.values, step, now_ms);
        let path = format!("{}{UNDO}", active.state.steps[step].path);
        let workflow = active.state.program.workflow.id.clone();
        let recorded = self.record(run, events);
        self.unsettled.push_back(Arc::clone(run));
        match starting.filter(|_| recorded) {
            Some(starting) => self.perform(run, (path, workflow), starting, (Performing::Undo(step), share)),
            None => self.queue.give_back(&share),
        }
    }
}

/// A step as it stands in line.
pub(super) fn job(state: &RunState, run: &Arc<str>, step: usize) -> Job {
    let definition = &state.definition(step).step;
    Job {
        run: Arc::clone(run),
        step,
        workflow: Arc::from(state.program.workflow.id.as_str()),
        priority: definition.priority.unwrap_or(state.priority),
        needs: definition.resources.as_deref().map(Needs::of).unwrap_or_default(),
    }
}

/// Whether what stands in line for a step may start: an attempt of it, or its undoing.
pub(super) fn may_start(active: &Active, step: usize, under_way: &HashMap<AttemptKey, (Performing, Share)>) -> bool {
    starts(active, step) || undoes(active, step, under_way)
}

/// Whether a step that waits may start.
fn starts(active: &Active, step: usize) -> bool {
    let state = &active.state;
    state.steps[step].status == StepStatus::Queued && state.status == RunStatus::Running && !state.stopping()
}

/// Whether a step that waits to be undone may be: also one whose undoing was lost with an engine.
fn undoes(active: &Active, step: usize, under_way: &HashMap<AttemptKey, (Performing, Share)>) -> bool {
    let state = &active.state;
    let begun = || {
        let busy = |(key, what): (&AttemptKey, &(Performing, Share))| key.run == state.id && what.0 == Performing::Undo(step);
        let begun = state.status == RunStatus::Compensating && state.steps[step].status == StepStatus::Compensating;
        begun && state.steps[step].attached && !under_way.iter().any(busy)
    };
    loomwork_run::wants_undo(state, step) || begun()
}
