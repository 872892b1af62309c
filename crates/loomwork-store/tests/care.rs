//! Copies of a journal in use, and what is found besides its chains.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

use indexmap::IndexMap;
use loomwork_run::{Event, Json, RunCreated, RunTrigger, StoredValue, ValueRef};
use loomwork_store::{Batch, NewRecord, Reader, Writer, rebuild_list, rename_journal, snapshot, verify};
use sha2::{Digest as _, Sha256};

const JSON: &[u8] = b"\"large\"";

fn hash() -> String {
    hex::encode(Sha256::digest(JSON))
}

/// A journal with a run whose inputs are a large value; and its writer, which goes on.
fn journal() -> (tempfile::TempDir, PathBuf, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let writer = Writer::open(&path, "j").unwrap();
    commit(&writer, "a");
    (folder, path, writer)
}

fn commit(writer: &Writer, run: &str) {
    let data = RunCreated {
        workflow: "w".to_owned(),
        path: "workflows/w.yaml".to_owned(),
        definition: "d".to_owned(),
        version: None,
        number: 1,
        inputs: ValueRef::Stored(Arc::new(StoredValue { hash: hash(), size: JSON.len() })),
        env: ValueRef::null(),
        trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
        labels: IndexMap::new(),
        priority: 5,
        steps: 2,
        parent: None,
        group: None,
        forked_from: None,
    };
    let event = Event { at_ms: 1, actor: "ada".to_owned(), step: None, attempt: None, kind: data.into() };
    let values = vec![(hash(), Json::of_bytes(JSON.to_vec()).unwrap())];
    let batch = Batch { records: vec![NewRecord::of_run(Arc::from(run), event)], values, ..Batch::default() };
    let (sender, receiver) = channel();
    writer.commit(batch, Box::new(move |result| sender.send(result).unwrap()));
    receiver.recv().unwrap().unwrap();
}

#[test]
fn a_copy_is_whole_while_the_journal_goes_on_and_can_have_an_identity_of_its_own() {
    let (folder, path, writer) = journal();
    let copy = folder.path().join("copy.db");
    snapshot(&path, &copy).unwrap();
    commit(&writer, "b");
    let reader = Reader::open(&copy).unwrap();
    assert_eq!((reader.last_seq().unwrap(), verify(&reader).unwrap().findings), (1, vec![]));
    assert_eq!(reader.integrity().unwrap(), Vec::<String>::new());
    assert_eq!(reader.value(&hash()).unwrap().unwrap(), JSON);
    assert!(snapshot(&path, &copy).is_err(), "what is there is not written over");
    drop(reader);
    rename_journal(&copy, "another").unwrap();
    assert_eq!(Reader::open(&copy).unwrap().journal_id().unwrap(), "another");
    assert_eq!(Reader::open(&path).unwrap().journal_id().unwrap(), "j");
}

#[test]
fn changed_missing_and_unused_values_are_told_apart() {
    let (_folder, path, _writer) = journal();
    let reader = Reader::open(&path).unwrap();
    let healthy = reader.check_values().unwrap();
    assert_eq!((healthy.values, healthy.changed.len(), healthy.missing.len(), healthy.unused), (1, 0, 0, (0, 0)));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE value SET json = x'22'").unwrap();
    assert_eq!(reader.check_values().unwrap().changed, [hash()]);
    raw.execute_batch("UPDATE value SET hash = 'unused'").unwrap();
    let check = reader.check_values().unwrap();
    assert_eq!((check.missing, check.unused), (vec![hash()], (1, 1)));
}

#[test]
fn a_list_of_runs_that_says_otherwise_is_found_and_made_anew() {
    let (_folder, path, writer) = journal();
    commit(&writer, "b");
    drop(writer);
    let wrong = || Reader::open(&path).unwrap().wrong_in_list().unwrap();
    assert_eq!(wrong(), Vec::<String>::new());
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE run SET json = replace(json, 'ada', 'eve') WHERE id = 'a'; DELETE FROM run WHERE id = 'b'")
        .unwrap();
    drop(raw);
    assert_eq!(wrong(), ["a", "b"]);
    rebuild_list(&path).unwrap();
    assert_eq!(wrong(), Vec::<String>::new());
}

#[test]
fn an_index_of_the_records_by_run_that_says_otherwise_is_found_and_made_anew() {
    let (_folder, path, writer) = journal();
    commit(&writer, "b");
    drop(writer);
    let right = || Reader::open(&path).unwrap().index_is_right().unwrap();
    let changes = [
        "DELETE FROM event_of_run WHERE seq = 1",
        "INSERT INTO event_of_run VALUES ('c', 1)",
        "UPDATE event_of_run SET of_run = 'c' WHERE seq = 1",
        "UPDATE event_of_run SET seq = 0 WHERE seq = 1",
    ];
    for change in changes {
        assert!(right());
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
        assert!(!right(), "not found: {change}");
        rebuild_list(&path).unwrap();
    }
    assert!(right());
}
