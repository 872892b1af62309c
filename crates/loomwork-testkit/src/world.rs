//! The world around the loop: what it commits, what it starts, who interferes, and when it dies.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use loomwork_engine::{
    Active, After, Ask, AttemptKey, AttemptReport, AttemptSpec, Core, EngineError, FingerprintSpec, Fork, Library, Limits,
    NewRun, Request, Wish, fold_on, fold_run,
};
use loomwork_run::{
    Amendment, AttemptOutcome, CheckpointCreated, ErrorClass, EventKind, Program, RetryScope, RunError, RunState, RunTrigger,
    ValueRef, Values, Verdict,
};
use loomwork_store::{Batch, CachedOutput, Record};
use serde_json::json;

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

/// The workflows that can be called, and the journal for runs that have ended.
#[derive(Default)]
struct Shelf {
    durable: Mutex<Durable>,
    called: Mutex<HashMap<String, String>>,
    ids: Mutex<u64>,
}

/// What survives a crash.
#[derive(Default)]
struct Durable {
    journal: Vec<Record>,
    definitions: HashMap<String, String>,
    values: HashMap<String, Vec<u8>>,
    checkpoints: HashMap<Arc<str>, Vec<Kept>>,
}

/// A state of a run that was kept.
struct Kept {
    /// Number of the last event in it.
    seq: u64,
    snapshot: Vec<u8>,
}

impl Durable {
    fn read(&self, run: &str) -> Result<Active, EngineError> {
        let records = self.records(run);
        let seq = records.last().map_or(0, |record| record.seq);
        let state = fold_run(run, &records, |hash| Ok(self.definition(hash)))?;
        let values = self.values_of(&state);
        Ok(Active::new(state, values, seq))
    }

