//! A workspace with a performer, for the tests of real processes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use loomwork_engine::{AttemptKey, AttemptReport, AttemptSpec, Performer};
use loomwork_run::{AttemptOutcome, RunError};
use loomwork_steps::{ProcessConfig, ProcessPerformer};
use loomwork_store::logs::{LogStream, StretchLimit};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Setting {
    folder: TempDir,
    pub(crate) journal: String,
    pub(crate) performer: ProcessPerformer,
}

/// An attempt under way.
pub(crate) struct Underway {
    pub(crate) key: AttemptKey,
    reports: Receiver<AttemptReport>,
}

impl Underway {
    pub(crate) fn report(self) -> AttemptReport {
        self.reports.recv_timeout(PATIENCE).expect("the attempt reports")
    }
}

impl Setting {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ProcessConfig)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::tempdir().unwrap();
        // Tests run at one time and in one process: each has a journal of its own, or they would end each other's processes.
        let journal = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut config = ProcessConfig::new(folder.path(), &journal);
        config.grace = Duration::from_secs(2);
        config.drain = Duration::from_millis(300);
        change(&mut config);
        Self { folder, journal, performer: ProcessPerformer::new(config).unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn start(&self, input: Value, timeout: Option<Duration>) -> Underway {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let step = format!("step{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let key = AttemptKey { run: "run".into(), step, attempt: 1 };
        let (send, reports) = channel();
        let spec = AttemptSpec {
            key: key.clone(),
            workflow: "test".into(),
            action: "run".into(),
            input,
            timeout_ms: timeout.map(|timeout| timeout.as_millis() as u64),
            idempotency_key: "idem".into(),
        };
        self.performer.start(spec, Box::new(move |report| send.send(report).expect("the test waits")));
        Underway { key, reports }
    }

    pub(crate) fn perform(&self, input: Value) -> AttemptReport {
        self.start(input, None).report()
    }

    pub(crate) fn output(&self, input: Value) -> Value {
        match self.perform(input).outcome {
            AttemptOutcome::Succeeded { output } => output,
            other => panic!("expected success, got {other:?}"),
        }
    }

    /// What the script writes to standard output.
    pub(crate) fn stdout(&self, script: &str) -> String {
        self.output(json!({"run": script, "output": "text"})).as_str().unwrap().to_owned()
    }

    pub(crate) fn error(&self, input: Value) -> RunError {
        error(self.perform(input))
    }

    /// Texts of the log's lines of a stream.
    pub(crate) fn log(&self, key: &AttemptKey, stream: LogStream) -> Vec<String> {
        let reader = self.performer.logs().read(&key.run, &key.step, key.attempt).unwrap();
        let Some(mut reader) = reader else { return Vec::new() };
        let limit = StretchLimit { lines: usize::MAX, bytes: usize::MAX };
        let lines = reader.read(limit, true).unwrap().lines;
        lines.into_iter().filter(|line| line.stream == stream).map(|line| line.text).collect()
    }

    /// Waits until a script has written `count` lines to a file of the workspace.
    pub(crate) fn wait_for_lines(&self, file: &str, count: usize) -> Vec<String> {
        let path = self.path().join(file);
        let mut lines = Vec::new();
        wait_until(&format!("{count} lines in {file}"), || {
            lines = std::fs::read_to_string(&path).unwrap_or_default().lines().map(str::to_owned).collect();
            lines.len() >= count
        });
        lines
    }
}

pub(crate) fn error(report: AttemptReport) -> RunError {
    match report.outcome {
        AttemptOutcome::Failed(error) => error,
        other => panic!("expected a failure, got {other:?}"),
    }
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is alive; one that has ended and waits for its parent is not.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}
