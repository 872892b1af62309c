//! The loop as a plain state machine: messages and the time go in; batches to commit, and what follows their commit, come out.
//!
//! Invariant: whatever reaches the world (an effect, an answer, a published event) waits in an [`After`] until the batch
//! with its events is durable.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use loomwork_run::{
    AttemptOutcome, Decision, Event, EventKind, RetryPlan, RunCreated, RunState, StepStatus, Values, advance, attempt_lost,
    attempt_reported, queue_step, start_attempt,
};
use loomwork_store::{Batch, NewRecord};
use serde_json::Value;

use crate::groups::Groups;
use crate::queue::Queue;
use crate::request::{Active, After, Answer, Ask, NewRun, Request, Wish};
use crate::{AttemptKey, AttemptReport, AttemptSpec, EngineError, Fork, Library};

/// When it comes due, in milliseconds since 1970; the run; the step, or none for the run itself.
type Timer = (i64, Arc<str>, Option<usize>);

/// The loop's state.
pub struct Core {
    runs: HashMap<Arc<str>, Active>,
    held: HashMap<Arc<str>, u32>,
    numbers: HashMap<String, u32>,
    groups: Groups,
    queue: Queue,
    timers: BinaryHeap<Reverse<Timer>>,
    slots: usize,
    under_way: HashMap<AttemptKey, Performing>,
    /// Runs that something happened to and that are not decided yet.
    unsettled: VecDeque<Arc<str>>,
    library: Arc<dyn Library>,
    next_seq: u64,
    batch: Batch,
    after: Vec<After>,
    batch_number: u64,
    shutting_down: bool,
    misfits: u64,
}

/// What an attempt under way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Performing {
    /// A step.
    Step(usize),
    /// The undoing of a step.
    Undo(usize),
}

/// Marks the attempts that undo a step; no step's path contains it.
const UNDO: &str = "~undo";

/// A run may be called by a run that was called, so many times.
const DEEPEST_CALL: u32 = 32;

impl Core {
    /// A loop with so many slots; `next_seq` is the number of the journal's next record.
    pub fn new(slots: usize, next_seq: u64, library: Arc<dyn Library>) -> Self {
        Self {
            runs: HashMap::new(),
            held: HashMap::new(),
            numbers: HashMap::new(),
            groups: Groups::default(),
            queue: Queue::default(),
            timers: BinaryHeap::new(),
            slots: slots.max(1),
            under_way: HashMap::new(),
            unsettled: VecDeque::new(),
            library,
            next_seq,
            batch: Batch::default(),
            after: Vec::new(),
            batch_number: 1,
            shutting_down: false,
            misfits: 0,
        }
    }

    /// Attempts under way, and steps that wait for a slot.
    pub fn load(&self) -> (usize, usize) {
        (self.under_way.len(), self.queue.len())
    }

