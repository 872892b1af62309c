//! The owner of a workspace: runs the engine, watches the files, answers everybody.
//!
//! Invariant: everything here lives between taking the lock and letting it go; when the lock is free again, no
//! process, thread or socket of ours touches the workspace.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::Stream;
use loomwork_api::{ApiResult, News, Request, Watch};
use loomwork_engine::{Engine, EngineConfig};
use loomwork_steps::{Actions, LogHub, ProcessConfig, end_orphans};
use serde_json::Value;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};

use crate::{
    Workspace, care,
    cases::{self, Caller},
    journal::{Journal, blocking, of_engine},
    library::WorkspaceLibrary,
    news,
    ownership::{OwnerAddress, OwnerLock, SocketFile, socket_path},
    problem, settings,
    trust::Trust,
    wire,
    workspace::{Catalog, Watching, watch_workflows},
};

/// Changes of workflow files that may wait for a slow watcher; beyond, it reads everything anew.
const FILE_NEWS: usize = 256;

/// How often an owner looks whether its state folder is still there.
const LOOK: std::time::Duration = std::time::Duration::from_secs(2);

/// The owner. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    catalog: Arc<Catalog>,
    journal: Journal,
    trust: Trust,
    /// Replaced when a foreign journal is trusted.
    running: watch::Sender<Running>,
    /// Held while the engine is replaced: two of them may not share a journal.
    replacing: tokio::sync::Mutex<()>,
    files: broadcast::Sender<Vec<String>>,
    closed: watch::Sender<bool>,
    /// Taken out to be given up.
    held: Mutex<Option<Held>>,
}

/// An engine that runs, and whether it resumes by itself.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) logs: LogHub,
    trusted: bool,
}

/// What only an owner has, in the order in which it is given up.
#[derive(Debug)]
struct Held {
    guests: JoinHandle<()>,
    _watching: Watching,
    socket: SocketFile,
    lock: OwnerLock,
}

impl Owner {
    /// Opens the journal, ends what a dead owner left running, resumes what was under way, and answers guests.
    pub(crate) async fn start(workspace: Workspace, trust: Trust, lock: OwnerLock) -> ApiResult<Self> {
        let state = workspace.state();
        care::finish_restore(&state)?;
        // First what can fail without harm; guests that come now wait until they are answered.
        let (socket, listener) = SocketFile::listen(&socket_path(workspace.root())?)?;
        let (files, _) = broadcast::channel(FILE_NEWS);
        let tell = files.clone();
        let watching = watch_workflows(workspace.clone(), move |paths| {
            // Nobody watches at this moment.
            let _ = tell.send(paths);
        })?;
        let catalog = Arc::new(Catalog::new(workspace.clone()));
        let running = open_engine(&catalog, &trust).await?;
        let inner = Arc::new(Inner {
            catalog,
            journal: Journal::new(state.journal(), state.logs()),
            trust,
            running: watch::Sender::new(running),
            replacing: tokio::sync::Mutex::new(()),
            files,
            closed: watch::Sender::new(false),
            held: Mutex::new(None),
        });
        let owner = Self { inner };
        let guests = tokio::spawn(wire::serve(listener, owner.clone()));
        let address = OwnerAddress::own(socket.path().to_path_buf());
        *owner.held() = Some(Held { guests, _watching: watching, socket, lock });
        // Last: whoever reads the address finds somebody there.
        if let Err(error) = address.write(&state.owner()) {
            owner.close().await;
            return Err(error);
        }
        tokio::spawn(close_on_failure(Arc::downgrade(&owner.inner)));
        Ok(owner)
    }

    /// Answers a request in somebody's name.
    pub(crate) async fn call(&self, actor: &str, request: Request) -> ApiResult<Value> {
        if self.is_closed() {
            return Err(problem::unavailable("The workspace is being closed."));
        }
        cases::answer(&Caller { owner: self.clone(), actor: actor.to_owned() }, request).await
    }

    /// News until the workspace is closed or the stream is dropped.
    pub(crate) fn watch(&self, watch: Watch) -> impl Stream<Item = News> + Send + 'static {
        news::stream(self.clone(), watch)
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.inner.catalog
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Changes of workflow files from now on.
    pub(crate) fn files(&self) -> broadcast::Receiver<Vec<String>> {
        self.inner.files.subscribe()
    }

    /// Tells watchers of a change that was made here, without waiting for the file system to say so.
    pub(crate) fn tell_file(&self, path: &str) {
        // Nobody watches at this moment.
        let _ = self.inner.files.send(vec![path.to_owned()]);
    }

    pub(crate) fn engine(&self) -> Engine {
        self.running().engine
    }

    /// Whether runs of this journal resume by themselves.
    pub(crate) fn is_trusted(&self) -> bool {
        self.running().trusted
    }

    /// Changes when another engine takes the place of the present one.
    pub(crate) fn engines(&self) -> watch::Receiver<Running> {
        self.inner.running.subscribe()
    }

