//! The loop as a plain state machine: messages and the time go in; batches to commit, and what follows their commit, come out.
//!
//! Invariant: whatever reaches the world (an effect, an answer, a published event) waits in an [`After`] until the batch
//! with its events is durable.
//!
//! Not here: how attempts start and report (`attempts`), outputs that are used again (`reuse`), what keeps attempts from starting
//! (`breakers`), runs that failed for good (`letters`), runs that begin and end (`runs`),
//! that call runs (`calls`), that leave the journal (`leaving`), and that were open when an engine died (`recovery`).

mod attempts;
mod breakers;
mod calls;
mod leaving;
mod letters;
mod line;
mod recovery;
mod reuse;
mod runs;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, Weak};

use loomwork_run::{Decision, Event, EventKind, Program, RetryPlan, RunStatus, StepStatus, advance_some};
use loomwork_store::{Batch, NewRecord};
use loomwork_workflow::Defaults;
use serde_json::Value;

use crate::groups::Groups;
use crate::request::{Active, After, Answer, Ask, Request, RunWaits, Wish};
use crate::schedule::{Limits, Scheduler, Share};
use crate::{AttemptKey, EngineError, Library};
use breakers::Breakers;
use leaving::Leaving;
use letters::Letters;
use reuse::Reuse;

/// When it comes due, in milliseconds since 1970; the run; the step, or none for the run itself.
type Timer = (i64, Arc<str>, Option<usize>);

/// The loop's state.
pub struct Core {
    runs: HashMap<Arc<str>, Active>,
    held: HashMap<Arc<str>, u32>,
    numbers: HashMap<String, u32>,
    groups: Groups,
    queue: Scheduler,
    defaults: Defaults,
    /// The definitions of the runs in memory, by hash.
    programs: HashMap<String, Weak<Program>>,
    timers: BinaryHeap<Reverse<Timer>>,
    under_way: HashMap<AttemptKey, (Performing, Share)>,
    /// Runs that something happened to and that are not decided yet.
    unsettled: VecDeque<Arc<str>>,
    library: Arc<dyn Library>,
    reuse: Reuse,
    breakers: Breakers,
    letters: Letters,
    leaving: Leaving,
    next_seq: u64,
    batch: Batch,
    after: Vec<After>,
    batch_number: u64,
    shutting_down: bool,
    misfits: u64,
}

pub use line::{QueueLine, Queued};

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

