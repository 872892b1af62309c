//! The world around the loop: what it commits, what it starts, who interferes, and when it dies.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use loomwork_engine::{Active, After, AttemptKey, AttemptReport, AttemptSpec, Core, NewRun, Request, fold_run};
use loomwork_run::{AttemptOutcome, ErrorClass, Program, RetryScope, RunError, RunTrigger, ValueRef, Values};
use loomwork_store::{Batch, Record};
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

/// The world.
pub struct World {
    /// Everything that is durable.
    pub journal: Vec<Record>,
    /// What went wrong with the world's own rules, at the moment it happened.
    pub broken: Vec<String>,
    /// Crashes so far.
    pub crashes: u32,
    dice: Dice,
    now_ms: i64,
    slots: usize,
    core: Core,
    in_flight: Option<(u64, Batch, Vec<After>)>,
    performing: BTreeMap<(String, String, u32), bool>,
    definitions: HashMap<String, String>,
    values: HashMap<String, Vec<u8>>,
    runs: Vec<Arc<str>>,
    refused: Arc<Mutex<u32>>,
}

impl World {
    /// A world with a seed and one run of a workflow.
    pub fn new(seed: u64, text: &str) -> Self {
        let mut dice = Dice::new(seed);
        let slots = 1 + usize::try_from(dice.below(3)).unwrap_or(0);
        let mut world = Self {
            journal: Vec::new(),
            broken: Vec::new(),
            crashes: 0,
            dice,
            now_ms: 1_000_000,
            slots,
            core: Core::new(slots, 1),
            in_flight: None,
            performing: BTreeMap::new(),
            definitions: HashMap::new(),
            values: HashMap::new(),
            runs: Vec::new(),
            refused: Arc::default(),
        };
        world.create(text);
        world
    }

    fn create(&mut self, text: &str) {
        let analysis = loomwork_workflow::analyze(text);
        let Some(workflow) = analysis.workflow else {
            self.broken.push(format!("the generated workflow is not valid: {:?}\n{text}", analysis.diagnostics));
            return;
        };
        let id: Arc<str> = Arc::from(format!("run{}", self.runs.len()));
        let definition = loomwork_workflow::definition_hash(text);
        let new = NewRun {
            id: Arc::clone(&id),
            program: Arc::new(Program::new(workflow, definition)),
            text: Arc::from(text),
            path: "workflows/drawn.yaml".to_owned(),
            inputs: json!({}),
            env: json!({}),
            trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
            labels: IndexMap::new(),
            priority: 5,
            last_number: 0,
        };
        self.core.request(Request::Create(Box::new(new), Box::new(|_| {})), self.now_ms);
        self.runs.push(id);
    }

    /// Lets so many things happen, in an order that the dice decide; then lets everything come to rest without further harm.
    pub fn live(&mut self, moments: u32) {
        for _ in 0..moments {
            self.moment();
        }
        for _ in 0..10_000 {
            if !self.rest() {
                return;
            }
        }
        self.broken.push("the world does not come to rest".to_owned());
    }

    /// One thing happens, drawn with the dice.
    pub fn moment(&mut self) {
        match self.dice.below(20) {
            0 => self.crash(),
            1 => self.person(),
            2..=4 => self.pass_time(),
            5..=9 => self.finish_attempt(),
            10..=14 => _ = self.submit(),
            _ => self.acknowledge(),
        }
    }

    /// One step towards rest; false when nothing is left to do.
    fn rest(&mut self) -> bool {
        if self.in_flight.is_some() {
            self.acknowledge();
        } else if self.submit() {
            return true;
        } else if !self.performing.is_empty() {
            self.finish_attempt();
        } else if let Some(due) = self.core.next_due_ms() {
            self.now_ms = self.now_ms.max(due);
            self.core.tick(self.now_ms);
        } else {
            return false;
        }
        true
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
        for new in batch.records {
            let seq = self.journal.len() as u64 + 1;
            let prev = self.journal.iter().rev().find(|record| record.run == new.run).map_or([0; 32], |record| record.hash);
            self.journal.push(Record::chained(seq, prev, new));
        }
        self.values.extend(batch.values);
        self.definitions.extend(batch.definitions.into_iter().map(|(hash, text)| (hash, text.to_string())));
    }

    fn acknowledge(&mut self) {
        let Some((number, batch, after)) = self.in_flight.take() else { return };
        self.make_durable(batch);
        self.core.committed(number);
        for after in after {
            match after {
                After::Answer(answer) => answer(),
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
        let intended = self.journal.iter().any(|record| {
            record.kind == "attempt_started"
                && record.run.as_deref() == Some(&key.run)
                && record.step.as_deref() == Some(&key.step)
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
        let Some(run) = self.runs.first().cloned() else { return };
        let refused = Arc::clone(&self.refused);
        if self.dice.one_in(3) {
            let answer = Box::new(move |result: Result<(), _>| count_refusal(&refused, result.is_err()));
            let request = Request::Cancel { run, actor: "ada".to_owned(), reason: None, answer };
            self.core.request(request, self.now_ms);
        } else {
            self.load(&run);
            let answer = Box::new(move |result: Result<_, _>| count_refusal(&refused, result.is_err()));
            let request = Request::Retry { run, actor: "ada".to_owned(), scope: RetryScope::All, set: None, answer };
            self.core.request(request, self.now_ms);
        }
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
        let records: Vec<Record> = self.journal.iter().filter(|record| record.run.as_ref() == Some(run)).cloned().collect();
        let seq = records.last()?.seq;
        match fold_run(run, &records, |hash| Ok(self.definitions.get(hash).cloned())) {
            Err(error) => {
                self.broken.push(format!("the journal cannot be folded: {error}"));
                None
            }
            Ok(state) => {
                let mut values = Values::default();
                for reference in state.value_refs() {
                    if let ValueRef::Stored(stored) = reference
                        && let Some(json) = self.values.get(&stored.hash)
                    {
                        let value = serde_json::from_slice(json).unwrap_or_default();
                        values.insert(stored.hash.clone(), Arc::new(value));
                    }
                }
                Some(Active::new(state, values, seq))
            }
        }
    }

    /// The engine dies. A commit on its way may or may not have become durable; processes are gone.
    fn crash(&mut self) {
        self.crashes += 1;
        if let Some((_, batch, _)) = self.in_flight.take()
            && self.dice.one_in(2)
        {
            self.make_durable(batch);
        }
        self.performing.clear();
        self.core = Core::new(self.slots, self.journal.len() as u64 + 1);
        for run in self.runs.clone() {
            if let Some(active) = self.read(&run)
                && !active.state.status.is_final()
            {
                self.core.recover(active, self.now_ms);
            }
        }
        self.core.resume(self.now_ms);
    }

    /// The runs of this world.
    pub fn runs(&self) -> Vec<Arc<str>> {
        self.runs.clone()
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
        while self.submit() || self.in_flight.is_some() {
            self.acknowledge();
        }
        seen.lock().ok().and_then(|mut seen| seen.take())
    }
}

fn count_refusal(refused: &Mutex<u32>, was: bool) {
    if let Ok(mut count) = refused.lock() {
        *count += u32::from(was);
    }
}

/// Everything of a run that must be the same live and folded.
pub fn fingerprint(active: &Active) -> String {
    let state = &active.state;
    format!(
        "{} {:?} {:?} {:?} {} {} {:?}",
        active.seq, state.status, state.steps, state.failures, state.open, state.running, state.error
    )
}