    fn running(&self) -> Running {
        self.inner.running.borrow().clone()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the journal known, and starts the engine anew so that it resumes what it holds.
    pub(crate) async fn trust(&self) -> ApiResult<()> {
        let _alone = self.inner.replacing.lock().await;
        let running = self.running();
        if running.trusted {
            return Ok(());
        }
        self.inner.trust.add(running.engine.journal_id())?;
        running.engine.shut_down().await;
        let next = open_engine(self.catalog(), &self.inner.trust).await?;
        self.inner.running.send_replace(next);
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.inner.closed.borrow()
    }

    /// Returns once the workspace has been closed.
    pub(crate) async fn closed(&self) {
        // An error means that the owner is gone, which is the same.
        let _ = self.inner.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Ends the engine and lets the workspace go. The runs go on when it is next opened.
    pub(crate) async fn close(&self) {
        let Some(held) = self.held().take() else { return };
        let _alone = self.inner.replacing.lock().await;
        self.engine().shut_down().await;
        held.guests.abort();
        // Its end drops the connections; guests then look for a new owner.
        let _ = held.guests.await;
        self.inner.closed.send_replace(true);
        let state = self.catalog().workspace().state();
        if !held.lock.is_in_place(&state.lock()) {
            held.socket.leave();
            return;
        }
        let address = state.owner();
        if let Err(error) = std::fs::remove_file(&address) {
            tracing::debug!("{} stays: {error}", address.display());
        }
        drop(held.socket);
    }

    /// Returns once the state folder is not the one that was locked any more; never when the owner has ended before.
    async fn displaced(inner: std::sync::Weak<Inner>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(owner) = inner.upgrade().map(|inner| Self { inner }) else { return std::future::pending().await };
            let lock = owner.catalog().workspace().state().lock();
            // Without a lock it is being closed, which is somebody else's business.
            if owner.held().as_ref().is_some_and(|held| !held.lock.is_in_place(&lock)) {
                return;
            }
        }
    }
}

/// When the journal cannot be written any more, or is not where others look for it, the owner leaves; whoever opens the
/// workspace next (mostly the same process) reads what is durable and goes on from there.
async fn close_on_failure(owner: std::sync::Weak<Inner>) {
    let Some(mut engines) = owner.upgrade().map(|inner| inner.running.subscribe()) else { return };
    let mut displaced = pin!(Owner::displaced(owner.clone()));
    loop {
        let mut figures = engines.borrow_and_update().engine.figures();
        let failed = async {
            let failure = figures.wait_for(|figures| figures.failure.is_some()).await.map(|figures| figures.failure.clone());
            match failure {
                Ok(reason) => reason.unwrap_or_default(),
                // It was shut down; another one follows, or the end.
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            reason = failed => {
                tracing::error!("the engine has stopped: {reason}");
                break;
            }
            () = &mut displaced => {
                tracing::error!("the folder .loomwork was removed or replaced; what ran in it is ended");
                break;
            }
            changed = engines.changed() => if changed.is_err() { return },
        }
    }
    if let Some(inner) = owner.upgrade() {
        Owner { inner }.close().await;
    }
}

async fn open_engine(catalog: &Arc<Catalog>, trust: &Trust) -> ApiResult<Running> {
    let workspace = catalog.workspace();
    let state = workspace.state();
    let settings = settings::load(&state)?;
    let (journal_id, trusted) = {
        let (journal, trust) = (state.journal(), trust.clone());
        blocking(move || known_journal(&journal, &trust)).await?
    };
    let config =
        EngineConfig { journal: state.journal(), settings, resume: trusted, version: env!("CARGO_PKG_VERSION").to_owned() };
    let process = ProcessConfig::new(workspace.root(), &journal_id);
    let performer = blocking(move || {
        Actions::new(process)
            .map_err(|error| problem::unavailable(format!("Processes cannot be started: {}.", problem::reason(&error))))
    })
    .await?;
    let logs = performer.hub().clone();
    let library = WorkspaceLibrary::new(Arc::clone(catalog), state.journal());
    let engine = Engine::open(config, Arc::new(performer), Arc::new(library)).await.map_err(of_engine)?;
    Ok(Running { engine, logs, trusted })
}

/// The journal's id and whether it is known. One that does not exist yet is made, here, and so is known.
fn known_journal(journal: &std::path::Path, trust: &Trust) -> ApiResult<(String, bool)> {
    let fresh = !journal.exists();
    let id = Engine::journal_id_of(journal).map_err(of_engine)?;
    if fresh && let Err(error) = trust.add(&id) {
        tracing::warn!("{error} This journal will have to be trusted by hand when it is next opened.");
    }
    let trusted = fresh || trust.knows(&id);
    if trusted {
        // Before anything resumes: a step must not run twice at one time.
        match end_orphans(&id) {
            Ok(0) => {}
            Ok(count) => tracing::warn!("ended {count} processes that an earlier engine had left running"),
            Err(error) => {
                return Err(problem::unavailable(format!("Processes of an earlier engine cannot be looked for: {error}.")));
            }
        }
    }
    Ok((id, trusted))
}
