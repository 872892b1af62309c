//! The world around the loop: what it commits, what it starts, when it dies, and what the disk does.
//!
//! Not here: what survives a crash (`shelf`), and what people do (`people`).

mod people;
mod shelf;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use loomwork_engine::{
    Active, After, Ask, AttemptKey, AttemptReport, AttemptSpec, Core, EngineError, FingerprintSpec, Fork, Library, Limits,
    NewRun, Request, Wish,
};
use loomwork_run::{AttemptOutcome, ErrorClass, Program, RunError, RunState, RunTrigger, Verdict};
use loomwork_store::{Batch, Record};
use serde_json::json;

use shelf::Shelf;

/// Dice with a seed (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).checked_rem(bound).unwrap_or(0)
    }

    /// True once in so many throws.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A commit on its way.
struct Flight {
    number: u64,
    /// None once it is durable although its commit seemed to fail: the loop is not told yet.
    batch: Option<Batch>,
    after: Vec<After>,
}

/// Most runs that people start in one world.
const MOST_RUNS: u64 = 4;

/// The world.
pub struct World {
    /// What went wrong with the world's own rules, at the moment it happened.
    pub broken: Vec<String>,
    /// Crashes so far.
    pub crashes: u32,
    /// Runs that were read from a checkpoint after a crash.
    pub from_checkpoints: u32,
    dice: Dice,
    now_ms: i64,
    slots: usize,
    dead_letter_after_ms: u64,
    text: String,
    core: Core,
    in_flight: Option<Flight>,
    /// The disk is full: what is on its way to it stays there.
    full: bool,
    performing: BTreeMap<(String, String, u32), bool>,
    fingerprinting: Vec<FingerprintSpec>,
    shelf: Arc<Shelf>,
    refused: Arc<Mutex<u32>>,
}

impl World {
    /// A world with a seed and one run of a workflow.
    pub fn new(seed: u64, text: &str) -> Self {
        let mut dice = Dice::new(seed);
        let slots = 1 + usize::try_from(dice.below(3)).unwrap_or(0);
        let dead_letter_after_ms = [0, 5, 60][usize::try_from(dice.below(3)).unwrap_or(0)];
        let shelf = Arc::new(Shelf::default());
        let mut world = Self {
            broken: Vec::new(),
            crashes: 0,
            from_checkpoints: 0,
            dice,
            now_ms: 1_000_000,
            slots,
            dead_letter_after_ms,
            text: text.to_owned(),
            core: core(slots, 1, &shelf).with_letters(Vec::new(), dead_letter_after_ms, true),
            in_flight: None,
            full: false,
            performing: BTreeMap::new(),
            fingerprinting: Vec::new(),
            shelf,
            refused: Arc::default(),
        };
        if let Some(new) = world.new_run() {
            world.core.request(Request::Create(vec![new], Box::new(|_| {})), world.now_ms);
        }
        world
    }

    /// A run of the world's workflow, to be created.
    fn new_run(&mut self) -> Option<NewRun> {
        let text = self.text.as_str();
        let analysis = loomwork_workflow::analyze(text);
        let Some(workflow) = analysis.workflow else {
            self.broken.push(format!("the generated workflow is not valid: {:?}\n{text}", analysis.diagnostics));
            return None;
        };
        let child = "loomwork: 1\nid: called\nsteps:\n  - id: a\n    run: work\n  - id: b\n    needs: [a]\n    run: work\n";
        self.shelf.offer("called", child);
        let definition = loomwork_workflow::definition_hash(text);
        let (_, group) = loomwork_engine::surroundings(&workflow, &json!({})).unwrap_or_default();
        Some(NewRun {
            id: Arc::from(self.shelf.fresh_id()),
            program: Arc::new(Program::new(workflow, definition)),
            text: Arc::from(text),
            path: "workflows/drawn.yaml".to_owned(),
            inputs: json!({}),
            env: json!({}),
            trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
            labels: IndexMap::new(),
            priority: 5,
            last_number: 0,
            parent: None,
            group,
        })
    }

    /// Another loop over the same journal, with one slot.
    pub fn fresh_core(&self, next_seq: u64) -> Core {
        Core::new(1, next_seq, Arc::clone(&self.shelf) as Arc<dyn Library>)
    }

    /// Everything that is durable.
    pub fn journal(&self) -> Vec<Record> {
        self.shelf.durable().journal.clone()
    }

