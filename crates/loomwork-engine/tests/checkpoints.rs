//! Checkpoints: what is read from one is what the whole fold makes, whatever is damaged.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loomwork_engine::{
    Active, AttemptKey, AttemptReport, AttemptSpec, Engine, EngineConfig, Performer, Programs, ReportTo, StartRun, Wish, fold_on,
    load_checkpoint, load_run, load_run_from,
};
use loomwork_run::{AttemptOutcome, EventKind, RunState};
use loomwork_store::{Checkpoints, Level, Reader, Record};
use loomwork_testkit::{Dice, Empty, history};
use loomwork_workflow::{CheckpointSettings, EngineSettings};
use serde_json::{Map, json};

fn text(state: &RunState) -> String {
    String::from_utf8(state.snapshot()).unwrap()
}

#[test]
fn a_fold_from_any_moment_of_any_history_is_the_whole_fold() {
    let mut moments = 0;
    for seed in 0..700 {
        let (world, text_of_workflow) = history(seed);
        let programs = Programs::default();
        let mut dice = Dice::new(seed);
        for run in world.runs() {
            let of_run = |record: &Record| record.run.as_deref() == Some(&*run);
            let records: Vec<Record> = world.journal().into_iter().filter(of_run).collect();
            let whole = world.fold(&run, &records).unwrap();
            for _ in 0..5 {
                let cut = 1 + usize::try_from(dice.below(records.len() as u64)).unwrap();
                let kept = world.fold(&run, &records[..cut]).unwrap();
                let first = records[0].event().unwrap();
                let EventKind::RunCreated(created) = &first.kind else { panic!("{}", records[0].kind) };
                let program = |hash: &str| world.program(hash);
                let mut read =
                    RunState::of_snapshot(&program, run.to_string(), (first.at_ms, created), &kept.snapshot()).unwrap();
                assert_eq!(text(&read), text(&kept), "seed {seed}, {run} after {cut}\n{text_of_workflow}");
                fold_on(&mut read, &records[cut..], &programs, |hash| Ok(world.definition(hash))).unwrap();
                assert_eq!(text(&read), text(&whole), "seed {seed}, {run} after {cut}\n{text_of_workflow}");
                moments += 1;
            }
        }
    }
    assert!(moments >= 3_000, "{moments}");
}

/// Ends every attempt at once.
struct Nothing;

impl Performer for Nothing {
    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        let output = json!("x".repeat(3_000));
        report(AttemptReport { key: spec.key, outcome: AttemptOutcome::Succeeded { output }, log: None, usage: None });
    }

    fn cancel(&self, _: &AttemptKey) {}
}

async fn open(journal: &Path) -> Engine {
    let checkpoints = CheckpointSettings { every: 2_000, keep: 2, keep_for_ms: 86_400_000 };
    let settings = EngineSettings { concurrency: Some(2), checkpoints, ..EngineSettings::default() };
    let config = EngineConfig { journal: journal.to_owned(), settings, resume: true, version: "test".to_owned() };
    Engine::open(config, Arc::new(Nothing), Arc::new(Empty)).await.unwrap()
}

/// A step with a large output, so many more, and one that waits.
fn long(steps: usize) -> String {
    let mut text = String::from("loomwork: 1\nid: long\nsteps:\n  - id: large\n    run: work\n");
    for step in 0..steps {
        let _ = writeln!(text, "  - id: s{step}\n    set: {{ n: {step} }}");
    }
    text.push_str("  - id: nap\n    wait: { event: go }\n");
    text
}

async fn waiting(engine: &Engine, text: String) -> String {
    let workflow = loomwork_workflow::analyze(&text).workflow.unwrap();
    let start = StartRun {
        workflow,
        text: Arc::from(text),
        path: "workflows/long.yaml".to_owned(),
        inputs: Map::new(),
        labels: indexmap::IndexMap::new(),
        priority: None,
        actor: "ada".to_owned(),
    };
    let run = engine.start_run(start).await.unwrap();
    while !engine.inspect(&run, |active| active.state.is_waiting()).await.unwrap() {
        tokio::task::yield_now().await;
    }
    run
}

