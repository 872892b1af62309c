//! What goes into the loop and comes out of it, besides reports and the time.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{
    Amendment, CheckpointCreated, Program, RetryPlan, RetryScope, RunState, RunTrigger, Values, Verdict, WaitsFor,
};
use loomwork_store::{Removed, Returned};
use serde_json::Value;

use crate::{AttemptKey, AttemptSpec, EngineError, FingerprintSpec, Fork};

/// Gives an answer, once it is durable.
pub type Answer<T> = Box<dyn FnOnce(Result<T, EngineError>) + Send>;

/// A run to create.
#[derive(Debug)]
pub struct NewRun {
    /// Its id, fresh.
    pub id: Arc<str>,
    /// The workflow, prepared.
    pub program: Arc<Program>,
    /// The workflow's text.
    pub text: Arc<str>,
    /// Path of the workflow's file.
    pub path: String,
    /// Inputs with defaults filled in.
    pub inputs: Value,
    /// The workflow's `env`, evaluated.
    pub env: Value,
    /// What starts it.
    pub trigger: RunTrigger,
    /// Labels.
    pub labels: IndexMap<String, String>,
    /// From 0 to 9.
    pub priority: u8,
    /// The largest number of a run of this workflow that the journal has.
    pub last_number: u32,
    /// The step of another run that called it.
    pub parent: Option<loomwork_run::Parent>,
    /// Its concurrency group, evaluated.
    pub group: Option<String>,
}

/// What people and programs ask for.
pub enum Request {
    /// Creates runs, all in one commit.
    Create(Vec<NewRun>, Answer<()>),
    /// Creates a run that begins with the events of another one.
    Fork(Box<Fork>, Answer<()>),
    /// Closes a circuit breaker.
    ResetBreaker {
        /// Its key.
        key: String,
        /// Who.
        actor: String,
        /// The answer.
        answer: Answer<()>,
    },
    /// Starts a run in place of a dead letter.
    Resend {
        /// The run that failed.
        letter: Arc<str>,
        /// The run to start.
        new: Box<NewRun>,
        /// The answer.
        answer: Answer<()>,
    },
    /// Takes a dead letter off the list.
    Discard {
        /// The run that failed.
        letter: Arc<str>,
        /// Who.
        actor: String,
        /// Why.
        reason: Option<String>,
        /// The answer.
        answer: Answer<()>,
    },
    /// Keeps a run in memory until it is let go: it is about to be read from the journal.
    Hold(Arc<str>),
    /// Takes a run into memory that was read from the journal. Ignored when it is there.
    Load(Box<Active>),
    /// The opposite of `Hold`.
    LetGo(Arc<str>),
    /// Asks something of a run.
    Ask(Box<Ask>),
    /// Sends an event to one run, or to all that wait for it.
    Send {
        /// The run's id; none for every run of the workspace.
        run: Option<Arc<str>>,
        /// Who.
        actor: String,
        /// The event's name.
        name: String,
        /// Its data.
        data: Value,
        /// The answer.
        answer: Answer<()>,
    },
    /// Looks at a run in memory; the look is answered once what it saw is durable.
    Inspect(Arc<str>, Look),
    /// Asks who waits, and why.
    Line {
        /// Only of this run; none for all.
        run: Option<Arc<str>>,
        /// At most so many.
        limit: usize,
        /// The answer.
        answer: Box<dyn FnOnce(crate::QueueLine) + Send>,
    },
    /// Asks what the runs in memory that are running wait for.
    Waits(Box<dyn FnOnce(Vec<RunWaits>) + Send>),
    /// Nothing but the time has changed.
    Tick,
    /// Runs leave the journal, or come back to it.
    Leave(Leave),
}