/// Most events that are decided before anyone else has a turn, and before they can be on their way to the disk.
const MOST_EVENTS_AT_ONCE: usize = 250;

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
            queue: Scheduler::new(Limits::of_slots(slots)),
            defaults: Defaults::default(),
            programs: HashMap::new(),
            timers: BinaryHeap::new(),
            under_way: HashMap::new(),
            unsettled: VecDeque::new(),
            library,
            reuse: Reuse::default(),
            breakers: Breakers::default(),
            letters: Letters::default(),
            leaving: Leaving::default(),
            next_seq,
            batch: Batch::default(),
            after: Vec::new(),
            batch_number: 1,
            shutting_down: false,
            misfits: 0,
        }
    }

    /// The same loop, with other limits. For a loop that has begun nothing yet.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.queue = Scheduler::new(limits);
        self
    }

    /// The same loop, with what holds for steps where their workflow says nothing.
    #[must_use]
    pub fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// Gives a program the defaults of the workspace. Runs in memory with the same definition share one.
    fn complete(&mut self, program: &mut Arc<Program>) {
        if let Some(known) = self.programs.get(&program.definition).and_then(Weak::upgrade) {
            *program = known;
            return;
        }
        if self.defaults != Defaults::default() {
            Arc::make_mut(program).default_to(&self.defaults);
        }
        self.programs.retain(|_, program| program.strong_count() > 0);
        self.programs.insert(program.definition.clone(), Arc::downgrade(program));
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
        if !self.unsettled.is_empty() {
            return Some(0);
        }
        let timer = self.timers.peek().map(|Reverse((due, _, _))| *due);
        [timer, self.breakers.next_due_ms(), self.letters.next_due_ms()].into_iter().flatten().min()
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

    /// A request arrived.
    pub fn request(&mut self, request: Request, now_ms: i64) {
        match request {
            Request::Create(all, answer) => {
                all.into_iter().for_each(|new| self.create(new, now_ms));
                self.answer(Ok(()), answer);
            }
            Request::Fork(fork, answer) => {
                let forked = self.fork(*fork, now_ms);
                self.answer(forked, answer);
            }
            Request::ResetBreaker { key, actor, answer } => {
                let outcome = self.reset_breaker(&key, &actor, now_ms);
                self.answer(outcome, answer);
            }
            Request::Resend { letter, new, answer } => {
                let outcome = self.resend(&letter, *new, now_ms);
                self.answer(outcome, answer);
            }
            Request::Discard { letter, actor, reason, answer } => {
                let outcome = self.discard(&letter, &actor, reason.as_deref(), now_ms);
                self.answer(outcome, answer);
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
            Request::Load(mut active) => {
                self.complete(&mut active.state.program);
                let id: Arc<str> = Arc::from(active.state.id.as_str());
                if !self.leaving.has(&id) {
                    self.runs.entry(id).or_insert(*active);
                }
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
            Request::Line { run, limit, answer } => {
                let line = self.line(run.as_deref(), limit, now_ms);
                self.after.push(After::Answer(Box::new(move || answer(line))));
            }
            Request::Waits(answer) => {
                let running = self.runs.values().filter(|active| active.state.status == RunStatus::Running);
                let waits = running.map(|active| RunWaits::of(&active.state)).collect();
                self.after.push(After::Answer(Box::new(move || answer(waits))));
            }
            Request::Tick => {}
            Request::Leave(leave) => self.leave(leave, now_ms),
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

    fn ask(&mut self, run: &Arc<str>, actor: &str, mut what: Wish, now_ms: i64) -> Result<Option<RetryPlan>, EngineError> {
        if let Wish::Amend { amendment, .. } = &mut what {
            self.complete(&mut amendment.program);
        }
        self.stays(run)?;
        let Some(active) = self.runs.get_mut(run) else { return Err(EngineError::NotLoaded(run.to_string())) };
        let (state, values) = (&active.state, &mut active.values);
        let mut plan = None;
        // What waits may have to be asked for again: under another definition it is another thing.
        let resumes = matches!(what, Wish::Resume | Wish::Amend { .. });
        let had_ended = state.status.is_final();
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
            Wish::Kept(checkpoint) => {
                let kind = EventKind::CheckpointCreated(checkpoint);
                vec![Event { at_ms: now_ms, actor: actor.to_owned(), step: None, attempt: None, kind }]
            }
            Wish::Judge { step, verdict } => loomwork_run::judge(state, values, actor, &step, verdict, now_ms)?,
            Wish::Decide { step, approved, comment, form } => {
                loomwork_run::decide_approval(state, values, actor, (&step, approved), (comment, form), now_ms)?
            }
        };
        self.record(run, events);
        if resumes {
            self.arm(run, now_ms);
        }
        self.unsettled.push_back(Arc::clone(run));
        if had_ended {
            self.take_up_caller(run, actor, now_ms);
        }
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
        self.breakers_due(now_ms);
        self.letters_due(now_ms);
        self.settle(now_ms);
        self.grant(now_ms);
    }

    /// Starts nothing more and stops what is under way. The runs go on when an engine opens the journal again.
    pub fn shut_down(&mut self) {
        self.shutting_down = true;
        let stops: Vec<After> = self.under_way.keys().cloned().map(After::Stop).collect();
        self.after.extend(stops);
    }

    /// Whether nothing is left to decide.
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Whether a shutdown has nothing left to wait for.
    pub fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.batch.records.is_empty() && self.after.is_empty()
    }

    /// Decides all runs to which something happened, until nothing more happens without the world, or this turn has had
    /// its share: the rest follows in the next one, with a clock that has moved on.
    fn settle(&mut self, now_ms: i64) {
        let mut left = MOST_EVENTS_AT_ONCE;
        while left > 0
            && let Some(run) = self.unsettled.pop_front()
        {
            if self.shutting_down {
                continue;
            }
            let Some(active) = self.runs.get_mut(&run) else { continue };
            let was_final = active.state.status.is_final();
            let mut recorded = Vec::new();
            let advanced = advance_some(&mut active.state, &mut active.values, now_ms, &mut recorded, left);
            left = left.saturating_sub(recorded.len());
            let fits = advanced.is_ok();
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
            if active.state.is_waiting() && !active.state.has_open_decisions() {
                active.values.rest();
            }
            if fits && active.state.has_open_decisions() {
                self.unsettled.push_back(Arc::clone(&run));
            }
            if changed && !was_final && active.state.status.is_final() {
                self.ended(&run, now_ms);
            }
        }
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
        if let (EventKind::RunTakenUp(_), Some(group)) = (&event.kind, &active.state.group) {
            self.groups.returned(group, run);
        }
        self.reuse.keep(run, &event);
        let taken_up = matches!(event.kind, EventKind::RunTakenUp(_));
        active.seq = self.next_seq;
        active.last_batch = self.batch_number;
        self.next_seq += 1;
        self.batch.values.extend(active.values.take_fresh());
        let (at_ms, heard) = (event.at_ms, self.heard_by_breaker(run, &event));
        self.batch.records.push(NewRecord::of_run(Arc::clone(run), event));
        if let Some(heard) = heard {
            self.tell_breaker(heard, at_ms);
        }
        if taken_up {
            self.forget_letter(run, at_ms);
        }
    }
}
