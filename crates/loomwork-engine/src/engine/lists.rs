//! Questions about all runs in memory: who stands in line, and what they wait for.

use std::sync::Arc;

use super::Engine;
use crate::request::{Request, RunWaits};
use crate::{EngineError, QueueLine};

impl Engine {
    /// Who waits to be started, and why: of one run, or of all; at most so many.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub async fn line(&self, run: Option<&str>, limit: usize) -> Result<QueueLine, EngineError> {
        let run = run.map(Arc::from);
        self.ask(|answer| Request::Line { run, limit, answer: Box::new(|line| answer(Ok(line))) }).await
    }

    /// What the runs in memory that are running wait for.
    ///
    /// # Errors
    /// When the engine has stopped, or the journal cannot be written for now.
    pub async fn waits(&self) -> Result<Vec<RunWaits>, EngineError> {
        self.ask(|answer| Request::Waits(Box::new(|waits| answer(Ok(waits))))).await
    }
}
