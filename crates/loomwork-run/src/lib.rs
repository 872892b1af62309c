//! What a run does, as pure functions over events.
//!
//! Invariants: a run's state is the fold of its events ([`RunState::apply`]); `decide` reads a state and never changes what
//! the fold made; `apply` never evaluates an expression, so that a later version of the expression language folds an old run
//! to the same state.
//!
//! Not here: clocks, ids, randomness (they arrive as values), storage (`loomwork-store`), processes (`loomwork-steps`),
//! slots and timers (`loomwork-engine`).

mod amend;
mod apply;
mod breaker;
mod cache;
mod compensate;
mod container;
mod decide;
mod error;
mod event;
mod fork;
mod letter;
mod machine;
mod outcome;
mod program;
mod readiness;
mod rebase;
mod request;
mod retry;
mod scope;
mod snapshot;
mod state;
mod value;
mod values;
mod wait;
mod waits;

pub use amend::{Amended, Amendment, amend, environment};
pub use apply::ApplyError;
pub use breaker::{
    AttemptName, BreakerAnswer, BreakerFailure, BreakerInput, BreakerRecord, BreakerState, breaker_of, breaker_refusal,
    breaker_transition,
};
pub use cache::{CacheQuestion, cache_failed, cache_question, has_cache, takes_cached, use_again};
pub use compensate::{open_undos, start_undo, undo_reported, wants_undo};
pub use decide::{Decision, advance, advance_some};
pub use error::{ErrorClass, RunError, SuggestedAction};
pub use event::*;
pub use fork::{fork_events, plan_fork};
pub use letter::{LetterInput, LetterRecord, LetterState, letter_transition};
pub use machine::{AttemptStatus, RunStatus, StepStatus};
pub use outcome::{
    AttemptOutcome, Starting, attempt_lost, attempt_reported, cannot_start, queue_step, start_attempt, timer_due, timer_of,
};
pub use program::{Definition, Program, ScopeDefinition, Shape};
pub use readiness::{Readiness, readiness};
pub use request::*;
pub use retry::{backoff_ms, spread};
pub use scope::seen_from;
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
pub use state::{AttemptState, CancelRequest, Container, EdgeCounts, Instance, ROOT, Role, RunState, Stop, Undo};
pub use value::{INLINE_BYTES, Json, StoredValue, ValueRef};
pub use values::{NoValue, Values};
pub use waits::{Waits, WaitsFor};