    /// Keeps the states of all runs as they are durable now. Every third one is damaged.
    fn keep(&mut self) {
        let runs: std::collections::BTreeSet<Arc<str>> = self.journal.iter().filter_map(|record| record.run.clone()).collect();
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
    fn read_kept(&self, run: &str) -> Option<Active> {
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
        fold_on(&mut state, &tail, |hash| Ok(self.definition(hash))).ok()?;
        let values = self.values_of(&state);
        Some(Active::new(state, values, tail.last().map_or(kept, |record| record.seq)))
    }

    fn definition(&self, hash: &str) -> Option<String> {
        self.definitions.get(hash).cloned()
    }

    fn program(&self, hash: &str) -> Option<Arc<Program>> {
        let workflow = loomwork_workflow::analyze(self.definitions.get(hash)?).workflow?;
        Some(Arc::new(Program::new(workflow, hash.to_owned())))
    }

    fn records(&self, run: &str) -> Vec<Record> {
        self.journal.iter().filter(|record| record.run.as_deref() == Some(run)).cloned().collect()
    }

    fn values_of(&self, state: &RunState) -> Values {
        let mut values = Values::default();
        for reference in state.value_refs() {
            if let ValueRef::Stored(stored) = reference
                && let Some(json) = self.values.get(&stored.hash)
            {
                let value = serde_json::from_slice(json).unwrap_or_default();
                values.insert(stored.hash.clone(), Arc::new(value));
            }
        }
        values
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Library for Shelf {
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String> {
        let text = locked(&self.called).get(id).cloned().ok_or_else(|| format!("there is no workflow `{id}`"))?;
        let workflow = loomwork_workflow::analyze(&text).workflow.ok_or_else(|| format!("`{id}` has errors"))?;
        let definition = loomwork_workflow::definition_hash(&text);
        Ok((Arc::new(Program::new(workflow, definition)), Arc::from(text), format!("workflows/{id}.yaml")))
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
            let event = record.event().ok()?;
            let EventKind::StepSucceeded(data) = &event.kind else { return None };
            (data.fingerprint.as_deref() == Some(fingerprint)).then(|| CachedOutput {
                run: record.run.as_deref().unwrap_or_default().to_owned(),
                step: event.step.clone().unwrap_or_default(),
                at_ms: event.at_ms,
                output: data.output.clone(),
            })
        })
    }

    fn value(&self, hash: &str) -> Option<Arc<serde_json::Value>> {
        let json = locked(&self.durable).values.get(hash).cloned()?;
        serde_json::from_slice(&json).ok().map(Arc::new)
    }
}

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
    in_flight: Option<(u64, Batch, Vec<After>)>,
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
            world.core.request(Request::Create(Box::new(new), Box::new(|_| {})), world.now_ms);
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
        locked(&self.shelf.called).insert("called".to_owned(), child.to_owned());
        let definition = loomwork_workflow::definition_hash(text);
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
            group: None,
        })
    }

    /// Another loop over the same journal, with one slot.
    pub fn fresh_core(&self, next_seq: u64) -> Core {
        Core::new(1, next_seq, Arc::clone(&self.shelf) as Arc<dyn Library>)
    }

    /// Everything that is durable.
    pub fn journal(&self) -> Vec<Record> {
        locked(&self.shelf.durable).journal.clone()
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
        match self.dice.below(21) {
            20 => self.full = true,
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
        self.in_flight = self.core.take_batch();
        self.in_flight.is_some()
    }

    fn make_durable(&mut self, batch: Batch) {
        let mut durable = locked(&self.shelf.durable);
        for new in batch.records {
            let seq = durable.journal.len() as u64 + 1;
            let before = durable.journal.iter().rev().find(|record| record.run == new.run);
            let prev = before.map_or([0; 32], |record| record.hash);
            durable.journal.push(Record::chained(seq, prev, new));
        }
        durable.values.extend(batch.values);
        durable.definitions.extend(batch.definitions.into_iter().map(|(hash, text)| (hash, text.to_string())));
        // No dice: what is kept must not change what happens.
        if durable.journal.len().is_multiple_of(7) {
            durable.keep();
        }
    }

    fn acknowledge(&mut self) {
        if self.full {
            return;
        }
        let Some((number, batch, after)) = self.in_flight.take() else { return };
        self.make_durable(batch);
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
        let intended = locked(&self.shelf.durable).journal.iter().any(|record| {
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
            1 => AttemptOutcome::Failed(RunError::new(ErrorClass::Transient, "drawn")),
            2 => AttemptOutcome::Succeeded { output: json!("x".repeat(3_000)) },
            _ => AttemptOutcome::Succeeded { output: json!({ "by": step }) },
        };
        let report = AttemptReport { key: AttemptKey { run, step, attempt }, outcome, log: None, usage: None };
        self.core.report(report, self.now_ms);
    }

    fn person(&mut self) {
        if self.dice.one_in(4) {
            return self.tidy_up();
        }
        let runs = self.runs();
        if runs.is_empty() {
            return;
        }
        let run = Arc::clone(&runs[usize::try_from(self.dice.below(runs.len() as u64)).unwrap_or(0)]);
        self.load(&run);
        let step = self.some_step(&run);
        let what = match self.dice.below(15) {
            0 => Wish::Cancel { reason: None, compensate: self.dice.one_in(2) },
            1 => Wish::Pause,
            2..=3 => Wish::Resume,
            4 => Wish::Judge { step, verdict: Verdict::Skip },
            5 => Wish::Judge { step, verdict: Verdict::Succeed(json!({ "by": "ada" })) },
            6 => Wish::Rerun { from: step },
            7 => Wish::Decide {
                step: self.asked_for(&run).unwrap_or(step),
                approved: self.dice.one_in(2),
                comment: None,
                form: None,
            },
            8 => Wish::Retry { scope: RetryScope::Step(step), set: None },
            9 => return self.send(),
            10 | 11 => match self.corrected() {
                Some(amend) => amend,
                None => return,
            },
            12 => {
                let (checkpoint, level) = ("1-kept".to_owned(), "minimal".to_owned());
                Wish::Kept(CheckpointCreated { checkpoint, name: None, level, sha256: String::new() })
            }
            _ => Wish::Retry { scope: RetryScope::All, set: None },
        };
        let refused = Arc::clone(&self.refused);
        let answer = Box::new(move |result: Result<_, _>| count_refusal(&refused, result.is_err()));
        let ask = Ask { run, actor: "ada".to_owned(), what, answer };
        self.core.request(Request::Ask(Box::new(ask)), self.now_ms);
    }

    /// The first step of a run that waits for a decision.
    fn asked_for(&mut self, run: &Arc<str>) -> Option<String> {
        let active = self.read(run)?;
        let asks = |step: &&loomwork_run::Instance| step.attached && step.status == loomwork_run::StepStatus::NeedsApproval;
        active.state.steps.iter().find(asks).map(|step| step.path.to_string())
    }

    /// A person looks after what the runs share: sends a dead letter again or discards it, closes a breaker.
    fn tidy_up(&mut self) {
        let journal = self.journal();
        let refused = Arc::clone(&self.refused);
        let answer = Box::new(move |result: Result<_, _>| count_refusal(&refused, result.is_err()));
        let actor = "ada".to_owned();
        let letter = crate::letters(&journal).into_iter().next().map(|letter| Arc::from(letter.run));
        let breaker = crate::breakers(&journal).into_iter().next().map(|breaker| breaker.key);
        let request = match (self.dice.below(3), letter, breaker) {
            (0, Some(letter), _) => Request::Discard { letter, actor, reason: None, answer },
            (1, Some(letter), _) => match self.new_run() {
                Some(new) => Request::Resend { letter, new: Box::new(new), answer },
                None => return,
            },
            (2, _, Some(key)) => Request::ResetBreaker { key, actor, answer },
            _ => return,
        };
        self.core.request(request, self.now_ms);
    }

    /// A step of the top, or any that the run has; it may have none of that name.
    fn some_step(&mut self, run: &Arc<str>) -> String {
        let top = format!("s{}", self.dice.below(6));
        if !self.dice.one_in(3) {
            return top;
        }
        let Some(active) = self.read(run) else { return top };
        let drawn = 1 + usize::try_from(self.dice.below(active.state.steps.len() as u64 - 1)).unwrap_or(0);
        active.state.steps.get(drawn).map_or(top, |step| step.path.to_string())
    }

    /// Another workflow drawn with the dice, some steps of which are those of the run.
    fn corrected(&mut self) -> Option<Wish> {
        let text = crate::random_workflow(&mut self.dice);
        let Some(workflow) = loomwork_workflow::analyze(&text).workflow else {
            self.broken.push(format!("the generated workflow is not valid:\n{text}"));
            return None;
        };
        let program = Arc::new(Program::new(workflow, loomwork_workflow::definition_hash(&text)));
        let amendment = Amendment { program, path: "workflows/corrected.yaml".to_owned() };
        Some(Wish::Amend { amendment, text: Arc::from(text) })
    }

    fn send(&mut self) {
        let request = Request::Send {
            run: None,
            actor: "ada".to_owned(),
            name: "go".to_owned(),
            data: json!({ "n": self.dice.below(3) }),
            answer: Box::new(|_| {}),
        };
        self.core.request(request, self.now_ms);
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
        let read = locked(&self.shelf.durable).read(run);
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
        locked(&self.shelf.durable).definition(hash)
    }

    /// A definition that is on record, prepared.
    pub fn program(&self, hash: &str) -> Option<Arc<Program>> {
        locked(&self.shelf.durable).program(hash)
    }

    /// The fold of some records of a run.
    ///
    /// # Errors
    /// When they cannot be folded.
    pub fn fold(&self, run: &str, records: &[Record]) -> Result<RunState, EngineError> {
        let durable = locked(&self.shelf.durable);
        fold_run(run, records, |hash| Ok(durable.definitions.get(hash).cloned()))
    }

    /// Forks a run from one of its events; none when that is refused.
    ///
    /// # Errors
    /// Any other error than a refusal.
    pub fn fork(&mut self, run: &Arc<str>, seq: u64) -> Result<Option<Arc<str>>, EngineError> {
        let id: Arc<str> = Arc::from(self.shelf.fresh_id());
        let prepared = {
            let durable = locked(&self.shelf.durable);
            let definition = |hash: &str| Ok(durable.definitions.get(hash).cloned());
            let prepared = Fork::prepare(&id, &durable.records(run), (run, seq), "ada", self.now_ms, definition);
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
        if let Some((_, batch, _)) = self.in_flight.take()
            && self.dice.one_in(2)
        {
            self.make_durable(batch);
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
        let Some(kept) = locked(&self.shelf.durable).read_kept(run) else { return Some(folded) };
        self.from_checkpoints += 1;
        if fingerprint(&kept) != fingerprint(&folded) {
            self.broken.push(format!("{run} read from a checkpoint is not the fold of its events"));
        }
        Some(kept)
    }

    /// The runs of this world of which something is durable.
    pub fn runs(&self) -> Vec<Arc<str>> {
        let created = |record: &&Record| record.kind == "run_created";
        locked(&self.shelf.durable).journal.iter().filter(created).filter_map(|record| record.run.clone()).collect()
    }

    /// A look at a run in the engine's memory.
    pub fn inspect(&mut self, run: &Arc<str>) -> Option<String> {
        let seen = Arc::new(Mutex::new(None));
        let write = Arc::clone(&seen);
        let look = Box::new(move |active: Option<&Active>| -> Box<dyn FnOnce() + Send> {
            let text = active.map(fingerprint);
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
    format!("{} {:?} {} {} {:?}\n{}", active.seq, state.status, state.open, state.busy, state.error, steps.join("\n"))
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