    /// Lets so many things happen, in an order that the dice decide; then lets everything come to rest without further harm.
    pub fn live(&mut self, moments: u32) {
        for _ in 0..moments {
            self.moment();
        }
        for _ in 0..10_000 {
            if !self.rest() {
                if self.core.misfits() > 0 {
                    self.broken.push("an event did not fit the state of its run".to_owned());
                }
                return;
            }
        }
        self.broken.push("the world does not come to rest".to_owned());
    }

    /// One thing happens, drawn with the dice.
    pub fn moment(&mut self) {
        if self.full {
            self.full = !self.dice.one_in(4);
        }
        match self.dice.below(22) {
            20 => self.full = true,
            21 => self.fail_write(),
            0 => self.crash(),
            1 => self.person(),
            2..=4 => self.pass_time(),
            5 if !self.fingerprinting.is_empty() => self.fingerprint(),
            5..=9 => self.finish_attempt(),
            10..=14 => _ = self.submit(),
            _ => self.acknowledge(),
        }
    }

    /// One step towards rest; false when nothing is left to do.
    fn rest(&mut self) -> bool {
        self.full = false;
        if self.in_flight.is_some() {
            self.acknowledge();
        } else if self.submit() {
            return true;
        } else if !self.fingerprinting.is_empty() {
            self.fingerprint();
        } else if !self.performing.is_empty() {
            self.finish_attempt();
        } else if let Some(due) = self.core.next_due_ms() {
            self.now_ms = self.now_ms.max(due);
            self.core.tick(self.now_ms);
        } else {
            return self.help();
        }
        true
    }

    /// At rest, people do what the runs wait for; false when no run waits for anybody.
    fn help(&mut self) -> bool {
        for run in self.runs() {
            let Some(active) = self.read(&run).filter(|active| !active.state.status.is_final()) else { continue };
            let state = &active.state;
            let asks =
                |status| state.steps.iter().find(|step| step.attached && step.status == status).map(|step| step.path.to_string());
            use loomwork_run::StepStatus::{NeedsApproval, NeedsAttention, Waiting};
            let what = if state.status == loomwork_run::RunStatus::Paused {
                Wish::Resume
            } else if let Some(step) = asks(NeedsAttention) {
                Wish::Judge { step, verdict: Verdict::Succeed(json!(1)) }
            } else if let Some(step) = asks(NeedsApproval) {
                Wish::Decide { step, approved: true, comment: None, form: None }
            } else if asks(Waiting).is_some() {
                self.send();
                return true;
            } else {
                continue;
            };
            let ask = Ask { run, actor: "ada".to_owned(), what, answer: Box::new(|_| {}) };
            self.core.request(Request::Ask(Box::new(ask)), self.now_ms);
            return true;
        }
        false
    }

    fn pass_time(&mut self) {
        self.now_ms += i64::try_from(self.dice.below(30)).unwrap_or(0);
        self.core.tick(self.now_ms);
    }

    fn submit(&mut self) -> bool {
        if self.in_flight.is_some() {
            return false;
        }
        self.in_flight = self.core.take_batch().map(|(number, batch, after)| Flight { number, batch: Some(batch), after });
        self.in_flight.is_some()
    }

    /// A commit fails with an error after everything was written: whether it is durable shows when the journal is opened anew.
    fn fail_write(&mut self) {
        let batch = self.in_flight.as_mut().and_then(|flight| flight.batch.take());
        if let Some(batch) = batch {
            self.shelf.durable().write(batch);
        }
    }

    fn acknowledge(&mut self) {
        if self.full {
            return;
        }
        let Some(Flight { number, batch, after }) = self.in_flight.take() else { return };
        if let Some(batch) = batch {
            self.shelf.durable().write(batch);
        }
        self.core.committed(number);
        for after in after {
            match after {
                After::Answer(answer) => answer(),
                After::Fingerprint(spec) => self.fingerprinting.push(*spec),
                After::Start(spec) => self.start(&spec),
                After::Stop(key) => {
                    if let Some(stopped) = self.performing.get_mut(&(key.run, key.step, key.attempt)) {
                        *stopped = true;
                    }
                }
            }
        }
    }

    fn start(&mut self, spec: &AttemptSpec) {
        let key = &spec.key;
        let (step, kind) = match key.step.strip_suffix("~undo") {
            Some(step) => (step, "compensation_started"),
            None => (key.step.as_str(), "attempt_started"),
        };
        let intended = self.shelf.durable().journal.iter().any(|record| {
            record.kind == kind
                && record.run.as_deref() == Some(&key.run)
                && record.step.as_deref() == Some(step)
                && record.attempt == Some(key.attempt)
        });
        if !intended {
            self.broken.push(format!("{key:?} started before its intent was durable"));
        }
        if self.performing.insert((key.run.clone(), key.step.clone(), key.attempt), false).is_some() {
            self.broken.push(format!("{key:?} started twice"));
        }
        if self.performing.len() > self.slots {
            self.broken.push(format!("{} attempts under way on {} slots", self.performing.len(), self.slots));
        }
    }

