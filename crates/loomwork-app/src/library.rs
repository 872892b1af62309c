//! Where the engine finds workflows that are called, and runs that have ended.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use loomwork_engine::{Active, EngineError, Library, Programs, load_run_from};
use loomwork_run::{Json, Program};
use loomwork_store::{CachedOutput, Checkpoints, Reader, StoreError};

use crate::workspace::Catalog;

/// The workspace as the engine sees it.
pub(crate) struct WorkspaceLibrary {
    catalog: Arc<Catalog>,
    journal: PathBuf,
    /// Kept open: outputs that may be used again are looked up often.
    reader: Mutex<Option<Reader>>,
}

impl WorkspaceLibrary {
    /// Asks the journal; what cannot be read counts as not there.
    fn look_up<T>(&self, ask: impl FnOnce(&Reader) -> Result<Option<T>, StoreError>) -> Option<T> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_none() {
            *reader = Reader::open(&self.journal).ok();
        }
        ask(reader.as_ref()?).unwrap_or_else(|error| {
            tracing::warn!(%error, "an earlier output cannot be looked up");
            None
        })
    }

    pub(crate) fn new(catalog: Arc<Catalog>, journal: PathBuf) -> Self {
        Self { catalog, journal, reader: Mutex::default() }
    }
}

impl Library for WorkspaceLibrary {
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String> {
        // An id is never a path: a name that could be one is none.
        if id.is_empty() || id.contains(['/', '\\']) || id.starts_with('.') {
            return Err(format!("`{id}` is not the id of a workflow"));
        }
        let entry = self.catalog.find(id).map_err(|error| error.message)?;
        let workflow = entry.analysis.workflow.clone().filter(|_| !entry.is_barred());
        let workflow =
            workflow.ok_or_else(|| format!("the workflow `{id}` has errors; see `loomwork validate {}`", entry.path))?;
        if let Some(message) = unsupported(&workflow) {
            return Err(message);
        }
        let definition = loomwork_workflow::definition_hash(&entry.file.text);
        let text = Arc::from(entry.file.text.as_str());
        Ok((Arc::new(Program::new(workflow, definition)), text, entry.path))
    }

    fn load_run(&self, run: &str) -> Result<Active, EngineError> {
        load_run_from(&Reader::open(&self.journal)?, &Checkpoints::beside(&self.journal), &Programs::default(), run)
    }

    fn fresh_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    fn last_number(&self, workflow: &str) -> u32 {
        let number = Reader::open(&self.journal).and_then(|reader| reader.last_number(workflow));
        number.unwrap_or_else(|error| {
            tracing::warn!(%error, "the number of the last run cannot be read");
            0
        })
    }

    fn cached(&self, fingerprint: &str) -> Option<CachedOutput> {
        self.look_up(|reader| reader.cached(fingerprint))
    }

    fn value(&self, hash: &str) -> Option<Json> {
        Json::of_bytes(self.look_up(|reader| reader.value(hash))?)
    }
}

/// What of a workflow this version checks but cannot run, as a sentence; none when it can run all of it.
pub(crate) fn unsupported(workflow: &loomwork_workflow::Workflow) -> Option<String> {
    let named: Vec<String> = workflow.unsupported().iter().map(|(place, what)| format!("`{what}` at {place}")).collect();
    if named.is_empty() {
        return None;
    }
    Some(format!("This version can check the workflow `{}`, but not run it: it uses {}.", workflow.id, named.join(", ")))
}
