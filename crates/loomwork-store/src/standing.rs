//! What the events of the workspace leave: circuit breakers and dead letters. A fold of the journal like the list of runs, under
//! the same watermark.
//!
//! Invariant: an event about one of them says it whole, so the fold keeps the latest and looks at nothing else.
//! Not here: what happens to them (`loomwork-run`) and when (`loomwork-engine`).

use std::collections::BTreeMap;

use loomwork_run::{BreakerRecord, LetterRecord};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::schema::table_exists;
use crate::{Record, StoreError};

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
}

impl Standing {
    fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Letter => "letter",
        }
    }
}

/// What a record changes: by what is kept and its key, the new JSON, or none when it is gone.
pub(crate) type Changes = BTreeMap<(Standing, String), Option<String>>;

/// Notes what a record changes.
pub(crate) fn note(changes: &mut Changes, record: &Record) {
    if let Some(run) = &record.run {
        if record.kind == "run_taken_up" {
            changes.insert((Standing::Letter, run.to_string()), None);
        }
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
