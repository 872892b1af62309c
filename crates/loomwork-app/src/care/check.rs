//! Checks the state of a workspace and says what to do. Nothing is changed, and a check that cannot be made is a finding.

use std::{collections::BTreeSet, fs};

use loomwork_api::{Check, Diagnosis, Verdict};
use loomwork_engine::{Programs, load_run};
use loomwork_store::{
    Archive, Checkpoints, Reader, RunFilter, RunRow, StoreError,
    logs::{Logs, SealCheck},
    verify,
};
use loomwork_workflow::{RetentionSettings, format_bytes};

use crate::{Workspace, settings, workspace::StateFolder};

/// Findings of one check that are told one by one.
const MOST: usize = 20;
/// Less free room than this is worth a word; with less than the second little can be written.
const LITTLE_BYTES: u64 = 1 << 30;
const NO_ROOM_BYTES: u64 = 64 << 20;

const RESTORE: &str = "Restore a backup with `loomwork restore`; what is there now is kept aside.";

/// Checks everything.
pub(crate) fn check(workspace: &Workspace) -> Diagnosis {
    let state = workspace.state();
    let mut checks = vec![check_settings(&state), check_disk(&state)];
    checks.extend(check_archive(&state));
    if state.journal().exists() {
        match Reader::open(&state.journal()) {
            Ok(reader) => check_journal(&state, &reader, &mut checks),
            Err(error) => checks.push(told("journal", Verdict::Error, error.to_string(), vec![], Some(advice_of(&error)))),
        }
    } else {
        checks.push(told("journal", Verdict::Ok, "Nothing was ever run here.", vec![], None));
    }
    Diagnosis { ok: checks.iter().all(|check| check.verdict != Verdict::Error), checks }
}

fn told(id: &str, verdict: Verdict, message: impl Into<String>, mut findings: Vec<String>, advice: Option<&str>) -> Check {
    if findings.len() > MOST {
        let more = findings.len() - MOST;
        findings.truncate(MOST);
        findings.push(format!("and {more} more"));
    }
    let message = crate::problem::sentence(&message.into());
    Check { id: id.to_owned(), verdict, message, findings, advice: advice.map(str::to_owned) }
}

fn advice_of(error: &StoreError) -> &'static str {
    match error {
        StoreError::Damaged { .. } => RESTORE,
        StoreError::TooNew { .. } => "Use the version of Loomwork that wrote it, or a newer one.",
        _ => "See that the folder and the file can be read and written by you.",
    }
}

fn check_settings(state: &StateFolder) -> Check {
    match settings::load(state) {
        Ok(settings) => {
            let by_itself =
                if settings.retention == RetentionSettings::default() { "" } else { "; it removes ended runs by itself" };
            told("settings", Verdict::Ok, format!("the settings of the engine can be used{by_itself}"), vec![], None)
        }
        Err(error) => {
            told("settings", Verdict::Error, error.message, vec![], Some("Mend the lines; docs/engine.md has every key."))
        }
    }
}

fn check_disk(state: &StateFolder) -> Check {
    let sizes = ["journal.db", "journal.db-wal", "logs", "checkpoints", "archive"].map(|name| size_of(&state.path().join(name)));
    let used = format!(
        "the journal takes {}, logs {}, checkpoints {}, the archive {}",
        format_bytes(sizes[0] + sizes[1]),
        format_bytes(sizes[2]),
        format_bytes(sizes[3]),
        format_bytes(sizes[4])
    );
    let place = if state.path().exists() { state.path() } else { state.path().parent().unwrap_or(state.path()) };
    let free = match rustix::fs::statvfs(place) {
        Ok(facts) => facts.f_bavail.saturating_mul(facts.f_frsize),
        Err(error) => {
            return told("disk", Verdict::Warning, format!("the free room is not known ({error}); {used}"), vec![], None);
        }
    };
    let message = format!("{} are free; {used}", format_bytes(free));
    let advice = Some("Make room on the disk. While there is none nothing new begins, and nothing is lost.");
    match free {
        free if free < NO_ROOM_BYTES => told("disk", Verdict::Error, message, vec![], advice),
        free if free < LITTLE_BYTES => told("disk", Verdict::Warning, message, vec![], advice),
        _ => told("disk", Verdict::Ok, message, vec![], None),
    }
}

