//! Requests about what the runs of a workspace share: circuit breakers and dead letters.

use std::sync::Arc;

use super::{Engine, StartRun};
use crate::EngineError;
use crate::request::Request;

impl Engine {
    /// Closes a circuit breaker.
    ///
    /// # Errors
    /// When there is no such breaker, or the engine has stopped.
    pub async fn reset_breaker(&self, key: &str, actor: &str) -> Result<(), EngineError> {
        let (key, actor) = (key.to_owned(), actor.to_owned());
        self.ask(|answer| Request::ResetBreaker { key, actor, answer }).await
    }

    /// Starts a run in place of a dead letter; returns its id once that is durable.
    ///
    /// # Errors
    /// When the run is no dead letter, `env` cannot be evaluated, or the engine has stopped.
    pub async fn resend(&self, letter: &str, start: StartRun) -> Result<String, EngineError> {
        let new = self.prepare_run(start, "resend").await?;
        let id = new.id.to_string();
        let letter = Arc::from(letter);
        self.ask(|answer| Request::Resend { letter, new: Box::new(new), answer }).await?;
        Ok(id)
    }

    /// Takes a dead letter off the list.
    ///
    /// # Errors
    /// When the run is no dead letter, or the engine has stopped.
    pub async fn discard_letter(&self, letter: &str, actor: &str, reason: Option<String>) -> Result<(), EngineError> {
        let (letter, actor) = (Arc::from(letter), actor.to_owned());
        self.ask(|answer| Request::Discard { letter, actor, reason, answer }).await
    }
}