fn file(journal: &Path, run: &str, id: &str) -> PathBuf {
    journal.with_file_name("checkpoints").join(run).join(format!("{id}.checkpoint"))
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_long_run_is_kept_by_itself_and_read_from_what_was_kept_even_when_the_newest_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let engine = open(&journal).await;
    let run = waiting(&engine, long(2_500)).await;
    let checkpoints = engine.checkpoints().clone();
    while checkpoints.list(&run).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let kept = engine.create_checkpoint(&run, "ada", Some("before".to_owned()), Level::Debug).await.unwrap();
    engine.shut_down().await;
    let reader = Reader::open(&journal).unwrap();
    let whole = load_run(&reader, &Programs::default(), &run).unwrap();
    let same = |active: &Active| {
        assert_eq!((text(&active.state), active.seq), (text(&whole.state), whole.seq));
    };
    for listed in checkpoints.list(&run).unwrap() {
        assert!(load_checkpoint(&reader, &checkpoints, &Programs::default(), (&run, &listed.id)).is_ok_and(|active| {
            same(&active);
            true
        }));
    }
    same(&load_run_from(&reader, &checkpoints, &Programs::default(), &run).unwrap());
    damage(&file(&journal, &run, &kept.id));
    assert!(load_checkpoint(&reader, &checkpoints, &Programs::default(), (&run, &kept.id)).is_err());
    assert!(checkpoints.list(&run).unwrap()[0].checked.is_err());
    same(&load_run_from(&reader, &checkpoints, &Programs::default(), &run).unwrap());
    for listed in checkpoints.list(&run).unwrap() {
        let file = file(&journal, &run, &listed.id);
        std::fs::write(file, b"nothing of ours").unwrap();
    }
    same(&load_run_from(&reader, &checkpoints, &Programs::default(), &run).unwrap());
}

#[tokio::test]
async fn a_run_that_grows_a_little_in_every_life_of_the_engine_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let engine = open(&journal).await;
    let run = waiting(&engine, long(1_900)).await;
    engine.shut_down().await;
    let records = || Reader::open(&journal).unwrap().count_records(&run, 0).unwrap();
    assert!(records() < 2_000 && engine.checkpoints().ids(&run).unwrap().is_empty());
    let engine = open(&journal).await;
    while records() < 2_050 {
        engine.ask_run(&run, "ada", Wish::Pause).await.unwrap();
        engine.ask_run(&run, "ada", Wish::Resume).await.unwrap();
    }
    while engine.checkpoints().ids(&run).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    engine.shut_down().await;
}

#[tokio::test]
async fn a_restored_checkpoint_is_a_new_run_that_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let engine = open(&journal).await;
    let run = waiting(&engine, long(3)).await;
    let kept = engine.create_checkpoint(&run, "ada", Some("before".to_owned()), Level::Standard).await.unwrap();
    engine.send(None, "ada", "go".to_owned(), json!(1)).await.unwrap();
    let fork = engine.prepare_restore(&run, "before", "ada").await.unwrap();
    let restored = engine.fork_run(fork).await.unwrap();
    let state = engine.inspect(&restored, |active| active.state.clone()).await.unwrap();
    assert!(state.is_waiting());
    assert_eq!(state.steps[state.step("large").unwrap()].attempts.len(), 1);
    let ended = engine.inspect(&run, |active| active.state.status.is_final()).await.unwrap();
    assert!(ended, "the old run is as it was");
    let kinds: Vec<String> =
        Reader::open(&journal).unwrap().records(&restored, 0).unwrap().into_iter().map(|record| record.kind).collect();
    assert!(kinds.contains(&"checkpoint_restored".to_owned()), "{kinds:?}");
    damage(&file(&journal, &run, &kept.id));
    assert!(engine.prepare_restore(&run, &kept.id, "ada").await.is_err());
    engine.shut_down().await;
}

#[tokio::test]
async fn an_ended_run_with_a_checkpoint_of_its_end_keeps_the_time_of_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let engine = open(&journal).await;
    let run = waiting(&engine, long(1)).await;
    engine.send(None, "ada", "go".to_owned(), json!(1)).await.unwrap();
    let ended = engine.inspect(&run, |active| active.state.ended_at_ms).await.unwrap();
    engine.create_checkpoint(&run, "ada", None, Level::Comprehensive).await.unwrap();
    assert_eq!(engine.inspect(&run, |active| active.state.ended_at_ms).await.unwrap(), ended);
    engine.shut_down().await;
}

#[test]
fn a_checkpoint_of_another_history_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (one, other) = (folder.path().join("one/journal.db"), folder.path().join("other/journal.db"));
    let kept = runtime.block_on(async {
        let mut kept = Vec::new();
        for journal in [&one, &other] {
            std::fs::create_dir_all(journal.parent().unwrap()).unwrap();
            let engine = open(journal).await;
            let run = waiting(&engine, long(1)).await;
            let listed = engine.create_checkpoint(&run, "ada", None, Level::Minimal).await.unwrap();
            engine.shut_down().await;
            kept.push((run, listed.id));
        }
        kept
    });
    let checkpoints = Checkpoints::beside(&one);
    let (head, content) = Checkpoints::beside(&other).read(&kept[1].0, &kept[1].1).unwrap();
    let forged = loomwork_store::CheckpointHead { run: kept[0].0.clone(), ..head };
    let id = checkpoints.write(&forged, &content).unwrap().id;
    let reader = Reader::open(&one).unwrap();
    assert!(load_checkpoint(&reader, &checkpoints, &Programs::default(), (&kept[0].0, &id)).is_err());
    assert!(load_checkpoint(&reader, &checkpoints, &Programs::default(), (&kept[0].0, &kept[0].1)).is_ok());
}
