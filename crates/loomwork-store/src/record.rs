//! Records of the journal, and the hashes that chain them.
//!
//! Invariant: a hash covers the bytes that are stored, never JSON that was written anew.

use std::sync::Arc;

use loomwork_run::{DecodeError, Event, EventKind, Json};
use sha2::{Digest as _, Sha256};

use crate::Move;

/// A hash of the chain.
pub(crate) type Hash = [u8; 32];

/// An event that wants to be recorded.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// The run; none for events of the workspace.
    pub run: Option<Arc<str>>,
    /// When it was decided, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// Kind, past tense.
    pub kind: &'static str,
    /// Version of the kind's data.
    pub v: u32,
    /// Path of the step.
    pub step: Option<String>,
    /// Number of the attempt.
    pub attempt: Option<u32>,
    /// Its data, as JSON text.
    pub data: Vec<u8>,
}

impl NewRecord {
    /// The record of a run's event.
    pub fn of_run(run: Arc<str>, event: Event) -> Self {
        Self {
            run: Some(run),
            at_ms: event.at_ms,
            actor: event.actor,
            kind: event.kind.name(),
            v: loomwork_run::EVENT_VERSION,
            step: event.step,
            attempt: event.attempt,
            data: event.kind.encode(),
        }
    }
}

/// What one commit writes, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The events, in order.
    pub records: Vec<NewRecord>,
    /// Large values: hash and compact JSON.
    pub values: Vec<(String, Json)>,
    /// Texts of workflows: hash and text.
    pub definitions: Vec<(String, Arc<str>)>,
    /// What leaves the journal or comes back to it. The records say so.
    pub moves: Vec<Move>,
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number, growing over the whole workspace.
    pub seq: u64,
    /// The run; none for events of the workspace.
    pub run: Option<Arc<str>>,
    /// When it was decided, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// Kind.
    pub kind: String,
    /// Version of the kind's data.
    pub v: u32,
    /// Path of the step.
    pub step: Option<String>,
    /// Number of the attempt.
    pub attempt: Option<u32>,
    /// Its data, as JSON text.
    pub data: Vec<u8>,
    /// Hash of the run's record before; zeros for the first.
    pub prev: [u8; 32],
    /// Hash of this record.
    pub hash: [u8; 32],
}

impl Record {
    /// A new record with its place in the chain.
    pub fn chained(seq: u64, prev: [u8; 32], new: NewRecord) -> Self {
        let mut record = Self {
            seq,
            run: new.run,
            at_ms: new.at_ms,
            actor: new.actor,
            kind: new.kind.to_owned(),
            v: new.v,
            step: new.step,
            attempt: new.attempt,
            data: new.data,
            prev,
            hash: [0; 32],
        };
        record.hash = record.computed_hash();
        record
    }

    /// The hash that the record must have: over its place, its head, and the hash of its data.
    pub fn computed_hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.prev);
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.at_ms.to_be_bytes());
        hasher.update(self.v.to_be_bytes());
        hasher.update(self.attempt.map_or(0, u64::from).to_be_bytes());
        let texts = [self.run.as_deref(), Some(self.actor.as_str()), Some(self.kind.as_str()), self.step.as_deref()];
        for text in texts {
            // Length first, so that no two heads have the same bytes; absent differs from empty.
            let text = text.map(str::as_bytes);
            hasher.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            hasher.update(text.unwrap_or_default());
        }
        hasher.update(Sha256::digest(&self.data));
        hasher.finalize().into()
    }

    /// The event of a run that it records.
    ///
    /// # Errors
    /// When the kind is unknown or the data does not fit it.
    pub fn event(&self) -> Result<Event, DecodeError> {
        Ok(Event {
            at_ms: self.at_ms,
            actor: self.actor.clone(),
            step: self.step.clone(),
            attempt: self.attempt,
            kind: EventKind::decode(&self.kind, self.v, &self.data)?,
        })
    }
}

/// A link of the workspace's chain: over the heads of the runs that a commit touched.
pub(crate) fn link_hash(prev: &Hash, last_seq: u64, heads: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(prev);
    hasher.update(last_seq.to_be_bytes());
    hasher.update(Sha256::digest(heads));
    hasher.finalize().into()
}

/// The opposite of [`encode_heads`]; none when the bytes are no heads.
pub(crate) fn decode_heads(mut bytes: &[u8]) -> Option<Vec<(String, Hash)>> {
    let mut heads = Vec::new();
    while !bytes.is_empty() {
        let (hash, rest) = bytes.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        heads.push((String::from_utf8(name.to_vec()).ok()?, *hash));
        bytes = rest;
    }
    Some(heads)
}

/// The heads of a commit as stored: 32 bytes of hash and a name (`run` or empty for the workspace), each name after its length.
pub(crate) fn encode_heads<'h>(heads: impl Iterator<Item = (&'h str, &'h Hash)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (run, hash) in heads {
        bytes.extend_from_slice(hash);
        bytes.extend_from_slice(&u32::try_from(run.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(run.as_bytes());
    }
    bytes
}
