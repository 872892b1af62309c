//! The journal on a real disk: what is acknowledged stays, what is changed is found, what does not fit is refused.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use indexmap::IndexMap;
use loomwork_run::{Event, EventKind, RunCreated, RunStarted, RunStatus, RunSucceeded, RunTrigger, StepSucceeded, ValueRef};
use loomwork_store::{Batch, NewRecord, Reader, Record, RunFilter, StoreError, Verdict, Writer, verify};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    (folder, path)
}

fn event(at_ms: i64, step: Option<&str>, kind: EventKind) -> Event {
    Event { at_ms, actor: "engine".to_owned(), step: step.map(str::to_owned), attempt: None, kind }
}

fn created(run: &str, at_ms: i64, number: u32) -> NewRecord {
    let data = RunCreated {
        workflow: "w".to_owned(),
        path: "workflows/w.yaml".to_owned(),
        definition: "d".to_owned(),
        version: None,
        number,
        inputs: ValueRef::null(),
        env: ValueRef::null(),
        trigger: RunTrigger { kind: "manual".to_owned(), actor: "ada".to_owned() },
        labels: IndexMap::new(),
        priority: 5,
        steps: 2,
        parent: None,
        group: None,
        forked_from: None,
    };
    NewRecord::of_run(Arc::from(run), event(at_ms, None, data.into()))
}

fn of(run: &str, at_ms: i64, step: Option<&str>, kind: impl Into<EventKind>) -> NewRecord {
    NewRecord::of_run(Arc::from(run), event(at_ms, step, kind.into()))
}

fn succeeded() -> StepSucceeded {
    StepSucceeded { port: "succeeded".to_owned(), output: ValueRef::null(), fingerprint: None, cached: None }
}

fn commit(writer: &Writer, records: Vec<NewRecord>) -> Vec<Record> {
    let (sender, receiver) = channel();
    writer.commit(Batch { records, ..Batch::default() }, Box::new(move |result| sender.send(result).unwrap()));
    receiver.recv().unwrap().unwrap()
}

/// Two runs, one of which ended, in three commits.
fn fill(path: &Path) -> Vec<Record> {
    let writer = Writer::open(path, "j").unwrap();
    let mut all = commit(&writer, vec![created("a", 1, 1), of("a", 1, None, RunStarted {}), created("b", 2, 2)]);
    all.extend(commit(&writer, vec![of("a", 3, Some("x"), succeeded()), of("b", 3, None, RunStarted {})]));
    let outputs = ValueRef::null();
    all.extend(commit(&writer, vec![of("a", 4, Some("y"), succeeded()), of("a", 5, None, RunSucceeded { outputs })]));
    all
}

fn everything(path: &Path) -> Vec<Record> {
    let reader = Reader::open(path).unwrap();
    let mut all = reader.records("a", 0).unwrap();
    all.extend(reader.records("b", 0).unwrap());
    all.sort_by_key(|record| record.seq);
    all
}

#[test]
fn what_was_acknowledged_is_there_when_the_journal_is_opened_again_and_the_chain_goes_on() {
    let (_folder, path) = place();
    let acknowledged = fill(&path);
    assert_eq!(everything(&path), acknowledged);
    let writer = Writer::open(&path, "another id").unwrap();
    assert_eq!(writer.journal_id(), "j");
    let more = commit(&writer, vec![of("b", 6, Some("x"), succeeded())]);
    let last_of_b = acknowledged.iter().rfind(|record| record.run.as_deref() == Some("b")).unwrap();
    assert_eq!((more[0].seq, more[0].prev), (8, last_of_b.hash));
    drop(writer);
    // As after a death before anything followed the journal.
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DELETE FROM run; DELETE FROM event_of_run; UPDATE meta SET value = '0' WHERE key = 'projected_seq'")
        .unwrap();
    let writer = Writer::open(&path, "another id").unwrap();
    let last = commit(&writer, vec![of("b", 7, Some("y"), succeeded())]);
    assert_eq!((last[0].seq, last[0].prev), (9, more[0].hash));
    drop(writer);
    let verdict = verify(&Reader::open(&path).unwrap()).unwrap();
    assert_eq!(verdict, Verdict { records: 9, findings: vec![] });
}

