//! Archived runs: written, checked, brought back, damaged in every way. Not here: which runs may go.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::sync::mpsc::channel;

use indexmap::IndexMap;
use loomwork_run::{Event, Json, RunCreated, RunStarted, RunStatus, RunSucceeded, RunTrigger, StoredValue, ValueRef};

use super::*;
use crate::{Batch, Move, NewRecord, Removed, RunFilter, Writer, verify};

const TEXT: &str = "loomwork: 1\nid: w\nsteps: []\n";

struct Place {
    folder: tempfile::TempDir,
    writer: Writer,
}

fn large(name: &str) -> (String, Vec<u8>) {
    let json = format!("{:?}", name.repeat(600)).into_bytes();
    (file::hash_of(&json), json)
}

fn record(run: &str, at_ms: i64, kind: impl Into<EventKind>) -> NewRecord {
    let event = Event { at_ms, actor: "ada".to_owned(), step: None, attempt: None, kind: kind.into() };
    NewRecord::of_run(Arc::from(run), event)
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(&folder.path().join("journal.db"), "j").unwrap();
        Self { folder, writer }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.journal()).unwrap()
    }

    fn archive(&self) -> Archive {
        Archive::beside(&self.journal())
    }

    fn commit(&self, batch: Batch) {
        let (sender, receiver) = channel();
        self.writer.commit(batch, Box::new(move |result| sender.send(result).unwrap()));
        receiver.recv().unwrap().unwrap();
    }

    /// A run that ended, whose outputs are a large value.
    fn run(&self, run: &str, number: u32, value: &str) {
        let (hash, json) = large(value);
        let created = RunCreated {
            workflow: "w".to_owned(),
            path: "workflows/w.yaml".to_owned(),
            definition: loomwork_workflow::definition_hash(TEXT),
            version: None,
            number,
            inputs: ValueRef::null(),
            env: ValueRef::null(),
            trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
            labels: IndexMap::new(),
            priority: 5,
            steps: 0,
            parent: None,
            group: None,
            forked_from: None,
        };
        let outputs = ValueRef::Stored(std::sync::Arc::new(StoredValue { hash: hash.clone(), size: json.len() }));
        let at = i64::from(number) * 10;
        self.commit(Batch {
            records: vec![
                record(run, at, created),
                record(run, at, RunStarted {}),
                record(run, at + 1, RunSucceeded { outputs }),
            ],
            values: vec![(hash, Json::of_bytes(json).unwrap())],
            definitions: vec![(loomwork_workflow::definition_hash(TEXT), Arc::from(TEXT))],
            moves: Vec::new(),
        });
    }

    fn head(&self, run: &str) -> ArchiveHead {
        let reader = self.reader();
        let weight = reader.weigh(run).unwrap().unwrap();
        ArchiveHead {
            run: reader.run(run).unwrap().unwrap(),
            events: weight.events,
            head: hex::encode(weight.head),
            took_bytes: weight.bytes,
            actor: "ada".to_owned(),
            at_ms: 99,
        }
    }

    fn told(&self, kind: &'static str, run: &str, moves: Vec<Move>) {
        let ArchiveHead { run: row, events, head, .. } = self.head(run);
        let removed = Removed {
            run: run.to_owned(),
            workflow: row.workflow.clone(),
            number: row.number,
            status: row.status.as_str().to_owned(),
            ended_at_ms: row.ended_at_ms,
            events,
            head,
        };
        let data = serde_json::json!({ "runs": [removed], "numbers": { "w": row.number } });
        self.tell(kind, &data, moves);
    }

    fn tell(&self, kind: &'static str, data: &serde_json::Value, moves: Vec<Move>) {
        let data = data.to_string().into_bytes();
        let told = NewRecord { run: None, at_ms: 100, actor: "ada".to_owned(), kind, v: 1, step: None, attempt: None, data };
        self.commit(Batch { records: vec![told], moves, ..Batch::default() });
    }

    fn whole(&self) -> Vec<String> {
        verify(&self.reader()).unwrap().findings
    }

    fn ids(&self) -> Vec<String> {
        let filter = RunFilter { limit: 100, ..RunFilter::default() };
        self.reader().runs(&filter).unwrap().into_iter().map(|row| row.id).collect()
    }
}

#[test]
fn an_archived_run_leaves_the_journal_whole_and_comes_back_as_it_was() {
    let place = Place::new();
    place.run("a", 1, "x");
    place.run("b", 2, "y");
    let (archive, before) = (place.archive(), place.reader().records("b", 0).unwrap());
    std::fs::create_dir_all(place.folder.path().join("logs/b")).unwrap();
    std::fs::write(place.folder.path().join("logs/b/s.1.log"), b"said").unwrap();
    let written = archive.write(&place.reader(), &place.head("b")).unwrap();
    assert_eq!((written.head.run.status, written.head.events), (RunStatus::Succeeded, 3));
    place.told("runs_archived", "b", vec![Move::Remove(Arc::from("b"))]);
    archive.clear_up("b").unwrap();
    assert_eq!(place.reader().removed().unwrap()["b"].events, 3);
    assert_eq!((place.whole(), place.ids()), (vec![], vec!["a".to_owned()]));
    assert!(place.reader().wrong_in_list().unwrap().is_empty());
    assert!(!place.folder.path().join("logs/b").exists());
    assert_eq!(place.reader().last_number("w").unwrap(), 2, "no later run has its number");
    place.run("c", 3, "z");

    assert_eq!(archive.list().unwrap().into_iter().map(|listed| listed.id).collect::<Vec<_>>(), ["b"]);
    let (archived, returned) = archive.unpack("b").unwrap();
    assert_eq!((archived, &returned.records), (written, &before));
    let said = serde_json::json!({ "runs": [{ "run": "b" }] });
    place.tell("runs_restored", &said, vec![Move::Return(Box::new(returned))]);
    let again = archive.unpack("b").unwrap().1;
    place.tell("runs_restored", &said, vec![Move::Return(Box::new(again))]);
    assert_eq!(place.whole(), Vec::<String>::new(), "who asks twice finds it there");
    assert_eq!(place.reader().returned().unwrap().get("b"), Some(&100));
    assert!(place.reader().removed().unwrap().is_empty());
    assert_eq!(place.reader().records("b", 0).unwrap(), before);
    assert_eq!(place.ids(), ["c", "b", "a"]);
    assert_eq!(std::fs::read(place.folder.path().join("logs/b/s.1.log")).unwrap(), b"said");
    assert!(place.reader().check_values().unwrap().missing.is_empty());
    assert!(place.reader().wrong_in_list().unwrap().is_empty());
}

