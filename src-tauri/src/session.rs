//! What stands behind a window: its workspace, the way to it, and the watches of its page.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use loomwork_api::{ApiError, ApiResult, ErrorCode};
use loomwork_app::{Backend, Mode, OpenOptions, Workspace};
use tauri::async_runtime::JoinHandle;
use tokio::sync::watch;

/// The windows' sessions, by label.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Arc<Session>>>,
    closing: Mutex<Vec<JoinHandle<()>>>,
    next: AtomicU32,
    quiet: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is one insertion or removal, so a poisoned map is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// A session for a new window, with the window's label.
    pub(crate) fn add(&self, workspace: Workspace) -> String {
        let label = format!("workspace-{}", self.next.fetch_add(1, Ordering::Relaxed) + 1);
        lock(&self.open).insert(label.clone(), Arc::new(Session::open(workspace)));
        label
    }

    pub(crate) fn get(&self, label: &str) -> Option<Arc<Session>> {
        lock(&self.open).get(label).cloned()
    }

    /// The window that shows a workspace.
    pub(crate) fn label_of(&self, workspace: &Workspace) -> Option<String> {
        lock(&self.open).iter().find(|(_, session)| session.workspace == *workspace).map(|(label, _)| label.clone())
    }

    /// Any window.
    pub(crate) fn any_label(&self) -> Option<String> {
        lock(&self.open).keys().next().cloned()
    }

    pub(crate) fn remove(&self, label: &str) -> Option<Arc<Session>> {
        lock(&self.open).remove(label)
    }

    pub(crate) fn remove_all(&self) -> Vec<Arc<Session>> {
        lock(&self.open).drain().map(|(_, session)| session).collect()
    }

    /// Remembers a session that is being closed, for [`Self::closing`].
    pub(crate) fn closes(&self, task: JoinHandle<()>) {
        lock(&self.closing).push(task);
    }

    /// The sessions that are being closed.
    pub(crate) fn closing(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *lock(&self.closing))
    }

    /// From now on windows close without a question.
    pub(crate) fn stop_asking(&self) {
        self.quiet.store(true, Ordering::Relaxed);
    }

    pub(crate) fn asks(&self) -> bool {
        !self.quiet.load(Ordering::Relaxed)
    }
}

/// One window's workspace. The window is there at once; whoever asks waits until the workspace is open.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) workspace: Workspace,
    backend: watch::Receiver<Option<ApiResult<Backend>>>,
    watches: Mutex<HashMap<u32, JoinHandle<()>>>,
    next: AtomicU32,
    /// Whether its runs go on in the background when the window has closed.
    pub(crate) keep_running: AtomicBool,
    /// Whether a person is being asked about closing.
    asked: AtomicBool,
}

impl Session {
    fn open(workspace: Workspace) -> Self {
        let (tell, backend) = watch::channel(None);
        let options = OpenOptions::new(workspace.clone(), Mode::OwnOrJoin);
        tauri::async_runtime::spawn(async move {
            let opened = Backend::open(options).await;
            // The window was closed before it was open.
            if let Err(watch::error::SendError(Some(Ok(backend)))) = tell.send(Some(opened)) {
                backend.close().await;
            }
        });
        Self {
            workspace,
            backend,
            watches: Mutex::default(),
            next: AtomicU32::new(1),
            keep_running: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    /// The workspace's backend, once it is open.
    pub(crate) async fn backend(&self) -> ApiResult<Backend> {
        let mut backend = self.backend.clone();
        match backend.wait_for(Option::is_some).await.map(|opened| opened.clone()) {
            Ok(Some(opened)) => opened,
            _ => Err(ApiError::new(ErrorCode::Unavailable, "The workspace has been closed.")),
        }
    }

    /// Begins the question about closing; false while it is being asked already.
    pub(crate) fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::Relaxed)
    }

    /// The question was answered.
    pub(crate) fn answered(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }

    /// Keeps a watch; returns its number.
    pub(crate) fn keep(&self, watch: JoinHandle<()>) -> u32 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut watches = lock(&self.watches);
        watches.retain(|_, watch| !watch.inner().is_finished());
        watches.insert(id, watch);
        id
    }

    pub(crate) fn end(&self, id: u32) {
        if let Some(watch) = lock(&self.watches).remove(&id) {
            watch.abort();
        }
    }

    /// Ends all watches: their page is gone.
    pub(crate) fn end_all(&self) {
        lock(&self.watches).drain().for_each(|(_, watch)| watch.abort());
    }
}
