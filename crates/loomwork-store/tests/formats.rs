//! Journals of earlier formats, as the versions wrote them that had these formats.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use loomwork_run::{Event, RunStarted};
use loomwork_store::{
    Batch, Call, NewRecord, Reader, Record, Removed, RunFilter, RunRow, Verdict, Weight, Writer, snapshot, verify,
};
use tempfile::TempDir;

const FORMAT_1: &str = include_str!("fixtures/journal-1.sql");
/// The run in it that waits for a person.
const WAITS: &str = "01a2009b-7b5e-739e-95b5-e1372f768fe4";

fn place(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn format(path: &Path) -> u32 {
    rusqlite::Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// All that can be asked of a journal.
#[derive(Debug, PartialEq)]
struct Seen {
    verdict: Verdict,
    runs: Vec<RunRow>,
    records: Vec<Vec<Record>>,
    counted: Vec<usize>,
    weights: Vec<Option<Weight>>,
    calls: Vec<Vec<Call>>,
    ids: Vec<String>,
    removed: Vec<Removed>,
    returned: Vec<String>,
    without_logs: usize,
}

fn seen(path: &Path) -> Seen {
    let reader = Reader::open(path).unwrap();
    let runs = reader.runs(&RunFilter { limit: 99, ..RunFilter::default() }).unwrap();
    let mut removed: Vec<Removed> = reader.removed().unwrap().into_values().collect();
    removed.sort_by(|one, other| one.run.cmp(&other.run));
    let ids = || runs.iter().map(|row| row.id.as_str());
    Seen {
        verdict: verify(&reader).unwrap(),
        records: ids().map(|run| reader.records(run, 0).unwrap()).collect(),
        counted: ids().map(|run| reader.count_records(run, 20).unwrap()).collect(),
        weights: ids().map(|run| reader.weigh(run).unwrap()).collect(),
        calls: ids().map(|run| reader.calls(run).unwrap()).collect(),
        ids: reader.run_ids("01a2009b", 99).unwrap(),
        removed,
        returned: reader.returned().unwrap().into_keys().collect(),
        without_logs: reader.without_logs().unwrap().len(),
        runs,
    }
}

#[test]
fn a_journal_of_format_1_is_read_as_it_is() {
    let (_folder, path) = place(FORMAT_1);
    let seen = seen(&path);
    let copy = path.with_file_name("copy.db");
    snapshot(&path, &copy).unwrap();
    assert_eq!(self::seen(&copy), seen);
    assert_eq!((format(&path), format(&copy)), (1, 1), "reading changes nothing");
    assert_eq!(seen.verdict, Verdict { records: 42, findings: vec![] });
    assert_eq!(seen.records.iter().map(Vec::len).collect::<Vec<_>>(), [6, 3, 7, 6]);
    assert_eq!((seen.ids.len(), seen.removed.len(), seen.returned.len()), (3, 2, 1));
}

#[test]
fn a_journal_of_format_1_becomes_one_of_the_present_format_when_it_is_opened_for_writing_and_goes_on() {
    let (_folder, path) = place(FORMAT_1);
    let before = seen(&path);
    let writer = Writer::open(&path, "another id").unwrap();
    assert_eq!((format(&path), writer.next_seq()), (2, 57));
    assert_eq!(seen(&path), before);
    let event = Event { at_ms: 1, actor: "ada".to_owned(), step: None, attempt: None, kind: RunStarted {}.into() };
    let batch = Batch { records: vec![NewRecord::of_run(Arc::from(WAITS), event)], ..Batch::default() };
    let (sender, receiver) = channel();
    writer.commit(batch, Box::new(move |result| sender.send(result).unwrap()));
    let more = receiver.recv().unwrap().unwrap();
    drop(writer);
    let reader = Reader::open(&path).unwrap();
    let records = reader.records(WAITS, 0).unwrap();
    assert_eq!((records.len(), &records[3], more[0].prev), (4, &more[0], records[2].hash));
    assert_eq!(verify(&reader).unwrap(), Verdict { records: 43, findings: vec![] });
    assert!(reader.index_is_right().unwrap());
}

#[test]
fn a_journal_of_format_1_that_was_changed_is_told_before_and_after_it_becomes_one_of_the_present_format() {
    let (_folder, path) = place(FORMAT_1);
    rusqlite::Connection::open(&path).unwrap().execute_batch("DELETE FROM link WHERE n = 5").unwrap();
    let findings = || verify(&Reader::open(&path).unwrap()).unwrap().findings;
    let before = findings();
    assert_eq!(before.len(), 2, "{before:?}");
    drop(Writer::open(&path, "j").unwrap());
    assert_eq!(findings(), before);
}