    /// Events that did not fit the state of their run: each is a defect of ours.
    pub fn misfits(&self) -> u64 {
        self.misfits
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

    /// Takes in the runs that were open when the engine last stopped: their attempts under way were lost.
    pub fn recover(&mut self, open: Vec<Active>, now_ms: i64) {
        let ids: Vec<Arc<str>> = open.iter().map(|active| Arc::from(active.state.id.as_str())).collect();
        for (id, mut active) in ids.iter().zip(open) {
            active.last_batch = 0;
            let state = &active.state;
            if state.status != loomwork_run::RunStatus::Queued {
                self.groups.entered(state.group.as_deref(), id);
            }
            self.runs.insert(Arc::clone(id), active);
        }
        for id in &ids {
            self.recover_attempts(id, true, now_ms);
            self.arm(id);
            self.unsettled.push_back(Arc::clone(id));
        }
        for id in &ids {
            self.admit(id, now_ms);
        }
        self.settle(now_ms);
    }

    /// Attempts under way are lost; runs that were called may still answer, if this is the run that called them.
    fn recover_attempts(&mut self, id: &Arc<str>, called_them: bool, now_ms: i64) {
        let Some(active) = self.runs.get_mut(id) else { return };
        let state = &active.state;
        let mut lost = Vec::new();
        let mut called = Vec::new();
        for ix in 1..state.steps.len() {
            let step = &state.steps[ix];
            let (true, Some(attempt)) = (step.attached, step.attempt_under_way()) else { continue };
            match loomwork_run::called_run(state, ix) {
                Some(child) if called_them => called.push(child.to_owned()),
                // A container goes on with what it has.
                _ if state.shape(ix) != loomwork_run::Shape::Leaf => {}
                _ => lost.extend(attempt_lost(state, ix, attempt, now_ms)),
            }
        }
        let undos: Vec<usize> = loomwork_run::open_undos(state).filter(|(_, due)| due.is_none()).map(|(ix, _)| ix).collect();
        active.state.revisit_all();
        self.record(id, lost);
        for step in undos {
            self.want_undo(id, step, now_ms);
        }
        for child in called {
            let child: Arc<str> = Arc::from(child);
            if !self.runs.contains_key(&child)
                && let Ok(ended) = self.library.load_run(&child)
            {
                self.tell_parent(&ended, now_ms);
            }
        }
    }

    /// A request arrived.
    pub fn request(&mut self, request: Request, now_ms: i64) {
        match request {
            Request::Create(new, answer) => {
                self.create(*new, now_ms);
                self.answer(Ok(()), answer);
            }
            Request::Fork(fork, answer) => {
                let forked = self.fork(*fork, now_ms);
                self.answer(forked, answer);
            }
            Request::Hold(run) => *self.held.entry(run).or_insert(0) += 1,
            Request::LetGo(run) => {
                if let std::collections::hash_map::Entry::Occupied(mut holds) = self.held.entry(run) {
                    *holds.get_mut() -= 1;
                    if *holds.get() == 0 {
                        holds.remove();
                    }
                }
            }
            Request::Load(active) => {
                let id: Arc<str> = Arc::from(active.state.id.as_str());
                self.runs.entry(id).or_insert(*active);
            }
            Request::Ask(ask) => {
                let Ask { run, actor, what, answer } = *ask;
                let outcome = self.ask(&run, &actor, what, now_ms);
                self.answer(outcome, answer);
            }
            Request::Send { run, actor, name, data, answer } => {
                self.deliver(run.as_ref(), &actor, (&name, &data), now_ms);
                self.answer(Ok(()), answer);
            }
            Request::Tick => {}
            Request::Inspect(run, look) => {
                let answer = look(self.runs.get(&run));
                self.after.push(After::Answer(answer));
            }
        }
        self.settle(now_ms);
        self.grant(now_ms);
    }

    fn answer<T: Send + 'static>(&mut self, result: Result<T, EngineError>, answer: Answer<T>) {
        self.after.push(After::Answer(Box::new(move || answer(result))));
    }

