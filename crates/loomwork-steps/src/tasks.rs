//! Attempts that are tasks instead of processes: started, cancelled, reported.
//!
//! Invariant: each reports exactly once, also when it panics. The thread that drives the tasks starts with the first of them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loomwork_engine::{AttemptKey, AttemptReport, ReportTo};
use loomwork_run::{ErrorClass, RunError};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::process::{defect, failed};

/// Resolves when the attempt is to stop.
pub(crate) type Cancelled = oneshot::Receiver<()>;

/// Drives tasks. Cheap to clone; all clones share the tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    runtime: Mutex<Option<Runtime>>,
    live: Arc<Live>,
}

/// What cancels the attempts under way.
#[derive(Debug, Default)]
struct Live(Mutex<HashMap<AttemptKey, oneshot::Sender<()>>>);

impl Live {
    fn lock(&self) -> MutexGuard<'_, HashMap<AttemptKey, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// Starts an attempt; `perform` gets what resolves when it is to stop.
    pub(crate) fn start<F>(&self, key: AttemptKey, report: ReportTo, perform: impl FnOnce(Cancelled) -> F)
    where
        F: Future<Output = AttemptReport> + Send + 'static,
    {
        let handle = match self.shared.handle() {
            Ok(handle) => handle,
            Err(error) => {
                let message = format!("the system has no room for another thread: {error}");
                return report(failed(key, RunError::new(ErrorClass::Resource, message)));
            }
        };
        let (cancel, cancelled) = oneshot::channel();
        self.shared.live.lock().insert(key.clone(), cancel);
        let live = Arc::clone(&self.shared.live);
        let attempt = handle.spawn(perform(cancelled));
        handle.spawn(async move {
            let ended = attempt.await.unwrap_or_else(|_| defect(key.clone()));
            live.lock().remove(&key);
            report(ended);
        });
    }

    /// Asks an attempt to stop, if it is one of these.
    pub(crate) fn cancel(&self, key: &AttemptKey) {
        if let Some(cancel) = self.shared.live.lock().remove(key) {
            // It may have ended meanwhile.
            let _ = cancel.send(());
        }
    }
}

impl Shared {
    fn handle(&self) -> std::io::Result<Handle> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let started = Builder::new_multi_thread().worker_threads(1).thread_name("tasks").enable_all().build()?;
        Ok(runtime.insert(started).handle().clone())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Waiting for the tasks would block, which this thread may not be allowed to.
        if let Some(runtime) = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}