#[test]
fn a_run_that_is_taken_away_without_a_word_or_with_a_wrong_one_is_found() {
    for (data, findings) in [
        (serde_json::json!({}), 1),
        (
            serde_json::json!({ "runs": [{ "run": "b", "workflow": "w", "number": 1, "status": "succeeded", "ended_at_ms": 1, "events": 3, "head": "00" }] }),
            1,
        ),
    ] {
        let place = Place::new();
        place.run("a", 1, "x");
        place.run("b", 2, "y");
        place.tell("runs_purged", &data, vec![Move::Remove(Arc::from("b"))]);
        assert_eq!(place.whole().len(), findings, "{:?}", place.whole());
    }
    let place = Place::new();
    place.run("a", 1, "x");
    place.run("b", 2, "y");
    place.told("runs_purged", "b", vec![Move::Remove(Arc::from("b"))]);
    assert_eq!(place.whole(), Vec::<String>::new());
    rusqlite::Connection::open(place.journal()).unwrap().execute_batch("DELETE FROM event WHERE run = 'a' AND seq = 1").unwrap();
    assert!(!place.whole().is_empty(), "another record is missing");
}

#[test]
fn values_leave_when_nothing_names_them_any_more_and_only_then() {
    let place = Place::new();
    place.run("a", 1, "x");
    place.run("b", 2, "x");
    place.run("c", 3, "y");
    assert_eq!(place.reader().values_only_of(&["c".to_owned()].into()).unwrap(), (1, large("y").1.len() as u64));
    assert_eq!(place.reader().values_only_of(&["a".to_owned()].into()).unwrap(), (0, 0), "another run names it");
    place.told("runs_purged", "a", vec![Move::Remove(Arc::from("a"))]);
    place.told("runs_purged", "c", vec![Move::Remove(Arc::from("c"))]);
    let (unused, since) = place.reader().unused_values().unwrap();
    assert_eq!(unused, [(large("y").0, large("y").1.len() as u64)]);
    // Meanwhile another run has the same outputs.
    place.run("d", 4, "y");
    let values = unused.into_iter().map(|(hash, _)| hash).collect();
    place.tell("values_removed", &serde_json::json!({}), vec![Move::Sweep { values, since }]);
    assert!(place.reader().check_values().unwrap().missing.is_empty());
    place.told("runs_purged", "d", vec![Move::Remove(Arc::from("d"))]);
    let (unused, since) = place.reader().unused_values().unwrap();
    let values = unused.into_iter().map(|(hash, _)| hash).collect();
    place.tell("values_removed", &serde_json::json!({}), vec![Move::Sweep { values, since }]);
    let check = place.reader().check_values().unwrap();
    assert_eq!((check.values, check.missing.len(), check.unused), (1, 0, (0, 0)));
}

#[test]
fn every_change_of_any_byte_of_an_archived_run_is_found() {
    let place = Place::new();
    place.run("a", 1, "x");
    let archive = place.archive();
    archive.write(&place.reader(), &place.head("a")).unwrap();
    let path = archive.path("a");
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert!(archive.check("a").is_err() && archive.unpack("a").is_err(), "byte {at}");
    }
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(archive.check("a").is_err(), "cut off at {length}");
    }
    std::fs::write(archive.path("b"), &whole).unwrap();
    assert!(archive.check("b").is_err(), "it is of another run");
    // What is damaged is written anew; what is whole stays.
    archive.write(&place.reader(), &place.head("a")).unwrap();
    let again = archive.write(&place.reader(), &ArchiveHead { at_ms: 7, ..place.head("a") }).unwrap();
    assert_eq!(again.head.at_ms, 99);
    assert!(matches!(archive.check("none"), Err(ArchiveError::None(_))));
}

#[test]
fn a_letter_of_a_run_that_is_gone_does_not_come_back_with_the_list() {
    let place = Place::new();
    place.run("a", 1, "x");
    let due = loomwork_run::LetterState::Due { due_at_ms: 50 };
    let letter = loomwork_run::LetterRecord { run: "a".to_owned(), failed_at_ms: 11, state: due };
    place.tell("dead_letter_due", &serde_json::to_value(&letter).unwrap(), Vec::new());
    assert_eq!(place.reader().letters().unwrap(), [letter]);
    let again = record("a", 20, loomwork_run::RunTakenUp { reason: "retry".to_owned() });
    place.commit(Batch { records: vec![again, record("a", 21, RunSucceeded { outputs: ValueRef::null() })], ..Batch::default() });
    place.told("runs_purged", "a", vec![Move::Remove(Arc::from("a"))]);
    assert_eq!(place.reader().letters().unwrap(), []);
    let journal = place.journal();
    drop(place.writer);
    crate::rebuild_list(&journal).unwrap();
    assert_eq!(Reader::open(&journal).unwrap().letters().unwrap(), []);
}
