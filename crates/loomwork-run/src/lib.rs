//! What a run does, as pure functions over events.
//!
//! Invariants: a run's state is the fold of its events ([`RunState::apply`]); [`decide`] reads a state and never changes it;
//! `apply` never evaluates an expression, so that a later version of the expression language folds an old run to the same state.
//!
//! Not here: clocks, ids, randomness (they arrive as values), storage (`loomwork-store`), processes (`loomwork-steps`),
//! slots and timers (`loomwork-engine`).

mod apply;
mod decide;
mod error;
mod event;
mod machine;
mod outcome;
mod program;
mod readiness;
mod request;
mod retry;
mod scope;
mod state;
mod value;

pub use apply::ApplyError;
pub use decide::{Decision, advance, decide};
pub use error::{ErrorClass, RunError, SuggestedAction};
pub use event::*;
pub use machine::{AttemptStatus, RunStatus, StepStatus};
pub use outcome::{AttemptOutcome, Starting, attempt_lost, attempt_reported, queue_step, start_attempt};
pub use program::Program;
pub use readiness::{Readiness, readiness};
pub use request::{RefusedRequest, RetryPlan, RetryScope, cancel, plan_retry, retry};
pub use retry::{backoff_ms, spread};
pub use state::{AttemptState, CancelRequest, EdgeCounts, RunState, StepState};
pub use value::{INLINE_BYTES, MissingValue, StoredValue, ValueRef, Values};
