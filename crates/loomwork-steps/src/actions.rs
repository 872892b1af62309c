//! All actions behind one performer: each attempt goes to the part that performs its action.

use loomwork_engine::{AttemptKey, AttemptSpec, FingerprintSpec, FingerprintTo, Performer, ReportTo};
use loomwork_store::logs::Logs;

use crate::fingerprint::Fingerprints;
use crate::http::Requests;
use crate::hub::LogHub;
use crate::jq::Programs;
use crate::process::{ProcessConfig, ProcessPerformer};
use crate::tasks::Tasks;

/// Performs the actions `run`, `command`, `http` and `jq`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Actions {
    processes: ProcessPerformer,
    requests: Requests,
    programs: Programs,
    tasks: Tasks,
    fingerprints: Fingerprints,
}

impl Actions {
    /// A performer for a workspace. Its caller owns the workspace: private files of earlier engines are removed.
    ///
    /// # Errors
    /// When the folders of the workspace cannot be found or made.
    pub fn new(config: ProcessConfig) -> std::io::Result<Self> {
        let secrets = config.secrets.clone();
        let fingerprints = Fingerprints::new(&config.workspace, &config.state, secrets.clone());
        let processes = ProcessPerformer::new(config)?;
        let tasks = Tasks::default();
        let requests = Requests::new(processes.logs().clone(), processes.hub().clone(), secrets, tasks.clone());
        let programs = Programs::new(tasks.clone());
        Ok(Self { processes, requests, programs, tasks, fingerprints })
    }

    /// The logs of the workspace.
    pub fn logs(&self) -> &Logs {
        self.processes.logs()
    }

    /// Where live log lines can be watched.
    pub fn hub(&self) -> &LogHub {
        self.processes.hub()
    }
}

impl Performer for Actions {
    fn start(&self, spec: AttemptSpec, report: ReportTo) {
        match spec.action.as_str() {
            "http" => self.requests.start(spec, report),
            "jq" => self.programs.start(spec, report),
            _ => self.processes.start(spec, report),
        }
    }

    fn fingerprint(&self, spec: FingerprintSpec, to: FingerprintTo) {
        self.fingerprints.ask(spec, to);
    }

    fn cancel(&self, key: &AttemptKey) {
        // Whoever does not know the attempt ignores this.
        self.tasks.cancel(key);
        self.processes.cancel(key);
    }
}
