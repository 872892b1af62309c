//! The loop as a plain state machine: messages and the time go in; batches to commit, and what follows their commit, come out.
//!
//! Invariant: whatever reaches the world (an effect, an answer, a published event) waits in an [`After`] until the batch
//! with its events is durable.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use loomwork_run::{
    Decision, Event, EventKind, RunCreated, RunState, StepStatus, Values, advance, attempt_lost, attempt_reported, queue_step,
    start_attempt,
};
use loomwork_store::{Batch, NewRecord};
use serde_json::Value;

use crate::queue::Queue;
use crate::request::{Active, After, Answer, NewRun, Request};
use crate::{AttemptKey, AttemptReport, AttemptSpec, EngineError};

/// When it comes due, in milliseconds since 1970; the run; the step, or none for the run itself.
type Timer = (i64, Arc<str>, Option<usize>);

/// The loop's state.
pub struct Core {
    runs: HashMap<Arc<str>, Active>,
    held: HashMap<Arc<str>, u32>,
    numbers: HashMap<String, u32>,
    queue: Queue,
    timers: BinaryHeap<Reverse<Timer>>,
    slots: usize,
    under_way: HashMap<AttemptKey, usize>,
    next_seq: u64,
    batch: Batch,
    after: Vec<After>,
    batch_number: u64,
    shutting_down: bool,
}

impl Core {
    /// A loop with so many slots; `next_seq` is the number of the journal's next record.
    pub fn new(slots: usize, next_seq: u64) -> Self {
        Self {
            runs: HashMap::new(),
            held: HashMap::new(),
            numbers: HashMap::new(),
            queue: Queue::default(),
            timers: BinaryHeap::new(),
            slots: slots.max(1),
            under_way: HashMap::new(),
            next_seq,
            batch: Batch::default(),
            after: Vec::new(),
            batch_number: 1,
            shutting_down: false,
        }
    }

    /// Attempts under way, and steps that wait for a slot.
    pub fn load(&self) -> (usize, usize) {
        (self.under_way.len(), self.queue.len())
    }

