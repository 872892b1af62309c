//! What is asked of runs that may leave the journal: which have ended, what they weigh, who calls whom, and which values
//! nothing else names.
//!
//! Not here: who may go (`loomwork-engine`), and how one goes (`removal`).

use std::collections::{BTreeSet, HashMap, HashSet};

use loomwork_run::{EventKind, Parent, RunStatus, ValueRef};
use rusqlite::{OptionalExtension as _, params, params_from_iter, types::Value};

use crate::care::names_in;
use crate::removal::{self, Removed};
use crate::{Reader, RunRow, StoreError, by_run, projection};

/// Which ended runs are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// Those that ended in one of these ways; none for all.
    pub statuses: Vec<RunStatus>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Only those that ended at this time or before, in milliseconds since 1970.
    pub by_ms: Option<i64>,
}

impl Ended {
    fn takes(&self, row: &RunRow) -> bool {
        row.status.is_final()
            && (self.statuses.is_empty() || self.statuses.contains(&row.status))
            && self.workflow.as_ref().is_none_or(|workflow| *workflow == row.workflow)
            && self.by_ms.is_none_or(|by| row.ended_at_ms.is_some_and(|ended| ended <= by))
    }
}

/// What a run takes of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// Its records.
    pub events: u64,
    /// Number of the last one.
    pub last_seq: u64,
    /// Hash of the last one.
    pub head: [u8; 32],
    /// Bytes of its records, without the large values.
    pub bytes: u64,
}

/// A run that a step has called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The run that was called.
    pub run: String,
    /// Whether the step waits for its end.
    pub waits: bool,
}

/// Rows that are read at one time.
const PAGE: usize = 500;

