//! The bounds of an evaluation: steps, and bytes of new values.
//!
//! Invariant: time and memory of an evaluation are proportional to what was charged, so a bound on the charge bounds both.

use thiserror::Error;

/// Largest source of an expression, in bytes.
pub(crate) const MAX_SOURCE: usize = 2_048;
/// Deepest tree of an expression.
pub(crate) const MAX_DEPTH: usize = 64;
/// Most steps of one evaluation. A step is a node, an element of a list, or 64 bytes looked at.
const MAX_STEPS: u64 = 2_000_000;
/// Most bytes of new values in one evaluation.
pub(crate) const MAX_NEW_BYTES: usize = 64 << 20;

/// Why an evaluation ended without a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum EvalError {
    /// A name, key or element is not there: what `has()` turns into false.
    #[error("{0}")]
    Missing(String),
    /// The operation does not fit its values.
    #[error("{0}")]
    Invalid(String),
    /// A bound was reached; nothing may catch it.
    #[error("the expression takes more than the {MAX_STEPS} steps that one evaluation may take; do the work in a script")]
    TooManySteps,
    /// A bound was reached; nothing may catch it.
    #[error("the expression makes more than the {} MiB of values that one evaluation may make; do the work in a script", MAX_NEW_BYTES >> 20)]
    TooLarge,
}

impl EvalError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub(crate) fn is_bound(&self) -> bool {
        matches!(self, Self::TooManySteps | Self::TooLarge)
    }
}

/// What is left of the bounds.
#[derive(Debug)]
pub(crate) struct Meter {
    steps: u64,
    bytes: usize,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { steps: MAX_STEPS, bytes: MAX_NEW_BYTES }
    }

    pub(crate) fn step(&mut self) -> Result<(), EvalError> {
        self.steps(1)
    }

    pub(crate) fn steps(&mut self, count: usize) -> Result<(), EvalError> {
        self.steps = self.steps.checked_sub(count as u64).ok_or(EvalError::TooManySteps)?;
        Ok(())
    }

    /// Charges for looking at text.
    pub(crate) fn look(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.steps(bytes / 64)
    }

    /// Charges for new values, before they are made.
    pub(crate) fn make(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(EvalError::TooLarge)?;
        Ok(())
    }

    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes
    }
}
