//! What checkpoints cost on a real disk, as one JSON line. Arguments: the number of steps of the run (default 1,000), and how
//! often each thing is done (default 100).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and stops at the first surprise")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use loomwork_engine::{
    Active, AttemptKey, AttemptReport, AttemptSpec, Engine, EngineConfig, EngineError, FingerprintSpec, FingerprintTo, Library,
    Performer, ReportTo, StartRun, load_checkpoint, load_run,
};
use loomwork_run::{AttemptOutcome, Program};
use loomwork_store::{CachedOutput, Level, Reader};
use loomwork_workflow::{CheckpointSettings, EngineSettings};
use serde_json::{Map, Value, json};

/// Ends every attempt at once, with an output as scripts have it.
struct Lines;

impl Performer for Lines {
    fn fingerprint(&self, spec: FingerprintSpec, to: FingerprintTo) {
        let subject = spec.question.subject.to_string();
        to(spec, Ok(subject));
    }

    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        let output = json!({ "exit_code": 0, "stdout": format!("done with {}\n", spec.key.step), "stderr_tail": "" });
        report(AttemptReport { key: spec.key, outcome: AttemptOutcome::Succeeded { output }, log: None, usage: None });
    }

    fn cancel(&self, _: &AttemptKey) {}
}

/// A workspace without workflows that could be called.
struct Empty;

impl Library for Empty {
    fn workflow(&self, id: &str) -> Result<(Arc<Program>, Arc<str>, String), String> {
        Err(format!("there is no workflow `{id}`"))
    }

    fn load_run(&self, run: &str) -> Result<Active, EngineError> {
        Err(EngineError::NoSuchRun(run.to_owned()))
    }

    fn fresh_id(&self) -> String {
        String::new()
    }

    fn last_number(&self, _: &str) -> u32 {
        0
    }

    fn cached(&self, _: &str) -> Option<CachedOutput> {
        None
    }

    fn value(&self, _: &str) -> Option<Arc<Value>> {
        None
    }
}

/// A run that has done so many steps and waits for an event.
async fn waiting(engine: &Engine, steps: usize) -> String {
    let mut text = String::from("loomwork: 1\nid: long\nsteps:\n");
    for step in 0..steps {
        let _ = writeln!(text, "  - id: s{step}\n    run: make part{step}");
    }
    text.push_str("  - id: nap\n    wait: { event: go }\n");
    let workflow = loomwork_workflow::analyze(&text).workflow.unwrap();
    let start = StartRun {
        workflow,
        text: Arc::from(text),
        path: "workflows/long.yaml".to_owned(),
        inputs: Map::new(),
        labels: indexmap::IndexMap::new(),
        priority: None,
        actor: "bench".to_owned(),
    };
    let mut events = engine.subscribe();
    let run = engine.start_run(start).await.unwrap();
    while !engine.inspect(&run, |active| active.state.is_waiting()).await.unwrap() {
        // Whether some were missed makes no difference: what matters is that something happened.
        let _ = events.recv().await;
    }
    run
}

/// The 50th and 95th of a hundred, in milliseconds.
fn percentiles(mut all: Vec<f64>) -> Value {
    all.sort_by(f64::total_cmp);
    let at = |percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
    json!({ "p50_ms": at(50), "p95_ms": at(95) })
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let (steps, rounds) = (numbers.next().unwrap_or(1_000), numbers.next().unwrap_or(100));
    let folder = tempfile::tempdir_in(".").unwrap();
    let journal = folder.path().join("journal.db");
    let never = CheckpointSettings { every: u32::MAX, keep: 1, keep_for_ms: 1 };
    let settings = EngineSettings { concurrency: Some(8), checkpoints: never, ..EngineSettings::default() };
    let config = EngineConfig { journal: journal.clone(), settings, resume: true, version: "bench".to_owned() };
    let engine = Engine::open(config, Arc::new(Lines), Arc::new(Empty)).await.unwrap();
    let run = waiting(&engine, steps).await;
    let checkpoints = engine.checkpoints().clone();
    let (mut created, mut restored, mut read, mut folded) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut smallest, mut bytes) = (100.0_f64, 0);
    for _ in 0..rounds {
        let began = Instant::now();
        let kept = engine.create_checkpoint(&run, "bench", None, Level::Standard).await.unwrap();
        created.push(ms(began));
        let checked = kept.checked.unwrap();
        smallest = smallest.min(100.0 - 100.0 * checked.file_bytes as f64 / checked.content_bytes as f64);
        bytes = checked.file_bytes;
        let began = Instant::now();
        let fork = engine.prepare_restore(&run, &kept.id, "bench").await.unwrap();
        engine.fork_run(fork).await.unwrap();
        restored.push(ms(began));
        let reader = Reader::open(&journal).unwrap();
        let began = Instant::now();
        load_checkpoint(&reader, &checkpoints, &run, &kept.id).unwrap();
        read.push(ms(began));
        let began = Instant::now();
        load_run(&reader, &run).unwrap();
        folded.push(ms(began));
        checkpoints.delete(&run, &kept.id).unwrap();
    }
    let events = Reader::open(&journal).unwrap().count_records(&run, 0).unwrap();
    engine.shut_down().await;
    let line = json!({
        "steps": steps, "events": events, "create": percentiles(created), "restore": percentiles(restored),
        "read": percentiles(read), "fold": percentiles(folded), "saved_percent": smallest, "bytes": bytes,
    });
    println!("{line}");
}
