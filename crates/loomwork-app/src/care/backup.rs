//! Makes a backup while the workspace is used.
//!
//! The journal is copied first, as it is at one moment. Logs are append-only and sealed before the outcome of their attempt
//! is recorded, so that the logs copied after it have at least what it speaks of.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loomwork_api::{ApiResult, Backup};
use loomwork_store::{Reader, RunFilter, snapshot, verify};

use super::{Entry, FORMAT, MANIFEST, Manifest, PARTS, copy, files_below, measure, sync};
use crate::{
    Workspace,
    journal::{now_ms, of_store},
    problem, views,
};

/// Copies the state of a workspace to a folder that does not exist, and opens and checks the copy.
pub(crate) fn back_up(workspace: &Workspace, to: &Path) -> ApiResult<Backup> {
    if !to.is_absolute() {
        return Err(problem::invalid(format!("{} is no absolute path.", to.display())));
    }
    if to.symlink_metadata().is_ok() {
        return Err(problem::refused(format!("{} exists already. Name a folder that does not.", to.display())));
    }
    let state = workspace.state();
    if !state.journal().exists() {
        return Err(problem::not_found("There is nothing to back up: nothing was ever run in this workspace."));
    }
    // A copy would hold itself.
    let inside = |near: PathBuf| state.path().canonicalize().is_ok_and(|own| near.starts_with(own));
    if to.ancestors().find_map(|path| path.canonicalize().ok()).is_some_and(inside) {
        return Err(problem::refused(format!("{} is in the state folder itself. Name a folder outside of it.", to.display())));
    }
    let name = to.file_name().ok_or_else(|| problem::invalid("The backup needs a name."))?.to_string_lossy().into_owned();
    let draft = to.with_file_name(format!("{name}.part-{}", std::process::id()));
    fs::create_dir_all(&draft).map_err(|error| problem::file("make the folder", &draft, &error))?;
    let made = fill(workspace, &draft).and_then(|manifest| {
        fs::rename(&draft, to).map_err(|error| problem::file("make the folder", to, &error))?;
        to.parent().map_or(Ok(()), sync)?;
        Ok(manifest)
    });
    match made {
        Ok(manifest) => Ok(Backup {
            path: to.display().to_string(),
            created_at: manifest.created_at,
            runs: manifest.runs,
            open_runs: manifest.open_runs,
            last_seq: manifest.last_seq,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        }),
        Err(error) => {
            // Half a backup is none; what stays of it is named as such.
            let _ = fs::remove_dir_all(&draft);
            Err(error)
        }
    }
}

fn fill(workspace: &Workspace, draft: &Path) -> ApiResult<Manifest> {
    let state = workspace.state();
    let created_at = views::time(now_ms());
    snapshot(&state.journal(), &draft.join("journal.db")).map_err(of_store)?;
    for part in PARTS {
        copy(&state.path().join(part), &draft.join(part))?;
    }
    let (journal_id, runs, open_runs, last_seq) = opened(&draft.join("journal.db"))?;
    let mut files = Vec::new();
    for path in files_below(draft)? {
        let (bytes, sha256) = measure(&draft.join(&path))?;
        files.push(Entry { path: path.to_string_lossy().into_owned(), bytes, sha256 });
    }
    let made_by = format!("loomwork {}", env!("CARGO_PKG_VERSION"));
    let manifest = Manifest { format: FORMAT, made_by, created_at, journal_id, runs, open_runs, last_seq, files };
    let path = draft.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| problem::internal(format!("The list of a backup cannot be written: {error}.")))?;
    fs::write(&path, text).map_err(|error| problem::file("write", &path, &error))?;
    sync(&path)?;
    sync(draft)?;
    Ok(manifest)
}

/// Opens and checks the copy of a journal: its id, its runs, those that are open, and its last number.
pub(super) fn opened(journal: &Path) -> ApiResult<(String, u32, u32, u64)> {
    let reader = Reader::open(journal).map_err(of_store)?;
    let mut found = reader.integrity().map_err(of_store)?;
    found.extend(verify(&reader).map_err(of_store)?.findings);
    if let Some(first) = found.first() {
        let message =
            format!("{} is damaged: {first} ({} findings). `loomwork doctor` says more.", journal.display(), found.len());
        return Err(problem::refused(message));
    }
    let runs = reader.runs(&RunFilter { limit: u32::MAX / 2, ..RunFilter::default() }).map_err(of_store)?;
    let open = runs.iter().filter(|run| !run.status.is_final()).count();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok((reader.journal_id().map_err(of_store)?, count(runs.len()), count(open), reader.last_seq().map_err(of_store)?))
}
