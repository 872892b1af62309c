//! A workspace with all actions.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use loomwork_engine::{AttemptKey, AttemptReport, AttemptSpec, Performer};
use loomwork_run::{AttemptOutcome, RunError};
use loomwork_steps::{Actions, ProcessConfig};
use loomwork_store::logs::StretchLimit;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Setting {
    folder: TempDir,
    pub(crate) actions: Actions,
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
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::tempdir().unwrap();
        let journal = format!("actions-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let actions = Actions::new(ProcessConfig::new(folder.path(), journal)).unwrap();
        Self { folder, actions }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Writes the file of secrets.
    pub(crate) fn secrets(&self, secrets: &Value) {
        let file = self.path().join(".loomwork/secrets.json");
        std::fs::write(&file, secrets.to_string()).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn start(&self, action: &str, input: Value, timeout: Option<Duration>) -> Underway {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let step = format!("step{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let key = AttemptKey { run: "run".into(), step, attempt: 1 };
        let (send, reports) = channel();
        let spec = AttemptSpec {
            key: key.clone(),
            workflow: "test".into(),
            action: action.into(),
            input,
            timeout_ms: timeout.map(|timeout| timeout.as_millis() as u64),
            idempotency_key: "idem".into(),
        };
        self.actions.start(spec, Box::new(move |report| send.send(report).expect("the test waits")));
        Underway { key, reports }
    }

    pub(crate) fn output(&self, action: &str, input: Value) -> Value {
        output(self.start(action, input, None).report())
    }

    pub(crate) fn error(&self, action: &str, input: Value) -> RunError {
        error(self.start(action, input, None).report())
    }

    /// The lines of the log of an attempt.
    pub(crate) fn log(&self, key: &AttemptKey) -> Vec<String> {
        let reader = self.actions.logs().read(&key.run, &key.step, key.attempt).unwrap();
        let Some(mut reader) = reader else { return Vec::new() };
        let limit = StretchLimit { lines: usize::MAX, bytes: usize::MAX };
        reader.read(limit, true).unwrap().lines.into_iter().map(|line| line.text).collect()
    }
}

pub(crate) fn output(report: AttemptReport) -> Value {
    match report.outcome {
        AttemptOutcome::Succeeded { output } => output,
        other => panic!("expected success, got {other:?}"),
    }
}

pub(crate) fn error(report: AttemptReport) -> RunError {
    match report.outcome {
        AttemptOutcome::Failed(error) => error,
        other => panic!("expected a failure, got {other:?}"),
    }
}
