//! Speeds of the loop on a real disk, as one JSON line. Arguments: the number of steps (default 1,000).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and stops at the first surprise")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use loomwork_engine::{
    Active, AttemptKey, AttemptReport, AttemptSpec, Engine, EngineConfig, EngineError, Library, Performer, ReportTo, StartRun,
};
use loomwork_run::AttemptOutcome;
use loomwork_workflow::EngineSettings;
use serde_json::{Map, json};

/// Ends every attempt at once.
struct Nothing;

impl Performer for Nothing {
    fn fingerprint(&self, spec: loomwork_engine::FingerprintSpec, to: loomwork_engine::FingerprintTo) {
        let subject = spec.question.subject.to_string();
        to(spec, Ok(subject));
    }

    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        report(AttemptReport { key: spec.key, outcome: AttemptOutcome::Succeeded { output: json!(1) }, log: None, usage: None });
    }

    fn cancel(&self, _: &AttemptKey) {}
}

/// A workspace without workflows that could be called.
struct Empty;

impl Library for Empty {
    fn cached(&self, _: &str) -> Option<loomwork_store::CachedOutput> {
        None
    }

    fn value(&self, _: &str) -> Option<Arc<serde_json::Value>> {
        None
    }

    fn workflow(&self, id: &str) -> Result<(Arc<loomwork_run::Program>, Arc<str>, String), String> {
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
}

fn chain(count: usize, action: &str) -> String {
    let mut text = String::from("loomwork: 1\nid: chain\nsteps:\n");
    for step in 0..count {
        let _ = writeln!(text, "  - id: s{step}\n    {action}");
        if step > 0 {
            let _ = writeln!(text, "    needs: [s{}]", step - 1);
        }
    }
    text
}

fn fan_out(count: usize, action: &str) -> String {
    let mut text = String::from("loomwork: 1\nid: fan\nsteps:\n");
    for step in 0..count {
        let _ = writeln!(text, "  - id: s{step}\n    {action}");
    }
    text
}

async fn seconds(engine: &Engine, text: String) -> f64 {
    let workflow = loomwork_workflow::analyze(&text).workflow.unwrap();
    let mut events = engine.subscribe();
    let start = StartRun {
        workflow,
        text: Arc::from(text),
        path: "workflows/x.yaml".to_owned(),
        inputs: Map::new(),
        labels: indexmap::IndexMap::new(),
        priority: None,
        actor: "bench".to_owned(),
    };
    let began = Instant::now();
    let run = engine.start_run(start).await.unwrap();
    while !events.recv().await.unwrap().iter().any(|r| r.run.as_deref() == Some(&run) && r.kind == "run_succeeded") {}
    began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let journal = folder.path().join("journal.db");
    let settings = EngineSettings { concurrency: Some(8), ..EngineSettings::default() };
    let config = EngineConfig { journal, settings, resume: true, version: "bench".to_owned() };
    let engine = Engine::open(config, Arc::new(Nothing), Arc::new(Empty)).await.unwrap();
    seconds(&engine, chain(10, "set: { n: 1 }")).await;
    let line = json!({
        "steps": count,
        "chain_of_set_s": seconds(&engine, chain(count, "set: { n: 1 }")).await,
        "fan_out_of_set_s": seconds(&engine, fan_out(count, "set: { n: 1 }")).await,
        "fan_out_of_nothing_s": seconds(&engine, fan_out(count, "run: nothing")).await,
        "chain_of_nothing_s": seconds(&engine, chain(count, "run: nothing")).await,
    });
    println!("{line}");
    engine.shut_down().await;
}
