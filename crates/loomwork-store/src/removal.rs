//! What leaves the journal and comes back: whole runs that have ended, and large values that nothing names.
//!
//! Invariant: in the transaction that takes runs away stands an event of the workspace that says which, with the hash of
//! their last record and how many they had. The links keep their heads, so that what is left verifies, and a run that
//! comes back fits nowhere but where it was.
//!
//! Not here: which runs may go (`loomwork-engine`), and the files of those that were archived (`archive`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use loomwork_run::Event;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::care::names_in;
use crate::{Record, RunRow, StoreError, by_run, chain, projection};

/// The events of the workspace that take runs away, and the one that brings one back.
const TAKEN_AWAY: [&str; 2] = ["runs_archived", "runs_purged"];
const BROUGHT_BACK: &str = "runs_restored";

/// A run that is gone, as the event says it that took it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Its id.
    pub run: String,
    /// The workflow's id.
    pub workflow: String,
    /// Number within the workflow.
    pub number: u32,
    /// How it ended.
    pub status: String,
    /// When, in milliseconds since 1970.
    pub ended_at_ms: Option<i64>,
    /// How many records it had.
    pub events: u64,
    /// Hash of the last one, in hex.
    pub head: String,
}

/// What a batch takes away or brings back, beside its records.
#[derive(Debug, Clone)]
pub enum Move {
    /// A run leaves.
    Remove(Arc<str>),
    /// A run comes back.
    Return(Box<Returned>),
    /// Values leave, unless a record names them.
    Sweep {
        /// Their hashes: no record up to `since` names one.
        values: Vec<String>,
        /// Number of the last record that was looked at.
        since: u64,
    },
}

/// A run that comes back, as it was.
#[derive(Debug, Clone)]
pub struct Returned {
    /// Its id.
    pub run: Arc<str>,
    /// Its records.
    pub records: Vec<Record>,
    /// Large values: hash and compact JSON.
    pub values: Vec<(String, Vec<u8>)>,
    /// Texts of workflows: hash and text.
    pub definitions: Vec<(String, String)>,
}

/// Does it, within a transaction whose list of runs has caught up.
pub(crate) fn carry_out(connection: &Connection, change: &Move) -> rusqlite::Result<()> {
    match change {
        Move::Remove(run) => remove(connection, run),
        Move::Return(returned) => bring_back(connection, returned),
        Move::Sweep { values, since } => sweep(connection, values, *since),
    }
}

fn remove(connection: &Connection, run: &str) -> rusqlite::Result<()> {
    let records = by_run::select("seq", "");
    let links = format!("INSERT INTO link SELECT seq, link, heads FROM event WHERE seq IN ({records}) AND link IS NOT NULL");
    for sql in [links, format!("DELETE FROM event WHERE seq IN ({records})")] {
        connection.prepare_cached(&sql)?.execute((run, 0))?;
    }
    let others =
        ["DELETE FROM event_of_run WHERE of_run = ?1", "DELETE FROM run WHERE id = ?1", "DELETE FROM cached WHERE run = ?1"];
    others.into_iter().try_for_each(|sql| connection.prepare_cached(sql)?.execute([run]).map(|_| ()))
}

fn bring_back(connection: &Connection, returned: &Returned) -> rusqlite::Result<()> {
    let mut definition = connection.prepare_cached("INSERT OR IGNORE INTO definition VALUES (?1, ?2)")?;
    for (hash, text) in &returned.definitions {
        definition.execute(params![hash, text])?;
    }
    let mut value = connection.prepare_cached("INSERT OR IGNORE INTO value VALUES (?1, ?2)")?;
    for (hash, json) in &returned.values {
        value.execute(params![hash, json])?;
    }
    // Whoever asked twice finds it there: what its place in the chains fits is the same.
    let mut event = connection.prepare_cached(chain::INSERT_AGAIN)?;
    for record in &returned.records {
        // The links of those that left have stayed.
        chain::insert(&mut event, record, None)?;
        by_run::note(connection, &returned.run, record.seq)?;
    }
    let events: Vec<Event> = returned.records.iter().filter_map(|record| record.event().ok()).collect();
    RunRow::of_events(&returned.run, &events).map_or(Ok(()), |row| projection::keep(connection, &row))
}