/// What is asked of runs that leave the journal or come back to it.
pub enum Leave {
    /// Claims runs that have ended, to take them out of the journal: from now on nothing happens to them. Answers those that
    /// cannot be claimed, and why.
    Claim {
        /// Their ids.
        runs: Vec<Arc<str>>,
        /// The answer.
        answer: Answer<Vec<(Arc<str>, String)>>,
    },
    /// Gives claimed runs back.
    Release(Vec<Arc<str>>),
    /// Takes claimed runs out of the journal.
    Remove {
        /// The event that says so.
        kind: &'static str,
        /// Who.
        actor: String,
        /// The runs as they are.
        runs: Vec<Removed>,
        /// The largest number of a run that each of their workflows has.
        numbers: BTreeMap<String, u32>,
        /// The answer.
        answer: Answer<()>,
    },
    /// Brings a run back to the journal.
    Return {
        /// The run.
        returned: Box<Returned>,
        /// Who.
        actor: String,
        /// The answer.
        answer: Answer<()>,
    },
    /// Takes values out of the journal. Answers how many nothing holds.
    Sweep {
        /// Their hashes.
        values: Vec<String>,
        /// No record up to this one names them.
        since: u64,
        /// Who.
        actor: String,
        /// The answer.
        answer: Answer<usize>,
    },
    /// Writes down something about the workspace.
    Note {
        /// What happened.
        kind: &'static str,
        /// Who.
        actor: String,
        /// More about it.
        data: Value,
        /// The answer.
        answer: Answer<()>,
    },
}

/// Something that a person asks of a run.
pub struct Ask {
    /// The run's id.
    pub run: Arc<str>,
    /// Who.
    pub actor: String,
    /// What.
    pub what: Wish,
    /// The answer: what re-runs, is reused, and repeats, where that is a question.
    pub answer: Answer<Option<RetryPlan>>,
}

/// What a person wishes.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// That it ends.
    Cancel {
        /// Why.
        reason: Option<String>,
        /// Whether completed steps are undone.
        compensate: bool,
    },
    /// That nothing more starts.
    Pause,
    /// That it goes on.
    Resume,
    /// That failed steps are tried again.
    Retry {
        /// Which.
        scope: RetryScope,
        /// Merge patch on the resolved input.
        set: Option<Value>,
    },
    /// That it is on record that its state was kept.
    Kept(CheckpointCreated),
    /// That a step and all that follows is done again.
    Rerun {
        /// The step's path.
        from: String,
    },
    /// That it goes on with a corrected workflow.
    Amend {
        /// The workflow.
        amendment: Amendment,
        /// Its text.
        text: Arc<str>,
    },
    /// That a step is skipped or has succeeded.
    Judge {
        /// The step's path.
        step: String,
        /// What becomes of it.
        verdict: Verdict,
    },
    /// That an approval is decided.
    Decide {
        /// The step's path.
        step: String,
        /// Approved or rejected.
        approved: bool,
        /// A comment.
        comment: Option<String>,
        /// What was filled in.
        form: Option<Value>,
    },
}

/// A run that is running, as lists tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunWaits {
    /// Its id.
    pub run: Arc<str>,
    /// What it waits for.
    pub waits_for: Option<WaitsFor>,
    /// Whether nothing can go on before a timer, an event or a person.
    pub waiting: bool,
}

impl RunWaits {
    /// Of a state.
    pub fn of(state: &RunState) -> Self {
        Self { run: Arc::from(state.id.as_str()), waits_for: state.waits_for(), waiting: state.is_waiting() }
    }
}

/// Looks at a run, if it is in memory, and returns how to tell what it saw.
pub type Look = Box<dyn FnOnce(Option<&Active>) -> Box<dyn FnOnce() + Send> + Send>;

/// A run in memory.
#[derive(Debug)]
pub struct Active {
    /// Its state.
    pub state: RunState,
    /// Its large values.
    pub values: Values,
    /// Number of its last event.
    pub seq: u64,
    pub(crate) last_batch: u64,
}

impl Active {
    /// A run with the number of its last event.
    pub fn new(state: RunState, values: Values, seq: u64) -> Self {
        Self { state, values, seq, last_batch: 0 }
    }
}

/// What is done once a batch is durable.
pub enum After {
    /// Start an attempt.
    Start(Box<AttemptSpec>),
    /// Ask for the fingerprint of a step's input.
    Fingerprint(Box<FingerprintSpec>),
    /// Ask an attempt to stop.
    Stop(AttemptKey),
    /// Answer a request.
    Answer(Box<dyn FnOnce() + Send>),
}
