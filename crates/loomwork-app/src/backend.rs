//! The one door of the shells: a workspace, opened as its owner, as the owner's guest, or for reading alone.
//!
//! Invariant: a caller cannot tell the roles apart by the answers. When an owner goes, those that were its guests
//! find a new role by the same rule by which they found the first one, and their watches go on.
//!
//! Not here: what a request does (`cases`), the connection (`wire`), the lock (`ownership`).

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _};
use loomwork_api::{ApiError, ApiResult, GetWorkspace, Method, News, Request, Watch, WorkspaceFacts};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    Workspace,
    attach::{Attached, attach},
    cases, problem, wire,
};

/// How to open a workspace.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The workspace.
    pub workspace: Workspace,
    /// Name under which actions are recorded, see [`crate::actor`].
    pub actor: String,
    /// Which role to take.
    pub mode: Mode,
    /// Folder of this user's records; none for the usual one, in the home folder.
    pub data: Option<PathBuf>,
}

impl OpenOptions {
    /// A workspace, opened by this user.
    pub fn new(workspace: Workspace, mode: Mode) -> Self {
        Self { workspace, actor: crate::actor(), mode, data: None }
    }
}

/// Which role to take in a workspace.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Owns it when nobody does, else is a guest that takes over when the owner goes.
    OwnOrJoin,
    /// Owns it, or fails with `Refused` when somebody else does.
    Own,
    /// Is a guest; when there is no owner, starts one in the background with this program.
    JoinOrStart(PathBuf),
    /// Is a guest; when there is no owner, reads the journal and changes nothing.
    JoinOrRead,
}

/// An open workspace. Clones are the same.
#[derive(Debug, Clone)]
pub struct Backend {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: OpenOptions,
    role: watch::Sender<Role>,
}

/// What this process is in the workspace at this moment.
#[derive(Debug, Clone)]
enum Role {
    Attached(Attached),
    /// The owner has gone; the next role is being found.
    Changing,
    /// No role could be found; it is tried again from time to time.
    Lost(ApiError),
    Closed,
}

/// So many owners in a row may go before they answer a question. Beyond that it is the question: an owner of another version, which
/// does not understand it, ends the connection.
const MOST_LOST: u32 = 8;

/// Pause before a role is looked for again after that has failed.
const TRY_AGAIN: Duration = Duration::from_secs(1);

impl Backend {
    /// Opens a workspace. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no role can be taken: the journal cannot be opened, the owner does not answer or speaks another version.
    pub async fn open(options: OpenOptions) -> ApiResult<Self> {
        let first = attach(&options).await?;
        let (role, _) = watch::channel(Role::Attached(first.clone()));
        let inner = Arc::new(Inner { options, role });
        tokio::spawn(follow(Arc::downgrade(&inner), first));
        Ok(Self { inner })
    }

    /// The workspace that is open.
    pub fn workspace(&self) -> &Workspace {
        &self.inner.options.workspace
    }

    /// Whether this process owns the workspace at this moment.
    pub fn is_owner(&self) -> bool {
        matches!(*self.inner.role.borrow(), Role::Attached(Attached::Owner(_)))
    }

    /// Whether no owner is known, so that only reading is possible.
    pub fn is_reader(&self) -> bool {
        matches!(*self.inner.role.borrow(), Role::Attached(Attached::Reader(_)))
    }

    /// Answers any request.
    ///
    /// # Errors
    /// Those of the request; `Unavailable` when the owner went while it was answering a request that changes something.
    pub async fn call(&self, request: Request) -> ApiResult<Value> {
        let mut lost = 0;
        loop {
            match self.role().await? {
                Attached::Owner(owner) => return owner.call(&self.inner.options.actor, request).await,
                Attached::Reader(reader) => return reader.call(request).await,
                Attached::Guest(guest) => match guest.call(request.clone()).await {
                    Some(answer) => return answer.map(|value| own_view(&request, value)),
                    None if cases::only_reads(&request) && lost < MOST_LOST => {
                        lost += 1;
                        guest.closed().await;
                    }
                    None => return Err(wire::lost(request.name())),
                },
            }
            self.changed_from_gone().await;
        }
    }

