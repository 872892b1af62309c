//! Any history of commits, removals, returns, deaths and failing projections leaves what a plain model says.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use loomwork_run::{Event, RunStarted};
use loomwork_store::{Batch, Move, NewRecord, Reader, Record, Removed, Returned, RunFilter, Writer, rebuild_list, verify};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
enum Act {
    /// A commit with an event of each of these runs; the first of them all is the workspace.
    Commit(Vec<u8>),
    Remove(Vec<u8>),
    Return(u8),
    Reopen,
    /// What follows the journal is as it was at an earlier moment, in this part of all.
    Die(u8),
    /// What follows the journal cannot, or can again.
    Block,
    Rebuild,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let runs = || prop::collection::vec(0_u8..6, 1..5);
    let act = prop_oneof![
        8 => runs().prop_map(Act::Commit),
        3 => prop::collection::vec(1_u8..6, 1..3).prop_map(Act::Remove),
        2 => (1_u8..6).prop_map(Act::Return),
        2 => Just(Act::Reopen),
        1 => any::<u8>().prop_map(Act::Die),
        1 => Just(Act::Block),
        1 => Just(Act::Rebuild),
    ];
    prop::collection::vec(act, 1..40)
}

fn of_run(run: &str) -> NewRecord {
    let event = Event { at_ms: 1, actor: "ada".to_owned(), step: None, attempt: None, kind: RunStarted {}.into() };
    NewRecord::of_run(Arc::from(run), event)
}

fn of_workspace(kind: &'static str, data: &Value) -> NewRecord {
    let data = data.to_string().into_bytes();
    NewRecord { run: None, at_ms: 1, actor: "ada".to_owned(), kind, v: 1, step: None, attempt: None, data }
}

fn sql(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// The records by run, the workspace's under no name; and the runs that are gone.
#[derive(Default)]
struct Model {
    records: BTreeMap<String, Vec<Record>>,
    gone: BTreeMap<String, Vec<Record>>,
    blocked: bool,
}

impl Model {
    fn commit(&mut self, writer: &Writer, records: Vec<NewRecord>, moves: Vec<Move>) {
        let (sender, receiver) = channel();
        writer.commit(Batch { records, moves, ..Batch::default() }, Box::new(move |result| sender.send(result).unwrap()));
        for record in receiver.recv().unwrap().unwrap() {
            self.records.entry(record.run.as_deref().unwrap_or_default().to_owned()).or_default().push(record);
        }
    }

    fn remove(&mut self, writer: &Writer, runs: &[u8]) {
        let (mut said, mut moves) = (Vec::new(), Vec::new());
        for run in runs.iter().map(u8::to_string) {
            let Some(records) = self.records.remove(&run) else { continue };
            said.push(Removed {
                run: run.clone(),
                workflow: "w".to_owned(),
                number: 1,
                status: "succeeded".to_owned(),
                ended_at_ms: None,
                events: records.len() as u64,
                head: hex::encode(records.last().unwrap().hash),
            });
            moves.push(Move::Remove(Arc::from(run.as_str())));
            self.gone.insert(run, records);
        }
        self.commit(writer, vec![of_workspace("runs_archived", &json!({ "runs": said }))], moves);
    }

    fn bring_back(&mut self, writer: &Writer, run: &str) {
        let Some(records) = self.gone.remove(run) else { return };
        let returned = Returned { run: Arc::from(run), records: records.clone(), values: Vec::new(), definitions: Vec::new() };
        let said = of_workspace("runs_restored", &json!({ "runs": [{ "run": run }] }));
        self.commit(writer, vec![said], vec![Move::Return(Box::new(returned))]);
        self.records.insert(run.to_owned(), records);
    }

    fn act(&mut self, path: &Path, writer: &mut Option<Writer>, act: &Act) {
        let open = || Some(Writer::open(path, "j").unwrap());
        let present = writer.as_ref().unwrap();
        match act {
            Act::Commit(runs) => {
                // A run that is gone has no events until it is back.
                let names = runs.iter().filter(|run| !self.gone.contains_key(&run.to_string()));
                let event = |run: &u8| if *run == 0 { of_workspace("said", &json!({})) } else { of_run(&run.to_string()) };
                let records: Vec<NewRecord> = names.map(event).collect();
                if !records.is_empty() {
                    self.commit(present, records, Vec::new());
                }
            }
            Act::Remove(runs) => self.remove(present, runs),
            Act::Return(run) => self.bring_back(present, &run.to_string()),
            Act::Reopen => {
                *writer = None;
                *writer = open();
            }
            Act::Die(part) => {
                *writer = None;
                self.unblock(path);
                sql(
                    path,
                    &format!(
                        "UPDATE meta SET value = CAST(CAST(value AS INTEGER) * {part} / 255 AS TEXT) WHERE key = 'projected_seq';
                         DELETE FROM event_of_run WHERE seq > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'projected_seq');
                         DELETE FROM run"
                    ),
                );
                self.look(path);
                *writer = open();
            }
            Act::Block if self.blocked => self.unblock(path),
            Act::Block => {
                sql(path, "CREATE TRIGGER block BEFORE UPDATE ON meta BEGIN SELECT RAISE(FAIL, 'blocked'); END");
                self.blocked = true;
            }
            Act::Rebuild => {
                *writer = None;
                self.unblock(path);
                sql(path, "DELETE FROM event_of_run");
                let verdict = verify(&Reader::open(path).unwrap()).unwrap();
                assert_eq!(verdict.findings, Vec::<String>::new(), "the chains do not need the index");
                rebuild_list(path).unwrap();
                *writer = open();
            }
        }
    }

    fn unblock(&mut self, path: &Path) {
        sql(path, "DROP TRIGGER IF EXISTS block");
        self.blocked = false;
    }

    /// Whether the journal says what this says.
    fn look(&self, path: &Path) {
        let reader = Reader::open(path).unwrap();
        assert_eq!(verify(&reader).unwrap().findings, Vec::<String>::new());
        assert!(reader.index_is_right().unwrap());
        for (run, records) in &self.records {
            assert_eq!(&reader.records(run, 0).unwrap(), records, "run {run:?}");
            let half = &records[records.len() / 2..];
            assert_eq!(reader.records(run, half[0].seq).unwrap(), half);
            assert_eq!(reader.next_record(run, half[0].seq).unwrap().as_ref(), half.first());
            assert_eq!(reader.some_records(run, half[0].seq, 2).unwrap(), half[..half.len().min(2)]);
            assert_eq!(reader.count_records(run, half[0].seq).unwrap(), half.len());
        }
        for run in self.gone.keys() {
            assert_eq!((reader.records(run, 0).unwrap(), reader.weigh(run).unwrap()), (Vec::new(), None));
        }
        assert!(reader.runs(&RunFilter { limit: 9, ..RunFilter::default() }).is_ok());
    }
}

fn goes(path: &Path, mut model: Model, acts: &[Act]) {
    let mut writer = Some(Writer::open(path, "j").unwrap());
    for act in acts {
        model.act(path, &mut writer, act);
        model.look(path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_where_the_model_has_it(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        goes(&folder.path().join("journal.db"), Model::default(), &acts);
    }

    #[test]
    fn every_record_is_where_the_model_has_it_in_a_journal_of_format_1(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        sql(&path, include_str!("fixtures/journal-1.sql"));
        let mut model = Model::default();
        model.records.insert(String::new(), Reader::open(&path).unwrap().records("", 0).unwrap());
        goes(&path, model, &acts);
    }
}
