//! Takes attempts from the engine and reports what came of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loomwork_engine::{AttemptKey, AttemptReport, AttemptSpec, Performer, ReportTo};
use loomwork_run::{AttemptOutcome, ErrorClass, RunError};
use loomwork_store::logs::Logs;
use rustix::event::{EventfdFlags, eventfd};

use super::attend::{Attendance, Times};
use super::input::RunInput;
use super::launch::{AttemptFiles, Setting, clear, launch, private_folder};
use super::outcome::{outcome, usage};
use super::place::working_folder;
use super::sweep::{self, Sweeper};
use super::threads::Threads;
use crate::hub::LogHub;
use crate::redact::Redactor;
use crate::secrets::{SecretSource, VARIABLE, WorkspaceSecrets, fill};
use crate::sink::Sink;

/// What a performer needs to know.
#[derive(Debug, Clone)]
pub struct ProcessConfig {
    /// The workspace's folder, in which scripts run.
    pub workspace: PathBuf,
    /// The folder for state, `.loomwork`; logs go to `logs` and private files to `tmp` in it.
    pub state: PathBuf,
    /// The journal's id, by which processes are found again.
    pub journal_id: String,
    /// Time between asking a tree to end and killing it.
    pub grace: Duration,
    /// Time that what a script left behind has to finish writing, after the script has ended.
    pub drain: Duration,
    /// Whether `workdir` may lie outside the workspace.
    pub workdir_anywhere: bool,
    /// Where the values of secrets come from.
    pub secrets: Arc<dyn SecretSource>,
}

impl ProcessConfig {
    /// The usual configuration of a workspace.
    pub fn new(workspace: impl Into<PathBuf>, journal_id: impl Into<String>) -> Self {
        let workspace = workspace.into();
        let state = workspace.join(".loomwork");
        Self {
            secrets: Arc::new(WorkspaceSecrets::new(state.join("secrets.json"))),
            state,
            workspace,
            journal_id: journal_id.into(),
            grace: Duration::from_secs(5),
            drain: Duration::from_secs(1),
            workdir_anywhere: false,
        }
    }
}

/// Performs the actions `run` and `command`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProcessPerformer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: ProcessConfig,
    pub(super) sweeper: Sweeper,
    scripts: PathBuf,
    /// Variables of this process that hold secrets: no process of a step inherits them.
    hidden: Vec<OsString>,
    logs: Logs,
    hub: LogHub,
    /// Attempts under way, each with what cancels it.
    live: Mutex<HashMap<AttemptKey, Arc<OwnedFd>>>,
    threads: Threads,
}

impl ProcessPerformer {
    /// A performer for a workspace. Its caller owns the workspace: private files of earlier engines are removed.
    ///
    /// # Errors
    /// When the folders of the workspace cannot be found or made.
    pub fn new(mut config: ProcessConfig) -> std::io::Result<Self> {
        config.workspace = config.workspace.canonicalize()?;
        // Absolute, because scripts run in folders of their own.
        config.state = std::path::absolute(&config.state)?;
        let scripts = config.state.join("tmp");
        private_folder(&scripts)?;
        clear(&scripts)?;
        let names = std::env::vars_os().map(|(name, _)| name);
        let hidden = names.filter(|name| name.as_encoded_bytes().starts_with(VARIABLE.as_bytes())).collect();
        let logs = Logs::new(config.state.join("logs"));
        let (hub, live, sweeper, threads) = (LogHub::default(), Mutex::default(), Sweeper::default(), Threads::default());
        Ok(Self { shared: Arc::new(Shared { config, sweeper, scripts, hidden, logs, hub, live, threads }) })
    }

    /// The logs of the workspace.
    pub fn logs(&self) -> &Logs {
        &self.shared.logs
    }

    /// Where live log lines can be watched.
    pub fn hub(&self) -> &LogHub {
        &self.shared.hub
    }
}

