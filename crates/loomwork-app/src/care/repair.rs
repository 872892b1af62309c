//! Mends what can be mended from the events, while nobody uses the workspace.
//!
//! Invariant: a journal that is damaged itself is left as it is: what would be made of it would be as wrong.

use loomwork_api::ApiResult;
use loomwork_engine::clear_leftovers;
use loomwork_store::{Reader, rebuild_list, sweep_values, verify};

use crate::{
    Workspace,
    journal::{of_engine, of_store},
    ownership::OwnerLock,
    problem,
};

/// What came of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repaired {
    /// Large values that nothing named.
    pub values: u64,
    /// Their bytes.
    pub value_bytes: u64,
    /// Runs that had been removed and of which logs or checkpoints were left.
    pub leftovers: usize,
    /// Whether the journal is damaged, so that nothing was done.
    pub damaged: bool,
}

/// Makes the list of runs anew, deletes values that nothing names and what removed runs had left, and gives free room back.
/// Nobody may own the workspace.
///
/// # Errors
/// When somebody owns it, or the journal cannot be written.
pub fn repair(workspace: &Workspace) -> ApiResult<Repaired> {
    let state = workspace.state();
    let journal = state.journal();
    if !journal.exists() {
        return Ok(Repaired::default());
    }
    let Some(_lock) = OwnerLock::take(&state.lock())? else {
        return Err(problem::refused("The workspace is in use by another Loomwork. Close it, then repair."));
    };
    let whole = Reader::open(&journal).and_then(|reader| {
        let sound = reader.integrity()?.is_empty();
        Ok(sound && verify(&reader)?.findings.is_empty())
    });
    // The check that follows says what is wrong and what to do.
    if !whole.unwrap_or(false) {
        return Ok(Repaired { damaged: true, ..Repaired::default() });
    }
    rebuild_list(&journal).map_err(of_store)?;
    let leftovers = clear_leftovers(&journal).map_err(of_engine)?;
    let (values, value_bytes) = sweep_values(&journal).map_err(of_store)?;
    Ok(Repaired { values, value_bytes, leftovers, damaged: false })
}
