//! The list of runs: a fold of the journal that can be dropped and rebuilt, with a watermark up to which it is done. What
//! else follows the journal follows it in the same transaction.

use std::collections::HashMap;

use indexmap::IndexMap;
use loomwork_run::{Event, EventKind, ForkedFrom, LetterRecord, RunError, RunStatus, RunTrigger};
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use serde::{Deserialize, Serialize};

use crate::reader::{ROW, record_of};
use crate::{Record, StoreError, by_run, cached, standing};

/// One run as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// UUID version 7.
    pub id: String,
    /// Number within the workflow.
    pub number: u32,
    /// The workflow's id.
    pub workflow: String,
    /// Path of its file.
    pub path: String,
    /// Its version.
    pub version: Option<String>,
    /// Hash of its text.
    pub definition: String,
    /// State.
    pub status: RunStatus,
    /// What started it.
    pub trigger: RunTrigger,
    /// The moment of another run from which it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ForkedFrom>,
    /// Labels.
    pub labels: IndexMap<String, String>,
    /// From 0 to 9.
    pub priority: u8,
    /// When it was created, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// When it started.
    pub started_at_ms: Option<i64>,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
    /// Steps that have ended.
    pub done: u32,
    /// Steps known.
    pub known: u32,
    /// Why it failed.
    pub error: Option<RunError>,
}

/// Which runs a list is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Only of this status.
    pub status: Option<RunStatus>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Only those created before this run (`created_at_ms`, id).
    pub before: Option<(i64, String)>,
    /// At most so many.
    pub limit: u32,
}

impl RunFilter {
    fn takes(&self, row: &RunRow) -> bool {
        self.status.is_none_or(|status| status == row.status)
            && self.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
            && self.before.as_ref().is_none_or(|(at, id)| (row.created_at_ms, &row.id) < (*at, id))
    }
}

impl RunRow {
    /// The row that the events of a run make; none without the one of its creation.
    pub fn of_events<'e>(run: &str, events: impl IntoIterator<Item = &'e Event>) -> Option<Self> {
        let mut row = None;
        events.into_iter().for_each(|event| fold(&mut row, run, event));
        row
    }
}

/// Folds one event into a row; a row is made by `run_created` only.
fn fold(row: &mut Option<RunRow>, run: &str, event: &Event) {
    if let EventKind::RunCreated(data) = &event.kind {
        *row = Some(RunRow {
            id: run.to_owned(),
            number: data.number,
            workflow: data.workflow.clone(),
            path: data.path.clone(),
            version: data.version.clone(),
            definition: data.definition.clone(),
            status: RunStatus::Queued,
            trigger: data.trigger.clone(),
            forked_from: data.forked_from.clone(),
            labels: data.labels.clone(),
            priority: data.priority,
            created_at_ms: event.at_ms,
            started_at_ms: None,
            ended_at_ms: None,
            done: 0,
            known: data.steps,
            error: None,
        });
    }
    let Some(row) = row else { return };
    if event.step.is_none() {
        row.status = row.status.after(&event.kind).unwrap_or(row.status);
    }
    match &event.kind {
        EventKind::RunStarted(_) => row.started_at_ms = Some(event.at_ms),
        EventKind::RunAmended(data) => {
            row.definition.clone_from(&data.definition);
            row.version.clone_from(&data.version);
            row.path = data.path.clone().unwrap_or_else(|| row.path.clone());
            row.known = data.steps.unwrap_or(row.known);
        }
        EventKind::RunTakenUp(_) => {
            row.started_at_ms.get_or_insert(event.at_ms);
            row.ended_at_ms = None;
            row.error = None;
        }
        EventKind::RunFailed(data) => row.error = Some(data.error.clone()),
        EventKind::RunCompensated(data) => row.error.clone_from(&data.error),
        EventKind::StepSucceeded(_) | EventKind::StepFailed(_) | EventKind::StepSkipped(_) | EventKind::StepCancelled(_) => {
            row.done += 1;
        }
        EventKind::StepReset(_) => row.done = row.done.saturating_sub(1),
        _ => {}
    }
    let note = matches!(event.kind, EventKind::CheckpointCreated(_) | EventKind::CheckpointRestored(_));
    if row.status.is_final() && event.step.is_none() && !note {
        row.ended_at_ms = Some(event.at_ms);
    }
}

pub(crate) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Which rows a fold makes. A list that an earlier version made otherwise is made anew from the events.
const ROWS: &str = "2";

/// Forgets the list; the events make it again.
pub(crate) fn forget(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction
        .execute_batch("DELETE FROM run; DELETE FROM event_of_run; UPDATE meta SET value = '0' WHERE key = 'projected_seq'")?;
    transaction.execute("INSERT OR REPLACE INTO meta VALUES ('list_rows', ?1)", [ROWS])?;
    transaction.commit()
}

