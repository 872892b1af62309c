//! Brings a backup back.
//!
//! The new state is made ready beside the old one and checked; then one rename says that it is, and what is left is moving
//! names, which whoever owns the workspace next finishes after a crash. The old state stays, in a folder of its own.
//!
//! The restored journal gets an identity of its own: two workspaces may go back to one backup, and neither may take the other
//! one's processes for its own. So it is a journal that came from elsewhere, whose open runs go on when a person says so:
//! what they did after the backup would be done again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loomwork_api::ApiResult;
use loomwork_store::rename_journal;

use super::{FORMAT, MANIFEST, Manifest, PARTS, backup::opened, copy, measure, sync};
use crate::{
    Workspace,
    journal::{now_ms, of_store},
    ownership::OwnerLock,
    problem,
    trust::Trust,
    workspace::StateFolder,
};

/// What came of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Runs that are there now.
    pub runs: u32,
    /// Those that had not ended when the backup was made: they rest until the workspace is trusted.
    pub open_runs: u32,
    /// Where the state is that was there before.
    pub replaced: Option<PathBuf>,
}

/// Puts the state of a backup in the place of that of a workspace, which nobody may own.
///
/// # Errors
/// When somebody owns the workspace, the backup is not whole, or files cannot be written; the old state is then in place.
pub fn restore(workspace: &Workspace, backup: &Path, data: Option<&Path>) -> ApiResult<Restored> {
    let manifest = checked(backup)?;
    let state = workspace.state();
    state.create()?;
    let Some(_lock) = OwnerLock::take(&state.lock())? else {
        return Err(problem::refused("The workspace is in use by another Loomwork. Close it, then restore."));
    };
    finish_restore(&state)?;
    let draft = state.path().join("restore.part");
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).map_err(|error| problem::file("make the folder", &draft, &error))?;
    for part in ["journal.db"].iter().chain(&PARTS) {
        copy(&backup.join(part), &draft.join(part))?;
    }
    // A backup without logs replaces those that are there, too.
    for folder in ["logs", "checkpoints", "archive"].map(|name| draft.join(name)) {
        fs::create_dir_all(&folder).map_err(|error| problem::file("make the folder", &folder, &error))?;
    }
    let id = uuid::Uuid::now_v7().to_string();
    let journal = draft.join("journal.db");
    rename_journal(&journal, &id).map_err(of_store)?;
    opened(&journal)?;
    sync(&draft)?;
    let ready = ready(&state);
    fs::rename(&draft, &ready).map_err(|error| problem::file("make the folder", &ready, &error))?;
    sync(state.path())?;
    if manifest.open_runs == 0 {
        Trust::record(data).add(&id)?;
    }
    let replaced = finish_restore(&state)?;
    Ok(Restored { runs: manifest.runs, open_runs: manifest.open_runs, replaced })
}

fn ready(state: &StateFolder) -> PathBuf {
    state.path().join("restore")
}

/// The list of a backup whose files are all as it says.
fn checked(backup: &Path) -> ApiResult<Manifest> {
    let path = backup.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(|error| problem::file("read", &path, &error))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| problem::invalid(format!("{} is no list of a backup: {error}.", path.display())))?;
    if manifest.format > FORMAT {
        let message =
            format!("The backup has the form {}; this version of Loomwork reads forms up to {FORMAT}.", manifest.format);
        return Err(problem::invalid(message));
    }
    for file in &manifest.files {
        if Path::new(&file.path).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
            return Err(problem::invalid(format!("The list of the backup names {}, outside of it.", file.path)));
        }
        if measure(&backup.join(&file.path))? != (file.bytes, file.sha256.clone()) {
            let message = format!("{} is not what it was when the backup was made. Use another backup.", file.path);
            return Err(problem::refused(message));
        }
    }
    opened(&backup.join("journal.db"))?;
    Ok(manifest)
}

/// Finishes a restore that had been made ready, if there is one; says where the old state is now, if there was any.
pub(crate) fn finish_restore(state: &StateFolder) -> ApiResult<Option<PathBuf>> {
    let ready = ready(state);
    if !ready.exists() {
        return Ok(None);
    }
    let old = state.path().join("restore.old");
    fs::create_dir_all(&old).map_err(|error| problem::file("make the folder", &old, &error))?;
    let step = |from: &Path, to: &Path| fs::rename(from, to).map_err(|error| problem::file("move to", to, &error));
    // The write-ahead log goes with its database: beside another one it would be taken for that one's.
    for name in ["journal.db-wal", "journal.db-shm", "journal.db"].iter().chain(&PARTS) {
        let (here, there, kept) = (state.path().join(name), ready.join(name), old.join(name));
        // What is ready names what is replaced; what is in place already is ready no more.
        let replaced = if name.starts_with("journal") { ready.join("journal.db").exists() } else { there.exists() };
        // An empty folder is nothing to keep, and only such a one can be removed like this.
        if replaced && here.exists() && !kept.exists() && fs::remove_dir(&here).is_err() {
            step(&here, &kept)?;
        }
        if there.exists() {
            step(&there, &here)?;
        }
    }
    sync(state.path())?;
    // Empty when there was nothing; only then can it be removed like this.
    if fs::remove_dir(&old).is_ok() {
        fs::remove_dir_all(&ready).map_err(|error| problem::file("remove", &ready, &error))?;
        return Ok(None);
    }
    let at = now_ms();
    let replaced = (0..).map(|nth| state.path().join(format!("replaced-{}", at + nth))).find(|path| !path.exists());
    let replaced = replaced.unwrap_or_else(|| old.clone());
    step(&old, &replaced)?;
    fs::remove_dir_all(&ready).map_err(|error| problem::file("remove", &ready, &error))?;
    Ok(Some(replaced))
}