#[test]
fn the_list_of_runs_is_the_same_from_the_projection_and_from_the_journal_alone() {
    let (_folder, path) = place();
    fill(&path);
    let list = || Reader::open(&path).unwrap().runs(&RunFilter { limit: 10, ..RunFilter::default() }).unwrap();
    let projected = list();
    assert_eq!(projected.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!((projected[1].status, projected[1].done, projected[1].ended_at_ms), (RunStatus::Succeeded, 2, Some(5)));
    let raw = rusqlite::Connection::open(&path).unwrap();
    let records = everything(&path);
    raw.execute_batch("DELETE FROM run; UPDATE meta SET value = '0' WHERE key = 'projected_seq'").unwrap();
    assert_eq!((list(), everything(&path)), (projected.clone(), records));
    let open = Reader::open(&path).unwrap().open_runs().unwrap();
    assert_eq!(open.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let ids = |status| Reader::open(&path).unwrap().ids_of(status).unwrap();
    let of_the_events = (ids(RunStatus::Succeeded), ids(projected[0].status));
    assert_eq!(of_the_events, (vec!["a".to_owned()], vec!["b".to_owned()]));
    drop(Writer::open(&path, "j").unwrap());
    let rows: u32 = raw.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
    assert_eq!((ids(RunStatus::Succeeded), ids(projected[0].status)), of_the_events);
    assert_eq!((rows, list()), (2, projected));
}

#[test]
fn lists_are_filtered_and_paged() {
    let (_folder, path) = place();
    let writer = Writer::open(&path, "j").unwrap();
    for n in 0..25 {
        commit(&writer, vec![created(&format!("r{n:02}"), 100 + n, u32::try_from(n).unwrap())]);
    }
    let reader = Reader::open(&path).unwrap();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = reader.runs(&RunFilter { before, limit: 10, ..RunFilter::default() }).unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.created_at_ms, last.id.clone()));
        seen.extend(page.into_iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a > b));
    assert_eq!(reader.last_number("w").unwrap(), 24);
    assert_eq!(reader.counts().unwrap()[&RunStatus::Queued], 25);
    assert_eq!(reader.run_ids("r1", 99).unwrap().len(), 10);
}

