//! What happens when an attempt fails or is lost: retries, rules, breakers, and how a step is undone.
//!
//! Not here: when the next attempt is (`loomwork-run`).

use super::Action;
use crate::Template;

/// Retries of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// All attempts, the first one too.
    pub attempts: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// First delay, in milliseconds.
    pub initial_ms: u64,
    /// Factor of an exponential backoff.
    pub factor: f64,
    /// Largest delay, in milliseconds.
    pub max_ms: u64,
    /// How the delay is spread.
    pub jitter: Jitter,
    /// Classes that are retried, as their wire names (`transient`).
    pub classes: Vec<String>,
    /// No attempt starts later than this after the first one, in milliseconds.
    pub max_elapsed_ms: Option<u64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Backoff::Exponential,
            initial_ms: 1_000,
            factor: 2.0,
            max_ms: 30_000,
            jitter: Jitter::Full,
            classes: ["transient", "timeout", "resource", "dependency"].map(str::to_owned).to_vec(),
            max_elapsed_ms: None,
        }
    }
}

/// How the delay grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Backoff {
    Constant,
    Linear,
    Exponential,
}

/// How the delay is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// From nothing to the whole delay.
    Full,
    /// From half the delay to the whole.
    Equal,
}

/// What happens to a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRule {
    /// Classes that it is for; empty for all.
    pub classes: Vec<String>,
    /// Condition that it is for; sees `steps.<id>.error` of the step itself.
    pub when: Option<Template>,
    /// What is done.
    pub then: ErrorAction,
}

/// What is done about a failure.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorAction {
    /// One more round of attempts after this policy.
    Retry(Option<Retry>),
    /// Another action in its place.
    Fallback(Box<Action>),
    /// The step ends on `succeeded` with the output null.
    Continue,
    /// The step is skipped.
    Skip,
    /// A person decides.
    Ask,
    /// The step fails.
    Fail,
    /// The step fails, and the run's completed steps are undone.
    Compensate,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Compensation {
    /// What undoes it.
    pub action: Action,
    /// Retries of its own.
    pub retry: Option<Retry>,
    /// Bound of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// When attempts are refused because earlier ones failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open, in milliseconds.
    pub cooldown_ms: u64,
    /// What shares it; none for this step of this workflow.
    pub key: Option<String>,
}

/// When the output of an earlier success is used in place of an attempt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cache {
    /// What must be equal besides the action and its inputs.
    pub key: Option<Template>,
    /// How old the success may be, in milliseconds; none for any age.
    pub ttl_ms: Option<u64>,
    /// Files whose contents must be equal, as paths or patterns.
    pub files: Vec<Template>,
}

/// What happens to an attempt that was in flight when the engine died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRestart {
    /// It is done again.
    #[default]
    Rerun,
    /// The step fails.
    Fail,
    /// A person decides.
    Ask,
}