    /// Answers one question for a fingerprint; now and then a file cannot be read.
    fn fingerprint(&mut self) {
        let nth = usize::try_from(self.dice.below(self.fingerprinting.len() as u64)).unwrap_or(0);
        let spec = self.fingerprinting.swap_remove(nth);
        let answer = match self.dice.below(8) {
            0 => Err(RunError::new(ErrorClass::Dependency, "drawn")),
            _ => Ok(loomwork_workflow::definition_hash(&spec.question.subject.to_string())),
        };
        self.core.fingerprinted(&spec, answer, self.now_ms);
    }

    fn finish_attempt(&mut self) {
        let count = self.performing.len() as u64;
        if count == 0 {
            return;
        }
        let nth = usize::try_from(self.dice.below(count)).unwrap_or(0);
        let Some(((run, step, attempt), stopped)) = self.performing.iter().nth(nth).map(|(k, v)| (k.clone(), *v)) else { return };
        self.performing.remove(&(run.clone(), step.clone(), attempt));
        let outcome = match self.dice.below(6) {
            _ if stopped => AttemptOutcome::Cancelled,
            0 => AttemptOutcome::Failed(RunError::new(ErrorClass::Permanent, "drawn")),
            1 if self.dice.one_in(3) => AttemptOutcome::Failed(RunError::new(ErrorClass::Timeout, "drawn")),
            1 => AttemptOutcome::Failed(RunError::new(ErrorClass::Transient, "drawn")),
            2 => AttemptOutcome::Succeeded { output: json!("x".repeat(3_000)) },
            _ => AttemptOutcome::Succeeded { output: json!({ "by": step }) },
        };
        let report = AttemptReport { key: AttemptKey { run, step, attempt }, outcome, log: None, usage: None };
        self.core.report(report, self.now_ms);
    }

    /// Loads an ended run again, as the engine does for a request about it. Only what is durable can have left the memory.
    fn load(&mut self, run: &Arc<str>) {
        if self.in_flight.is_none()
            && let Some(active) = self.read(run)
            && active.state.status.is_final()
        {
            self.core.request(Request::Load(Box::new(active)), self.now_ms);
        }
    }

    /// A run as the journal tells it; none when nothing of it is durable.
    pub fn read(&mut self, run: &Arc<str>) -> Option<Active> {
        self.read_until(run, u64::MAX)
    }

    /// The same from its events up to a number.
    pub fn read_until(&mut self, run: &Arc<str>, seq: u64) -> Option<Active> {
        let read = self.shelf.durable().read_until(run, seq);
        match read {
            Ok(active) => Some(active),
            Err(EngineError::NoSuchRun(_)) => None,
            Err(error) => {
                self.broken.push(format!("the journal cannot be folded: {error}"));
                None
            }
        }
    }

    /// The text of a definition that is on record.
    pub fn definition(&self, hash: &str) -> Option<String> {
        self.shelf.durable().definition(hash)
    }

    /// A definition that is on record, prepared.
    pub fn program(&self, hash: &str) -> Option<Arc<Program>> {
        self.shelf.durable().program(hash)
    }

    /// The fold of some records of a run.
    ///
    /// # Errors
    /// When they cannot be folded.
    pub fn fold(&self, run: &str, records: &[Record]) -> Result<RunState, EngineError> {
        self.shelf.durable().fold(run, records)
    }