impl Reader {
    /// Ended runs, those that were created first before others, until `each` says that it has enough.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn each_ended(&self, which: &Ended, each: &mut dyn FnMut(RunRow) -> bool) -> Result<(), StoreError> {
        let (changed, _) = projection::tail(&self.connection)?;
        let mut after = (i64::MIN, String::new());
        loop {
            let page = self.ended_page(which, &after)?;
            let Some(last) = page.last() else { break };
            after = (last.created_at_ms, last.id.clone());
            let fitting = page.into_iter().filter(|row| which.takes(row) && !changed.contains_key(&row.id));
            for row in fitting {
                if !each(row) {
                    return Ok(());
                }
            }
        }
        let mut late: Vec<RunRow> = changed.into_values().filter(|row| which.takes(row)).collect();
        late.sort_by(|one, other| (one.created_at_ms, &one.id).cmp(&(other.created_at_ms, &other.id)));
        for row in late {
            if !each(row) {
                break;
            }
        }
        Ok(())
    }

    fn ended_page(&self, which: &Ended, after: &(i64, String)) -> Result<Vec<RunRow>, StoreError> {
        let mut values: Vec<Value> = vec![after.0.into(), after.1.clone().into(), which.by_ms.unwrap_or(i64::MAX).into()];
        let statuses = if which.statuses.is_empty() { RunStatus::ALL.to_vec() } else { which.statuses.clone() };
        let marks: Vec<String> = statuses
            .iter()
            .map(|status| {
                values.push(status.as_str().to_owned().into());
                format!("?{}", values.len())
            })
            .collect();
        let workflow = which.workflow.as_ref().map_or(String::new(), |workflow| {
            values.push(workflow.clone().into());
            format!("AND workflow = ?{}", values.len())
        });
        // What was created later has not ended earlier.
        let sql = format!(
            "SELECT json FROM run WHERE (created_at_ms, id) > (?1, ?2) AND created_at_ms <= ?3 AND status IN ({}) {workflow}
             ORDER BY created_at_ms, id LIMIT {PAGE}",
            marks.join(", ")
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0)).map_err(StoreError::read)?;
        rows.map(|json| projection::row_of(&json.map_err(StoreError::read)?)).collect()
    }

    /// A run as lists show it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run(&self, id: &str) -> Result<Option<RunRow>, StoreError> {
        let (mut changed, _) = projection::tail(&self.connection)?;
        match changed.remove(id) {
            Some(row) => Ok(Some(row)),
            None => projection::stored_row(&self.connection, id),
        }
    }

    /// What a run takes of the journal; none when it has no records.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn weigh(&self, run: &str) -> Result<Option<Weight>, StoreError> {
        let sql = format!(
            "SELECT count(*), coalesce(sum(bytes), 0), coalesce(max(seq), 0) FROM ({})",
            by_run::select(
                "seq, length(data) + length(kind) + length(actor) + coalesce(length(step), 0) + length(run) + 96 AS bytes",
                ""
            )
        );
        let (events, bytes, last_seq): (u64, u64, u64) = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row((run, 0), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
            .map_err(StoreError::read)?;
        let head = self
            .connection
            .prepare_cached("SELECT hash FROM event WHERE seq = ?1")
            .and_then(|mut statement| statement.query_row([last_seq], |row| row.get(0)).optional())
            .map_err(StoreError::read)?;
        Ok(head.map(|head| Weight { events, last_seq, head, bytes }))
    }

    /// Some records of a run from a number on.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn some_records(&self, run: &str, from_seq: u64, most: usize) -> Result<Vec<crate::Record>, StoreError> {
        let sql = by_run::select(crate::reader::ROW, "") + " LIMIT ?3";
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        let rows = statement.query_map(params![run, from_seq, most], crate::reader::record_of).map_err(StoreError::read)?;
        rows.collect::<rusqlite::Result<_>>().map_err(StoreError::read)
    }

    /// The step that called a run, if one did.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn parent(&self, run: &str) -> Result<Option<Parent>, StoreError> {
        let first = self.next_record(run, 0)?;
        Ok(match first.and_then(|record| record.event().ok()).map(|event| event.kind) {
            Some(EventKind::RunCreated(created)) => created.parent,
            _ => None,
        })
    }

    /// The runs that the steps of a run have called.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn calls(&self, run: &str) -> Result<Vec<Call>, StoreError> {
        let with_child = "AND kind = 'attempt_started' AND instr(data, CAST('\"child\":' AS BLOB)) > 0";
        let sql = by_run::select("seq, v, data", with_child);
        let mut statement = self.connection.prepare_cached(&sql).map_err(StoreError::read)?;
        let rows = statement
            .query_map((run, 0), |row| Ok((row.get::<_, u32>(1)?, row.get::<_, Vec<u8>>(2)?)))
            .map_err(StoreError::read)?;
        let mut calls = Vec::new();
        for row in rows {
            let (v, data) = row.map_err(StoreError::read)?;
            let Ok(EventKind::AttemptStarted(started)) = EventKind::decode("attempt_started", v, &data) else { continue };
            let Some(child) = started.child else { continue };
            let input = match &started.input {
                ValueRef::Inline(value) => value.value(),
                ValueRef::Stored(stored) => self.value(&stored.hash)?.and_then(|json| serde_json::from_slice(&json).ok()),
            };
            let waits = input.and_then(|input| input.get("wait").and_then(serde_json::Value::as_bool)).unwrap_or(true);
            calls.push(Call { run: child, waits });
        }
        Ok(calls)
    }

    /// How many runs of each workflow have a status.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn counts_by_workflow(&self, status: RunStatus) -> Result<HashMap<String, u64>, StoreError> {
        let (changed, _) = projection::tail(&self.connection)?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT workflow, count(*) FROM run WHERE status = ?1 GROUP BY workflow")
            .map_err(StoreError::read)?;
        let rows = statement.query_map([status.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).map_err(StoreError::read)?;
        let mut counts = rows.collect::<rusqlite::Result<HashMap<String, u64>>>().map_err(StoreError::read)?;
        for row in changed.values() {
            let before = projection::stored_row(&self.connection, &row.id)?.filter(|before| before.status == status);
            if let Some(count) = before.and_then(|before| counts.get_mut(&before.workflow)) {
                *count = count.saturating_sub(1);
            }
            if row.status == status {
                *counts.entry(row.workflow.clone()).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// When runs were brought back from the archive, in milliseconds since 1970, by id.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn returned(&self) -> Result<HashMap<String, i64>, StoreError> {
        removal::returned(&self.connection)
    }

    /// The runs that were archived or purged and have not come back, by id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn removed(&self) -> Result<HashMap<String, Removed>, StoreError> {
        removal::gone(&self.connection)
    }

    /// The runs whose logs were removed because of their age.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn without_logs(&self) -> Result<HashSet<String>, StoreError> {
        removal::without_logs(&self.connection)
    }

    /// How many large values nothing but these runs names, and their bytes.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn values_only_of(&self, runs: &HashSet<String>) -> Result<(u64, u64), StoreError> {
        let (mut theirs, mut others) = (BTreeSet::new(), HashSet::new());
        let mut statement = self.connection.prepare("SELECT run, data FROM event").map_err(StoreError::read)?;
        let mut rows = statement.query([]).map_err(StoreError::read)?;
        while let Some(row) = rows.next().map_err(StoreError::read)? {
            let run: Option<String> = row.get(0).map_err(StoreError::read)?;
            let data = row.get_ref(1).and_then(|data| data.as_bytes().map_err(Into::into)).map_err(StoreError::read)?;
            let going = run.is_some_and(|run| runs.contains(&run));
            for hash in names_in(data) {
                if going { _ = theirs.insert(hash.to_owned()) } else { _ = others.insert(hash.to_owned()) }
            }
        }
        let mut found = (0, 0);
        let mut size = self.connection.prepare("SELECT length(json) FROM value WHERE hash = ?1").map_err(StoreError::read)?;
        for hash in theirs.iter().filter(|hash| !others.contains(*hash)) {
            let bytes: Option<u64> = size.query_row([hash], |row| row.get(0)).optional().map_err(StoreError::read)?;
            found = bytes.map_or(found, |bytes| (found.0 + 1, found.1 + bytes));
        }
        Ok(found)
    }

    /// The large values that no record names: their hashes and bytes, and the number of the last record.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn unused_values(&self) -> Result<(Vec<(String, u64)>, u64), StoreError> {
        let at_once = self.connection.unchecked_transaction().map_err(StoreError::read)?;
        let named = crate::care::named_values(&at_once)?;
        let mut statement = at_once.prepare("SELECT hash, length(json) FROM value").map_err(StoreError::read)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(StoreError::read)?;
        let all = rows.collect::<rusqlite::Result<Vec<(String, u64)>>>().map_err(StoreError::read)?;
        let since = self.last_seq()?;
        Ok((all.into_iter().filter(|(hash, _)| !named.contains(hash)).collect(), since))
    }
}