    /// When the next timer comes due, in milliseconds since 1970.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.timers.peek().map(|Reverse((due, _, _))| *due)
    }

    /// The batch that wants to be committed, with its number and what follows; none when nothing waits.
    pub fn take_batch(&mut self) -> Option<(u64, Batch, Vec<After>)> {
        if self.batch.records.is_empty() && self.after.is_empty() {
            return None;
        }
        let number = self.batch_number;
        self.batch_number += 1;
        Some((number, std::mem::take(&mut self.batch), std::mem::take(&mut self.after)))
    }

    /// A batch is durable: runs that have ended and changed no more leave the memory.
    pub fn committed(&mut self, number: u64) {
        let held = &self.held;
        self.runs.retain(|id, run| !run.state.status.is_final() || run.last_batch > number || held.contains_key(id));
    }

    /// Records an event of the workspace.
    pub fn record_workspace(&mut self, kind: &'static str, actor: &str, data: &Value, now_ms: i64) {
        self.next_seq += 1;
        self.batch.records.push(NewRecord {
            run: None,
            at_ms: now_ms,
            actor: actor.to_owned(),
            kind,
            v: loomwork_run::EVENT_VERSION,
            step: None,
            attempt: None,
            data: data.to_string().into_bytes(),
        });
    }

    /// Takes in a run that was open when the engine last stopped: its attempts under way were lost.
    pub fn recover(&mut self, mut active: Active, now_ms: i64) {
        let id: Arc<str> = Arc::from(active.state.id.as_str());
        let mut lost = Vec::new();
        for (ix, step) in active.state.steps.iter().enumerate() {
            if let Some(attempt) = step.attempt_under_way() {
                lost.extend(attempt_lost(&active.state, ix, attempt, now_ms));
            }
        }
        active.last_batch = 0;
        self.runs.insert(Arc::clone(&id), active);
        self.record(&id, lost);
        self.arm(&id);
        self.settle(&id, now_ms);
    }

    /// A request arrived.
    pub fn request(&mut self, request: Request, now_ms: i64) {
        match request {
            Request::Create(new, answer) => self.create(*new, answer, now_ms),
            Request::Hold(run) => *self.held.entry(run).or_insert(0) += 1,
            Request::Load(active) => {
                let id: Arc<str> = Arc::from(active.state.id.as_str());
                self.runs.entry(id).or_insert(*active);
            }
            Request::LetGo(run) => {
                if let std::collections::hash_map::Entry::Occupied(mut holds) = self.held.entry(run) {
                    *holds.get_mut() -= 1;
                    if *holds.get() == 0 {
                        holds.remove();
                    }
                }
            }
            Request::Cancel { run, actor, reason, answer } => {
                let events = match self.runs.get(&run) {
                    Some(active) => loomwork_run::cancel(&active.state, &actor, reason, now_ms).map_err(EngineError::from),
                    None => Err(EngineError::NotLoaded(run.to_string())),
                };
                let outcome = events.map(|events| self.take_up(&run, events, now_ms));
                self.answer(outcome, answer);
            }
            Request::Retry { run, actor, scope, set, answer } => {
                let outcome = match self.runs.get(&run) {
                    Some(active) => loomwork_run::retry(&active.state, &actor, &scope, set, now_ms).map_err(EngineError::from),
                    None => Err(EngineError::NotLoaded(run.to_string())),
                };
                let outcome = outcome.map(|(plan, events)| {
                    self.take_up(&run, events, now_ms);
                    plan
                });
                self.answer(outcome, answer);
            }
            Request::Tick => {}
            Request::Inspect(run, look) => {
                let answer = look(self.runs.get(&run));
                self.after.push(After::Answer(answer));
            }
        }
    }

    fn answer<T: Send + 'static>(&mut self, result: Result<T, EngineError>, answer: Answer<T>) {
        self.after.push(After::Answer(Box::new(move || answer(result))));
    }

    fn take_up(&mut self, run: &Arc<str>, events: Vec<Event>, now_ms: i64) {
        self.record(run, events);
        self.settle(run, now_ms);
        self.grant(now_ms);
    }

    fn create(&mut self, new: NewRun, answer: Answer<()>, now_ms: i64) {
        let workflow = &new.program.workflow;
        let number = self.numbers.entry(workflow.id.clone()).or_insert(0);
        *number = (*number).max(new.last_number) + 1;
        let mut values = Values::default();
        let created = RunCreated {
            workflow: workflow.id.clone(),
            path: new.path,
            definition: new.program.definition.clone(),
            version: workflow.version.clone(),
            number: *number,
            inputs: values.intern(Arc::new(new.inputs)),
            env: values.intern(Arc::new(new.env)),
            trigger: new.trigger,
            labels: new.labels,
            priority: new.priority,
            steps: u32::try_from(workflow.steps.len()).unwrap_or(u32::MAX),
        };
        self.batch.definitions.push((new.program.definition.clone(), new.text));
        let state = RunState::created(Arc::clone(&new.program), new.id.to_string(), now_ms, &created);
        let event = Event {
            at_ms: now_ms,
            actor: created.trigger.actor.clone(),
            step: None,
            attempt: None,
            kind: EventKind::RunCreated(created),
        };
        self.runs.insert(Arc::clone(&new.id), Active::new(state, values, 0));
        self.append(&new.id, event);
        self.settle(&new.id, now_ms);
        self.answer(Ok(()), answer);
    }

    /// An attempt reported.
    pub fn report(&mut self, report: AttemptReport, now_ms: i64) {
        let Some(step) = self.under_way.remove(&report.key) else {
            tracing::warn!(key = ?report.key, "a report of an attempt that is not under way was ignored");
            return;
        };
        let run: Arc<str> = Arc::from(report.key.run.as_str());
        let Some(active) = self.runs.get_mut(&run) else { return };
        let attempt = report.key.attempt;
        let stopped_by_shutdown =
            self.shutting_down && report.outcome == loomwork_run::AttemptOutcome::Cancelled && !active.state.stopping();
        let events = if stopped_by_shutdown {
            attempt_lost(&active.state, step, attempt, now_ms)
        } else {
            let sealed = (report.log, report.usage);
            attempt_reported(&active.state, &mut active.values, (step, attempt), report.outcome, sealed, now_ms)
        };
        self.record(&run, events);
        self.settle(&run, now_ms);
        self.grant(now_ms);
    }

    /// Time passed: due timers fire.
    pub fn tick(&mut self, now_ms: i64) {
        while let Some(Reverse((due, _, _))) = self.timers.peek()
            && *due <= now_ms
        {
            let Some(Reverse((due, run, step))) = self.timers.pop() else { break };
            let Some(active) = self.runs.get(&run) else { continue };
            match step {
                None => self.settle(&run, now_ms),
                Some(step) => {
                    let state = &active.state.steps[step];
                    if state.status == StepStatus::Retrying && state.due_at_ms == Some(due) {
                        self.want(&run, step, now_ms);
                        self.settle(&run, now_ms);
                    }
                }
            }
        }
        self.grant(now_ms);
    }

    /// Starts nothing more and stops what is under way. The runs go on when an engine opens the journal again.
    pub fn shut_down(&mut self) {
        self.shutting_down = true;
        let stops: Vec<After> = self.under_way.keys().cloned().map(After::Stop).collect();
        self.after.extend(stops);
    }

    /// Whether a shutdown has nothing left to wait for.
    pub fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.batch.records.is_empty() && self.after.is_empty()
    }

    /// Decides a run until nothing more happens without the world.
    fn settle(&mut self, run: &Arc<str>, now_ms: i64) {
        if self.shutting_down {
            return;
        }
        loop {
            let Some(active) = self.runs.get_mut(run) else { return };
            let mut recorded = Vec::new();
            let wishes = match advance(&mut active.state, &mut active.values, now_ms, &mut recorded) {
                Ok(wishes) => wishes,
                Err(error) => {
                    // Our own defect. The run stays as it is; nothing of it is performed on a wrong state.
                    tracing::error!(run = %run, %error, "a decision does not fit the run's state");
                    return;
                }
            };
            for event in recorded {
                self.append(run, event);
            }
            let mut changed = false;
            for wish in wishes {
                match wish {
                    Decision::Want(step) => changed |= self.want(run, step, now_ms),
                    Decision::Stop { step, attempt } => self.stop(run, step, attempt),
                    Decision::Record(_) => {}
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn stop(&mut self, run: &Arc<str>, step: usize, attempt: u32) {
        let Some(active) = self.runs.get(run) else { return };
        let step = active.state.program.path(step).to_owned();
        self.after.push(After::Stop(AttemptKey { run: run.to_string(), step, attempt }));
    }

    /// A step wants an attempt: it gets a slot or waits for one. Returns whether that failed the step.
    fn want(&mut self, run: &Arc<str>, step: usize, now_ms: i64) -> bool {
        let Some(active) = self.runs.get(run) else { return false };
        if !matches!(active.state.steps[step].status, StepStatus::Pending | StepStatus::Retrying) {
            return false;
        }
        if self.under_way.len() < self.slots && self.queue.is_empty() && !self.shutting_down {
            return self.start(run, step, now_ms);
        }
        let event = queue_step(&active.state, step, now_ms);
        let priority = active.state.priority;
        self.record(run, vec![event]);
        self.queue.push(priority, Arc::clone(run), step);
        false
    }

    /// Gives free slots to waiting steps.
    fn grant(&mut self, now_ms: i64) {
        while self.under_way.len() < self.slots && !self.shutting_down {
            let Some((run, step)) = self.queue.pop() else { return };
            let waits = self.runs.get(&run).is_some_and(|active| active.state.steps[step].status == StepStatus::Queued);
            if waits && self.start(&run, step, now_ms) {
                self.settle(&run, now_ms);
            }
        }
    }

    /// Intends an attempt. Returns whether that failed the step instead.
    fn start(&mut self, run: &Arc<str>, step: usize, now_ms: i64) -> bool {
        let Some(active) = self.runs.get_mut(run) else { return false };
        let (event, starting) = start_attempt(&active.state, &mut active.values, step, now_ms);
        let workflow = &active.state.program.workflow;
        let spec = starting.map(|starting| AttemptSpec {
            key: AttemptKey { run: run.to_string(), step: active.state.program.path(step).to_owned(), attempt: starting.attempt },
            workflow: workflow.id.clone(),
            action: workflow.steps[step].action.name().to_owned(),
            input: starting.input,
            timeout_ms: starting.timeout_ms,
            idempotency_key: starting.idempotency_key,
        });
        self.record(run, vec![event]);
        match spec {
            Some(spec) => {
                self.under_way.insert(spec.key.clone(), step);
                self.after.push(After::Start(Box::new(spec)));
                false
            }
            None => true,
        }
    }

    /// Folds events into a run and appends them to the batch.
    fn record(&mut self, run: &Arc<str>, events: Vec<Event>) {
        for event in events {
            let Some(active) = self.runs.get_mut(run) else { return };
            if let Err(error) = active.state.apply(&event) {
                tracing::error!(run = %run, %error, "an event does not fit the run's state and was not recorded");
                return;
            }
            self.append(run, event);
        }
    }

    /// Appends an event that is already folded to the batch.
    fn append(&mut self, run: &Arc<str>, event: Event) {
        let Some(active) = self.runs.get_mut(run) else { return };
        match &event.kind {
            EventKind::StepRetrying(data) => {
                let step = event.step.as_deref().and_then(|path| active.state.program.step(path));
                self.timers.push(Reverse((data.due_at_ms, Arc::clone(run), step)));
            }
            EventKind::RunStarted(_) | EventKind::RunTakenUp(_) => {
                let timers = &mut self.timers;
                active.state.deadline_ms().into_iter().for_each(|due| timers.push(Reverse((due, Arc::clone(run), None))));
            }
            _ => {}
        }
        active.seq = self.next_seq;
        active.last_batch = self.batch_number;
        self.next_seq += 1;
        self.batch.values.extend(active.values.take_fresh());
        self.batch.records.push(NewRecord::of_run(Arc::clone(run), event));
    }

    /// Sets the timers and queue entries of a run that was read from the journal.
    fn arm(&mut self, run: &Arc<str>) {
        let Some(active) = self.runs.get(run) else { return };
        if let Some(due) = active.state.deadline_ms() {
            self.timers.push(Reverse((due, Arc::clone(run), None)));
        }
        let waiting: Vec<_> = active.state.waiting_steps().collect();
        for (step, due) in waiting {
            match due {
                Some(due) => self.timers.push(Reverse((due, Arc::clone(run), Some(step)))),
                None => self.queue.push(active.state.priority, Arc::clone(run), step),
            }
        }
    }

    /// Gives slots to the steps of recovered runs.
    pub fn resume(&mut self, now_ms: i64) {
        self.grant(now_ms);
    }
}