    /// Forks a run from one of its events; none when that is refused.
    ///
    /// # Errors
    /// Any other error than a refusal.
    pub fn fork(&mut self, run: &Arc<str>, seq: u64) -> Result<Option<Arc<str>>, EngineError> {
        let id: Arc<str> = Arc::from(self.shelf.fresh_id());
        let prepared = {
            let durable = self.shelf.durable();
            let definition = |hash: &str| Ok(durable.definitions.get(hash).cloned());
            let (records, at) = (durable.records(run), ("ada", self.now_ms));
            let prepared = Fork::prepare(&id, &records, (run, seq), at, &durable.programs, definition);
            prepared.map(|mut fork| {
                fork.active.values = durable.values_of(&fork.active.state);
                fork
            })
        };
        match prepared {
            Ok(fork) => {
                self.core.request(Request::Fork(Box::new(fork), Box::new(|_| {})), self.now_ms);
                Ok(Some(id))
            }
            Err(EngineError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The engine dies. A commit on its way may or may not have become durable; processes are gone.
    fn crash(&mut self) {
        self.crashes += 1;
        if self.core.misfits() > 0 {
            self.broken.push("an event did not fit the state of its run".to_owned());
        }
        if let Some(Flight { batch: Some(batch), .. }) = self.in_flight.take()
            && self.dice.one_in(2)
        {
            self.shelf.durable().write(batch);
        }
        self.performing.clear();
        self.fingerprinting.clear();
        let next = self.journal().len() as u64 + 1;
        let journal = self.journal();
        self.core = core(self.slots, next, &self.shelf).with_breakers(crate::breakers(&journal)).with_letters(
            crate::letters(&journal),
            self.dead_letter_after_ms,
            true,
        );
        let runs = self.runs();
        let open: Vec<Active> =
            runs.iter().filter_map(|run| self.recovered(run)).filter(|active| !active.state.status.is_final()).collect();
        self.core.recover(open, self.now_ms);
        self.core.resume(self.now_ms);
    }

    /// A run as an engine that starts reads it: from a checkpoint, if one can be used.
    fn recovered(&mut self, run: &Arc<str>) -> Option<Active> {
        let folded = self.read(run)?;
        let Some(kept) = self.shelf.durable().read_kept(run) else { return Some(folded) };
        self.from_checkpoints += 1;
        if fingerprint(&kept) != fingerprint(&folded) {
            self.broken.push(format!("{run} read from a checkpoint is not the fold of its events"));
        }
        Some(kept)
    }

    /// The runs of this world of which something is durable.
    pub fn runs(&self) -> Vec<Arc<str>> {
        let created = |record: &&Record| record.kind == "run_created";
        self.shelf.durable().journal.iter().filter(created).filter_map(|record| record.run.clone()).collect()
    }

    /// A look at a run in the engine's memory: the number of its last event, and what it is.
    pub fn inspect(&mut self, run: &Arc<str>) -> Option<(u64, String)> {
        let seen = Arc::new(Mutex::new(None));
        let write = Arc::clone(&seen);
        let look = Box::new(move |active: Option<&Active>| -> Box<dyn FnOnce() + Send> {
            let text = active.map(|active| (active.seq, fingerprint(active)));
            Box::new(move || {
                if let Ok(mut seen) = write.lock() {
                    *seen = text;
                }
            })
        });
        self.core.request(Request::Inspect(Arc::clone(run), look), self.now_ms);
        self.full = false;
        while self.submit() || self.in_flight.is_some() {
            self.acknowledge();
        }
        seen.lock().ok().and_then(|mut seen| seen.take())
    }
}

/// A loop with few slots, and less of a kind than some steps want.
fn core(slots: usize, next_seq: u64, shelf: &Arc<Shelf>) -> Core {
    Core::new(slots, next_seq, Arc::clone(shelf) as Arc<dyn Library>).with_limits(Limits::of_slots(slots).with("gpu", 2.0))
}

fn count_refusal(refused: &Mutex<u32>, was: bool) {
    if let Ok(mut count) = refused.lock() {
        *count += u32::from(was);
    }
}

/// Everything of a run that must be the same live and folded.
pub fn fingerprint(active: &Active) -> String {
    let state = &active.state;
    let steps: Vec<String> = state.in_order().into_iter().map(|ix| step_fingerprint(&state.steps[ix])).collect();
    let (open, busy, waits) = (state.open, state.busy, state.waits());
    format!("{} {:?} {open} {busy} {waits:?} {:?}\n{}", active.seq, state.status, state.error, steps.join("\n"))
}

fn step_fingerprint(step: &loomwork_run::Instance) -> String {
    let inner = step.inner.as_ref().map(|inner| (inner.count, inner.open, inner.active, inner.succeeded, &inner.failures));
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {inner:?}",
        step.path,
        step.status,
        step.port,
        step.attempts,
        step.edges,
        step.output,
        step.error,
        step.stop,
        step.waiting,
        step.cached
    )
}

/// A whole history: a workflow drawn with a seed, a world around it, and the text of the workflow.
pub fn history(seed: u64) -> (World, String) {
    let mut dice = Dice::new(seed ^ 0xA5A5_A5A5);
    let text = crate::random_workflow(&mut dice);
    let mut world = World::new(seed, &text);
    world.live(u32::try_from(20 + dice.below(120)).unwrap_or(20));
    (world, text)
}
