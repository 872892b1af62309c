//! What goes into the loop and comes out of it, besides reports and the time.

use std::sync::Arc;

use indexmap::IndexMap;
use loomwork_run::{Program, RetryPlan, RetryScope, RunState, RunTrigger, Values};
use serde_json::Value;

use crate::{AttemptKey, AttemptSpec, EngineError};

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
}

/// What people and programs ask for.
pub enum Request {
    /// Creates a run.
    Create(Box<NewRun>, Answer<()>),
    /// Keeps a run in memory, if it is there, until it is let go as often as it was held. Whoever reads a run from the
    /// journal to load it holds it first: what was read can then not be older than what is known here.
    Hold(Arc<str>),
    /// Takes a run into memory that was read from the journal. Ignored when it is there.
    Load(Box<Active>),
    /// The end of a hold.
    LetGo(Arc<str>),
    /// Ends a run.
    Cancel {
        /// The run's id.
        run: Arc<str>,
        /// Who.
        actor: String,
        /// Why.
        reason: Option<String>,
        /// The answer.
        answer: Answer<()>,
    },
    /// Takes a run up again.
    Retry {
        /// The run's id.
        run: Arc<str>,
        /// Who.
        actor: String,
        /// Which steps.
        scope: RetryScope,
        /// Merge patch on the resolved input.
        set: Option<Value>,
        /// The answer: what re-runs, is reused, and repeats, as paths.
        answer: Answer<RetryPlan>,
    },
    /// Looks at a run in memory; the look is answered once what it saw is durable.
    Inspect(Arc<str>, Look),
    /// Nothing but the time has changed.
    Tick,
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
    /// Number of the last batch with an event of it.
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
    /// Ask an attempt to stop.
    Stop(AttemptKey),
    /// Answer a request.
    Answer(Box<dyn FnOnce() + Send>),
}