fn size_of(path: &std::path::Path) -> u64 {
    let Ok(facts) = path.symlink_metadata() else { return 0 };
    if !facts.is_dir() {
        return facts.len();
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size_of(&entry.path())).sum()
}

fn check_journal(state: &StateFolder, reader: &Reader, checks: &mut Vec<Check>) {
    let unread = |id: &str, error: StoreError| told(id, Verdict::Error, error.to_string(), vec![], Some(RESTORE));
    checks.push(check_chains(reader).unwrap_or_else(|error| unread("journal", error)));
    checks.push(check_values(reader).unwrap_or_else(|error| unread("values", error)));
    checks.push(check_list(reader).unwrap_or_else(|error| unread("list", error)));
    let runs = match reader.runs(&RunFilter { limit: u32::MAX / 2, ..RunFilter::default() }) {
        Ok(runs) => runs,
        Err(error) => return checks.push(unread("runs", error)),
    };
    checks.push(check_runs(reader, &runs));
    checks.push(check_logs(state, reader, &runs).unwrap_or_else(|error| unread("logs", error)));
    checks.push(check_checkpoints(state, &runs));
}

fn check_chains(reader: &Reader) -> Result<Check, StoreError> {
    let mut found = reader.integrity()?;
    let verdict = verify(reader)?;
    found.extend(verdict.findings);
    if found.is_empty() {
        let message = format!("all {} events are as they were written", verdict.records);
        return Ok(told("journal", Verdict::Ok, message, vec![], None));
    }
    Ok(told("journal", Verdict::Error, "the journal was damaged or changed by hand", found, Some(RESTORE)))
}

fn check_values(reader: &Reader) -> Result<Check, StoreError> {
    let check = reader.check_values()?;
    let changed = check.changed.iter().map(|hash| format!("the value {hash} is not what it was"));
    let found: Vec<String> = changed.chain(check.missing.iter().map(|hash| format!("the value {hash} is missing"))).collect();
    if !found.is_empty() {
        let advice = "Steps that read these values fail. Run what made them again, or restore a backup.";
        return Ok(told("values", Verdict::Error, "large values are damaged", found, Some(advice)));
    }
    let (unused, bytes) = check.unused;
    let words =
        if unused == 0 { String::new() } else { format!("; {unused} of them ({}) nothing names any more", format_bytes(bytes)) };
    let advice =
        (unused > 0).then_some("The next purge deletes these, or `loomwork doctor --repair` while nobody uses the workspace.");
    Ok(told("values", Verdict::Ok, format!("all {} large values are what they were{words}", check.values), vec![], advice))
}

fn check_list(reader: &Reader) -> Result<Check, StoreError> {
    let mut wrong = reader.wrong_in_list()?;
    if !reader.index_is_right()? {
        wrong.push("the index of the events by run".to_owned());
    }
    if wrong.is_empty() {
        return Ok(told("list", Verdict::Ok, "the list of runs says what the events say", vec![], None));
    }
    let advice = "Close what uses the workspace and call `loomwork doctor --repair`: the list is made anew from the events.";
    Ok(told("list", Verdict::Error, "the list of runs says other than the events", wrong, Some(advice)))
}

fn check_runs(reader: &Reader, runs: &[RunRow]) -> Check {
    let programs = Programs::default();
    let failed = |row: &RunRow| load_run(reader, &programs, &row.id).err().map(|error| error.to_string());
    let found: Vec<String> = runs.iter().filter_map(failed).collect();
    if found.is_empty() {
        let open = runs.iter().filter(|run| !run.status.is_final()).count();
        return told("runs", Verdict::Ok, format!("all {} runs can be read; {open} have not ended", runs.len()), vec![], None);
    }
    let advice = "These runs do not go on; the others do. A newer version of Loomwork may read them, or a backup has them whole.";
    told("runs", Verdict::Error, "some runs cannot be read", found, Some(advice))
}

