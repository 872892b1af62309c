//! Checks the chains: whether every record and link is as it was written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::reader::{ROW, record_of};
use crate::record::{Hash, decode_heads, link_hash};
use crate::removal::{self, Removed};
use crate::{Reader, Record, StoreError, projection};

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
    // An engine may write meanwhile.
    let at_once = reader.connection.unchecked_transaction().map_err(StoreError::read)?;
    let mut check = Check { gone: removal::gone_without_index(&at_once)?, ..Check::default() };
    let known = projection::watermark(&at_once).map_err(StoreError::read)?;
    let mut left = at_once.prepare("SELECT last_seq, hash, heads FROM link ORDER BY last_seq").map_err(StoreError::read)?;
    let left = left.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(StoreError::read)?;
    let mut left = left.peekable();
    let sql = format!("SELECT {ROW}, link, heads FROM event ORDER BY seq");
    let mut events = at_once.prepare(&sql).map_err(StoreError::read)?;
    let mut events = events.query([]).map_err(StoreError::read)?;
    while let Some(row) = events.next().map_err(StoreError::read)? {
        let record = record_of(row).map_err(StoreError::read)?;
        while let Some(link) = left.next_if(|link| link.as_ref().map_or(true, |(last_seq, ..)| *last_seq < record.seq)) {
            check.link(link.map_err(StoreError::read)?);
        }
        check.record(&record);
        let (link, heads) = (row.get("link").map_err(StoreError::read)?, row.get("heads").map_err(StoreError::read)?);
        if let (Some(link), Some(heads)) = (link, heads) {
            check.link((record.seq, link, heads));
        }
    }
    for link in left {
        check.link(link.map_err(StoreError::read)?);
    }
    Ok(check.end(known))
}

/// A link of the workspace's chain: the number of the last record before it, its hash, and the heads that it is over.
type Link = (u64, Hash, Vec<u8>);

/// What is known on the way.
#[derive(Default)]
struct Check {
    records: u64,
    findings: Vec<String>,
    /// By run, or nothing for the workspace.
    heads: HashMap<Arc<str>, Hash>,
    /// Those of the runs that have records since the last link.
    touched: BTreeMap<String, Hash>,
    /// Number and hash of the last link.
    last_link: (u64, Hash),
    /// Number of the last record.
    last: u64,
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
        self.touched.insert(name.to_string(), record.hash);
        self.last = record.seq;
        let prev = self.heads.insert(name, record.hash).unwrap_or_default();
        if record.hash != record.computed_hash() {
            self.found(format!("record {} was changed", record.seq));
        }
        if record.prev != prev {
            self.found(format!("a record before {} is missing or was moved", record.seq));
        }
    }

    fn link(&mut self, (last_seq, hash, heads): Link) {
        if hash != link_hash(&self.last_link.1, last_seq, &heads) {
            self.found(format!("the link of the workspace's chain up to {last_seq} was changed or one before it is missing"));
        }
        self.last_link = (last_seq, hash);
        let touched = std::mem::take(&mut self.touched);
        if !self.fits(touched, &heads) {
            self.found(format!("the records up to {last_seq} do not end as their link says: some are missing or were added"));
        }
    }

    /// Whether the runs that have records in a link end as it says; notes the heads of those that are gone.
    fn fits(&mut self, mut touched: BTreeMap<String, Hash>, stored: &[u8]) -> bool {
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

    /// The verdict, once all is read: what is gone ended as was written down when it went, and so many records are missing;
    /// what the list of runs knows is there.
    fn end(mut self, known: u64) -> Verdict {
        if !self.touched.is_empty() {
            self.found(format!("the records up to {} stand in no link of the workspace's chain", self.last));
        }
        let (last, _) = self.last_link;
        if last < known {
            self.found(format!("the journal ends at {last}, and the list of runs knows {known} records"));
        }
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
