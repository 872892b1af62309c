//! What the events of the workspace leave: circuit breakers, dead letters, and up to which number runs were taken away. A fold
//! of the journal like the list of runs, under the same watermark.
//!
//! Invariant: an event about one of them says it whole, so the fold keeps the latest and looks at nothing else. What a run's own
//! events changed goes with the run, so that a fold of what is left says the same.
//! Not here: what happens to them (`loomwork-run`) and when (`loomwork-engine`).

use std::collections::BTreeMap;

use loomwork_run::{BreakerRecord, LetterRecord};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::schema::table_exists;
use crate::{Record, StoreError, removal};

pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS standing (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
";

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Breaker,
    Letter,
    /// The largest number that a run of a workflow had when some were taken away: no later run has it again.
    Number,
}

impl Standing {
    fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Letter => "letter",
            Self::Number => "number",
        }
    }
}

/// What a record changes: by what is kept and its key, the new JSON, or none when it is gone.
pub(crate) type Changes = BTreeMap<(Standing, String), Option<String>>;

/// What an event that takes runs away says of runs and numbers.
#[derive(Default, Deserialize)]
struct Gone {
    #[serde(default)]
    runs: Vec<Value>,
    #[serde(default)]
    numbers: BTreeMap<String, u32>,
}

/// Notes what a record changes.
pub(crate) fn note(changes: &mut Changes, record: &Record) {
    if let Some(run) = &record.run {
        if record.kind == "run_taken_up" {
            changes.insert((Standing::Letter, run.to_string()), None);
        }
        return;
    }
    if removal::takes_away(&record.kind) {
        let Gone { runs, numbers } = serde_json::from_slice(&record.data).unwrap_or_default();
        changes.extend(removal::ids(&runs).map(|run| ((Standing::Letter, run.to_owned()), None)));
        changes.extend(numbers.into_iter().map(|(workflow, number)| ((Standing::Number, workflow), Some(number.to_string()))));
        return;
    }
    let (standing, name, kept) = match record.kind.as_str() {
        kind if kind.starts_with("breaker_") => (Standing::Breaker, "key", true),
        "dead_letter_due" | "dead_letter_parked" => (Standing::Letter, "run", true),
        "dead_letter_sent" | "dead_letter_discarded" => (Standing::Letter, "run", false),
        _ => return,
    };
    let Ok(json) = String::from_utf8(record.data.clone()) else { return };
    let Ok(Value::Object(data)) = serde_json::from_str(&json) else { return };
    if let Some(key) = data.get(name).and_then(Value::as_str) {
        changes.insert((standing, key.to_owned()), kept.then_some(json));
    }
}

/// Writes what has changed.
pub(crate) fn keep(connection: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    for ((standing, key), json) in changes {
        match json {
            Some(json) => connection.prepare_cached("INSERT OR REPLACE INTO standing VALUES (?1, ?2, ?3)")?.execute(params![
                standing.name(),
                key,
                json
            ])?,
            None => connection
                .prepare_cached("DELETE FROM standing WHERE kind = ?1 AND key = ?2")?
                .execute(params![standing.name(), key])?,
        };
    }
    Ok(())
}

/// The breakers, by key; `changes` is what the tail of the journal says.
pub(crate) fn breakers(connection: &Connection, changes: Changes) -> Result<Vec<BreakerRecord>, StoreError> {
    all(connection, Standing::Breaker, changes)
}

/// The letters, by run; `changes` is what the tail of the journal says.
pub(crate) fn letters(connection: &Connection, changes: Changes) -> Result<Vec<LetterRecord>, StoreError> {
    all(connection, Standing::Letter, changes)
}

/// The largest number that a run of a workflow had when some were taken away, else 0; `changes` is what the tail says.
pub(crate) fn last_number(connection: &Connection, workflow: &str, changes: &Changes) -> Result<u32, StoreError> {
    if let Some(Some(number)) = changes.get(&(Standing::Number, workflow.to_owned())) {
        return Ok(number.parse().unwrap_or(0));
    }
    if !table_exists(connection, "standing").map_err(StoreError::read)? {
        return Ok(0);
    }
    let sql = "SELECT json FROM standing WHERE kind = 'number' AND key = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(StoreError::read)?;
    let number: Option<String> = statement.query_row([workflow], |row| row.get(0)).optional().map_err(StoreError::read)?;
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn all<T: DeserializeOwned>(connection: &Connection, standing: Standing, changes: Changes) -> Result<Vec<T>, StoreError> {
    let mut found = BTreeMap::new();
    // A journal that no writer has opened since there are breakers has no table, and the tail says all.
    if table_exists(connection, "standing").map_err(StoreError::read)? {
        let mut statement =
            connection.prepare_cached("SELECT key, json FROM standing WHERE kind = ?1").map_err(StoreError::read)?;
        let rows = statement.query_map([standing.name()], |row| Ok((row.get(0)?, row.get(1)?))).map_err(StoreError::read)?;
        for row in rows {
            let (key, json): (String, String) = row.map_err(StoreError::read)?;
            found.insert(key, json);
        }
    }
    for ((of, key), json) in changes {
        match json {
            _ if of != standing => {}
            Some(json) => _ = found.insert(key, json),
            None => _ = found.remove(&key),
        }
    }
    let read = |json: String| {
        serde_json::from_str(&json)
            .map_err(|error| StoreError::Read(format!("what the workspace keeps of a {}: {error}", standing.name())))
    };
    found.into_values().map(read).collect()
}