#[test]
fn every_change_of_a_record_or_link_is_found() {
    let changes = [
        "UPDATE event SET data = x'7b7d20' WHERE seq = 4",
        "UPDATE event SET at_ms = at_ms + 1 WHERE seq = 3",
        "UPDATE event SET actor = 'eve' WHERE seq = 1",
        "UPDATE event SET kind = 'step_failed' WHERE seq = 4",
        "UPDATE event SET step = NULL WHERE seq = 4",
        "DELETE FROM event WHERE seq = 4",
        "DELETE FROM event WHERE seq = 7",
        "DELETE FROM event WHERE run = 'b'",
        "UPDATE event SET seq = 99 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 99",
        "DELETE FROM event WHERE seq >= 6",
        "UPDATE event SET link = NULL WHERE seq = 5",
        "UPDATE event SET link = NULL WHERE seq = 7",
        "UPDATE event SET link = zeroblob(32) WHERE seq = 3",
        "UPDATE event SET heads = x'' WHERE seq = 5",
        "UPDATE event SET (link, heads) = (SELECT link, heads FROM event WHERE seq = 5) WHERE seq = 4; UPDATE event SET link = NULL WHERE seq = 5",
        "INSERT INTO link SELECT seq, link, heads FROM event WHERE seq = 5; UPDATE event SET link = NULL WHERE seq = 5; UPDATE link SET last_seq = 4",
        "INSERT INTO event SELECT 8, run, at_ms, actor, kind, v, step, attempt, data, prev, hash, NULL, NULL FROM event WHERE seq = 7",
    ];
    for change in changes {
        let (_folder, path) = place();
        fill(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let verdict = verify(&Reader::open(&path).unwrap()).unwrap();
        assert!(!verdict.findings.is_empty(), "not found: {change}");
    }
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    let text = "this is a shopping list, long enough to be read as a page header. ".repeat(20);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(Writer::open(&path, "j"), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_journal_that_has_lost_its_end_is_refused_before_anything_new_takes_the_place_of_what_is_missing() {
    let (_folder, path) = place();
    fill(&path);
    rusqlite::Connection::open(&path).unwrap().execute_batch("DELETE FROM event WHERE seq >= 6").unwrap();
    let message = Writer::open(&path, "j").unwrap_err().to_string();
    assert!(message.contains("ends at record 5") && message.contains("knows 7"), "{message}");
}

#[test]
fn a_list_of_runs_that_cannot_be_read_is_made_anew_and_the_index_with_it() {
    let (_folder, path) = place();
    fill(&path);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE run SET json = 'no' WHERE id = 'b'").unwrap();
    let writer = Writer::open(&path, "j").unwrap();
    commit(&writer, vec![of("b", 6, Some("x"), succeeded())]);
    drop(writer);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.wrong_in_list().unwrap(), Vec::<String>::new());
    let projected: u64 = raw
        .query_row("SELECT value FROM meta WHERE key = 'projected_seq'", [], |row| row.get::<_, String>(0))
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!((projected, reader.index_is_right().unwrap()), (8, true));
}

#[test]
fn a_journal_of_a_newer_format_is_refused_with_both_numbers() {
    let (_folder, path) = place();
    fill(&path);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let message = Writer::open(&path, "j").unwrap_err().to_string();
    assert!(message.contains("format 7") && message.contains("up to 2"), "{message}");
    assert!(matches!(Reader::open(&path), Err(StoreError::TooNew { found: 7, .. })));
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (folder, _) = place();
    let not_a_folder = folder.path().join("file");
    std::fs::write(&not_a_folder, "").unwrap();
    let message = Writer::open(&not_a_folder.join("journal.db"), "j").unwrap_err().to_string();
    assert!(message.contains("file/journal.db") && message.contains("cannot be opened"), "{message}");
}

#[test]
fn after_a_failed_commit_nothing_more_is_written() {
    let (_folder, path) = place();
    fill(&path);
    let writer = Writer::open(&path, "j").unwrap();
    // Somebody else takes the next number, so that the insert fails.
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(
        "INSERT INTO event SELECT 8, run, at_ms, actor, kind, v, step, attempt, data, prev, hash, NULL, NULL FROM event WHERE seq = 7",
    )
    .unwrap();
    let (sender, receiver) = channel();
    for _ in 0..2 {
        let sender = sender.clone();
        let batch = Batch { records: vec![of("b", 9, Some("x"), succeeded())], ..Batch::default() };
        writer.commit(batch, Box::new(move |result| sender.send(result).unwrap()));
    }
    assert!(matches!(receiver.recv().unwrap(), Err(StoreError::Write(_))));
    assert!(matches!(receiver.recv().unwrap(), Err(StoreError::Closed)));
}

#[test]
fn a_definition_is_kept_once_and_listed_with_its_runs_with_and_without_the_projection() {
    let (_folder, path) = place();
    let text = |hash: &str| vec![(hash.to_owned(), Arc::from(format!("text of {hash}")))];
    {
        let writer = Writer::open(&path, "j").unwrap();
        for (run, at_ms, number) in [("a", 1, 1), ("b", 2, 2)] {
            let (sender, receiver) = channel();
            let batch = Batch { records: vec![created(run, at_ms, number)], definitions: text("d"), ..Batch::default() };
            writer.commit(batch, Box::new(move |result| sender.send(result).unwrap()));
            receiver.recv().unwrap().unwrap();
        }
        commit(&writer, vec![of("a", 3, None, RunStarted {})]);
    }
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.definitions("d", 5).unwrap(), [("d".to_owned(), "text of d".to_owned())]);
    assert_eq!(reader.definitions("e", 5).unwrap(), []);
    let projected = reader.versions("w").unwrap();
    assert_eq!(projected.len(), 1);
    assert_eq!((projected[0].runs, projected[0].first_ms, projected[0].last_ms), (2, 1, 2));
    // The same from the journal alone, as before the projection has caught up.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("DELETE FROM run; UPDATE meta SET value = '0' WHERE key = 'projected_seq'").unwrap();
    assert_eq!(reader.versions("w").unwrap(), projected);
    connection.execute_batch("UPDATE meta SET value = '1' WHERE key = 'projected_seq'").unwrap();
    assert_eq!(reader.versions("other").unwrap(), []);
}

#[test]
fn breakers_and_letters_are_the_same_from_the_projection_and_from_the_journal_alone() {
    use loomwork_run::{BreakerInput, BreakerRecord, LetterRecord, LetterState};
    let (_folder, path) = place();
    let writer = Writer::open(&path, "j").unwrap();
    let shared = |kind: &'static str, data: serde_json::Value| NewRecord {
        run: None,
        at_ms: 9,
        actor: "engine".to_owned(),
        kind,
        v: 1,
        step: None,
        attempt: None,
        data: data.to_string().into_bytes(),
    };
    let letter = |run: &str, state| LetterRecord { run: run.to_owned(), failed_at_ms: 5, state };
    let json = |letter: &LetterRecord| serde_json::to_value(letter).unwrap();
    let due = LetterState::Due { due_at_ms: 8 };
    let parked = LetterState::Parked { parked_at_ms: 9 };
    let mut breaker = BreakerRecord::new("k".to_owned(), 1);
    let name = loomwork_run::AttemptName { run: "a".to_owned(), step: "s".to_owned(), attempt: 1 };
    let (_, opened) = breaker.meet(BreakerInput::Failed(name), 7);
    commit(&writer, (0..4).map(|n| created(&format!("r{n}"), n.into(), n + 1)).collect());
    commit(&writer, (0..4).map(|n| shared("dead_letter_due", json(&letter(&format!("r{n}"), due)))).collect());
    commit(&writer, (0..3).map(|n| shared("dead_letter_parked", json(&letter(&format!("r{n}"), parked)))).collect());
    let taken_up = of("r1", 10, None, loomwork_run::RunTakenUp { reason: "retry".to_owned() });
    let sent = shared("dead_letter_discarded", serde_json::json!({ "run": "r2", "reason": null }));
    commit(&writer, vec![taken_up, sent, shared(opened.unwrap(), serde_json::to_value(&breaker).unwrap())]);
    let seen = || {
        let reader = Reader::open(&path).unwrap();
        let rows: Vec<_> = reader.dead_letters().unwrap().into_iter().map(|(letter, row)| (letter.run, row.number)).collect();
        (reader.breakers().unwrap(), reader.letters().unwrap(), rows)
    };
    let rows = vec![("r0".to_owned(), 1), ("r3".to_owned(), 4)];
    let expected = (vec![breaker], vec![letter("r0", parked), letter("r3", due)], rows);
    assert_eq!(seen(), expected);
    drop(writer);
    // The projection has caught up at the latest when it was closed; without it the journal says the same.
    drop(Writer::open(&path, "j").unwrap());
    assert_eq!(seen(), expected);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DELETE FROM run; DELETE FROM standing; UPDATE meta SET value = '0' WHERE key = 'projected_seq'").unwrap();
    assert_eq!(seen(), expected);
    raw.execute_batch("DROP TABLE standing").unwrap();
    assert_eq!(seen(), expected);
}
