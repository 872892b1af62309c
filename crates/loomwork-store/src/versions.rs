//! The definitions that were run: their texts, and which runs had them.
//!
//! Invariant: a text stays as long as the journal does, whatever becomes of the runs that had it.

use rusqlite::Connection;

use crate::reader::Reader;
use crate::{StoreError, projection};

/// A definition of a workflow, with its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Hash of its text.
    pub definition: String,
    /// The version that it says, if any.
    pub version: Option<String>,
    /// How many runs have it.
    pub runs: u32,
    /// When the first of them was created, in milliseconds since 1970.
    pub first_ms: i64,
    /// When the last of them was created.
    pub last_ms: i64,
}

impl Reader {
    /// The definitions that runs of a workflow have, the last used first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn versions(&self, workflow: &str) -> Result<Vec<VersionRow>, StoreError> {
        let (changed, _) = projection::tail(&self.connection)?;
        let ids = serde_json::Value::from_iter(changed.keys().map(String::as_str)).to_string();
        let mut versions = stored(&self.connection, workflow, &ids).map_err(StoreError::read)?;
        for row in changed.into_values().filter(|row| row.workflow == workflow) {
            let at = row.created_at_ms;
            match versions.iter_mut().find(|version| version.definition == row.definition) {
                Some(version) => {
                    version.runs += 1;
                    version.first_ms = version.first_ms.min(at);
                    version.last_ms = version.last_ms.max(at);
                }
                None => versions.push(VersionRow {
                    definition: row.definition,
                    version: row.version,
                    runs: 1,
                    first_ms: at,
                    last_ms: at,
                }),
            }
        }
        versions.sort_by(|one, other| (other.last_ms, &other.definition).cmp(&(one.last_ms, &one.definition)));
        Ok(versions)
    }

    /// The definitions whose hash begins with a text: hash and text, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn definitions(&self, beginning: &str, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT hash, text FROM definition WHERE hash >= ?1 AND hash < ?1 || x'7f' LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(StoreError::read)?;
        let rows = statement.query_map((beginning, limit), |row| Ok((row.get(0)?, row.get(1)?))).map_err(StoreError::read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::read)
    }
}

/// What the list of runs says, without the runs that have news.
fn stored(connection: &Connection, workflow: &str, changed: &str) -> rusqlite::Result<Vec<VersionRow>> {
    let sql = "SELECT json_extract(json, '$.definition') AS definition, json_extract(json, '$.version'), count(*),
                      min(created_at_ms), max(created_at_ms)
               FROM run WHERE workflow = ?1 AND id NOT IN (SELECT value FROM json_each(?2)) GROUP BY definition";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((workflow, changed), |row| {
        Ok(VersionRow {
            definition: row.get(0)?,
            version: row.get(1)?,
            runs: row.get(2)?,
            first_ms: row.get(3)?,
            last_ms: row.get(4)?,
        })
    })?;
    rows.collect()
}