/// Forgets a list with rows of an earlier version.
pub(crate) fn renew(connection: &mut Connection) -> rusqlite::Result<()> {
    if meta(connection, "list_rows")?.as_deref() == Some(ROWS) { Ok(()) } else { forget(connection) }
}

pub(crate) fn watermark(connection: &Connection) -> rusqlite::Result<u64> {
    Ok(meta(connection, "projected_seq")?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The rows of the runs that have events after the watermark, brought up to date; and the last number that was read.
pub(crate) fn tail(connection: &Connection) -> Result<(HashMap<String, RunRow>, u64), StoreError> {
    tail_with(connection, |_, _| {}, |_| {})
}

/// The same, with a look at every record and every event of a run on the way.
fn tail_with(
    connection: &Connection,
    mut look: impl FnMut(&str, &Event),
    mut pass: impl FnMut(&Record),
) -> Result<(HashMap<String, RunRow>, u64), StoreError> {
    let from = watermark(connection).map_err(StoreError::read)?;
    let mut rows: HashMap<String, Option<RunRow>> = HashMap::new();
    let mut last = from;
    let sql = format!("SELECT {ROW} FROM event WHERE seq > ?1 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql).map_err(StoreError::read)?;
    let records = statement.query_map([from], record_of).map_err(StoreError::read)?;
    for record in records {
        let record: Record = record.map_err(StoreError::read)?;
        last = record.seq;
        pass(&record);
        let Some(run) = record.run.as_deref() else { continue };
        let Ok(event) = record.event() else { continue };
        look(run, &event);
        if !rows.contains_key(run) {
            rows.insert(run.to_owned(), stored_row(connection, run)?);
        }
        if let Some(row) = rows.get_mut(run) {
            fold(row, run, &event);
        }
    }
    Ok((rows.into_iter().filter_map(|(run, row)| Some((run, row?))).collect(), last))
}

/// The rows of all runs, from the events alone.
pub(crate) fn folded(connection: &Connection) -> Result<HashMap<String, RunRow>, StoreError> {
    let mut rows: HashMap<String, Option<RunRow>> = HashMap::new();
    let mut statement = connection.prepare(&format!("SELECT {ROW} FROM event ORDER BY seq")).map_err(StoreError::read)?;
    for record in statement.query_map([], record_of).map_err(StoreError::read)? {
        let record: Record = record.map_err(StoreError::read)?;
        let (Some(run), Ok(event)) = (record.run.as_deref(), record.event()) else { continue };
        fold(rows.entry(run.to_owned()).or_default(), run, &event);
    }
    Ok(rows.into_iter().filter_map(|(run, row)| Some((run, row?))).collect())
}

pub(crate) fn stored_row(connection: &Connection, run: &str) -> Result<Option<RunRow>, StoreError> {
    let json: Option<String> = connection
        .prepare_cached("SELECT json FROM run WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([run], |row| row.get(0)).optional())
        .map_err(StoreError::read)?;
    json.map(|json| row_of(&json)).transpose()
}

pub(crate) fn row_of(json: &str) -> Result<RunRow, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Read(format!("a row of the list of runs: {error}")))
}

/// Writes a row into the list.
pub(crate) fn keep(connection: &Connection, row: &RunRow) -> rusqlite::Result<()> {
    // Serialising a row fails only for maps with keys that are no strings, which it cannot hold.
    let json = serde_json::to_string(row).unwrap_or_default();
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    insert.execute(params![row.id, row.workflow, row.status.as_str(), row.created_at_ms, row.number, json])?;
    Ok(())
}

/// Brings the projection up to the end of the journal; returns the new watermark.
pub(crate) fn catch_up(connection: &mut Connection) -> Result<u64, StoreError> {
    let mut kept = Vec::new();
    let mut changes = standing::Changes::new();
    let note = |run: &str, event: &Event| kept.extend(cached::of_event(run, event));
    let (rows, last) = tail_with(connection, note, |record| standing::note(&mut changes, record))?;
    let transaction = connection.transaction().map_err(StoreError::write)?;
    for row in rows.values() {
        self::keep(&transaction, row).map_err(StoreError::write)?;
    }
    for (fingerprint, output) in &kept {
        cached::keep(&transaction, fingerprint, output).map_err(StoreError::write)?;
    }
    standing::keep(&transaction, &changes).map_err(StoreError::write)?;
    let from = watermark(&transaction).map_err(StoreError::write)?;
    by_run::follow(&transaction, from, last).map_err(StoreError::write)?;
    transaction
        .execute("UPDATE meta SET value = ?1 WHERE key = 'projected_seq'", [last.to_string()])
        .map_err(StoreError::write)?;
    transaction.commit().map_err(StoreError::write)?;
    Ok(last)
}

/// What the tail of the journal changes of breakers and letters.
pub(crate) fn changes(connection: &Connection) -> Result<standing::Changes, StoreError> {
    let mut changes = standing::Changes::new();
    tail_with(connection, |_, _| {}, |record| standing::note(&mut changes, record))?;
    Ok(changes)
}

/// The letters with their runs.
pub(crate) fn dead_letters(connection: &Connection) -> Result<Vec<(LetterRecord, RunRow)>, StoreError> {
    let mut changes = standing::Changes::new();
    let (changed, _) = tail_with(connection, |_, _| {}, |record| standing::note(&mut changes, record))?;
    let mut found = Vec::new();
    for letter in standing::letters(connection, changes)? {
        let row = match changed.get(&letter.run) {
            Some(row) => Some(row.clone()),
            None => stored_row(connection, &letter.run)?,
        };
        found.extend(row.map(|row| (letter, row)));
    }
    Ok(found)
}

/// Runs, newest first: the projection, corrected by the tail of the journal.
pub(crate) fn list(connection: &Connection, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
    let (changed, _) = tail(connection)?;
    let mut conditions = vec!["1".to_owned()];
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    if let Some(status) = filter.status {
        values.push(status.as_str().to_owned().into());
        conditions.push(format!("status = ?{}", values.len()));
    }
    if let Some(workflow) = &filter.workflow {
        values.push(workflow.clone().into());
        conditions.push(format!("workflow = ?{}", values.len()));
    }
    if let Some((at, id)) = &filter.before {
        values.extend([(*at).into(), id.clone().into()]);
        conditions.push(format!("(created_at_ms, id) < (?{}, ?{})", values.len() - 1, values.len()));
    }
    // So many more are read as the tail may take away.
    let limit = filter.limit as usize + changed.len();
    let sql =
        format!("SELECT json FROM run WHERE {} ORDER BY created_at_ms DESC, id DESC LIMIT {limit}", conditions.join(" AND "));
    let mut statement = connection.prepare_cached(&sql).map_err(StoreError::read)?;
    let stored = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0)).map_err(StoreError::read)?;
    let mut rows = Vec::new();
    for json in stored {
        let row = row_of(&json.map_err(StoreError::read)?)?;
        if !changed.contains_key(&row.id) {
            rows.push(row);
        }
    }
    rows.extend(changed.into_values().filter(|row| filter.takes(row)));
    rows.sort_by(|a, b| (b.created_at_ms, &b.id).cmp(&(a.created_at_ms, &a.id)));
    rows.truncate(filter.limit as usize);
    Ok(rows)
}