impl Performer for ProcessPerformer {
    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        let key = spec.key.clone();
        // In a cell, so that the report is still at hand when there is no thread to give it to.
        let report = Arc::new(Mutex::new(Some(report)));
        let send = move |report: &Mutex<Option<ReportTo>>, attempt: AttemptReport| {
            if let Some(report) = report.lock().unwrap_or_else(PoisonError::into_inner).take() {
                report(attempt);
            }
        };
        let cancel = match eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK) {
            Ok(cancel) => Arc::new(cancel),
            Err(error) => return send(&report, no_room(key, &error.into())),
        };
        self.shared.live().insert(key.clone(), Arc::clone(&cancel));
        let attempt = {
            let (shared, report) = (Arc::clone(&self.shared), Arc::clone(&report));
            move || {
                let key = spec.key.clone();
                let performed = catch_unwind(AssertUnwindSafe(|| shared.perform(spec, &cancel)));
                shared.live().remove(&key);
                sweep::request(&shared);
                send(&report, performed.unwrap_or_else(|_| defect(key)));
            }
        };
        if let Err(error) = self.shared.threads.run(Box::new(attempt)) {
            self.shared.live().remove(&key);
            send(&report, no_room(key, &error));
        }
    }

    fn cancel(&self, key: &AttemptKey) {
        if let Some(cancel) = self.shared.live().get(key) {
            // The counter can only be full when it is set already.
            let _ = rustix::io::write(cancel, &1_u64.to_ne_bytes());
        }
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<AttemptKey, Arc<OwnedFd>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_live(&self, key: &AttemptKey) -> bool {
        self.live().contains_key(key)
    }

    fn perform(&self, mut spec: AttemptSpec, cancel: &OwnedFd) -> AttemptReport {
        let redactor = match fill(&mut spec.input, &["env"], &*self.config.secrets) {
            Ok(redactor) => redactor,
            Err(error) => return failed(spec.key, error),
        };
        let mut report = match self.run(&spec, cancel, redactor.clone()) {
            Ok(report) => report,
            Err(error) => failed(spec.key, error),
        };
        if let Some(redactor) = redactor {
            redactor.outcome(&mut report.outcome);
        }
        report
    }

    fn run(&self, spec: &AttemptSpec, cancel: &OwnedFd, redactor: Option<Arc<Redactor>>) -> Result<AttemptReport, RunError> {
        let mut input = RunInput::parse(&spec.action, &spec.input)?;
        let folder = working_folder(&self.config.workspace, input.workdir.as_deref(), self.config.workdir_anywhere)?;
        let files = AttemptFiles::write(&self.scripts, input.program.script())?;
        let setting = Setting { folder: &folder, journal: &self.config.journal_id, hidden: &self.hidden };
        let child = launch(spec, &input, &files, &setting)?;
        let timeout = spec.timeout_ms.map(Duration::from_millis);
        let attendance = Attendance {
            key: &spec.key,
            journal: &self.config.journal_id,
            times: Times { timeout, grace: self.config.grace, drain: self.config.drain },
            cancel,
            sink: Sink::new(&self.logs, &self.hub, &spec.key, redactor.clone()).waiting_for_room(cancel, timeout),
        };
        let ended = attendance.attend(child, input.stdin.take()).map_err(|error| {
            RunError::new(ErrorClass::Unknown, format!("the system refused to watch the process, so it was ended: {error}"))
        })?;
        let (log, usage) = (ended.log.clone(), ended.exit.as_ref().map(usage));
        let outcome = outcome(ended, input.output, &files, spec.timeout_ms, redactor.as_deref());
        Ok(AttemptReport { key: spec.key.clone(), outcome, log, usage })
    }
}

pub(crate) fn failed(key: AttemptKey, error: RunError) -> AttemptReport {
    AttemptReport { key, outcome: AttemptOutcome::Failed(error), log: None, usage: None }
}

fn no_room(key: AttemptKey, error: &std::io::Error) -> AttemptReport {
    failed(key, RunError::new(ErrorClass::Resource, format!("the system has no room for another process: {error}")))
}

pub(crate) fn defect(key: AttemptKey) -> AttemptReport {
    failed(key, RunError::new(ErrorClass::Unknown, "a defect of Loomwork ended this attempt; the program's own log says where"))
}
