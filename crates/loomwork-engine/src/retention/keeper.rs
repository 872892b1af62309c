//! What the engine removes by itself: runs by age and number, and logs by age, as the settings say.
//!
//! Invariant: small pieces with other commits between them; what fails is told and tried again at the next pass.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loomwork_run::RunStatus;
use loomwork_store::{Archive, Checkpoints, Reader, logs::Logs};
use loomwork_workflow::{EngineSettings, RemovalAction, RetentionRule};
use serde_json::json;

use super::{Claimed, Selection, Way};
use crate::driver::now_ms;
use crate::engine::blocking;
use crate::request::{Leave, Request};
use crate::{Engine, EngineError};

/// From one pass to the next.
const PAUSE: Duration = Duration::from_secs(3600);
/// Runs whose logs are removed at one time.
const PIECE_LOGS: usize = 500;

/// Removes what is due until the engine ends.
pub(crate) async fn keep(engine: Engine, settings: EngineSettings) {
    let journal = Arc::clone(engine.journal());
    if let Err(error) = blocking(move || clear_leftovers(&journal)).await {
        tracing::warn!(%error, "what removed runs had left could not be deleted");
    }
    let mut done = engine.done();
    loop {
        let pass = async {
            match pass(&engine, &settings).await {
                // The next engine goes on with it.
                Ok(()) | Err(EngineError::Stopped(_)) => {}
                Err(error) => tracing::warn!(%error, "old runs and logs could not be removed"),
            }
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            biased;
            _ = done.wait_for(|done| *done) => return,
            () = pass => {}
        }
    }
}

async fn pass(engine: &Engine, settings: &EngineSettings) -> Result<(), EngineError> {
    let rules = &settings.retention;
    let rules = [
        (RunStatus::Succeeded, &rules.succeeded),
        (RunStatus::Failed, &rules.failed),
        (RunStatus::Cancelled, &rules.cancelled),
        (RunStatus::Compensated, &rules.compensated),
    ];
    for (status, rule) in rules {
        for selection in selections(status, rule) {
            let way = if rule.action == RemovalAction::Purge { Way::Purge } else { Way::Archive };
            loop {
                let outcome = engine.remove_runs(way, selection.clone(), "engine").await?;
                if !outcome.runs.is_empty() {
                    tracing::info!(count = outcome.runs.len(), status = status.as_str(), "old runs were removed");
                }
                if !outcome.more || outcome.runs.is_empty() {
                    break;
                }
            }
        }
    }
    match settings.logs_keep_for_ms {
        Some(age_ms) => remove_logs(engine, age_ms).await,
        None => Ok(()),
    }
}

/// What a rule means: each of its bounds for itself.
fn selections(status: RunStatus, rule: &RetentionRule) -> Vec<Selection> {
    let any = || Selection { statuses: vec![status], ..Selection::default() };
    let by_age = rule.keep_for_ms.map(|age| Selection { older_than_ms: Some(age), ..any() });
    let by_number = rule.keep.map(|keep| Selection { keep: Some(keep), ..any() });
    by_age.into_iter().chain(by_number).collect()
}

/// Removes the logs of runs that ended so long ago, and says so in the journal.
async fn remove_logs(engine: &Engine, age_ms: u64) -> Result<(), EngineError> {
    let journal = Arc::clone(engine.journal());
    let old = blocking(move || {
        let reader = Reader::open(&journal)?;
        let by_ms = now_ms().saturating_sub_unsigned(age_ms);
        let mut old = Vec::new();
        for run in Logs::beside(&journal).runs().unwrap_or_default() {
            let row = reader.run(&run)?.filter(|row| row.status.is_final());
            if row.and_then(|row| row.ended_at_ms).is_some_and(|ended| ended <= by_ms) {
                old.push(Arc::from(run));
            }
        }
        Ok(old)
    });
    for piece in old.await?.chunks(PIECE_LOGS) {
        let (claimed, _) = Claimed::claim(engine, piece.to_vec()).await?;
        let runs = claimed.runs.clone();
        if !runs.is_empty() {
            let data = json!({ "runs": runs.iter().map(|run| &**run).collect::<Vec<_>>() });
            engine
                .ask(|answer| Request::Leave(Leave::Note { kind: "logs_removed", actor: "engine".to_owned(), data, answer }))
                .await?;
            let journal = Arc::clone(engine.journal());
            blocking(move || {
                let logs = Logs::beside(&journal);
                for run in runs {
                    if let Err(error) = logs.delete(&run) {
                        tracing::warn!(run = &*run, %error, "old logs could not be deleted");
                    }
                }
                Ok(())
            })
            .await?;
        }
        drop(claimed);
    }
    Ok(())
}

/// Deletes what a crash left of runs that had left the journal: their logs, their checkpoints, half a file of the archive.
/// Returns how many runs it was of. Nobody may be removing or restoring runs meanwhile.
///
/// # Errors
/// When the journal cannot be read, or a file not be deleted.
pub fn clear_leftovers(journal: &Path) -> Result<usize, EngineError> {
    let archive = Archive::beside(journal);
    archive.clear_drafts()?;
    let mut runs: HashSet<String> = Logs::beside(journal).runs().unwrap_or_default().into_iter().collect();
    runs.extend(Checkpoints::beside(journal).runs()?);
    let reader = Reader::open(journal)?;
    let mut strange = Vec::new();
    for run in runs {
        if reader.next_record(&run, 0)?.is_none() {
            strange.push(run);
        }
    }
    if strange.is_empty() {
        return Ok(0);
    }
    let removed = reader.removed()?;
    strange.retain(|run| removed.contains_key(run));
    strange.iter().try_for_each(|run| archive.clear_up(run))?;
    Ok(strange.len())
}