/// The ids of the runs of a status.
pub(crate) fn ids(connection: &Connection, status: RunStatus) -> Result<Vec<String>, StoreError> {
    let (changed, _) = tail(connection)?;
    let mut statement = connection.prepare_cached("SELECT id FROM run WHERE status = ?1").map_err(StoreError::read)?;
    let stored = statement.query_map([status.as_str()], |row| row.get(0)).map_err(StoreError::read)?;
    let mut ids = stored.collect::<rusqlite::Result<Vec<String>>>().map_err(StoreError::read)?;
    ids.retain(|id| !changed.contains_key(id));
    ids.extend(changed.into_values().filter(|row| row.status == status).map(|row| row.id));
    Ok(ids)
}

/// How many runs there are of each status.
pub(crate) fn counts(connection: &Connection) -> Result<HashMap<RunStatus, u32>, StoreError> {
    let (changed, _) = tail(connection)?;
    let mut counts: HashMap<RunStatus, u32> = HashMap::new();
    for status in RunStatus::ALL {
        let count = connection
            .prepare_cached("SELECT count(*) FROM run WHERE status = ?1")
            .and_then(|mut statement| statement.query_row([status.as_str()], |row| row.get(0)))
            .map_err(StoreError::read)?;
        counts.insert(status, count);
    }
    for row in changed.values() {
        if let Some(before) = stored_row(connection, &row.id)? {
            counts.entry(before.status).and_modify(|count| *count = count.saturating_sub(1));
        }
        *counts.entry(row.status).or_default() += 1;
    }
    Ok(counts)
}

/// The largest number that a run of a workflow has, or had before it was taken away.
pub(crate) fn last_number(connection: &Connection, workflow: &str) -> Result<u32, StoreError> {
    let stored: u32 = connection
        .query_row("SELECT coalesce(max(number), 0) FROM run WHERE workflow = ?1", [workflow], |row| row.get(0))
        .map_err(StoreError::read)?;
    let mut changes = standing::Changes::new();
    let (changed, _) = tail_with(connection, |_, _| {}, |record| standing::note(&mut changes, record))?;
    let gone = standing::last_number(connection, workflow, &changes)?;
    Ok(changed.values().filter(|row| row.workflow == workflow).map(|row| row.number).fold(stored.max(gone), u32::max))
}
