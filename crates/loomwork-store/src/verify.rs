//! Checks the chains: whether every record and link is as it was written.

use std::collections::HashMap;
use std::sync::Arc;

use crate::reader::{ROW, record_of};
use crate::record::{Hash, encode_heads, link_hash};
use crate::{Reader, Record, StoreError};

/// The verdict over a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records that were checked.
    pub records: u64,
    /// What is wrong; empty when the journal is whole.
    pub findings: Vec<String>,
}

/// Checks every record and link.
///
/// # Errors
/// When the journal cannot be read.
pub fn verify(reader: &Reader) -> Result<Verdict, StoreError> {
    let mut verdict = Verdict { records: 0, findings: Vec::new() };
    let mut heads: HashMap<Arc<str>, Hash> = HashMap::new();
    let sql = format!("SELECT {ROW} FROM event ORDER BY seq");
    let mut events = reader.connection.prepare(&sql).map_err(StoreError::read)?;
    let mut events = events.query_map([], record_of).map_err(StoreError::read)?.peekable();
    let mut links =
        reader.connection.prepare("SELECT n, last_seq, heads, prev, hash FROM link ORDER BY n").map_err(StoreError::read)?;
    let links = links
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .map_err(StoreError::read)?;
    let mut last_link = Hash::default();
    for (expected_n, link) in (1_u64..).zip(links) {
        let (n, last_seq, stored_heads, prev, hash): (u64, u64, Vec<u8>, Hash, Hash) = link.map_err(StoreError::read)?;
        if n != expected_n || prev != last_link || hash != link_hash(&prev, last_seq, &stored_heads) {
            verdict.findings.push(format!("link {n} of the workspace's chain was changed or a link before it is missing"));
        }
        last_link = hash;
        let mut touched: std::collections::BTreeMap<Arc<str>, Hash> = std::collections::BTreeMap::new();
        while let Some(record) = events.next_if(|record| record.as_ref().map_or(true, |record| record.seq <= last_seq)) {
            let record: Record = record.map_err(StoreError::read)?;
            verdict.records += 1;
            check(&record, &mut heads, &mut verdict);
            touched.insert(record.run.clone().unwrap_or_default(), record.hash);
        }
        if encode_heads(touched.iter().map(|(name, hash)| (&**name, hash))) != stored_heads {
            verdict
                .findings
                .push(format!("the records up to {last_seq} do not end as link {n} says: some are missing or were added"));
        }
    }
    if let Some(record) = events.next() {
        let record = record.map_err(StoreError::read)?;
        verdict.findings.push(format!("record {} and what follows stand in no link of the workspace's chain", record.seq));
    }
    Ok(verdict)
}

fn check(record: &Record, heads: &mut HashMap<Arc<str>, Hash>, verdict: &mut Verdict) {
    let name = record.run.clone().unwrap_or_default();
    let prev = heads.insert(name, record.hash).unwrap_or_default();
    if record.hash != record.computed_hash() {
        verdict.findings.push(format!("record {} was changed", record.seq));
    }
    if record.prev != prev {
        verdict.findings.push(format!("a record before {} is missing or was moved", record.seq));
    }
}