    fn ask(&mut self, run: &Arc<str>, actor: &str, what: Wish, now_ms: i64) -> Result<Option<RetryPlan>, EngineError> {
        let Some(active) = self.runs.get_mut(run) else { return Err(EngineError::NotLoaded(run.to_string())) };
        let (state, values) = (&active.state, &mut active.values);
        let mut plan = None;
        let resumes = what == Wish::Resume;
        let events = match what {
            Wish::Cancel { reason, compensate } => loomwork_run::cancel(state, actor, reason, compensate, now_ms)?,
            Wish::Pause => loomwork_run::pause(state, actor, now_ms)?,
            Wish::Resume => loomwork_run::resume(state, actor, now_ms)?,
            Wish::Retry { scope, set } => {
                let (planned, events) = loomwork_run::retry(state, actor, &scope, set, now_ms)?;
                plan = Some(planned);
                events
            }
            Wish::Rerun { from } => {
                let (planned, events) = loomwork_run::rerun(state, actor, &from, now_ms)?;
                plan = Some(planned);
                events
            }
            Wish::Amend { amendment, text } => {
                let amended = loomwork_run::amend(state, values, actor, &amendment, now_ms)?;
                self.batch.definitions.push((amendment.program.definition.clone(), text));
                active.state.know(amendment.program);
                plan = Some(amended.plan);
                amended.events
            }
            Wish::Judge { step, verdict } => loomwork_run::judge(state, values, actor, &step, verdict, now_ms)?,
            Wish::Decide { step, approved, comment, form } => {
                loomwork_run::decide_approval(state, values, actor, (&step, approved), (comment, form), now_ms)?
            }
        };
        self.record(run, events);
        if resumes {
            self.arm(run);
        }
        self.unsettled.push_back(Arc::clone(run));
        Ok(plan)
    }

    fn deliver(&mut self, run: Option<&Arc<str>>, actor: &str, (name, data): (&str, &Value), now_ms: i64) {
        let mut runs: Vec<Arc<str>> = match run {
            Some(run) => vec![Arc::clone(run)],
            None => self.runs.keys().cloned().collect(),
        };
        // The order of a hash map is none that a history could repeat.
        runs.sort();
        for run in runs {
            let Some(active) = self.runs.get_mut(&run) else { continue };
            let events = loomwork_run::deliver(&active.state, &mut active.values, actor, (name, data), now_ms);
            if !events.is_empty() {
                self.record(&run, events);
                self.unsettled.push_back(run);
            }
        }
    }