fn sweep(connection: &Connection, values: &[String], since: u64) -> rusqlite::Result<()> {
    let mut unnamed: BTreeSet<&str> = values.iter().map(String::as_str).collect();
    let mut later = connection.prepare_cached("SELECT data FROM event WHERE seq > ?1")?;
    let mut rows = later.query([since])?;
    while let Some(row) = rows.next()? {
        for hash in names_in(row.get_ref(0)?.as_bytes()?) {
            unnamed.remove(hash);
        }
    }
    let mut delete = connection.prepare_cached("DELETE FROM value WHERE hash = ?1")?;
    for hash in unnamed {
        delete.execute([hash])?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    runs: Vec<serde_json::Value>,
}

const COLUMNS: &str = "seq, kind, at_ms, data";
const OF_KINDS: &str = "AND kind IN (?3, ?4, ?5)";

/// Calls `each` with every event of some kinds: its kind, when, and the runs that it names.
fn told(
    connection: &Connection,
    kinds: [&str; 3],
    each: impl FnMut(&str, i64, Vec<serde_json::Value>),
) -> Result<(), StoreError> {
    told_by(connection, &by_run::select(COLUMNS, OF_KINDS), kinds, each)
}

fn told_by(
    connection: &Connection,
    sql: &str,
    kinds: [&str; 3],
    mut each: impl FnMut(&str, i64, Vec<serde_json::Value>),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::read)?;
    let [one, two, three] = kinds;
    let mut rows = statement.query(("", 0, one, two, three)).map_err(StoreError::read)?;
    while let Some(row) = rows.next().map_err(StoreError::read)? {
        let (kind, at_ms, data): (String, i64, Vec<u8>) =
            (row.get(1).map_err(StoreError::read)?, row.get(2).map_err(StoreError::read)?, row.get(3).map_err(StoreError::read)?);
        // What was changed by hand says nothing, which the chains show.
        let Ok(said) = serde_json::from_slice::<Said>(&data) else { continue };
        each(&kind, at_ms, said.runs);
    }
    Ok(())
}

/// The ids of the runs that such an event names.
pub(crate) fn ids(runs: &[serde_json::Value]) -> impl Iterator<Item = &str> {
    runs.iter().filter_map(|run| run.get("run").and_then(serde_json::Value::as_str))
}

/// The runs that are gone, by id.
pub(crate) fn gone(connection: &Connection) -> Result<HashMap<String, Removed>, StoreError> {
    gone_by(connection, &by_run::select(COLUMNS, OF_KINDS))
}

/// The same from the events alone, whatever became of their index.
pub(crate) fn gone_without_index(connection: &Connection) -> Result<HashMap<String, Removed>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE coalesce(run, '') = ?1 AND seq >= ?2 {OF_KINDS} ORDER BY seq");
    gone_by(connection, &sql)
}

fn gone_by(connection: &Connection, sql: &str) -> Result<HashMap<String, Removed>, StoreError> {
    let mut gone = HashMap::new();
    let [archived, purged] = TAKEN_AWAY;
    told_by(connection, sql, [archived, purged, BROUGHT_BACK], |kind, _, runs| {
        if kind == BROUGHT_BACK {
            ids(&runs).for_each(|run| _ = gone.remove(run));
            return;
        }
        for removed in runs.into_iter().filter_map(|run| serde_json::from_value::<Removed>(run).ok()) {
            gone.insert(removed.run.clone(), removed);
        }
    })?;
    Ok(gone)
}

/// When runs were brought back, in milliseconds since 1970, by id.
pub(crate) fn returned(connection: &Connection) -> Result<HashMap<String, i64>, StoreError> {
    let mut returned = HashMap::new();
    told(connection, [BROUGHT_BACK; 3], |_, at_ms, runs| {
        returned.extend(ids(&runs).map(|id| (id.to_owned(), at_ms)));
    })?;
    Ok(returned)
}

/// The runs whose logs were removed because of their age.
pub(crate) fn without_logs(connection: &Connection) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    told(connection, ["logs_removed"; 3], |_, _, runs| {
        found.extend(runs.iter().filter_map(|run| run.as_str().map(str::to_owned)));
    })?;
    Ok(found)
}

/// Whether an event of the workspace takes runs away.
pub(crate) fn takes_away(kind: &str) -> bool {
    TAKEN_AWAY.contains(&kind)
}
