//! An engine on a journal of its own whose actions do nothing, workflows for it, and waiting for runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loomwork_engine::{Active, AttemptKey, AttemptReport, AttemptSpec, Engine, EngineConfig, Performer, ReportTo, StartRun};
use loomwork_run::AttemptOutcome;
use loomwork_testkit::Empty;
use loomwork_workflow::{CheckpointSettings, EngineSettings};
use serde_json::{Map, json};
use tempfile::TempDir;

/// Ends every attempt at once, and remembers when each started.
#[derive(Default)]
pub(super) struct Nothing {
    started: Mutex<Vec<Instant>>,
}

impl Nothing {
    /// The moments since the last call.
    pub(super) fn take(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.started.lock().unwrap())
    }
}

impl Performer for Nothing {
    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        self.started.lock().unwrap().push(Instant::now());
        // As scripts have it.
        let output = json!({ "exit_code": 0, "stdout": format!("done with {}\n", spec.key.step), "stderr_tail": "" });
        report(AttemptReport { key: spec.key, outcome: AttemptOutcome::Succeeded { output }, log: None, usage: None });
    }

    fn cancel(&self, _: &AttemptKey) {}
}

/// A folder on the disk that is worked on; one in memory would flatter the journal.
pub(super) fn folder() -> TempDir {
    tempfile::tempdir_in(".").unwrap()
}

/// An engine on a journal in a folder. Without `keeps` it makes no checkpoints by itself.
pub(super) async fn open(folder: &Path, slots: u32, keeps: bool) -> (Engine, Arc<Nothing>) {
    let mut settings = EngineSettings { concurrency: Some(slots), ..EngineSettings::default() };
    if !keeps {
        settings.checkpoints = CheckpointSettings { every: u32::MAX, keep: 1, keep_for_ms: 1 };
    }
    let config = EngineConfig { journal: journal(folder), settings, resume: true, version: "bench".to_owned() };
    let performer = Arc::new(Nothing::default());
    let engine = Engine::open(config, Arc::clone(&performer) as Arc<dyn Performer>, Arc::new(Empty)).await.unwrap();
    (engine, performer)
}

pub(super) fn journal(folder: &Path) -> PathBuf {
    folder.join("journal.db")
}

/// A run of a workflow, to be started.
pub(super) fn start(text: &str) -> StartRun {
    let analysis = loomwork_workflow::analyze(text);
    let Some(workflow) = analysis.workflow else { panic!("{:?}", analysis.diagnostics.first()) };
    StartRun {
        workflow,
        text: Arc::from(text),
        path: "workflows/measured.yaml".to_owned(),
        inputs: Map::new(),
        labels: indexmap::IndexMap::new(),
        priority: None,
        actor: "bench".to_owned(),
    }
}

pub(super) fn head() -> String {
    String::from("loomwork: 1\nid: measured\nsteps:\n")
}

/// Steps that follow each other; each adds one to what the one before it had.
pub(super) fn chain_of_set(count: usize) -> String {
    let mut text = head() + "  - id: s0\n    set: { n: 0 }\n";
    for step in 1..count {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  - id: s{step}\n    needs: [s{before}]\n    set: {{ n: \"${{{{ steps.s{before}.output.n + 1 }}}}\" }}"
        );
    }
    text
}

/// Steps with an action that does nothing, one after the other.
pub(super) fn chain_of_effects(count: usize) -> String {
    let mut text = head() + "  - id: s0\n    run: nothing\n";
    for step in 1..count {
        let _ = writeln!(text, "  - id: s{step}\n    needs: [s{}]\n    run: nothing", step - 1);
    }
    text
}

/// Steps that all follow the first one.
pub(super) fn fan_out(count: usize, action: &str) -> String {
    let mut text = head() + "  - id: first\n    set: { n: 1 }\n";
    for step in 0..count {
        let _ = writeln!(text, "  - id: s{step}\n    needs: [first]\n    {action}");
    }
    text
}

/// Starts a run and waits until it has succeeded; the seconds that took.
pub(super) async fn seconds(engine: &Engine, start: StartRun) -> f64 {
    let mut events = engine.subscribe();
    let began = Instant::now();
    let run = engine.start_run(start).await.unwrap();
    // Whether some were missed makes no difference: the end is the last.
    while !events
        .recv()
        .await
        .is_ok_and(|records| records.iter().any(|record| record.run.as_deref() == Some(&run) && record.kind == "run_succeeded"))
    {
    }
    began.elapsed().as_secs_f64()
}

/// Fills the write-ahead log of the journal once, so that it is written over from here on.
pub(super) async fn wrap(engine: &Engine) {
    let long = start(&fan_out(4_000, &format!("set: {{ text: {} }}", "x".repeat(900))));
    for _ in 0..5 {
        seconds(engine, long.clone()).await;
    }
}

/// Starts a run and waits until nothing of it can go on without the world.
pub(super) async fn until_waiting(engine: &Engine, start: StartRun) -> String {
    let mut events = engine.subscribe();
    let run = engine.start_run(start).await.unwrap();
    while !engine.inspect(&run, at_rest).await.unwrap() {
        // Whether some were missed makes no difference: what matters is that something happened.
        let _ = events.recv().await;
        // What a watcher leaves unread stays in memory, on its account.
        events = events.resubscribe();
    }
    run
}

fn at_rest(active: &Active) -> bool {
    active.state.is_waiting() && !active.state.has_open_decisions()
}

/// The one at a percentage of all, by size.
pub(super) fn at_percent(all: &mut [f64], percent: usize) -> f64 {
    all.sort_by(f64::total_cmp);
    all[(all.len() * percent / 100).min(all.len() - 1)]
}

pub(super) fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
