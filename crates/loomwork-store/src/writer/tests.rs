//! A disk that fails when a test says so, under a real database.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use loomwork_run::{Event, RunStarted};

use super::*;
use crate::{NewRecord, Reader, projection, verify};

/// How commits fail from now on: not at all, before anything is written, or after all of it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    Before,
    /// Once: what is looked for again is found.
    After,
}

/// The faults of one journal's disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Fault>>);

impl Faults {
    fn set(&self, fault: Fault) {
        *self.0.lock().unwrap() = fault;
    }

    pub(super) fn before(&self) -> Result<(), StoreError> {
        if *self.0.lock().unwrap() == Fault::Before { Err(StoreError::DiskFull) } else { Ok(()) }
    }

    pub(super) fn after(&self) -> Result<(), StoreError> {
        let mut fault = self.0.lock().unwrap();
        if *fault != Fault::After {
            return Ok(());
        }
        *fault = Fault::None;
        Err(StoreError::CannotWrite("disk I/O error".to_owned()))
    }
}

static DISKS: LazyLock<Mutex<HashMap<PathBuf, Faults>>> = LazyLock::new(Mutex::default);

pub(super) fn faults_of(path: &Path) -> Faults {
    DISKS.lock().unwrap().entry(path.to_owned()).or_default().clone()
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
    faults: Faults,
    writer: Writer,
    told: Receiver<Option<String>>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let (tell, told) = channel();
    let trouble: Trouble = Box::new(move |error| _ = tell.send(error.map(ToString::to_string)));
    let writer = Writer::open_with(&path, "j", Durability::Full, trouble).unwrap();
    Place { _folder: folder, faults: faults_of(&path), path, writer, told }
}

fn batch() -> Batch {
    let event = Event { at_ms: 1, actor: "engine".to_owned(), step: None, attempt: None, kind: RunStarted {}.into() };
    Batch { records: vec![NewRecord::of_run(Arc::from("r"), event)], ..Batch::default() }
}

fn commit(writer: &Writer) -> Receiver<Result<Vec<Record>, StoreError>> {
    let (sender, receiver) = channel();
    writer.commit(batch(), Box::new(move |result| _ = sender.send(result)));
    receiver
}

fn seqs(place: &Place) -> Vec<u64> {
    let reader = Reader::open(&place.path).unwrap();
    assert_eq!(verify(&reader).unwrap().findings, Vec::<String>::new());
    reader.records("r", 0).unwrap().iter().map(|record| record.seq).collect()
}

#[test]
fn a_batch_waits_for_room_and_is_then_written_once_with_what_came_after_it() {
    let place = place();
    commit(&place.writer).recv().unwrap().unwrap();
    place.faults.set(Fault::Before);
    let first = commit(&place.writer);
    let second = commit(&place.writer);
    assert!(place.told.recv().unwrap().unwrap().contains("the disk is full"));
    assert_eq!(seqs(&place), [1]);
    place.faults.set(Fault::None);
    assert_eq!(first.recv().unwrap().unwrap()[0].seq, 2);
    assert_eq!(second.recv().unwrap().unwrap()[0].seq, 3);
    let last = std::iter::from_fn(|| place.told.try_recv().ok()).last();
    assert_eq!(last, Some(None), "it is told that the trouble is over");
    assert_eq!(seqs(&place), [1, 2, 3]);
}

#[test]
fn a_batch_that_was_durable_although_its_commit_failed_is_not_written_twice() {
    let place = place();
    place.faults.set(Fault::After);
    let records = commit(&place.writer).recv().unwrap().unwrap();
    assert_eq!(records[0].seq, 1);
    assert!(place.told.recv().unwrap().is_some());
    assert_eq!(place.told.recv().unwrap(), None);
    commit(&place.writer).recv().unwrap().unwrap();
    assert_eq!(seqs(&place), [1, 2]);
}

#[test]
fn an_end_does_not_wait_for_room() {
    let place = place();
    place.faults.set(Fault::Before);
    let answer = commit(&place.writer);
    place.told.recv().unwrap().unwrap();
    let Place { writer, path, .. } = place;
    drop(writer);
    assert!(matches!(answer.recv().unwrap(), Err(StoreError::DiskFull)));
    assert!(Reader::open(&path).unwrap().records("r", 0).unwrap().is_empty());
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_written_over() {
    let place = place();
    place.faults.set(Fault::Before);
    let answer = commit(&place.writer);
    place.told.recv().unwrap().unwrap();
    let raw = rusqlite::Connection::open(&place.path).unwrap();
    raw.execute_batch("INSERT INTO link VALUES (1, randomblob(32), x'')").unwrap();
    place.faults.set(Fault::None);
    assert!(matches!(answer.recv().unwrap(), Err(StoreError::Write(_) | StoreError::Read(_))));
    assert!(matches!(commit(&place.writer).recv().unwrap(), Err(StoreError::Closed)));
}

fn commit_here(writer: &Writer) -> Receiver<Result<Vec<Record>, StoreError>> {
    let (sender, receiver) = channel();
    writer.commit_here(batch(), Box::new(move |result| _ = sender.send(result)));
    receiver
}

#[test]
fn a_batch_of_the_caller_s_thread_is_durable_when_it_returns_and_the_list_follows_by_itself() {
    let place = place();
    for seq in 1..=3 {
        // It is handed over while the thread is at work.
        assert_eq!(commit_here(&place.writer).recv().unwrap().unwrap()[0].seq, seq);
    }
    assert_eq!(commit(&place.writer).recv().unwrap().unwrap()[0].seq, 4);
    assert_eq!(commit_here(&place.writer).recv().unwrap().unwrap()[0].seq, 5);
    assert_eq!(seqs(&place), [1, 2, 3, 4, 5]);
    let raw = rusqlite::Connection::open(&place.path).unwrap();
    while projection::meta(&raw, "projected_seq").unwrap().as_deref() != Some("5") {
        std::thread::yield_now();
    }
}

#[test]
fn a_batch_of_the_caller_s_thread_waits_for_room_too() {
    let place = place();
    place.faults.set(Fault::Before);
    let answer = commit_here(&place.writer);
    assert!(place.told.recv().unwrap().unwrap().contains("the disk is full"));
    assert!(answer.try_recv().is_err());
    place.faults.set(Fault::None);
    assert_eq!(answer.recv().unwrap().unwrap()[0].seq, 1);
    assert_eq!(commit_here(&place.writer).recv().unwrap().unwrap()[0].seq, 2);
    assert_eq!(seqs(&place), [1, 2]);
}

#[test]
fn a_batch_of_the_caller_s_thread_that_was_durable_although_its_commit_failed_is_not_written_twice() {
    let place = place();
    place.faults.set(Fault::After);
    assert_eq!(commit_here(&place.writer).recv().unwrap().unwrap()[0].seq, 1);
    commit_here(&place.writer).recv().unwrap().unwrap();
    assert_eq!(seqs(&place), [1, 2]);
}
