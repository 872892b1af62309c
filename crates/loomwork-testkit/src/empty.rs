//! A workspace with nothing in it, for engines whose runs call nobody.

use std::sync::Arc;

use loomwork_engine::{Active, EngineError, Library};
use loomwork_run::{Json, Program};
use loomwork_store::CachedOutput;

/// A workspace without workflows that could be called.
#[derive(Debug)]
pub struct Empty;

impl Library for Empty {
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String> {
        Err(format!("there is no workflow `{id}`"))
    }

    fn load_run(&self, run: &str) -> Result<Active, EngineError> {
        Err(EngineError::NoSuchRun(run.to_owned()))
    }

    fn fresh_id(&self) -> String {
        String::new()
    }

    fn last_number(&self, _: &str) -> u32 {
        0
    }

    fn cached(&self, _: &str) -> Option<CachedOutput> {
        None
    }

    fn value(&self, _: &str) -> Option<Json> {
        None
    }
}