fn check_logs(state: &StateFolder, reader: &Reader, runs: &[RunRow]) -> Result<Check, StoreError> {
    let logs = Logs::new(state.logs());
    let sealed = reader.sealed_logs()?;
    let (removed, without) = (reader.removed()?, reader.without_logs()?);
    let mut found = Vec::new();
    for log in &sealed {
        let what = match logs.verify(&log.run, &log.step, log.attempt, &log.seal) {
            Ok(SealCheck::Intact) => continue,
            // Their time was over.
            Ok(SealCheck::Missing) if without.contains(&log.run) => continue,
            Ok(SealCheck::Missing) => "is missing".to_owned(),
            Ok(SealCheck::Shortened) => "has lost its end".to_owned(),
            Ok(SealCheck::Changed) => "was changed".to_owned(),
            Err(error) => error.to_string(),
        };
        found.push(format!("the log of {}, attempt {}, of run {} {what}", log.step, log.attempt, log.run));
    }
    if !found.is_empty() {
        let advice = "Runs and their results are not touched by this. A backup may have the logs whole.";
        return Ok(told("logs", Verdict::Warning, "some logs are not what they were", found, Some(advice)));
    }
    let known: BTreeSet<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    let (left, strange): (Vec<String>, Vec<String>) = logs
        .runs()
        .unwrap_or_default()
        .into_iter()
        .filter(|run| !known.contains(run.as_str()))
        .partition(|run| removed.contains_key(run));
    if strange.is_empty() && !left.is_empty() {
        let message = format!("all logs are what they were; {} removed runs have left some", left.len());
        let advice = "The next engine deletes these, or `loomwork doctor --repair` while nobody uses the workspace.";
        return Ok(told("logs", Verdict::Ok, message, vec![], Some(advice)));
    }
    let strange: Vec<String> = strange.iter().map(|run| state.logs().join(run).display().to_string()).collect();
    if strange.is_empty() {
        return Ok(told("logs", Verdict::Ok, format!("all {} logs are what they were", sealed.len()), vec![], None));
    }
    let advice = "They can be deleted, unless a backup is to be restored that has their runs.";
    Ok(told("logs", Verdict::Warning, "there are logs of runs that the journal does not know", strange, Some(advice)))
}

/// None without an archive.
fn check_archive(state: &StateFolder) -> Option<Check> {
    let archive = Archive::beside(&state.journal());
    let listed = match archive.list() {
        Ok(listed) => listed,
        Err(error) => return Some(told("archive", Verdict::Warning, error.to_string(), vec![], None)),
    };
    let checked = listed.iter().map(|listed| (&listed.id, archive.check(&listed.id)));
    let found: Vec<String> = checked.filter_map(|(id, checked)| Some(format!("run {id}: {}", checked.err()?))).collect();
    if !found.is_empty() {
        let advice = "These runs cannot come back from here. A backup may have their files whole.";
        return Some(told("archive", Verdict::Error, "some archived runs are damaged", found, Some(advice)));
    }
    let message = format!("all {} archived runs can come back", listed.len());
    (!listed.is_empty()).then(|| told("archive", Verdict::Ok, message, vec![], None))
}

fn check_checkpoints(state: &StateFolder, runs: &[RunRow]) -> Check {
    let checkpoints = Checkpoints::beside(&state.journal());
    let (mut whole, mut found) = (0, Vec::new());
    for run in runs {
        match checkpoints.list(&run.id) {
            Ok(listed) => {
                for checkpoint in listed {
                    match checkpoint.checked {
                        Ok(_) => whole += 1,
                        Err(error) => found.push(format!("{} of run {}: {error}", checkpoint.id, run.id)),
                    }
                }
            }
            Err(error) => found.push(format!("run {}: {error}", run.id)),
        }
    }
    if found.is_empty() {
        return told("checkpoints", Verdict::Ok, format!("all {whole} checkpoints can be used"), vec![], None);
    }
    let advice = "An older checkpoint or the events are used instead. Delete them with `loomwork checkpoint delete`.";
    told("checkpoints", Verdict::Warning, "some checkpoints are damaged", found, Some(advice))
}