    /// Answers a request with its own response type.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn request<M: Method>(&self, method: M) -> ApiResult<M::Response> {
        let value = self.call(method.into()).await?;
        serde_json::from_value(value)
            .map_err(|error| problem::internal(format!("The answer to {} cannot be read: {error}.", M::NAME)))
    }

    /// Facts about the workspace.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn facts(&self) -> ApiResult<WorkspaceFacts> {
        self.request(GetWorkspace {}).await
    }

    /// News, until the stream is dropped or the workspace is closed. Events of the watched run come exactly once, by
    /// `seq`, also over a change of owner; a batch with `reset` then says that everything else is to be read anew.
    pub fn watch(&self, mut watch: Watch) -> impl Stream<Item = News> + Send + use<> {
        let backend = self.clone();
        // Here and not in the task: whoever has the stream misses nothing that happens from now on.
        let mut begun = match &*self.inner.role.borrow() {
            Role::Attached(attached) => Some(attached.watch(watch.clone())),
            Role::Changing | Role::Lost(_) | Role::Closed => None,
        };
        async_stream(move |out| async move {
            let mut again = false;
            while let Ok(role) = backend.role().await {
                let mut batches = begun.take().unwrap_or_else(|| role.watch(watch.clone()));
                let first = News { reset: true, ..News::default() };
                if std::mem::replace(&mut again, true) && out.send(first).await.is_err() {
                    return;
                }
                while let Some(mut batch) = batches.next().await {
                    // What a new owner sends again is told once.
                    batch.events.retain(|event| event.seq > watch.after_seq);
                    if let Some(last) = batch.events.last() {
                        watch.after_seq = last.seq;
                    }
                    if out.send(batch).await.is_err() {
                        return;
                    }
                }
                backend.changed_from_gone().await;
            }
        })
    }

    /// Leaves the workspace. An owner ends its attempts (they start again when the workspace is next opened) and lets
    /// the workspace go; when this returns another process can own it.
    pub async fn close(&self) {
        let role = self.inner.role.send_replace(Role::Closed);
        if let Role::Attached(Attached::Owner(owner)) = role {
            owner.close().await;
        }
    }

    async fn role(&self) -> ApiResult<Attached> {
        let mut roles = self.inner.role.subscribe();
        let role = roles.wait_for(|role| !matches!(role, Role::Changing)).await.map(|role| role.clone());
        match role {
            Ok(Role::Attached(attached)) => Ok(attached),
            Ok(Role::Lost(error)) => Err(error),
            _ => Err(problem::unavailable("The workspace has been closed.")),
        }
    }

    /// Gives `follow` the time to notice that the present role has ended, so that callers do not spin on it.
    async fn changed_from_gone(&self) {
        let mut roles = self.inner.role.subscribe();
        if let Role::Attached(attached) = &*roles.borrow_and_update()
            && !attached.is_gone()
        {
            return;
        }
        // An error means that the backend is gone; the caller finds that out next.
        let _ = roles.wait_for(|role| !matches!(role, Role::Attached(attached) if attached.is_gone())).await;
    }
}

/// Finds a new role whenever the present one ends.
async fn follow(inner: std::sync::Weak<Inner>, first: Attached) {
    let mut present = Some(first);
    loop {
        if let Some(role) = present.take() {
            role.gone().await;
        }
        let Some(inner) = inner.upgrade() else { return };
        let replace = |next: Role| {
            inner.role.send_if_modified(|role| {
                let open = !matches!(role, Role::Closed);
                if open {
                    *role = next;
                }
                open
            })
        };
        if !replace(Role::Changing) {
            return;
        }
        match attach(&inner.options).await {
            Ok(attached) => {
                if !replace(Role::Attached(attached.clone())) {
                    if let Attached::Owner(owner) = attached {
                        owner.close().await;
                    }
                    return;
                }
                present = Some(attached);
            }
            Err(error) => {
                tracing::warn!("the workspace was lost: {error}");
                if !replace(Role::Lost(error)) {
                    return;
                }
                drop(inner);
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
}

/// What an owner says about itself is seen from here as a guest.
fn own_view(request: &Request, mut value: Value) -> Value {
    if matches!(request, Request::GetWorkspace(_) | Request::TrustWorkspace(_)) {
        value["owner"] = Value::Bool(false);
    }
    value
}

/// A stream of what a task sends. The task ends when the stream is dropped.
pub(crate) fn async_stream<T, F, W>(write: W) -> impl Stream<Item = T> + Send + 'static
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
    W: FnOnce(tokio::sync::mpsc::Sender<T>) -> F,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let task = AbortOnDrop(tokio::spawn(write(sender)));
    tokio_stream::wrappers::ReceiverStream::new(receiver).map(move |item| {
        // Captured, so that the task lives and dies with the stream.
        let _ = &task;
        item
    })
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
