//! A workspace of its own for every test, and waiting for conditions.

#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub, reason = "not every test file uses everything")]

use std::{path::Path, time::Duration};

use loomwork_api::*;
use loomwork_app::{Backend, Mode, OpenOptions, Workspace};

/// Nothing that should happen takes longer than this, on any machine.
pub const LONG: Duration = Duration::from_secs(30);

pub struct Place {
    pub folder: tempfile::TempDir,
    pub data: tempfile::TempDir,
}

impl Place {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), data: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.path().join("workflows")).unwrap();
        files.iter().for_each(|(path, text)| place.write(path, text));
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub fn options(&self, mode: Mode) -> OpenOptions {
        let workspace = Workspace::at(self.path()).unwrap();
        OpenOptions { actor: "ada".to_owned(), data: Some(self.data.path().to_path_buf()), ..OpenOptions::new(workspace, mode) }
    }

    pub async fn open(&self, mode: Mode) -> Backend {
        Backend::open(self.options(mode)).await.unwrap()
    }

    pub async fn own(&self) -> Backend {
        let backend = self.open(Mode::OwnOrJoin).await;
        assert!(backend.is_owner());
        backend
    }
}

/// A workflow of one script.
pub fn script(id: &str, script: &str) -> String {
    format!("loomwork: 1\nid: {id}\nsteps:\n  - id: only\n    run: |\n      {}\n", script.replace('\n', "\n      "))
}

pub fn start(workflow: &str) -> StartRun {
    StartRun { workflow: workflow.to_owned(), ..StartRun::default() }
}

/// Waits until something holds; fails with what it was last.
pub async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let waited = tokio::time::timeout(LONG, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// The run once it has ended.
pub async fn ended(backend: &Backend, run: &str) -> Run {
    until("the run has ended", || async {
        let run = backend.request(GetRun { run: run.to_owned() }).await.ok()?;
        run.summary.status.is_final().then_some(run)
    })
    .await
}
