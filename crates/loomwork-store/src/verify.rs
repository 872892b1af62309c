//! Checks the chains: whether every record and link is as it was written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::reader::{ROW, record_of};
use crate::record::{Hash, decode_heads, link_hash};
use crate::removal::{self, Removed};
use crate::{Reader, Record, StoreError};

/// The verdict over a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Records that were checked.
    pub records: u64,
    /// What is wrong; empty when the journal is whole.
    pub findings: Vec<String>,
}

/// Checks every record and link. Of runs that were archived or purged the heads are left, and an event that says which
/// they were: they are checked against that.
///
/// # Errors
/// When the journal cannot be read.
pub fn verify(reader: &Reader) -> Result<Verdict, StoreError> {
    let mut check = Check { gone: removal::gone(&reader.connection)?, ..Check::default() };
    let sql = format!("SELECT {ROW} FROM event ORDER BY seq");
    let mut events = reader.connection.prepare(&sql).map_err(StoreError::read)?;
    let mut events = events.query_map([], record_of).map_err(StoreError::read)?.peekable();
    let mut links =
        reader.connection.prepare("SELECT n, last_seq, heads, prev, hash FROM link ORDER BY n").map_err(StoreError::read)?;
    let links = links
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .map_err(StoreError::read)?;
    let (mut last_link, mut last) = (Hash::default(), 0);
    for (expected_n, link) in (1_u64..).zip(links) {
        let (n, last_seq, stored_heads, prev, hash): (u64, u64, Vec<u8>, Hash, Hash) = link.map_err(StoreError::read)?;
        if n != expected_n || prev != last_link || hash != link_hash(&prev, last_seq, &stored_heads) {
            check.found(format!("link {n} of the workspace's chain was changed or a link before it is missing"));
        }
        (last_link, last) = (hash, last_seq);
        let mut touched: BTreeMap<String, Hash> = BTreeMap::new();
        while let Some(record) = events.next_if(|record| record.as_ref().map_or(true, |record| record.seq <= last_seq)) {
            let record: Record = record.map_err(StoreError::read)?;
            check.record(&record);
            touched.insert(record.run.as_deref().unwrap_or_default().to_owned(), record.hash);
        }
        if !check.link(touched, &stored_heads) {
            check.found(format!("the records up to {last_seq} do not end as link {n} says: some are missing or were added"));
        }
    }
    if let Some(record) = events.next() {
        let record = record.map_err(StoreError::read)?;
        check.found(format!("record {} and what follows stand in no link of the workspace's chain", record.seq));
    }
    Ok(check.end(last))
}

/// What is known on the way.
#[derive(Default)]
struct Check {
    records: u64,
    findings: Vec<String>,
    /// By run, or nothing for the workspace.
    heads: HashMap<Arc<str>, Hash>,
    gone: HashMap<String, Removed>,
    /// The last heads of runs that are gone, as links have them.
    gone_heads: HashMap<String, Hash>,
}

impl Check {
    fn found(&mut self, finding: String) {
        self.findings.push(finding);
    }

    fn record(&mut self, record: &Record) {
        self.records += 1;
        let name = record.run.clone().unwrap_or_default();
        if self.gone.contains_key(&*name) {
            self.found(format!("record {} is of a run that was removed", record.seq));
        }
        let prev = self.heads.insert(name, record.hash).unwrap_or_default();
        if record.hash != record.computed_hash() {
            self.found(format!("record {} was changed", record.seq));
        }
        if record.prev != prev {
            self.found(format!("a record before {} is missing or was moved", record.seq));
        }
    }

    /// Whether the runs that have records in a link end as it says; notes the heads of those that are gone.
    fn link(&mut self, mut touched: BTreeMap<String, Hash>, stored: &[u8]) -> bool {
        let Some(stored) = decode_heads(stored) else { return false };
        let mut fits = true;
        for (name, hash) in stored {
            if self.gone.contains_key(&name) {
                self.gone_heads.insert(name.clone(), hash);
            }
            match touched.remove(&name) {
                Some(found) => fits &= found == hash,
                None => fits &= self.gone.contains_key(&name),
            }
        }
        fits && touched.is_empty()
    }

    /// The verdict, once all is read: what is gone ended as was written down when it went, and so many records are missing.
    fn end(mut self, last: u64) -> Verdict {
        let gone = std::mem::take(&mut self.gone);
        for (run, removed) in &gone {
            if self.gone_heads.get(run).map(hex::encode).as_deref() != Some(&*removed.head) {
                self.found(format!("the run {run}, which was removed, did not end as its removal says"));
            }
        }
        let missing = last.saturating_sub(self.records);
        let removed: u64 = gone.values().map(|removed| removed.events).sum();
        // Told already where records are missing or were added otherwise.
        if self.findings.is_empty() && missing != removed {
            self.found(format!("{missing} records are missing, of which {removed} were removed with their runs"));
        }
        Verdict { records: self.records, findings: self.findings }
    }
}
