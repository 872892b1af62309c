//! The engine and the runtime that it was opened on.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;
use std::sync::Arc;

use loomwork_engine::{AttemptKey, AttemptReport, AttemptSpec, Engine, EngineConfig, EngineError, Performer, ReportTo, StartRun};
use loomwork_run::{AttemptOutcome, RunStatus};
use loomwork_testkit::Empty;
use loomwork_workflow::EngineSettings;
use serde_json::{Map, json};

/// Performs attempts on the runtime, as real actions do.
struct OnRuntime;

impl Performer for OnRuntime {
    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        tokio::spawn(async move {
            let outcome = AttemptOutcome::Succeeded { output: json!(null) };
            report(AttemptReport { key: spec.key, outcome, log: None, usage: None });
        });
    }

    fn cancel(&self, _: &AttemptKey) {}
}

async fn open(journal: &Path) -> Engine {
    let config = EngineConfig {
        journal: journal.to_owned(),
        settings: EngineSettings::default(),
        resume: true,
        version: "test".to_owned(),
    };
    Engine::open(config, Arc::new(OnRuntime), Arc::new(Empty)).await.unwrap()
}

fn start(steps: &str) -> StartRun {
    let text = format!("loomwork: 1\nid: w\nsteps:\n{steps}");
    StartRun {
        workflow: loomwork_workflow::read_accepted(&text).unwrap(),
        text: Arc::from(text),
        path: "workflows/w.yaml".to_owned(),
        inputs: Map::new(),
        labels: indexmap::IndexMap::new(),
        priority: None,
        actor: "ada".to_owned(),
    }
}

async fn end(engine: &Engine, run: &str) -> RunStatus {
    loop {
        let status = engine.inspect(run, |active| active.state.status).await.unwrap();
        if status.is_final() {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_engine_ends_with_its_runtime_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (engine, run) = runtime.block_on(async {
        let engine = open(&journal).await;
        let run = engine.start_run(start("  - id: nap\n    wait: { event: go }\n  - id: after\n    needs: [nap]\n    run: x\n"));
        let run = run.await.unwrap();
        (engine, run)
    });
    drop(runtime);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let refused = engine.start_run(start("  - id: a\n    run: x\n")).await;
        assert!(matches!(refused, Err(EngineError::Stopped(_))), "{refused:?}");
        let next = open(&journal).await;
        next.send(Some(&run), "ada", "go".to_owned(), json!({})).await.unwrap();
        assert_eq!(end(&next, &run).await, RunStatus::Succeeded);
        next.shut_down().await;
    });
}

#[tokio::test]
async fn whoever_listens_is_told_everything_in_order_however_many_commits_there_were() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("journal.db")).await;
    let mut events = engine.subscribe();
    let chain = |step: u32| format!("  - id: s{step}\n    needs: [s{}]\n    run: x\n", step - 1);
    let steps = (1..40).fold("  - id: s0\n    run: x\n".to_owned(), |text, step| text + &chain(step));
    let run = engine.start_run(start(&steps)).await.unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|(_, kind)| kind != "run_succeeded") {
        let records = events.recv().await.unwrap();
        let of_run = records.iter().filter(|record| record.run.as_deref() == Some(&run));
        told.extend(of_run.map(|record| (record.seq, record.kind.clone())));
    }
    let journal = loomwork_store::Reader::open(&folder.path().join("journal.db")).unwrap();
    let written = journal.records(&run, 0).unwrap().into_iter().map(|record| (record.seq, record.kind));
    assert_eq!(told, written.collect::<Vec<_>>());
    engine.shut_down().await;
}

#[tokio::test]
async fn a_run_goes_on_although_the_checks_of_this_version_find_its_workflow_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    let steps = "  - id: nap\n    wait: { event: go }\n  - id: other\n    wait: { event: other }\n  - id: after\n    needs: [nap]\n    cancel: [other, other]\n";
    assert!(loomwork_workflow::analyze(&format!("loomwork: 1\nid: w\nsteps:\n{steps}")).workflow.is_none());
    let engine = open(&journal).await;
    let run = engine.start_run(start(steps)).await.unwrap();
    engine.shut_down().await;
    let next = open(&journal).await;
    next.send(Some(&run), "ada", "go".to_owned(), json!({})).await.unwrap();
    assert_eq!(end(&next, &run).await, RunStatus::Succeeded);
    next.shut_down().await;
}