    fn create(&mut self, new: NewRun, now_ms: i64) {
        let workflow = &new.program.workflow;
        let number = next_number(&mut self.numbers, &workflow.id, new.last_number);
        let mut values = Values::default();
        let created = RunCreated {
            workflow: workflow.id.clone(),
            path: new.path,
            definition: new.program.definition.clone(),
            version: workflow.version.clone(),
            number,
            inputs: values.intern(Arc::new(new.inputs)),
            env: values.intern(Arc::new(new.env)),
            trigger: new.trigger,
            labels: new.labels,
            priority: new.priority,
            steps: u32::try_from(new.program.scopes[0].steps.len()).unwrap_or(u32::MAX),
            parent: new.parent,
            group: new.group,
            forked_from: None,
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
        self.admit(&new.id, now_ms);
    }

    /// Creates a run that begins with the events of another one. Attempts that were under way at that moment are lost to
    /// it: they belong to the old run.
    fn fork(&mut self, fork: Fork, now_ms: i64) -> Result<(), EngineError> {
        let Fork { mut active, mut events, last_number, .. } = fork;
        let id: Arc<str> = Arc::from(active.state.id.as_str());
        let workflow = &active.state.program.workflow;
        let queued = active.state.status == loomwork_run::RunStatus::Queued;
        let group = active.state.group.clone().filter(|_| !queued);
        if let (Some(group), Some(concurrency)) = (&group, &workflow.concurrency)
            && !self.groups.has_room(group, concurrency.max)
        {
            let message = format!("the concurrency group `{group}` has no room; wait for the end of its runs");
            return Err(loomwork_run::RefusedRequest::State(message).into());
        }
        let number = next_number(&mut self.numbers, &workflow.id, last_number);
        active.state.number = number;
        if let Some(EventKind::RunCreated(created)) = events.first_mut().map(|event| &mut event.kind) {
            created.number = number;
        }
        self.next_seq += events.len() as u64;
        active.seq = self.next_seq - 1;
        active.last_batch = self.batch_number;
        self.batch.records.extend(events.into_iter().map(|event| NewRecord::of_run(Arc::clone(&id), event)));
        self.runs.insert(Arc::clone(&id), active);
        self.groups.entered(group.as_deref(), &id);
        self.recover_attempts(&id, false, now_ms);
        self.arm(&id);
        self.unsettled.push_back(Arc::clone(&id));
        self.admit(&id, now_ms);
        Ok(())
    }

    /// Starts a queued run, if its concurrency group has room.
    fn admit(&mut self, id: &Arc<str>, now_ms: i64) {
        let Some(active) = self.runs.get(id) else { return };
        if active.state.status != loomwork_run::RunStatus::Queued {
            return;
        }
        let concurrency = active.state.program.workflow.concurrency.clone();
        if let (Some(group), Some(concurrency)) = (active.state.group.clone(), concurrency) {
            use loomwork_workflow::OnConflict;
            if !self.groups.has_room(&group, concurrency.max) {
                match concurrency.on_conflict {
                    OnConflict::Queue => self.groups.wait(&group, id),
                    OnConflict::Skip => self.cancel_by_engine(id, "its concurrency group has no room", now_ms),
                    OnConflict::CancelRunning => {
                        for other in self.groups.members(&group) {
                            self.cancel_by_engine(&other, "a newer run of its concurrency group", now_ms);
                        }
                        self.groups.wait(&group, id);
                    }
                }
                self.unsettled.push_back(Arc::clone(id));
                return;
            }
            self.groups.entered(Some(&group), id);
        }
        let kind = loomwork_run::RunStarted {}.into();
        self.record(id, vec![Event { at_ms: now_ms, actor: "engine".to_owned(), step: None, attempt: None, kind }]);
        self.unsettled.push_back(Arc::clone(id));
    }

    fn cancel_by_engine(&mut self, id: &Arc<str>, reason: &str, now_ms: i64) {
        let Some(active) = self.runs.get(id) else { return };
        if let Ok(events) = loomwork_run::cancel(&active.state, "engine", Some(reason.to_owned()), false, now_ms) {
            self.record(id, events);
            self.unsettled.push_back(Arc::clone(id));
        }
    }

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

    /// Time passed: due timers fire.
    pub fn tick(&mut self, now_ms: i64) {
        while let Some(Reverse((due, _, _))) = self.timers.peek()
            && *due <= now_ms
        {
            let Some(Reverse((_, run, step))) = self.timers.pop() else { break };
            let Some(active) = self.runs.get_mut(&run) else { continue };
            match step {
                None => active.state.look_at_run(),
                Some(step) if active.state.steps[step].status == StepStatus::Compensating => {
                    self.want_undo(&run, step, now_ms);
                }
                Some(step) => {
                    let decisions = loomwork_run::timer_due(&mut active.state, &mut active.values, step, now_ms);
                    self.absorb(&run, decisions, now_ms);
                }
            }
            self.unsettled.push_back(run);
        }
        self.settle(now_ms);
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

    /// Decides all runs to which something happened, until nothing more happens without the world.
    fn settle(&mut self, now_ms: i64) {
        while let Some(run) = self.unsettled.pop_front() {
            if self.shutting_down {
                continue;
            }
            let Some(active) = self.runs.get_mut(&run) else { continue };
            let was_final = active.state.status.is_final();
            let mut recorded = Vec::new();
            let advanced = advance(&mut active.state, &mut active.values, now_ms, &mut recorded);
            let changed = !recorded.is_empty();
            for event in recorded {
                self.append(&run, event);
            }
            match advanced {
                Ok(wishes) => self.absorb(&run, wishes, now_ms),
                // Our own defect. The run stays as it is; nothing of it is performed on a wrong state.
                Err(error) => tracing::error!(run = %run, %error, "a decision does not fit the run's state"),
            }
            let Some(active) = self.runs.get(&run) else { continue };
            if changed && !was_final && active.state.status.is_final() {
                self.ended(&run, now_ms);
            }
        }
    }

    /// A run has ended: its concurrency group has room, and the step that called it goes on.
    fn ended(&mut self, run: &Arc<str>, now_ms: i64) {
        let Some(active) = self.runs.get(run) else { return };
        if let Some(group) = active.state.group.clone() {
            for next in self.groups.left(&group, run) {
                self.admit(&next, now_ms);
            }
        }
        if let Some(active) = self.runs.remove(run) {
            self.tell_parent(&active, now_ms);
            self.runs.insert(Arc::clone(run), active);
        }
    }

    fn tell_parent(&mut self, child: &Active, now_ms: i64) {
        let Some(parent) = &child.state.parent else { return };
        let id: Arc<str> = Arc::from(parent.run.as_str());
        let Some(active) = self.runs.get_mut(&id) else { return };
        let Some(step) = active.state.step(&parent.step) else { return };
        let waits = active.state.steps[step].child.as_deref() == Some(&child.state.id);
        let Some(attempt) = active.state.steps[step].attempt_under_way().filter(|_| waits) else { return };
        let events =
            attempt_reported(&active.state, &mut active.values, (step, attempt), outcome_of(child), (None, None), now_ms);
        self.record(&id, events);
        self.unsettled.push_back(id);
    }

    /// Takes decisions in: what happened is recorded, what is wished for is done once that is durable.
    fn absorb(&mut self, run: &Arc<str>, decisions: Vec<Decision>, now_ms: i64) {
        for decision in decisions {
            match decision {
                Decision::Record(event) => _ = self.record(run, vec![event]),
                Decision::Want(step) => self.want(run, step, now_ms),
                Decision::Call(step) => self.call(run, step, now_ms),
                Decision::Undo(step) => self.want_undo(run, step, now_ms),
                Decision::Emit { name, data } => self.deliver(None, "engine", (&name, &data), now_ms),
                Decision::Stop { step, attempt } => self.stop(run, step, attempt, now_ms),
            }
        }
    }

    fn stop(&mut self, run: &Arc<str>, step: usize, attempt: u32, now_ms: i64) {
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
    fn want(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
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
    fn grant(&mut self, now_ms: i64) {
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
    fn start(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
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

    fn perform(
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
    fn want_undo(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        if self.under_way.len() < self.slots && !self.shutting_down {
            self.start_undo(run, step, now_ms);
        } else if let Some(active) = self.runs.get(run) {
            self.queue.push(active.state.priority, Arc::clone(run), step);
        }
    }

    fn start_undo(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
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

    /// A step calls another workflow: the child is created with the event that intends it.
    fn call(&mut self, run: &Arc<str>, step: usize, now_ms: i64) {
        let Some(active) = self.runs.get_mut(run) else { return };
        if !matches!(active.state.steps[step].status, StepStatus::Pending | StepStatus::Queued | StepStatus::Retrying) {
            return;
        }
        let id: Arc<str> = Arc::from(self.library.fresh_id());
        let (event, starting) = start_attempt(&active.state, &mut active.values, step, Some(id.to_string()), now_ms);
        let path = active.state.steps[step].path.to_string();
        let depth = active.state.parent.as_ref().map_or(0, |parent| parent.depth) + 1;
        let priority = active.state.priority;
        let recorded = self.record(run, vec![event]);
        self.unsettled.push_back(Arc::clone(run));
        let Some(starting) = starting.filter(|_| recorded) else { return };
        let parent = loomwork_run::Parent { run: run.to_string(), step: path, attempt: starting.attempt, depth };
        let waits = starting.input.get("wait").and_then(Value::as_bool).unwrap_or(true);
        let outcome = if depth > DEEPEST_CALL {
            let message = format!("workflows call each other {DEEPEST_CALL} deep; is a recursion without an end?");
            Some(AttemptOutcome::Failed(loomwork_run::RunError::new(loomwork_run::ErrorClass::Permanent, message)))
        } else {
            match crate::call::child(&*self.library, id, parent, &starting.input, priority) {
                Ok(child) => {
                    let output = serde_json::json!({ "run": &*child.id });
                    self.create(child, now_ms);
                    (!waits).then_some(AttemptOutcome::Succeeded { output })
                }
                Err(error) => Some(AttemptOutcome::Failed(error)),
            }
        };
        if let Some(outcome) = outcome
            && let Some(active) = self.runs.get_mut(run)
        {
            let attempt = (step, starting.attempt);
            let events = attempt_reported(&active.state, &mut active.values, attempt, outcome, (None, None), now_ms);
            self.record(run, events);
        }
    }

    /// Folds events into a run and appends them to the batch. False when one does not fit: our own defect, and
    /// nothing may be performed because of it.
    fn record(&mut self, run: &Arc<str>, events: Vec<Event>) -> bool {
        for event in events {
            let Some(active) = self.runs.get_mut(run) else { return false };
            if let Err(error) = active.state.apply(&event) {
                tracing::error!(run = %run, %error, "an event does not fit the run's state and was not recorded");
                self.misfits += 1;
                return false;
            }
            self.append(run, event);
        }
        true
    }

    /// Appends an event that is already folded to the batch.
    fn append(&mut self, run: &Arc<str>, event: Event) {
        let Some(active) = self.runs.get_mut(run) else { return };
        if let Some(due) = loomwork_run::timer_of(&event.kind) {
            let step = event.step.as_deref().and_then(|path| active.state.step(path));
            self.timers.push(Reverse((due, Arc::clone(run), step)));
        }
        if matches!(event.kind, EventKind::RunStarted(_) | EventKind::RunTakenUp(_) | EventKind::RunAmended(_))
            && let Some(due) = active.state.deadline_ms()
        {
            self.timers.push(Reverse((due, Arc::clone(run), None)));
        }
        active.seq = self.next_seq;
        active.last_batch = self.batch_number;
        self.next_seq += 1;
        self.batch.values.extend(active.values.take_fresh());
        self.batch.records.push(NewRecord::of_run(Arc::clone(run), event));
    }

    /// Sets the timers and queue entries of a run that was read from the journal, or goes on.
    fn arm(&mut self, run: &Arc<str>) {
        let Some(active) = self.runs.get(run) else { return };
        if let Some(due) = active.state.deadline_ms() {
            self.timers.push(Reverse((due, Arc::clone(run), None)));
        }
        for (step, due) in active.state.timers() {
            self.timers.push(Reverse((due, Arc::clone(run), Some(step))));
        }
        for step in active.state.queued_steps() {
            self.queue.push(active.state.priority, Arc::clone(run), step);
        }
    }

    /// Gives slots to the steps of recovered runs.
    pub fn resume(&mut self, now_ms: i64) {
        self.grant(now_ms);
    }
}

/// The number of a workflow's next run.
fn next_number(numbers: &mut HashMap<String, u32>, workflow: &str, last_in_journal: u32) -> u32 {
    let number = numbers.entry(workflow.to_owned()).or_insert(0);
    *number = (*number).max(last_in_journal) + 1;
    *number
}

/// How a called run ended, for the step that called it.
fn outcome_of(child: &Active) -> AttemptOutcome {
    use loomwork_run::{ErrorClass, RunError, RunStatus};
    let state = &child.state;
    let failed = |fallback: &str| {
        let error = state.error.clone().unwrap_or_else(|| RunError::new(ErrorClass::Unknown, fallback));
        AttemptOutcome::Failed(RunError { step: None, ..error })
    };
    match state.status {
        RunStatus::Succeeded => {
            let output = state.outputs.as_ref().and_then(|outputs| child.values.get(outputs).ok());
            AttemptOutcome::Succeeded { output: output.map(|output| Value::clone(&output)).unwrap_or_default() }
        }
        RunStatus::Cancelled => AttemptOutcome::Cancelled,
        _ => failed("the called run failed"),
    }
}
